#!/bin/sh
# All tests: release build, ASan+UBSan build, and every fuzz target over its seeds and then for some seconds.
# The last line is "N passed, N failed". PICKET_FUZZ_SECONDS (10) is the time of each fuzz target.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
seconds=${PICKET_FUZZ_SECONDS:-10}
logs=build/test-logs
mkdir -p $logs
passed=0 failed=0

note() { printf '\n== %s\n' "$*"; }

count() { # log of ctest
    ok=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\)$/\2 \1/p' "$1" | tail -n 1)
    if [ -z "$ok" ]; then
        failed=$((failed + 1))
        return
    fi
    total=${ok% *} bad=${ok#* }
    passed=$((passed + total - bad))
    failed=$((failed + bad))
}

build() { # preset
    cmake --preset "$1" >"$logs/$1-configure.log" 2>&1 && cmake --build --preset "$1" -j "$jobs" >"$logs/$1-build.log" 2>&1 && return 0
    tail -n 40 "$logs/$1-build.log" "$logs/$1-configure.log" 2>/dev/null
    failed=$((failed + 1))
    return 1
}

for preset in release asan; do
    note "$preset: build"
    build $preset || continue
    note "$preset: tests"
    ctest --preset $preset -j "$jobs" 2>&1 | tee "$logs/$preset-test.log" | grep -E 'Failed|\*\*\*|tests passed|skipped [0-9]+ cases' || true
    count "$logs/$preset-test.log"
done

note "fuzz: build"
if build fuzz; then
    note "fuzz: seeds, then $seconds s each"
    for target in build/fuzz/fuzz/fuzz_*; do
        [ -x "$target" ] && [ -f "$target" ] || continue
        name=$(basename "$target" | sed 's/^fuzz_//')
        found=build/fuzz/corpus-$name
        mkdir -p "$found" "build/fuzz/findings-$name"
        if "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/findings-$name/" "$found" "fuzz/seeds/$name" >"$logs/fuzz-$name.log" 2>&1; then
            passed=$((passed + 1))
            printf '%-14s %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: */runs /p' "$logs/fuzz-$name.log")"
        else
            failed=$((failed + 1))
            printf '%-14s FAILED\n' "$name"
            tail -n 30 "$logs/fuzz-$name.log"
        fi
    done
fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
