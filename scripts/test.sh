#!/bin/sh
# All tests: release build, ASan+UBSan build, and every fuzz target over its seeds and then for some seconds.
# The last line is "N passed, N failed". PICKET_FUZZ_SECONDS (3) is the time of each fuzz target. With BENCH_CHECK set also
# `make bench-check`, beside the fuzz targets: it counts instructions, and what else runs does not change them.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
seconds=${PICKET_FUZZ_SECONDS:-3}
logs=build/logs
mkdir -p $logs
passed=0 failed=0
# Of a place in memory that was freed or allocated a few callers are enough to find it, and they are kept at each allocation.
export ASAN_OPTIONS="malloc_context_size=6:quarantine_size_mb=64${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

note() { printf '\n== %s\n' "$*"; }

build() { # preset [target]
    note "$1: build"
    scripts/build.sh "$1" -DPICKET_TESTS=ON ${2:-} >"$logs/$1-build.log" 2>&1 && return 0
    tail -n 40 "$logs/$1-build.log"
    failed=$((failed + 1))
    return 1
}

# Runs ctest, shows what failed, and counts; a test that was skipped is neither passed nor failed.
run_tests() { # preset
    note "$1: tests"
    log=$logs/$1-test.log
    ctest --preset "$1" -j $((jobs + 1)) >"$log" 2>&1 # one more than processors: some wait for a server or a browser
    status=$?
    ok=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log")
    bad=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*' "$log")
    skipped=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$log")
    bad=$((bad - skipped))
    if [ "$bad" != 0 ] || [ "$ok" = 0 ]; then
        grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed |^ *Start +[0-9]+:' "$log"
        [ "$bad" != 0 ] || bad=1
    elif [ $status != 0 ]; then
        tail -n 20 "$log"
        bad=1
    fi
    printf '%d passed, %d failed' "$ok" "$bad"
    [ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
    cases=$(grep -ohE 'skipped [0-9]+ cases' "build/$1/Testing/Temporary/LastTest.log" | awk '{n += $2} END {print n + 0}')
    [ "$cases" = 0 ] || printf '; skipped %d cases: corpora absent' "$cases"
    echo
    passed=$((passed + ok))
    failed=$((failed + bad))
}

for preset in release asan; do
    build $preset && run_tests $preset
done
fuzz_built=
build fuzz fuzz_targets && fuzz_built=yes
counting=
if [ -n "${BENCH_CHECK:-}" ]; then # in continuous integration: nothing got slower unnoticed
    make --no-print-directory bench-check >"$logs/bench-check.log" 2>&1 &
    counting=$!
fi
if [ -n "$fuzz_built" ]; then
    note "fuzz: seeds, then $seconds s each"
    scripts/fuzz.sh "$seconds" >"$logs/fuzz.log" 2>&1
    cat $logs/fuzz.log
    ok=$(grep -c ' clean,' $logs/fuzz.log)
    bad=$(grep -c ' FOUND ' $logs/fuzz.log)
    [ "$ok" != 0 ] || bad=1
    passed=$((passed + ok))
    failed=$((failed + bad))
fi

if [ -n "$counting" ]; then
    if wait $counting; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    note "instruction counts"
    cat "$logs/bench-check.log"
fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
