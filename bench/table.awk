# The table of `make bench`: from facts ("fact NAME NUMBER") and times ("time NAME SECONDS WALL KB") to rows. One row a figure:
# what it is, picket's side, the other side, the ratio, the goal, and whether it is met.

$1 == "fact" { fact[$2] = $3 }
$1 == "time" { cpu[$2] = $3; wall[$2] = $4; kb[$2] = $5 }

# Without loading: with all events less with one.
function net(name) { return (name in cpu) ? cpu[name] - cpu[name ".one"] : 0 } # asking cpu[name] would make it
function net_wall(name, one) { return wall[name] - wall[one] }
function has(name) { return name in cpu }
function rate(n, seconds) { return seconds > 0 ? sprintf("%.0f k/s", n / seconds / 1000) : "-" }
function mb(bytes, seconds) { return seconds > 0 ? sprintf("%.0f MB/s", bytes / seconds / 1e6) : "-" }
function ms(seconds) { return sprintf("%.0f ms", seconds * 1000) }

# One process with two threads, and two processes with one thread each, by the clock against one with one thread.
function threads(format, events, name, start,    one, two, pair) {
    one = net_wall(name ".1", start ".1"); two = net_wall(name ".2", start ".2"); pair = net_wall(name ".pair", start ".pair")
    row("two threads : one, " format ", by the clock", rate(events, two), rate(events, one), one / two, ">", 1.8)
    row("  two processes : one, the machine\047s limit", rate(2 * events, pair), rate(events, one), 2 * one / pair, ">", 0)
}

# With -v markdown=1 as rows for docs/performance.md.
function line(what, ours, theirs, ratio, goal, met) {
    if (markdown) printf "| %s | %s | %s | %s | %s |\n", what, goal, ratio, ours, theirs
    else printf "%-66s %12s %12s %8s  %-9s %s\n", what, ours, theirs, ratio, goal, met
}
# goal 0: none is set. sign: which side of it is good.
function row(what, ours, theirs, ratio, sign, goal) {
    met = goal == 0 ? "" : (sign == ">" ? ratio >= goal : ratio <= goal) ? "ok" : "MISSED"
    misses += met == "MISSED"
    line(what, ours, theirs, sprintf("%.2f", ratio), goal == 0 ? "" : (sign == ">" ? ">= " : "<= ") goal, met)
}
function none(what) { line(what, "", "", "", "", "no peer") }

function against(what, ours, n, peer, theirs, goal) {
    if (has(peer)) row(what, rate(n, ours), rate(n, theirs), theirs / ours, ">", goal)
    else none(what)
}

END {
    print ""
    line("figure", "picket", "peer", "ratio", "goal", "")
    if (markdown) print "|---|---|---|---|---|"
    if (has("evtx")) {
        n = fact["evtx.events"]
        what = sprintf("EVTX, %d MB dense, %d Windows rules : evtx_dump -o jsonl", fact["evtx.bytes"] / 1e6, fact["rules.all"])
        against(what, net("evtx"), n, "evtx_dump", net("evtx_dump"), 1)
        against("  decode only, the slots of all rules : evtx_dump", cpu["decode"], n, "evtx_dump", net("evtx_dump"), 3)
        against("  dump --raw : evtx_dump", net("raw"), n, "evtx_dump", net("evtx_dump"), 1)
        if (has("evtx_dump.new")) against("  all rules : newest evtx_dump", net("evtx"), n, "evtx_dump.new", net("evtx_dump.new"), 0)
    }
    if (has("small")) {
        n = fact["small.events"]
        what = sprintf("EVTX, %d MB in small files, Windows rules : loop over crate evtx", fact["small.bytes"] / 1e6)
        against(what, net("small"), n, "evtx_loop", ("evtx_loop" in cpu) ? cpu["evtx_loop"] : 0, 1)
        against("  decode only : the same", cpu["small.decode"], n, "evtx_loop", ("evtx_loop" in cpu) ? cpu["evtx_loop"] : 0, 3)
    }
    if (has("json")) {
        n = fact["json.events"]
        what = sprintf("JSON lines, %d MB, %d Sigma rules : simdjson, parse only", fact["events.bytes"] / 1e6, fact["rules.sigma"])
        row(what, rate(n, net("json")), rate(n, cpu["simdjson"]), cpu["simdjson"] / net("json"), ">", 0.5)
    }
    if (has("flat")) {
        n = fact["json.events"]
        against("  with the Windows rules : rsigma", net("flat"), n, "rsigma", net("rsigma"), 15)
        if (has("rsigma.new")) against("  with the Windows rules : newest rsigma", net("flat"), n, "rsigma.new", net("rsigma.new"), 0)
    }
    if (has("rules.json.10")) {
        split("json evtx", logs, " ")
        for (i = 1; i <= 2; i++) {
            log_name = logs[i]
            n = fact[log_name ".events"]
            base = net("rules." log_name ".10")
            for (k = 2; k <= 4; k++) {
                size = k == 2 ? "100" : k == 3 ? "1000" : "all"
                ours = net("rules." log_name "." size)
                row(sprintf("%s: %d rules : 10 rules", toupper(log_name), fact["rules." size]), rate(n, ours), rate(n, base), ours / base, "<", 1.3)
            }
            four = net("rules." log_name ".four")
            row(sprintf("%s: %d rules, three copies altered : %d rules", toupper(log_name), fact["rules.four"], fact["rules.all"]), rate(n, four), rate(n, ours), four / ours, "<", 1.3)
        }
        if (has("rsigma.10")) row("  for comparison, rsigma on JSON: all rules : 10 rules", rate(fact["json.events"], net("rsigma.all")), rate(fact["json.events"], net("rsigma.10")), net("rsigma.all") / net("rsigma.10"), "<", 0)
    }
    if (has("threads.json.1")) {
        threads("EVTX", 2 * fact["evtx.events"], "threads.evtx", "threads.evtx.one")
        threads("JSON", fact["json.events"], "threads.json", "threads.one")
    }
    if (has("memory.json")) {
        split("json evtx", logs, " ")
        for (i = 1; i <= 2; i++) {
            name = "memory." logs[i]
            row("private memory, MB, all rules, two threads, " toupper(logs[i]) " : 150", sprintf("%.0f MB", kb[name] / 1024), "150 MB", kb[name] / 1024 / 150, "<", 1)
            row("  ten times the input : a tenth", sprintf("%.0f MB", kb[name] / 1024), sprintf("%.0f MB", kb[name ".tenth"] / 1024), kb[name] / kb[name ".tenth"], "<", 1.2)
            again = name ".again"
            if (again in kb) row("  a tenth read ten times : once", sprintf("%.0f MB", kb[again] / 1024), sprintf("%.0f MB", kb[name ".tenth"] / 1024), kb[again] / kb[name ".tenth"], "<", 1.2)
        }
    }
    if (has("load.cold")) {
        what = sprintf("load and compile %d Sigma rules, by the clock : rsigma loading", fact["rules.sigma"])
        if (has("load.rsigma")) row(what, ms(wall["load.cold"]), ms(wall["load.rsigma"]), wall["load.cold"] / wall["load.rsigma"], "<", 0.5)
        else none(what)
        row("  from the cache : 50 ms", ms(wall["load.cached"]), "50 ms", wall["load.cached"] / 0.05, "<", 1)
        if (has("load.rsigma")) row("  processor time, not from the cache : rsigma", ms(cpu["load.cold"]), ms(cpu["load.rsigma"]), cpu["load.cold"] / cpu["load.rsigma"], "<", 0)
    }
    if (has("noisy")) {
        plain = net("plain") / fact["json.events"]
        quiet = net("quiet") / fact["quiet.events"]
        distinct = net("distinct") / fact["distinct.events"]
        noisy = net("noisy") / fact["noisy.events"]
        row("time of an event no rule matches : of all, JSON, all Sigma rules", rate(1, quiet), rate(1, plain), quiet / plain, "<", 5)
        row("  with all values distinct", rate(1, distinct), rate(1, plain), distinct / plain, "<", 5)
        row(sprintf("  that 20 rules match (%.1f alerts an event)", fact["noisy.alerts"] / fact["noisy.events"]), rate(1, noisy), rate(1, plain), noisy / plain, "<", 5)
        line("    alerts rendered", rate(fact["noisy.alerts"], net("noisy")), "", "", "", "")
    }
    if (has("hard")) {
        line(sprintf("command lines of 1 MB, %d of them: long regexes, lists of 10,000", fact["hard.events"]), mb(fact["long.bytes"], net("hard")), "", "", "stated", "")
        line("  the same lines, all Sigma rules", mb(fact["long.bytes"], net("hard.all")), "", "", "stated", "")
        line("  the same rules, ordinary events", rate(fact["json.events"], net("hard.plain")), "", "", "stated", "")
    }
    if (has("joins")) {
        n = fact["joins.events"]
        row(sprintf("two events joined, one absent, 1 h, 100,000 keys, %d events : a rule of one event", n), rate(n, net("joins")), rate(n, net("joins.none")), net("joins") / net("joins.none"), "<", 0)
        row("  time of an event : of a tenth of the events", rate(n, net("joins")), rate(fact["joins.tenth.events"], net("joins.tenth")), net("joins") / n / (net("joins.tenth") / fact["joins.tenth.events"]), "<", 1.5)
        line("  private memory, MB", sprintf("%.0f MB", kb["memory.joins"] / 1024), sprintf("%.0f MB", kb["memory.joins.tenth"] / 1024), "", "stated", "")
    }
    if (!markdown) printf "\n%s\n", misses ? misses " goals missed" : "all goals met"
}
