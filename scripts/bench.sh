#!/bin/sh
# Speed, as ratios within one run. See bench/README.md. With a number: about so many megabytes of each input.
set -u
cd "$(dirname "$0")/.." || exit 1
exec build/release/bench/bench_speed "$@"
