#!/bin/sh
# Speed, as ratios within one run. See bench/README.md.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
for b in build/release/bench/bench_*; do
    [ -f "$b" ] && [ -x "$b" ] || continue
    "$b" || status=1
done
exit $status
