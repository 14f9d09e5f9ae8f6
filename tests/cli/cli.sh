# Tests of the picket command: bash cli.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rule() { # rule FILE TITLE LEVEL DETECTION
    cat > "$1" <<END
title: $2
id: $(printf '%08d-0000-4000-8000-000000000000' "$(cksum <<< "$2" | cut -c1-6)")
author: somebody
status: test
level: $3
tags: [attack.execution, attack.t1059.001]
logsource: {product: windows, category: process_creation}
detection: {sel: $4, condition: sel}
END
}
# Sysmon process creations as flat JSON lines: N of them, from second START on.
events() {
    awk -v n="$1" -v start="${2:-0}" 'BEGIN {
        for (i = 0; i < n; i++)
            printf "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Hostname\":\"host-%d\",\"UtcTime\":\"2026-03-04 05:%02d:%02d.000\",\"EventTime\":\"2026-03-04 05:%02d:%02d\",\"Image\":\"C:\\\\Windows\\\\tool%d.exe\",\"CommandLine\":\"tool -n %d\"}\n",
                i % 7, (i + start) / 60 % 60, (i + start) % 60, (i + start) / 60 % 60, (i + start) % 60, i % 10, i
    }'
}

test_context() {
    cat > tor.yaral <<'END'
rule tor {
  meta:
    author = "somebody"
  events:
    $e.metadata.event_type = "NETWORK_CONNECTION"
    $e.target.ip = $ip
    $g.graph.metadata.entity_type = "IP_ADDRESS"
    $g.graph.metadata.threat.threat_feed_name = "Tor Exit Nodes"
    $g.graph.entity.artifact.ip = $ip
  match:
    $ip over 5m
  condition:
    $e and $g
}
END
    cat > rare.yaral <<'END'
rule rare {
  meta:
    author = "somebody"
  events:
    $e.metadata.event_type = "NETWORK_CONNECTION"
    $e.target.ip = $ip
    $g.graph.metadata.source_type = "DERIVED_CONTEXT"
    $g.graph.metadata.entity_type = "IP_ADDRESS"
    $g.graph.entity.artifact.prevalence.rolling_max = 1
    $g.graph.entity.artifact.ip = $ip
  match:
    $ip over 5m
  condition:
    $e and $g
}
END
    event() { printf '{"metadata":{"id":"%s","event_type":"NETWORK_CONNECTION","event_timestamp":"2026-01-05T10:00:0%sZ"},"principal":{"hostname":"%s"},"target":{"ip":["%s"]}}\n' "$1" "$1" "$2" "$3"; }
    { event 1 ws1 198.51.100.7; event 2 ws1 198.51.100.8; event 3 ws2 198.51.100.8; } > events.jsonl
    entity='{"metadata":{"entity_type":"IP_ADDRESS","threat":{"threat_feed_name":"Tor Exit Nodes"}},"entity":{"artifact":{"ip":"198.51.100.7"}}}'
    echo "$entity" > entities.jsonl
    expect_code 0 "$PICKET" scan -r tor.yaral -r rare.yaral --output jsonl --summary summary.json events.jsonl
    expect_lines out 0
    expect_text err "Wait for entity context"
    expect_text err "tor: Tor Exit Nodes (IP_ADDRESS)"
    expect_text err "rare: derived context (IP_ADDRESS)"
    expect_text summary.json '"waiting_for_context":[{"id":'
    for given in "--context entities.jsonl" "--entities entities.jsonl" "entities.jsonl"; do
        # shellcheck disable=SC2086
        expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl $given events.jsonl
        expect_lines out 1
        expect_no_text err "Wait for"
        expect_text err "over 3 events"
    done
    echo 198.51.100.7 > 'Tor Exit Nodes.txt'
    expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl --indicators 'Tor Exit Nodes.txt' events.jsonl
    expect_lines out 1
    expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl --indicators 'GCTI Feed/Tor Exit Nodes=Tor Exit Nodes.txt' events.jsonl
    expect_lines out 1
    expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl --indicators 'other=Tor Exit Nodes.txt' events.jsonl
    expect_lines out 0
    expect_code 0 "$PICKET" scan -r rare.yaral --output jsonl --derive-context events.jsonl
    expect_lines out 1
    expect_text out 198.51.100.7
    for j in 1 3; do # the same for any number of threads
        "$PICKET" scan -q -j $j -r tor.yaral -r rare.yaral --output jsonl --derive-context --context entities.jsonl events.jsonl > alerts.$j
    done
    cmp alerts.1 alerts.3 || fail "alerts differ by the number of threads"
    expect_lines alerts.1 2
    echo '{"metadata":' >> entities.jsonl
    echo '{"some":"thing"}' >> entities.jsonl
    expect_code 2 "$PICKET" scan -r tor.yaral --output jsonl --context entities.jsonl events.jsonl
    expect_lines out 1
    expect_text err "entities.jsonl:2:"
    expect_text err "entities.jsonl:3: warning: this is no entity record"
    expect_text err "2 records or lines could not be read"
    expect_code 2 "$PICKET" scan -r tor.yaral --context absent.jsonl events.jsonl
    expect_code 2 "$PICKET" scan -r tor.yaral --indicators absent.txt events.jsonl
}

test_history() { # what was before is counted in the logs themselves, by any number of threads, wherever the events stand
    cat > usual.yaral <<'END'
rule usual {
  meta:
    author = "test"
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.target.user.userid = $user
    $e.target.application = "vpn"
  match:
    $user over 5m
  outcome:
    $days = max(metrics.auth_attempts_total(period:1d, window:30d, metric:event_count_sum, agg:num_metric_periods, target.user.userid:$user))
    $logins = max(metrics.auth_attempts_total(period:1d, window:30d, metric:event_count_sum, agg:sum, target.user.userid:$user))
  condition:
    $e and $days > 1
}
END
    login() { printf '{"metadata":{"event_type":"USER_LOGIN","event_timestamp":"2026-01-%sZ"},"target":{"application":"%s","user":{"userid":"%s"}}}\n' "$1" "$2" "$3"; }
    login 05T10:00:00 vpn alice > today.jsonl
    { login 04T10:00:00 mail alice; login 03T10:00:00 mail alice; } > before.jsonl
    { login 03T11:00:00 mail alice; login 04T10:00:00 mail bob; login 05T10:00:00 vpn bob; } > more.jsonl
    for j in 1 4; do
        expect_code 0 "$PICKET" scan -j $j -r usual.yaral --output jsonl --summary summary.json today.jsonl before.jsonl more.jsonl
        expect_lines out 1
        expect_text out '"outcome":{"days":2,"logins":3}'
        expect_text out '"counts":{"e":1}'
        expect_text err "look back up to 720 hours; their events begin at 2026-01-03T10:00:00Z"
        expect_text summary.json '"history_hours":720,"history_begin":"2026-01-03T10:00:00Z"'
        mv out alerts.$j
    done
    cmp alerts.1 alerts.4 || fail "alerts differ by the number of threads"
    { login 05T10:00:00 vpn alice; login 04T10:00:00 mail alice; } > month.jsonl
    printf '{"metadata":{"event_type":"USER_LOGIN","event_timestamp":"2025-11-01T00:00:00Z"}}\n' >> month.jsonl
    expect_code 0 "$PICKET" scan -r usual.yaral --summary summary.json month.jsonl
    expect_no_text err "look back"
    expect_no_text summary.json history_hours
}

test_lists() {
    cat > listed.yaral <<'END'
rule listed {
  meta:
    author = "somebody"
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.principal.user.userid in %users
  condition:
    $e
}
END
    echo '{"metadata":{"id":"1","event_type":"USER_LOGIN","event_timestamp":"2026-01-05T10:00:00Z"},"principal":{"user":{"userid":"eve"}}}' > events.jsonl
    expect_code 0 "$PICKET" check listed.yaral
    expect_text out "0 runnable, 1 needs a list, 0 unsupported, 0 errors"
    expect_code 2 "$PICKET" check --strict listed.yaral
    expect_code 0 "$PICKET" check --empty-lists listed.yaral
    expect_text out "1 runnable, 0 need lists"
    mkdir lists && echo "eve // left" > lists/users
    expect_code 0 "$PICKET" check --lists lists listed.yaral
    expect_text out "1 runnable, 0 need lists"
    expect_code 2 "$PICKET" scan -r listed.yaral --output jsonl events.jsonl
    expect_text err "needs list users"
    expect_code 0 "$PICKET" scan -r listed.yaral --lists lists --output jsonl events.jsonl
    expect_lines out 1
    expect_code 0 "$PICKET" check --lists lists/users listed.yaral
    expect_text out "1 runnable, 0 need lists"
    echo bob > lists/users # a kept program is not taken for another list
    expect_code 0 "$PICKET" scan -r listed.yaral --lists lists --output jsonl events.jsonl
    expect_lines out 0
    expect_code 0 "$PICKET" scan -r listed.yaral --empty-lists --output jsonl events.jsonl
    expect_lines out 0
    expect_code 2 "$PICKET" check --lists absent listed.yaral
}

test_time_of_the_run() {
    cat > old.yaral <<'END'
rule old {
  meta:
    author = "somebody"
  events:
    $e.metadata.event_type = "USER_LOGIN"
    timestamp.current_seconds() - $e.metadata.event_timestamp.seconds > 86400
  condition:
    $e
}
END
    for day in 05 06 08; do
        echo "{\"metadata\":{\"id\":\"$day\",\"event_type\":\"USER_LOGIN\",\"event_timestamp\":\"2026-01-${day}T10:00:00Z\"}}"
    done > events.jsonl
    expect_code 0 "$PICKET" scan -r old.yaral --output jsonl events.jsonl # the last event is the present
    expect_lines out 2
    expect_code 0 "$PICKET" scan -r old.yaral --now 2026-01-07T11:00:00Z --output jsonl events.jsonl
    expect_lines out 2
    expect_code 0 "$PICKET" scan -r old.yaral --now 2026-01-06T11:00:00Z --output jsonl events.jsonl
    expect_lines out 1
    expect_code 3 "$PICKET" scan -r old.yaral --now soon events.jsonl
}

test_help() {
    expect_code 0 "$PICKET" --help
    for c in scan check explain dump test; do expect_text out "  $c "; done
    for c in scan check explain dump test; do
        expect_code 0 "$PICKET" "$c" --help
        expect_text out "Examples"
        expect_text out "picket $c"
        expect_lines err 0
    done
    expect_code 0 "$PICKET" --version
    "$PICKET" help --man > page || fail "no manual page"
    for c in scan check explain dump test; do expect_text page ".SS picket $c"; done
    expect_text page 'fail\-level'
    expect_text page 'THE .TEST FORMAT'
    expect_code 0 "$PICKET" help --completion
    bash -n out || fail "the completion is no bash"
}

test_usage() {
    expect_code 3 "$PICKET"
    expect_code 3 "$PICKET" scna
    expect_text err "did you mean 'scan'?"
    expect_code 3 "$PICKET" scan --levle high x
    expect_text err "did you mean '--level'?"
    expect_code 3 "$PICKET" scan
    expect_code 3 "$PICKET" scan --output xml x
    expect_code 3 "$PICKET" scan --fail-level hihg x
    expect_code 3 "$PICKET" scan --level hihg x
    expect_text err "did you mean 'high'?"
    expect_code 3 "$PICKET" scan --status stabel x
    expect_code 3 "$PICKET" scan --logsource nothing x
    expect_code 3 "$PICKET" scan -j 0 x
    expect_code 3 "$PICKET" scan --since yesterday x
    expect_code 3 "$PICKET" scan --as auth x
    expect_code 3 "$PICKET" scan --format jsonn x
    expect_text err "did you mean 'json'?"
    expect_code 3 "$PICKET" scan --format nothing x
    expect_text err "there are evtx, "
    expect_code 3 "$PICKET" scan --foo x
    expect_no_text err "did you mean"
    expect_code 3 "$PICKET" help scna
    expect_text err "did you mean 'scan'?"
    expect_code 3 "$PICKET" scan -r
    expect_code 3 "$PICKET" explain
    expect_code 3 "$PICKET" explain no-such-rule
    expect_code 3 "$PICKET" dump
    expect_code 3 "$PICKET" check --output xml x
}

test_usage_of_serve() {
    local refuse="timeout 60 $PICKET serve -r a.yml"
    rule a.yml "A" high "{Image: x}"
    echo short > token
    expect_code 3 $refuse --listen foo
    expect_text err "'foo' is no address to listen on"
    expect_code 3 $refuse --listen 127.0.0.1:99999
    expect_code 3 $refuse --listen 0.0.0.0:0
    expect_text err "no token is asked for"
    expect_code 3 $refuse --token token
    expect_text err "the token has 5 characters"
    expect_code 3 $refuse --token nowhere
    expect_text err "could not be read"
    for refused in "--listen foo" "--token token"; do # before the rules are looked at
        expect_code 3 timeout 60 "$PICKET" serve -r nowhere $refused
        expect_no_text err nowhere
    done
    expect_code 2 $refuse --alerts nowhere # an input that isn't there is no usage
}

test_exit_codes() {
    events 20 > log.jsonl
    rule high.yml "High" high "{Image|endswith: 'tool3.exe'}"
    rule low.yml "Low" low "{Image|endswith: 'tool4.exe'}"
    rule none.yml "Never" high "{Image|endswith: 'nothing.exe'}"
    expect_code 0 "$PICKET" scan -r high.yml log.jsonl
    expect_code 1 "$PICKET" scan -r high.yml --fail-level high log.jsonl
    expect_code 1 "$PICKET" scan -r high.yml --fail-level low log.jsonl
    expect_code 0 "$PICKET" scan -r low.yml --fail-level medium log.jsonl
    expect_code 0 "$PICKET" scan -r none.yml --fail-level informational log.jsonl
    { events 2; echo '{"broken'; events 2; } > damaged.jsonl
    expect_code 2 "$PICKET" scan -r high.yml --fail-level high damaged.jsonl
    expect_text err "damaged.jsonl:3"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    expect_code 2 "$PICKET" scan -r high.yml -r wrong.yml --fail-level high log.jsonl
    expect_text err "wrong.yml:8"
    expect_text out "High"
    rule list.yml "List" high "{Image|expand: '%tools%'}"
    expect_code 1 "$PICKET" scan -r high.yml -r list.yml --fail-level high log.jsonl
    expect_text err "1 rule needs a list"
    expect_code 2 "$PICKET" scan -r high.yml missing.jsonl
    expect_text err "missing.jsonl"
    expect_code 2 "$PICKET" scan -r missing.yml log.jsonl
    printf 'A licence.\n\nNothing to see here, it is but prose.\n' > LICENCE
    mkdir folder && cp log.jsonl LICENCE folder
    expect_code 0 "$PICKET" scan -r high.yml folder
    expect_text err "no known kind of log"
    expect_text err "folder/LICENCE"
}

test_choice() {
    events 20 > log.jsonl
    rule a.yml "A high one" high "{Image|endswith: 'tool3.exe'}"
    rule b.yml "A low one" low "{Image|endswith: 'tool4.exe'}"
    rule c.yml "A withdrawn one" critical "{Image|endswith: 'tool5.exe'}"
    sed -i 's/status: test/status: deprecated/; s/t1059.001/t1105/' c.yml
    titles() { "$PICKET" scan -q -r . --output jsonl "$@" log.jsonl | grep -o '"title":"[^"]*"' | sort -u | cut -d'"' -f4 | tr '\n' ';'; }
    is() { [ "$1" = "$2" ] || fail "got '$1', not '$2'"; }
    is "$(titles)" "A high one;A low one;"
    is "$(titles --level high)" "A high one;"
    is "$(titles --level low+)" "A high one;A low one;"
    is "$(titles --level low,medium)" "A low one;"
    is "$(titles --status all)" "A high one;A low one;A withdrawn one;"
    is "$(titles --status deprecated)" "A withdrawn one;"
    is "$(titles --technique T1059)" "A high one;A low one;"
    is "$(titles --status all --technique T1105)" "A withdrawn one;"
    is "$(titles --tag 'attack.exec*')" "A high one;A low one;"
    is "$(titles --id 'a low one')" "A low one;"
    is "$(titles --logsource product=windows)" "A high one;A low one;"
    expect_code 2 "$PICKET" scan -r . --logsource product=linux log.jsonl
    expect_text err "no rule to run"
}

test_jsonl() {
    events 5 > log.jsonl
    rule a.yml "A" high "{Image|endswith: '\\tool3.exe'}"
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl log.jsonl
    expect_lines out 1
    expect_lines err 0
    for key in '"time":"2026-03-04T05:00:03Z"' '"title":"A"' '"author":"somebody"' '"level":"high"' '"language":"sigma"' '"path":"a.yml"' \
        '"attack":{"tactics":["execution"],"techniques":["T1059.001"]}' '"source":{"file":"log.jsonl","record":null,"line":4}' \
        '"host":"host-3"' '"field":"Image"' '"kind":"ends_with"' '"constant":"\\tool3.exe"' '"value":"C:\\Windows\\tool3.exe"' '"at":10,"length":10' \
        '"events":null'; do
        expect_text out "$key"
    done
}

# What a rule looks for is found however JSON writes it: texts are looked at before their escapes are undone.
test_escaped_texts() {
    cat >log.jsonl <<'EOF'
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \u006dimikatz\\ y"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x mimi\u004Batz\u005c y\\"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x mimi\u212aatz\\ y"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \\\\server\\share"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \u005c\\server\u005cshare"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \u0022Quoted\" \\"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \"quoted \\"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \\u006dimikatz\\"}
EOF
    rule a.yml "A" high "{CommandLine|contains: ['mimikatz\\', '\\\\server\\share', '\"quoted\"']}"
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl log.jsonl
    local lines; lines=$(grep -o '"line":[0-9]*' out | tr -d '\n')
    [ "$lines" = '"line":1"line":2"line":3"line":4"line":5"line":6' ] || fail "found in $lines"
}

test_jsonl_of_several_events() {
    cat >log.jsonl <<'EOF'
{"metadata":{"event_timestamp":"2026-01-01T00:00:00Z","event_type":"USER_LOGIN"},"target":{"user":{"userid":"ann"}}}
{"metadata":{"event_timestamp":"2026-01-01T00:10:00Z","event_type":"USER_LOGOUT"},"target":{"user":{"userid":"ann"}}}
{"metadata":{"event_timestamp":"2026-01-01T00:20:00Z","event_type":"USER_LOGIN"},"target":{"user":{"userid":"bob"}},"principal":{"ip":["10.0.0.3"]}}
EOF
    cat >a.yaral <<'EOF'
rule stays {
  meta:
    author = "somebody"
  events:
    $in.metadata.event_type = "USER_LOGIN"
    $in.target.user.userid = $user
    $out.metadata.event_type = "USER_LOGOUT"
    $out.target.user.userid = $user
  match:
    $user over 1h
  outcome:
    $risk_score = 80
    $addresses = array_distinct($in.principal.ip)
  condition:
    $in and !$out
}
EOF
    expect_code 0 "$PICKET" scan -q -r a.yaral --output jsonl log.jsonl
    expect_lines out 1
    for key in '"time":"2026-01-01T01:20:00Z"' '"source":null' '"match":{"user":"bob"}' '"window":{"start":"2026-01-01T00:20:00Z","end":"2026-01-01T01:20:00Z"}' \
        '"addresses":["10.0.0.3"]' '"risk_score":80,"counts":{"in":1,"out":0},"entities":[],"event":null' \
        '"events":[{"variable":"in","source":{"file":"log.jsonl","record":null,"line":3},"event":{"metadata"'; do
        expect_text out "$key"
    done
}

test_csv() {
    events 5 > log.jsonl
    rule a.yml "'=cmd, \"quoted\"'" high "{Image|endswith: 'tool3.exe'}"
    expect_code 0 "$PICKET" scan -q -r a.yml -o alerts.csv log.jsonl
    expect_lines out 0
    expect_lines alerts.csv 2
    head -1 alerts.csv | grep -q '^time,level,title,' || fail "no header"
    expect_text alerts.csv "\"'=cmd, \"\"quoted\"\"\""
}

# What logs and rules hold reaches neither a terminal nor the page as it is.
test_escapes() {
    printf '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":"2026-03-04 05:00:00.000","Hostname":"h\\u001b[31m<script>alert(1)</script>","Image":"C:\\\\x.exe","CommandLine":"\\u001b]0;owned\\u0007 \\u202e </pre><img src=x onerror=alert(1)>"}\n' > $'log\x1b[31m.jsonl'
    cat > a.yml <<'END'
title: "t\e[31m <script>alert(2)</script>"
id: 12345678-0000-4000-8000-000000000000
author: "\e[32m<b>me</b>"
level: high
logsource: {product: windows, category: process_creation}
detection: {sel: {CommandLine|contains: "\u202e"}, condition: sel}
END
    for form in table html csv; do
        expect_code 0 "$PICKET" scan -r a.yml --output $form $'log\x1b[31m.jsonl'
        [ "$form" = csv ] || ! grep -q $'\x1b' out || fail "an escape in $form"
        ! grep -q $'\x1b' err || fail "an escape on standard error"
        [ "$(wc -c < out)" -gt 100 ] || fail "$form is empty"
    done
    "$PICKET" scan -q -r a.yml --output html $'log\x1b[31m.jsonl' > page.html
    expect_no_text page.html "<script"
    expect_no_text page.html "<img"
    expect_no_text page.html "<b>me"
    expect_no_text page.html $'\xe2\x80\xae'
    expect_text page.html "&lt;script&gt;alert(2)"
    "$PICKET" scan -q -r a.yml --output jsonl $'log\x1b[31m.jsonl' > alerts
    ! grep -q $'\x1b' alerts || fail "a raw escape in JSON"
    rule bad.yml $'"x\\\\e[31m"' high "{Image|$(printf '\\x1b[31m'): y}"
    "$PICKET" check bad.yml 2> err > out
    ! grep -q $'\x1b' err || fail "an escape in a diagnostic"
}

test_html() {
    events 30 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    expect_code 0 "$PICKET" scan -q -r a.yml -o page.html log.jsonl
    for s in '<!DOCTYPE html>' '</html>' 'prefers-color-scheme:dark' "default-src 'none'" '<mark>tool3.exe</mark>' 'somebody'; do expect_text page.html "$s"; done
    [ "$(grep -c '<details' page.html)" = 3 ] || fail "not three alerts"
    expect_no_text page.html "http:"
    expect_no_text page.html "https:"
}

# The same output for any number of threads, over several files with damage in them, and correlations.
test_jobs() {
    mkdir logs
    for i in 1 2 3 4 5 6; do { events 2000 $((i * 1000)); echo '{"broken'; events 1500; echo 'not json'; } > logs/$i.jsonl; done
    rule a.yml "A" high "{Image|endswith: ['tool3.exe', 'tool7.exe']}"
    rule b.yml "B" low "{CommandLine|re: '-n 1..7\$'}"
    cat > c.yml <<'END'
title: Many
id: 99999999-0000-4000-8000-000000000000
level: medium
name: many
correlation: {type: event_count, rules: [b], group-by: [Computer], timespan: 5m, condition: {gte: 3}}
END
    sed -i 's/^id:/name: b\nid:/' b.yml
    "$PICKET" scan -q -r a.yml -r b.yml -r c.yml -j 1 --output jsonl --summary s1 logs > one 2> one.err
    [ $? = 2 ] || fail "damage must give 2"
    for j in 2 3 8; do
        "$PICKET" scan -q -r a.yml -r b.yml -r c.yml -j $j --output jsonl logs > many 2> many.err
        cmp one many || fail "-j $j gives other alerts"
        cmp one.err many.err || fail "-j $j gives other diagnostics"
    done
    [ "$(grep -c '"title":"A"' one)" -gt 1000 ] || fail "too few alerts"
    expect_text s1 '"damaged":12,'
    "$PICKET" dump -q -j 1 logs > one 2> /dev/null
    "$PICKET" dump -q -j 4 logs > many 2> /dev/null
    cmp one many || fail "dump depends on -j"
    expect_lines one 21000
}

test_correlations_come_last() {
    events 40 > log.jsonl
    rule b.yml "B" low "{Image|endswith: 'tool3.exe'}"
    sed -i 's/^id:/name: b\nid:/' b.yml
    cat > c.yml <<'END'
title: Twice
id: 99999999-0000-4000-8000-000000000000
level: medium
correlation: {type: event_count, rules: [b], timespan: 1h, condition: {gte: 2}, generate: true}
END
    expect_code 0 "$PICKET" scan -q -r b.yml -r c.yml --output jsonl log.jsonl
    tail -1 out > last
    expect_text last '"title":"Twice"'
    expect_text last '"source":null'
    expect_text last '"event":null,"events":[{"variable":null,"source":{"file":"log.jsonl"'
    sed -i 's/, generate: true//' c.yml
    expect_code 0 "$PICKET" scan -q -r b.yml -r c.yml --output jsonl log.jsonl
    expect_no_text out '"title":"B"'
    expect_text out '"title":"Twice"'
}

test_closed_pipe() {
    events 50000 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'exe'}"
    for form in table jsonl csv html; do
        "$PICKET" scan -r a.yml --output $form log.jsonl 2> err | head -1 > out
        [ "${PIPESTATUS[0]}" = 0 ] || fail "$form: a closed pipe is no failure"
        expect_lines out 1
        expect_lines err 0
    done
    "$PICKET" dump log.jsonl 2> err | head -1 > out
    [ "${PIPESTATUS[0]}" = 0 ] || fail "dump: a closed pipe is no failure"
    expect_lines err 0
    # What a command found stays its exit code, though nobody reads the rest.
    unread() { { sleep 0.3; "$PICKET" "$@" 2> err; echo $? > code; } | true; cat code; }
    [ "$(unread scan --help)" = 0 ] || fail "help: a closed pipe is no failure"
    [ "$(unread help --man)" = 0 ] || fail "the manual: a closed pipe is no failure"
    [ "$(unread check a.yml)" = 0 ] || fail "check: a closed pipe is no failure"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    [ "$(unread check wrong.yml)" = 2 ] || fail "check: a rule in error, whoever reads"
}

# A folder without anything in it is most likely a mistake.
test_nothing_there() {
    events 2 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'exe'}"
    mkdir empty
    expect_code 0 "$PICKET" scan -r a.yml empty
    expect_text err "empty: warning: there is no file in this folder [input-empty]"
    expect_text err "0 alerts of 1 rule over 0 events in 0 files"
    expect_code 2 "$PICKET" scan -r empty log.jsonl
    expect_text err "empty: warning: there is no file of rules in this folder [folder-empty]"
    expect_text err "there is no rule to run: none was loaded"
    expect_code 0 "$PICKET" check empty
    expect_text err "[folder-empty]"
    expect_code 2 "$PICKET" scan -r a.yml --id other log.jsonl
    expect_text err "there is no rule to run: of 1 rule 1 is not chosen (--level, --status, --tag, --technique, --id, --logsource), 0 need a list"
    rule list.yml "List" high "{Image|expand: '%tools%'}"
    expect_code 2 "$PICKET" scan -r list.yml log.jsonl
    expect_text err "of 1 rule 0 are not chosen"
    expect_text err "1 needs a list"
}

test_full_disk() {
    [ -w /dev/full ] || { echo "skipped: no /dev/full"; return; }
    events 5 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'exe'}"
    for form in table jsonl csv html; do
        "$PICKET" scan -r a.yml --output $form log.jsonl > /dev/full 2> err
        [ $? = 2 ] || fail "$form: a full disk must give 2"
        expect_text err "No space left on device"
    done
    expect_code 2 "$PICKET" scan -r a.yml -o /dev/full log.jsonl
    expect_code 2 "$PICKET" scan -r a.yml --summary /dev/full log.jsonl
    expect_text err "/dev/full: No space left on device"
    "$PICKET" dump log.jsonl > /dev/full 2> err
    [ $? = 2 ] || fail "dump: a full disk must give 2"
    "$PICKET" check a.yml > /dev/full 2> err
    [ $? = 2 ] || fail "check: a full disk must give 2"
    expect_code 2 "$PICKET" scan -r a.yml -o no/such/folder/x log.jsonl
}

# Standard input that never ends: an interrupt gives what was found so far, the summary, and code 2.
test_interrupt() {
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    mkfifo pipe
    "$PICKET" scan -r a.yml --output jsonl --summary summary.json - < pipe > out 2> err &
    local scan=$!
    exec 9> pipe
    events 20000 >&9
    for _ in $(seq 200); do [ -s out ] && break; sleep 0.2; done
    kill -INT $scan
    wait $scan
    local code=$?
    exec 9>&-
    [ $code = 2 ] || fail "exit code $code, not 2"
    [ "$(wc -l < out)" -gt 500 ] || fail "what was found so far is missing"
    expect_text err "interrupted"
    expect_text summary.json '"interrupted":true'
    while read -r line; do case $line in *'}') ;; *) fail "a broken line" ;; esac; done < out
}

test_stdin_and_archives() {
    events 10 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    "$PICKET" scan -q -r a.yml --output jsonl - < log.jsonl > out || fail "standard input"
    expect_lines out 1
    expect_text out '"file":"-"'
    gzip -k log.jsonl
    "$PICKET" scan -q -r a.yml --output jsonl log.jsonl.gz > out || fail "gz"
    expect_lines out 1
    mkdir -p d/e && cp log.jsonl d/e && tar cf logs.tar d
    "$PICKET" scan -q -r a.yml --output jsonl logs.tar > out || fail "tar"
    expect_text out '"file":"logs.tar!/d/e/log.jsonl"'
    "$PICKET" scan -q -r a.yml --output jsonl 'd/*/*.jsonl' > out || fail "glob"
    expect_text out '"file":"d/e/log.jsonl"'
}

test_time_range() {
    { events 60; echo '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\tool3.exe"}'; } > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    expect_code 0 "$PICKET" scan -r a.yml --output jsonl log.jsonl
    expect_lines out 7
    expect_text out '"time":null'
    expect_code 0 "$PICKET" scan -r a.yml --output jsonl --since 2026-03-04T05:00:13Z --until 2026-03-04T05:00:33Z log.jsonl
    expect_lines out 2
    expect_text out '"time":"2026-03-04T05:00:13Z"'
    expect_text out '"time":"2026-03-04T05:00:23Z"'
    expect_text err "1 event has no readable time"
    expect_code 0 "$PICKET" dump --since 2026-03-04T05:00:50Z log.jsonl
    expect_lines out 10
}

test_stated_source() {
    printf 'one sudo line\nanother line\n' > plain.log
    cat > a.yml <<'END'
title: A
logsource: {product: linux, service: auth}
detection: {keywords: [sudo], condition: keywords}
level: low
END
    expect_code 0 "$PICKET" scan -r a.yml --output jsonl --format text plain.log
    expect_lines out 0
    expect_text err "don't tell their log source"
    expect_text err "plain.log"
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text --as product=linux,service=auth plain.log
    expect_lines out 1
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text --as '*.log:product=linux,service=auth' plain.log
    expect_lines out 1
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text --as '*.txt:product=linux,service=auth' plain.log
    expect_lines out 0
    cp plain.log other.log
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text plain.log --as product=linux,service=auth other.log
    expect_lines out 1
    expect_text out '"file":"other.log"'
}

test_stated_words() {
    local option kept
    printf 'one sudo line\n' > plain.log
    cat > a.yml <<'END'
title: A
logsource: {product: ourproduct, category: ourcategory, service: ourservice}
detection: {keywords: [sudo], condition: keywords}
level: low
END
    stated() { expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text "$@"; }
    for kept in --no-cache "--cache kept" "--cache kept"; do # the last is of a program that comes from the cache
        stated $kept --as product=windos --as '*.txt:product=WINDOS,service=auth' --as product=windos plain.log
        expect_text err "the product 'windos'"
        expect_text err "did you mean 'windows'?"
        [ "$(grep -c "a log source is stated" err)" = 1 ] || fail "$(cat err)"
        stated $kept --as category=process_creatoin,service=securty plain.log
        expect_text err "the category 'process_creatoin'"
        expect_text err "did you mean 'process_creation'?"
        expect_text err "the service 'securty'"
        expect_text err "did you mean 'security'?"
        stated $kept --as product=ourprodukt,service=ourservise plain.log # words of rules are near too
        expect_text err "did you mean 'ourproduct'?"
        expect_text err "did you mean 'ourservice'?"
        stated $kept --as product=nothinglikeit plain.log
        expect_text err "the product 'nothinglikeit'"
        expect_no_text err "did you mean"
    done
    # What a rule names, what a class provides, what no log has, a family's product; in any case of letters.
    for option in product=ourproduct,category=ourcategory,service=OURSERVICE product=Windows category=proxy category=file_access product=udm \
                  product=linux,service=auth; do
        stated --as "$option" plain.log
        expect_no_text err "a log source is stated"
    done
}

test_check() {
    rule good.yml "Good" high "{Image: x}"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    rule list.yml "List" high "{Image|expand: '%tools%'}"
    printf 'a: 1\nb: 2\n' > info.yml
    expect_code 0 "$PICKET" check good.yml
    [ "$(tail -1 out)" = "1 rule: 1 runnable, 0 need lists, 0 unsupported, 0 errors" ] || fail "$(cat out)"
    expect_code 2 "$PICKET" check .
    [ "$(tail -1 out)" = "3 rules: 1 runnable, 1 needs a list, 0 unsupported, 1 error" ] || fail "$(cat out)"
    expect_text err "wrong.yml:8:"
    expect_text err "did you mean 'endswith'?"
    expect_text err "info.yml"
    expect_code 0 "$PICKET" check list.yml
    expect_code 2 "$PICKET" check --strict list.yml
    echo 'tools: [a, b]' > lists.yml
    expect_code 0 "$PICKET" check --strict --placeholders lists.yml list.yml
    expect_code 2 "$PICKET" check --output json wrong.yml
    for key in '"rules":1,' '"runnable":0,' '"need_lists":0,' '"unsupported":0,' '"errors":1,' '"diagnostics":[' '"severity":"error"' '"hint":"did you mean' \
        '"file":"wrong.yml"' '"line":8' '"column":' '"rule":' '"code":"sigma-modifier"'; do expect_text out "$key"; done
    expect_code 2 "$PICKET" check missing.yml
}

# Rules that nothing narrows, each with the hint that fits; rules that something narrows are not spoken of.
test_check_slow() {
    rule good.yml "Good" high "{Image|endswith: '\\tool3.exe'}"
    rule event.yml "All of an event" high "{EventID: 1}"
    rule negative.yml "Negative" high "{Image: x}"
    sed -i 's/condition: .*/condition: not sel}/' negative.yml
    rule fields.yml "Fields" high "{Image|fieldref: ParentImage}"
    rule there.yml "There" high "{CurrentDirectory|exists: true}"
    rule one_of.yml "One of" high "[{Image|endswith: '\\tool3.exe'}, {CurrentDirectory|exists: false}]"
    rule short.yml "Short" high "{CommandLine|contains: '/w'}"
    rule regex.yml "Regex" high "{CommandLine|re: '\\s-[a-z]\\s'}"
    rule beside.yml "Regex beside a value" high "{Image|endswith: '\\ssh.exe', CommandLine|re: '\\s-[a-z]\\s'}"
    rule letter.yml "A letter that is rare" high "{CommandLine|contains: 'ˣ'}"
    cat > kind.yaral <<'END'
rule kind {
  meta:
    author = "somebody"
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.metadata.product_event_type = "4625"
    $e.target.user.userid != "guest"
  condition:
    $e
}
END
    rule literal.yml "Literal" high "{CommandLine|re: '\\s-[a-z]\\swhoami'}"
    expect_code 0 "$PICKET" check --slow .
    [ "$(tail -1 out)" = "12 rules: 12 runnable, 0 need lists, 0 unsupported, 0 errors" ] || fail "$(cat out)"
    [ "$(grep -c slow-rule err)" = 7 ] || fail "not the seven slow rules: $(cat err)"
    said() { grep -A1 "^[./]*$1:[0-9]*:[0-9]*:.*slow-rule" err | grep -qF -- "$2" || fail "$1 is not told '$2': $(cat err)"; }
    said negative.yml "what an event must not be"
    said fields.yml "no index helps to compare two fields"
    said there.yml "that a field is there, or empty, narrows nothing"
    said one_of.yml "as slow as its worst part"
    said short.yml "ask for a longer text"
    said regex.yml "a text that every match must have"
    said negative.yml "windows/sysmon/1"
    said kind.yaral "what it asks for is what makes events of this kind"
    expect_code 0 "$PICKET" check .
    expect_no_text err slow-rule
    expect_code 0 "$PICKET" check --slow --output json short.yml
    expect_text out '"code":"slow-rule"'
}

# Parts, rules with what they were candidates for, tests; the same alerts as without.
test_profile() {
    for i in 1 2 3 4 5 6 7 8 9 10; do events 20000; done > log.jsonl
    rule a.yml "Often a candidate" high "{Image|endswith: '.exe', CommandLine|re: '-n 1..7\$'}"
    rule b.yml "Never a candidate" high "{Image|endswith: '.dll'}"
    rule c.yml "Broad" high "{Image|fieldref: CommandLine}"
    "$PICKET" scan -q -j 1 -r a.yml -r b.yml -r c.yml --output jsonl log.jsonl > plain 2> err || fail "a plain scan"
    expect_lines err 0
    "$PICKET" scan -q -j 2 --profile --summary s.json -r a.yml -r b.yml -r c.yml --output jsonl log.jsonl > profiled 2> err || fail "a profiled scan"
    cmp plain profiled || fail "a profile changes alerts"
    for part in "reading files" decoding classifying slots network candidates conditions reasons rendering output stages waiting; do
        grep -q "^ *[0-9.]* %  *[0-9.]* s  $part  *[a-z]" err || fail "no part $part: $(cat err)"
    done
    # Parts add up to the whole, rules to their sum, within what is rounded.
    awk '/^Time by part/ { whole = $5 } /^ .* s  [a-z]/ { parts += $3 }
         /rules together/ { good = parts > whole - 0.02 && parts < whole + 0.02 && $3 <= whole } END { exit !good }' err ||
        fail "parts do not add up: $(cat err)"
    grep -q "  200,000  .*  Broad  c.yml:1\$" err || fail "a broad rule is a candidate at each event: $(cat err)"
    expect_text err "Often a candidate  a.yml:1"
    expect_no_text err "Never a candidate"
    expect_text s.json '"profile":{"samples":'
    expect_text s.json '"candidates":200000,"matches":0}'
    # What the parts add up to is the time of both threads.
    grep -q "^Time by part, of [0-9]*\.[0-9]* s over all threads" err || fail "no sum of times"
}

test_explain() {
    rule a.yml "A" high "{Image|endswith: '\\iox.exe', CommandLine|re: 'a.*b'}"
    expect_code 0 "$PICKET" explain a.yml
    for s in "Predicates" "ends_with" "[literals]" "[regex]" "Stages" "Event classes" "candidate by" "Cost" "windows/"; do expect_text out "$s"; done
    expect_code 0 "$PICKET" explain -r a.yml A
    expect_text out "somebody"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    expect_code 2 "$PICKET" explain wrong.yml
}

test_dump() {
    { events 3; echo '{"open": {"class": [1, 2]}}'; } > log.jsonl
    expect_code 0 "$PICKET" dump log.jsonl
    expect_lines out 4
    expect_text out '"Image":"C:\\Windows\\tool1.exe"'
    expect_code 0 "$PICKET" dump --raw log.jsonl
    expect_lines out 4
    expect_text out '{"open":{"class":[1,2]}}'
    expect_code 0 "$PICKET" dump --schema udm log.jsonl
    expect_lines out 4
    expect_text out '"event_type":"PROCESS_LAUNCH"'
    expect_text out '"full_path":"C:\\Windows\\tool1.exe"'
    expect_code 3 "$PICKET" dump --schema ecs log.jsonl
    expect_code 0 "$PICKET" dump -o file log.jsonl
    expect_lines file 4
    expect_lines out 0
}

test_tests() {
    cat > a.test <<'END'
=== one
--- rule sigma
title: A
logsource: {product: windows, category: process_creation}
detection: {sel: {Image|endswith: 'x.exe'}, condition: sel}
--- event process_creation
{"Image": "C:\\x.exe"}
--- alerts
A: Image ends_with 'x.exe' at 3
END
    expect_code 0 "$PICKET" test a.test
    expect_text out "1 passed, 0 failed"
    sed 's/at 3/at 4/' a.test > b.test
    expect_code 1 "$PICKET" test b.test
    expect_text out "not ok b.test:1: one"
    expect_text out "at 3"
    expect_code 0 "$PICKET" test --update b.test
    cmp a.test b.test || fail "--update does not restore the case"
    sed 's/--- alerts/--- alert/' a.test > c.test
    expect_code 2 "$PICKET" test c.test
    expect_text out "did you mean 'alerts'?"
    sed 's/Image|endswith/Image|endwith/' a.test > d.test
    expect_code 1 "$PICKET" test d.test
    expect_text out "did you mean 'endswith'?"
    expect_code 2 "$PICKET" test absent.test
    expect_text out "not ok absent.test: can't be opened"
}

# Evidence as SigmaHQ lays it out, of our own making.
test_evidence() {
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    local id
    id=$(grep '^id:' a.yml | cut -d' ' -f2)
    mkdir -p regression_data/a
    events 20 > "regression_data/a/$id.json"
    entry() {
        printf 'id: x\nrule_metadata:\n  - id: %s\n    title: A\nregression_tests_info:\n  - name: t\n    type: json\n    provider: p\n%s    path: regression_data/a/%s.json\n' "$id" "$1" "$id" > regression_data/a/info.yml
    }
    entry '    match_count: 1
'
    expect_code 0 "$PICKET" test -r a.yml regression_data
    expect_text out "ok found 2, stated 1"
    expect_code 1 "$PICKET" test --exact -r a.yml regression_data
    entry '    match_count: 3
'
    expect_code 1 "$PICKET" test -r a.yml regression_data
    expect_text out "not ok found 2, stated 3"
    entry ''
    expect_code 0 "$PICKET" test -r a.yml regression_data
    rm "regression_data/a/$id.json"
    expect_code 1 "$PICKET" test -r a.yml regression_data
}

test_catalog_build() {
    mkdir rules
    rule rules/a.yml "First rule" high "{Image|endswith: 'tool3.exe'}"
    rule rules/b.yml "Second rule" low "{Image|endswith: 'tool3.exe', CommandLine|contains: -n}"
    expect_code 0 "$PICKET" catalog build -r rules -o made.db
    expect_text out "made.db: 2 rules: 2 runnable, 0 need lists, 0 unsupported, 0 errors"
    expect_text out "2 predicates, 3 pairs of rule and predicate"
    expect_text out "2 rules read"
    expect_lines err 0
    expect_code 0 "$PICKET" catalog build -r rules -o made.db
    expect_text out "; 0 rules read"
    rule rules/b.yml "Second rule" low "{Image|endswith: 'tool4.exe', CommandLine|contains: -n}"
    expect_code 0 "$PICKET" catalog build rules -o made.db
    expect_text out "3 predicates, 3 pairs"
    expect_text out "; 1 rule read"
    expect_code 0 "$PICKET" catalog build --fresh -q -r rules -o made.db
    expect_lines out 0
    expect_code 0 "$PICKET" catalog build -r rules
    [ -s catalog.db ] || fail "the catalogue has no name of its own"
    # a rule in error is told, stored, and in the exit code
    rule rules/c.yml "Third rule" low "{Image|nomodifier: x}"
    expect_code 2 "$PICKET" catalog build -r rules -o made.db
    expect_text out "3 rules: 2 runnable, 0 need lists, 0 unsupported, 1 error"
    expect_text err "unknown modifier 'nomodifier'"
    expect_code 0 "$PICKET" catalog rule -c made.db sigma "$(sed -n 's/^id: //p' rules/c.yml)" --output json
    expect_text out "unknown modifier"
    # what is no catalogue stays as it is
    echo "a letter" > letter
    expect_code 3 "$PICKET" catalog build -r rules -o letter
    expect_text err "is no catalogue"
    expect_text letter "a letter"
    expect_code 2 "$PICKET" catalog build -r nowhere -o made.db
    expect_text err "no such file or folder of rules"
    expect_code 2 "$PICKET" catalog build -r rules -o nowhere/made.db
}

# Compiled rules are kept: what a run says is the same, and whatever changes is seen.
test_cache() {
    mkdir rules
    for i in $(seq 1 70); do
        rule "rules/$i.yml" "Rule $i" medium "{Image|endswith: 'tool$i.exe', CommandLine|re: '-n.*$i'}"
        head -c 1000 /dev/zero | tr '\0' '#' >> "rules/$i.yml"
    done
    rule rules/bad.yml "Bad" low "{Image|endswit: x}"
    printf 'title: Many\ncorrelation: {type: event_count, rules: [%s], group-by: [Hostname], timespan: 5m, condition: {gte: 2}}\n' \
        "$(sed -n 's/^id: //p' rules/3.yml)" > rules/many.yml
    events 300 > log.jsonl
    local name
    scan() { # scan NAME OPTION...: what it says in NAME.out, NAME.err, NAME.code
        name=$1
        shift
        "$PICKET" scan -r rules --output jsonl "$@" log.jsonl > "$name.out" 2> "$name.err"
        echo $? > "$name.code"
        sed -i 's/ in [0-9.]* s$//' "$name.err"
    }
    same() {
        for end in out err code; do cmp "$name.$end" "plain.$end" || fail "with the cache ($name) the run differs: $end"; done
    }
    served() { "$PICKET" scan -q -v -r rules "$@" log.jsonl 2>&1 > out | grep -qF "the program came from it"; }
    scan plain --no-cache
    [ ! -e caches ] || fail "--no-cache keeps something"
    expect_text plain.out '"title":"Many"'
    for i in first second third; do scan $i; same; done
    [ "$(stat -c %a caches/picket)" = 700 ] || fail "others may look into the cache"
    served || fail "the cache does not serve"
    served -j1 || fail "the number of threads is none of its business"
    ! served --level high || fail "another choice is served"
    ! served --no-cache || fail "--no-cache is served"
    ! served --cache elsewhere || fail "--cache is not where it looks"
    served --cache elsewhere || fail "--cache keeps nothing"
    sed -i 's/tool4.exe/tool5.exe/' rules/4.yml
    ! served || fail "an edited file is not seen"
    served || fail "it is not kept again"
    rm rules/5.yml
    ! served || fail "a removed file is not seen"
    rule rules/new.yml "New" high "{Image|endswith: 'tool1.exe'}"
    scan plain --no-cache
    scan added
    same
    served || fail "it is not kept again"
    for f in caches/picket/*.program; do dd if=/dev/zero of="$f" bs=1 seek=5000 count=64 conv=notrunc status=none; done
    scan damaged
    same
    for f in caches/picket/*.program; do truncate -s 70000 "$f"; done
    scan truncated
    same
    rm -rf caches
    scan deleted
    same
    chmod 777 caches/picket
    ! served || fail "a folder that others may write to is trusted"
    scan open
    same
    expect_code 0 "$PICKET" scan -v -q --cache /dev/null/x -r rules/1.yml log.jsonl
    expect_text err "compiled rules are not kept"
}

test_terminal() {
    script -qec true /dev/null > /dev/null 2>&1 < /dev/null || { echo "skipped: no terminal to be had"; return; }
    events 20 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    TERM=xterm script -qec "$PICKET scan -r a.yml log.jsonl" /dev/null > out < /dev/null
    grep -q $'\x1b\[1;31m' out || fail "no colour on a terminal"
    TERM=xterm NO_COLOR=1 script -qec "$PICKET scan -r a.yml log.jsonl" /dev/null > out < /dev/null
    ! grep -q $'\x1b\[[0-9;]*m' out || fail "colour in spite of NO_COLOR"
}

"test_$1"
