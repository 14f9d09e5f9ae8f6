# What the tests of the command begin with: a folder of their own, and how they say what they expect.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export XDG_CACHE_HOME=$work/caches # nothing of the user's own is touched

fail() { echo "FAILED: $*" >&2; exit 1; }
expect_code() { # expect_code CODE COMMAND...
    local wanted=$1 code
    shift
    "$@" > out 2> err
    code=$?
    [ $code = "$wanted" ] || { cat err; fail "exit code $code, not $wanted: $*"; }
}
expect_text() { grep -qF -- "$2" "$1" || { cat "$1"; fail "'$2' is not in $1"; }; }
expect_no_text() { ! grep -qF -- "$2" "$1" || fail "'$2' is in $1"; }
expect_lines() { local n; n=$(wc -l < "$1"); [ "$n" = "$2" ] || { head -5 "$1"; fail "$1 has $n lines, not $2"; }; }
