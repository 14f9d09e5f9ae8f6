#!/bin/sh
# Speed, as ratios within one run; bench/README.md tells what each row means. QUICK=1: small inputs, a minute. Without peers
# or corpora it says so and goes on with what there is. Exit code 1: what was done is not the same, so no time is printed.
#
#   ONLY="evtx json rules ..."   only these groups of rows (evtx small json rsigma rules threads load memory noisy hard joins)
#   NEWEST=no                     without the newest peers as second lines (building them takes minutes, once)
#   REPEATS=15                    more rounds than 5 (QUICK=1: 2), of which the least counts: for a machine that has slow minutes
set -u
cd "$(dirname "$0")/.." || exit 1
build=${BENCH_BUILD:-build/release} # where picket and bench_* were built
quick=${QUICK:-}
only=${ONLY:-evtx small json rsigma rules threads load memory noisy hard joins}
picket=$PWD/$build/picket bench=$PWD/$build/bench
corpora=${PICKET_CORPORA:-../shared/corpora}
[ -d "$corpora" ] || corpora=
work=$PWD/build/bench/${quick:+quick}
[ -n "$quick" ] || work=$PWD/build/bench/full
export XDG_CACHE_HOME="$work/cache" # the cache of programs is the benchmark's own

if [ -n "$quick" ]; then evtx_mb=48 json_mb=16 rounds=2 big_mb=64 noisy_events=1000 long_events=4 join_events=100000 repeats=2
else evtx_mb=524 json_mb=215 rounds=17 big_mb=1000 noisy_events=20000 long_events=30 join_events=1000000 repeats=5; fi
repeats=${REPEATS:-$repeats}
few=$(((repeats + 1) / 2))

mkdir -p "$work" build/logs
say() { printf '%s\n' "$*" >&2; }
die() { say "bench: FAILED: $*"; exit 1; }
wants() { case " $only " in *" $1 "*) true ;; *) false ;; esac; }

# ---- peers ----

scripts/bench-peers.sh pinned >"$work/peers" || die "scripts/bench-peers.sh"
peer() { sed -n "s/^$1 [^ ]* //p" "$work/peers"; }
evtx_dump=$(peer evtx_dump) evtx_loop=$(peer evtx_loop) rsigma=$(peer rsigma)
new_dump= new_rsigma=
if [ -z "$quick" ] && [ "${NEWEST:-}" != no ]; then
    scripts/bench-peers.sh newest >"$work/peers.new"
    new_dump=$(sed -n 's/^evtx_dump [^ ]* //p' "$work/peers.new")
    new_rsigma=$(sed -n 's/^rsigma [^ ]* //p' "$work/peers.new")
fi

# ---- inputs ----

make_inputs() {
    if [ -n "$corpora" ]; then
        evtx_from="$corpora/logs/evtx/attack-samples $corpora/logs/evtx/evtx-parser-samples"
        small_from="$corpora/logs/evtx/attack-samples $corpora/rules/sigma/regression_data $corpora/logs/evtx/chainsaw"
        json_from="$corpora/logs/otrf/compound/Log4Shell $corpora/logs/splunk-attack-data $corpora/logs/otrf/atomic/windows $corpora/logs/otrf/compound"
        rules_from=$corpora/rules/sigma
    else
        say "bench: corpora absent: the rules and logs that ship are measured, and they are few"
        "$bench/bench_inputs" vary-events 1 30 300 bench/events.jsonl | "$bench/bench_inputs" flat-events >"$work/shipped.jsonl"
        evtx_from=share/logs/windows small_from=share/logs/windows json_from=$work/shipped.jsonl rules_from=share/rules
    fi
    # None of these paths holds a blank.
    # shellcheck disable=SC2086
    {
        "$bench/bench_inputs" dense-evtx "$work/dense.evtx" "$evtx_mb" $evtx_from &&
            "$bench/bench_inputs" small-evtx "$work/small" "$rounds" $small_from &&
            "$bench/bench_inputs" json-lines "$work/events.jsonl" "$json_mb" $json_from &&
            "$bench/bench_inputs" json-lines "$work/big.jsonl" "$big_mb" $json_from &&
            "$bench/bench_inputs" json-lines "$work/tenth.jsonl" $((big_mb / 10)) $json_from &&
            "$bench/bench_inputs" dense-evtx "$work/tenth.evtx" $((evtx_mb / 10)) $evtx_from &&
            "$bench/bench_inputs" sample-rules "$work/windows" 1 windows 10 100 1000 "$rules_from" &&
            "$bench/bench_inputs" sample-rules "$work/sigma" 1 any "$rules_from" &&
            "$bench/bench_inputs" vary-rules "$work/four" 4 "$work/windows/all" &&
            "$bench/bench_inputs" hard-rules "$work/rules"
    } >build/logs/bench-inputs.log 2>&1 || { cat build/logs/bench-inputs.log >&2; die "the inputs could not be made"; }
    ln -f "$work/dense.evtx" "$work/again.evtx"
    awk '{ sub(/^\{/, "{\"BenchLine\":" NR ","); print }' "$work/events.jsonl" >"$work/marked.jsonl"
    "$bench/bench_inputs" vary-events 3 100 1 "$work/events.jsonl" >"$work/distinct.jsonl"
    head -n 1 "$work/distinct.jsonl" >"$work/distinct.jsonl.one"
    head -n $noisy_events "$work/events.jsonl" >"$work/noisy.jsonl"
    "$bench/bench_inputs" long-events $long_events 1000000 >"$work/long.jsonl"
    "$bench/bench_inputs" long-events 1 10 >"$work/long.jsonl.one"
    "$bench/bench_inputs" join-events $join_events 100000 >"$work/joins.jsonl"
    "$bench/bench_inputs" join-events $((join_events / 10)) 100000 >"$work/joins.tenth.jsonl"
    head -n 1 "$work/joins.jsonl" >"$work/joins.jsonl.one"
}

made=$work/made
key="$evtx_mb $json_mb $rounds $big_mb ${corpora:-none} $(cat bench/inputs/*.c | cksum) 1" # the last number: how make_inputs makes them
if [ "$(cat "$made" 2>/dev/null)" != "$key" ]; then
    say "bench: making inputs in $work"
    rm -rf "${work:?}/windows" "$work/sigma" "$work/four" "$work/small" "$work/rules"
    make_inputs
    echo "$key" >"$made"
fi
windows=$work/windows/all sigma=$work/sigma/all
dense=$work/dense.evtx small=$work/small json=$work/events.jsonl

# ---- what was done is the same ----

facts=$work/facts
: >"$facts"
fact() { echo "fact $*" >>"$facts"; }
# Logs with damage end with 2; anything beyond is no scan, and that of a pipe's first command would not be seen.
alerts() {
    "$picket" scan -q --output jsonl "$@" 2>"$work/errors" || [ $? -le 2 ] || { cat "$work/errors" >&2; echo "$*" >>"$work/failed"; }
}
ended_well() { [ ! -s "$work/failed" ] || die "$1: picket did not end well: $(cat "$work/failed")"; }
summary_of() { sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$1" | head -n 1; }

# Alerts with one thread, with two, compiled anew and from the cache. Leaves <name> events and alerts as facts.
same_alerts() { # name rules log
    rm -rf "$XDG_CACHE_HOME" "$work/summary" "$work/failed"
    first=$(alerts -j1 -r "$2" --summary "$work/summary" "$3" | cksum)
    [ -s "$work/summary" ] || { cat "$work/errors" >&2; die "$1: picket did not run"; }
    second=$(alerts -j2 -r "$2" "$3" | cksum)
    ended_well "$1"
    [ "$first" = "$second" ] || die "$1: other alerts with two threads and the cached program than with one and a new one"
    fact "$1.events" "$(summary_of "$work/summary" events)"
    fact "$1.alerts" "$(summary_of "$work/summary" alerts)"
}

events_of() { awk -v name="$1.events" '$2 == name { print $3 }' "$facts"; }
same_count() { [ "$2" = "$(events_of "$1")" ] || die "$1: picket read $(events_of "$1") records, $3 $2"; }

say "bench: comparing what is done"
if wants evtx || wants threads || wants rules; then
    same_alerts evtx "$windows" "$dense"
    [ -z "$evtx_dump" ] || same_count evtx "$("$evtx_dump" -t 1 -o jsonl "$dense" 2>/dev/null | wc -l)" evtx_dump
    same_count evtx "$("$picket" dump --raw -q "$dense" | wc -l)" "picket dump"
    same_count evtx "$("$bench/bench_decode" "$windows" "$dense" | sed -n 's/^events //p')" bench_decode
fi
if wants small; then
    same_alerts small "$windows" "$small"
    [ -z "$evtx_loop" ] || same_count small "$("$evtx_loop" "$small" 2>&1 >/dev/null | sed -n 's/^records \([0-9]*\) errors 0$/\1/p')" evtx_loop
fi
same_alerts json "$sigma" "$json"
same_count json "$("$bench/bench_simdjson" "$json" | sed -n 's/^events //p')" simdjson
if wants rsigma && [ -n "$rsigma" ]; then
    alerts -j1 -r "$windows" "$work/marked.jsonl" >"$work/ours"
    ended_well rsigma
    if ! "$rsigma" engine eval -r "$windows" -p sysmon -e @"$work/marked.jsonl" --include-event -q >"$work/theirs" 2>"$work/errors"; then
        say "bench: rsigma is not compared: $(tail -n 1 "$work/errors")"
        rsigma= new_rsigma=
    else
        "$bench/bench_pairs" "$work/ours" "$work/theirs" "$work/marked.jsonl" "$windows" bench/rsigma_causes.tsv ||
            die "rsigma and picket differ without a cause in bench/rsigma_causes.tsv"
    fi
fi
if wants noisy; then # the events of which no rule matches any
    alerts -j1 -r "$sigma" "$json" >"$work/ours"
    ended_well noisy
    "$bench/bench_inputs" quiet-events "$work/ours" <"$json" >"$work/quiet.jsonl"
    same_alerts quiet "$sigma" "$work/quiet.jsonl"
    [ "$(awk '$2 == "quiet.alerts" { print $3 }' "$facts")" = 0 ] || die "events without alerts have alerts"
    same_alerts distinct "$sigma" "$work/distinct.jsonl"
    same_alerts noisy "$work/rules/twenty" "$work/noisy.jsonl"
    same_alerts noisy.few "$sigma" "$work/noisy.jsonl"
fi
if wants joins; then
    same_alerts joins bench/joins/join "$work/joins.jsonl"
    same_alerts joins.tenth bench/joins/join "$work/joins.tenth.jsonl"
fi
! wants hard || same_alerts hard "$work/rules/hard" "$work/long.jsonl"

# ---- times ----

times=$work/times
: >"$times"
list=$work/list
measure() { # repeats; the list of commands is in $list
    say "bench: measuring $(cut -f 1 "$list" | grep -v '[.]one' | tr '\n' ' ')"
    "$bench/bench_measure" "$1" <"$list" >"$work/result" || die "a command failed"
    sed 's/^/time /' "$work/result" >>"$times"
    : >"$list"
}
: >"$list"
add() { # name how command...
    name=$1 how=$2
    shift 2
    printf '%s\t%s\t%s\n' "$name" "$how" "$*" >>"$list"
}
scan="$picket scan -q --output jsonl -o /dev/null"
both() { # name rules log [log of one event]: with all events, and with one. Programs come from the cache, into which this puts them
    $scan -j1 -r "$2" "${4:-$3.one}" 2>"$work/errors" || { cat "$work/errors" >&2; die "$1"; }
    add "$1" cpu "$scan -j1 -r $2 $3"
    add "$1.one" cpu "$scan -j1 -r $2 ${4:-$3.one}"
}

if wants evtx; then
    both evtx "$windows" "$dense"
    add decode said "$bench/bench_decode $windows $dense"
    add raw cpu "$picket dump --raw -q -j1 -o /dev/null $dense"
    add raw.one cpu "$picket dump --raw -q -j1 -o /dev/null $dense.one"
    for which in "evtx_dump $evtx_dump" "evtx_dump.new $new_dump"; do
        name=${which%% *} program=${which#* }
        [ -n "$program" ] || continue
        add "$name" cpu "$program -t 1 -o jsonl $dense"
        add "$name.one" cpu "$program -t 1 -o jsonl $dense.one"
    done
    measure "$repeats"
fi
if wants small; then
    both small "$windows" "$small" "$dense.one"
    add small.decode said "$bench/bench_decode $windows $small"
    [ -z "$evtx_loop" ] || add evtx_loop cpu "$evtx_loop $small"
    measure "$few"
fi
if wants json; then
    both json "$sigma" "$json"
    add simdjson said "$bench/bench_simdjson $json"
    measure "$repeats"
fi
if wants rsigma; then
    both flat "$windows" "$json"
    for which in "rsigma $rsigma" "rsigma.new $new_rsigma"; do
        name=${which%% *} program=${which#* }
        [ -n "$program" ] || continue
        add "$name" cpu "$program engine eval -r $windows -p sysmon -e @$json"
        add "$name.one" cpu "$program engine eval -r $windows -p sysmon -e @$json.one"
    done
    measure "$few"
fi
if wants rules; then
    for n in 10 100 1000 all; do
        both "rules.json.$n" "$work/windows/$n" "$json"
        both "rules.evtx.$n" "$work/windows/$n" "$dense"
    done
    both rules.json.four "$work/four" "$json"
    both rules.evtx.four "$work/four" "$dense"
    measure "$few"
    if [ -n "$rsigma" ]; then
        for n in 10 all; do
            add "rsigma.$n" cpu "$rsigma engine eval -r $work/windows/$n -p sysmon -e @$json"
            add "rsigma.$n.one" cpu "$rsigma engine eval -r $work/windows/$n -p sysmon -e @$json.one"
        done
        measure 1
    fi
fi
if wants threads; then
    for j in 1 2; do
        add "threads.evtx.$j" cpu "$scan -j$j -r $windows $dense $work/again.evtx"
        add "threads.json.$j" cpu "$scan -j$j -r $sigma $json"
        add "threads.one.$j" cpu "$scan -j$j -r $sigma $json.one"
        add "threads.evtx.one.$j" cpu "$scan -j$j -r $windows $dense.one"
    done
    # What the machine gives: the same work by two processes that have nothing to do with each other.
    pair() { add "$1" cpu "sh -c '$2 & $2 & wait'"; }
    pair threads.evtx.pair "$scan -j1 -r $windows $dense $work/again.evtx"
    pair threads.json.pair "$scan -j1 -r $sigma $json"
    pair threads.one.pair "$scan -j1 -r $sigma $json.one"
    pair threads.evtx.one.pair "$scan -j1 -r $windows $dense.one"
    measure "$repeats"
fi
if wants load; then
    cold=$work/cache.cold
    add load.cold cpu "sh -c 'rm -rf $cold; XDG_CACHE_HOME=$cold exec $scan -r $sigma $json.one'"
    add load.cached cpu "$scan -r $sigma $json.one"
    [ -z "$rsigma" ] || add load.rsigma cpu "$rsigma engine eval -r $sigma -p sysmon -e @$json.one"
    measure "$repeats"
fi
if wants memory; then
    add memory.json memory "$scan -j2 -r $sigma $work/big.jsonl"
    add memory.json.tenth memory "$scan -j2 -r $sigma $work/tenth.jsonl"
    again=$(yes "$work/tenth.jsonl" | head -n 10 | tr '\n' ' ')
    add memory.json.again memory "$scan -j2 -r $sigma $again"
    add memory.evtx memory "$scan -j2 -r $sigma $dense $work/again.evtx"
    add memory.evtx.tenth memory "$scan -j2 -r $sigma $work/tenth.evtx $work/tenth.evtx"
    measure 1
fi
if wants noisy; then
    both plain "$sigma" "$json"
    both quiet "$sigma" "$work/quiet.jsonl" "$json.one"
    both distinct "$sigma" "$work/distinct.jsonl"
    both noisy "$work/rules/twenty" "$work/noisy.jsonl" "$json.one"
    both noisy.few "$sigma" "$work/noisy.jsonl" "$json.one"
    measure "$few"
fi
if wants joins; then
    both joins bench/joins/join "$work/joins.jsonl"
    both joins.tenth bench/joins/join "$work/joins.tenth.jsonl" "$work/joins.jsonl.one"
    both joins.none bench/joins/one "$work/joins.jsonl"
    measure "$few"
    add memory.joins memory "$scan -j1 -r bench/joins/join $work/joins.jsonl"
    add memory.joins.tenth memory "$scan -j1 -r bench/joins/join $work/joins.tenth.jsonl"
    measure 1
fi
if wants hard; then
    both hard "$work/rules/hard" "$work/long.jsonl"
    both hard.plain "$work/rules/hard" "$json" "$json.one"
    both hard.all "$sigma" "$work/long.jsonl"
    measure "$few"
fi

# ---- the table ----

for log in evtx small; do fact "$log.bytes" "$(du -cLb "$([ $log = evtx ] && echo "$dense" || echo "$small")" | tail -n 1 | cut -f 1)"; done
for log in events quiet distinct noisy long; do [ ! -e "$work/$log.jsonl" ] || fact "$log.bytes" "$(wc -c <"$work/$log.jsonl")"; done
for n in 10 100 1000 all; do fact "rules.$n" "$(find "$work/windows/$n" -name '*.yml' | wc -l)"; done
fact "rules.sigma" "$(find "$sigma" -name '*.yml' | wc -l)"
fact "rules.four" "$(find "$work/four" -name '*.yml' | wc -l)"
{
    printf '\n%s, commit %s%s, %s, %s processors%s\n' "$(date +%F)" "$(git rev-parse --short HEAD 2>/dev/null || echo none)" \
        "$(git diff --quiet HEAD 2>/dev/null || echo ' with changes')" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "${quick:+, QUICK}"
    sed 's/^/peer: /; s/ [^ ]*$//' "$work/peers" "$work/peers.new" 2>/dev/null
    awk -f bench/table.awk "$facts" "$times"
} | tee "$work/table"
awk -v markdown=1 -f bench/table.awk "$facts" "$times" >"$work/table.md" # for docs/performance.md
