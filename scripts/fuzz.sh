#!/bin/sh
# fuzz.sh [SECONDS [NAME]]   every fuzz target (whose name begins so) over its seeds, then for so many seconds (600), as many
# side by side as there are processors. What was found before is kept in build/fuzz/corpus-* and is where the next run begins.
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-600}
only=${2:-}
logs=build/logs
mkdir -p $logs
scripts/build.sh fuzz -DPICKET_TESTS=ON fuzz_targets >$logs/fuzz-build.log 2>&1 || { tail -n 40 $logs/fuzz-build.log; exit 1; }

run() { # target
    name=${1##*/fuzz_}
    found=build/fuzz/corpus-$name findings=build/fuzz/findings-$name
    rm -rf "$findings"
    mkdir -p "$found" "$findings"
    if "$1" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$findings/" \
        "$found" "fuzz/seeds/$name" >"$logs/fuzz-$name.log" 2>&1; then
        printf '%-14s clean, %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: */runs /p' "$logs/fuzz-$name.log")"
    else
        printf '%-14s FOUND something: %s\n' "$name" "$logs/fuzz-$name.log"
        tail -n 30 "$logs/fuzz-$name.log"
        return 1
    fi
}

# A line of targets for each processor.
worker() { # number
    n=0 bad=0
    for target in build/fuzz/fuzz/fuzz_"$only"*; do
        [ -f "$target" ] && [ -x "$target" ] || continue
        [ $((n % jobs)) = "$1" ] && { run "$target" || bad=1; }
        n=$((n + 1))
    done
    return $bad
}
jobs=$(nproc)
workers=
i=0
while [ "$i" -lt "$jobs" ]; do
    worker "$i" &
    workers="$workers $!"
    i=$((i + 1))
done
status=0
for pid in $workers; do
    wait "$pid" || status=1
done
exit $status
