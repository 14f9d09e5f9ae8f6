#!/bin/sh
# Runs every fuzz target for the given number of seconds (600), as many side by side as there are processors.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-600}
only=${2:-}
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)" | tail -n 1
mkdir -p build/test-logs
run() {
    name=$(basename "$1" | sed 's/^fuzz_//')
    mkdir -p "build/fuzz/corpus-$name" "build/fuzz/findings-$name"
    if "$1" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/findings-$name/" "build/fuzz/corpus-$name" "fuzz/seeds/$name" \
        >"build/test-logs/fuzz-$name.log" 2>&1; then
        printf '%-14s clean, %s\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: */runs /p' "build/test-logs/fuzz-$name.log")"
    else
        printf '%-14s FOUND something: build/test-logs/fuzz-%s.log\n' "$name" "$name"
        return 1
    fi
}
status=0
running=0
for target in build/fuzz/fuzz/fuzz_$only*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    run "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$(nproc)" ]; then
        wait || status=1
        running=0
    fi
done
wait || status=1
! ls build/fuzz/findings-*/* >/dev/null 2>&1 || status=1
exit $status
