#!/bin/sh
# build.sh PRESET [-DNAME=VALUE]... [TARGET]...   configures build/PRESET and builds these targets, or all of them.
# What the configuring says is shown only if it fails. `nice` and JOBS are the caller's.
set -u
cd "$(dirname "$0")/.." || exit 1
preset=$1
shift
settings= targets=
for word; do
    case $word in
    -D*) settings="$settings $word" ;;
    *) targets="$targets $word" ;;
    esac
done
mkdir -p build/logs
log=build/logs/$preset-configure.log
command -v cmake >/dev/null || { echo "cmake is missing: scripts/packages.sh build installs what the build uses" >&2; exit 1; }
# shellcheck disable=SC2086
cmake --preset "$preset" $settings >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
# shellcheck disable=SC2086
exec cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}" ${targets:+--target $targets}
