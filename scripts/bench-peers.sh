#!/bin/sh
# The programs that `make bench` measures against, into build/bench/peers/NAME-VERSION. Pinned versions first, then the newest
# that there is. What is on PATH or in the folders of PEERS (colons between them) and has the right version is taken; else
# cargo builds it, which takes minutes, once. What can't be had is said and left out: a line of `peers` for each that can.
#
#   bench-peers.sh pinned|newest
set -u
cd "$(dirname "$0")/.." || exit 1
folder=$PWD/build/bench/peers
mkdir -p "$folder" build/logs
found=$folder/$1
: >"$found.new"

have() { echo "$1 $2 $3" >>"$found.new"; }
missing() { echo "bench: $1 $2 is not compared: $3" >&2; }

version_of() { "$1" --version 2>/dev/null | tr ' ' '\n' | grep -m 1 -E '^[0-9]+\.[0-9]+'; }

on_path() { # name version
    (
        PATH=${PEERS:-}:$PATH
        IFS=:
        for place in $PATH; do
            [ -n "$place" ] && [ -x "$place/$1" ] && [ "$(version_of "$place/$1")" = "$2" ] && echo "$place/$1" && exit 0
        done
        exit 1
    )
}

rust() { command -v cargo >/dev/null; }

crate() { # program crate version
    home=$folder/$1-$3
    program=$home/bin/$1
    [ -x "$program" ] || program=$(on_path "$1" "$3") || program=$home/bin/$1
    log=build/logs/peer-$1-$3.log
    if [ ! -x "$program" ]; then
        rust || { missing "$1" "$3" "there is no cargo (Rust) to build it with"; return; }
        [ ! -e "$home.failed" ] || { missing "$1" "$3" "cargo could not build it, see $log (once more: rm $home.failed)"; return; }
        echo "bench: building $1 $3, once; this takes minutes" >&2
        nice cargo install --locked "$2@$3" --root "$home" >"$log" 2>&1 || { touch "$home.failed"; missing "$1" "$3" "cargo could not build it, see $log"; return; }
    fi
    have "$1" "$3" "$program"
}

newest_of() { rust && cargo info "$1@$2" 2>/dev/null | sed -n 's/^version: .*(latest \(.*\))$/\1/p'; }

newer() { # program crate pinned-version
    version=$(newest_of "$2" "$3")
    [ -n "$version" ] || { echo "bench: no version of $1 newer than $3 is to be had" >&2; return; }
    crate "$1" "$2" "$version"
    # It may want a newer Rust than there is; cargo then says which version does not.
    older=$(sed -n "s/^.$2 \([0-9.]*\). supports rustc .*/\1/p" "build/logs/peer-$1-$version.log" 2>/dev/null)
    [ -z "$older" ] || [ "$older" = "$3" ] || crate "$1" "$2" "$older"
}

# Our own loop over the crate, for many files in one process.
evtx_loop() {
    log=build/logs/peer-evtx_loop.log
    program=$folder/target/release/evtx_loop
    rust || { missing evtx_loop 0.12.2 "there is no cargo (Rust) to build it with"; return; }
    nice cargo build --locked --release --manifest-path bench/peers/evtx_loop/Cargo.toml --target-dir "$folder/target" >"$log" 2>&1 ||
        { missing evtx_loop 0.12.2 "cargo could not build it, see $log"; return; }
    have evtx_loop 0.12.2 "$program"
}

case "${1:-}" in
pinned)
    crate evtx_dump evtx 0.12.2
    crate rsigma rsigma 0.21.0
    evtx_loop
    ;;
newest)
    newer evtx_dump evtx 0.12.2
    newer rsigma rsigma 0.21.0
    ;;
*) echo "bench-peers.sh pinned|newest" >&2 && exit 3 ;;
esac
mv "$found.new" "$found"
cat "$found"
