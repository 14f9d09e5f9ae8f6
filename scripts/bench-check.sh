#!/bin/sh
# Nothing gets slower unnoticed: instructions of a small fixed workload (bench/check.c), counted by callgrind, against bench/record.
# Fails if a count is more than 3 % above the recorded one, or if what was done is not the same. Counts hold for one compiler,
# one set of libraries and one kind of processor; where these differ it says so and compares nothing.
#
#   bench-check.sh             compares
#   UPDATE="why" bench-check.sh   writes the record anew, with the reason
set -u
cd "$(dirname "$0")/.." || exit 1
release=${BENCH_BUILD:-build/release} # where bench_check was built
work=$release/bench/check
record=bench/record
parts="load compile evtx json dump alerts cached"
mkdir -p "$work"

# ---- the inputs, the same everywhere: events and rules that ship, altered by fixed numbers ----

inputs=$release/bench/bench_inputs
rm -rf "$work/rules" "$work/cache" "$work"/counts*
mkdir -m 700 "$work/cache"
"$inputs" vary-events 1 30 120 bench/events.jsonl >"$work/varied.jsonl" &&
    "$inputs" flat-events <"$work/varied.jsonl" >"$work/events.jsonl" &&
    "$release/tests/tools/evtx_make" "$work/varied.jsonl" "$work/events.evtx" >/dev/null &&
    "$inputs" vary-rules "$work/rules" 6 share/rules >/dev/null || exit 1

# ---- what the counts hold for ----

package() { dpkg-query -W -f='${Package} ${Version}\n' "$@" 2>/dev/null; }
{
    printf 'machine %s %s\n' "$(uname -m)" "$(grep -o -w -m 1 -E 'avx2|asimd' /proc/cpuinfo | head -n 1)"
    printf 'compiler %s\n' "$(gcc --version | head -n 1)"
    printf 'flags %s\n' "$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$release/CMakeCache.txt")"
    package valgrind libc6 libstdc++6 libpcre2-8-0 libyaml-0-2 libarchive13 libutf8proc2 libsimdjson14 libvectorscan5 libhyperscan5 libzstd1 | grep ' .'
} >"$work/versions"

# ---- counting ----

options=--dump-before=mark
for part in $parts; do options="$options --dump-after=part_$part"; done
# shellcheck disable=SC2086
if ! env -i PATH="$PATH" setarch -R valgrind --tool=callgrind --callgrind-out-file="$work/counts" $options \
    "$release/bench/bench_check" "$work/rules" "$work/events.evtx" "$work/events.jsonl" "$work/cache" >"$work/done" 2>"$work/valgrind.log"; then
    cat "$work/valgrind.log" >&2
    exit 1
fi
for part in $parts; do
    count=$(grep -l "^desc: Trigger: --dump-after=part_$part\$" "$work"/counts.* | xargs sed -n 's/^totals: //p')
    [ -n "$count" ] || { echo "bench-check: no count of part_$part; see $work/valgrind.log" >&2; exit 1; }
    echo "$part $count"
done >"$work/instructions"

# ---- comparing ----

if [ -n "${UPDATE:-}" ]; then
    old=$(sed -n 's/^reason /reason /p' "$record" 2>/dev/null | tail -n 20)
    {
        echo "# What scripts/bench-check.sh compares with. Written by: make bench-check UPDATE=\"reason\""
        sed 's/^/version /' "$work/versions"
        sed 's/^/done /' "$work/done"
        sed 's/^/count /' "$work/instructions"
        [ -z "$old" ] || printf '%s\n' "$old"
        printf 'reason %s %s\n' "$(date +%F)" "$UPDATE"
    } >"$record.new" && mv "$record.new" "$record"
    echo "bench-check: $record written"
    cat "$work/instructions"
    exit 0
fi

sed -n 's/^version //p' "$record" >"$work/versions.recorded"
sed -n 's/^done //p' "$record" >"$work/done.recorded"
if ! diff "$work/versions.recorded" "$work/versions" >"$work/differs"; then
    echo "bench-check: another compiler, processor or set of libraries than in $record (< recorded, > here); nothing is compared"
    grep '^[<>]' "$work/differs"
    cat "$work/instructions"
    exit 0
fi
if ! diff "$work/done.recorded" "$work/done" >"$work/differs"; then
    echo "bench-check: FAILED: not the same was done as in $record (< recorded, > here), so counts tell nothing"
    grep '^[<>]' "$work/differs"
    exit 1
fi
awk '
    FNR == NR { if ($1 == "count") recorded[$2] = $3; next }
    {
        change = ($2 / recorded[$1] - 1) * 100
        bad = change > 3
        worse += bad
        printf "%-8s %12d instructions, recorded %12d: %+6.2f %%%s\n", $1, $2, recorded[$1], change, bad ? "  WORSE" : change < -3 ? "  better: update the record" : ""
    }
    END {
        if (worse) print "bench-check: FAILED: more than 3 % worse. If it has to be: make bench-check UPDATE=\"reason\""
        else print "bench-check: passed"
        exit worse > 0
    }' "$record" "$work/instructions"
