#!/bin/sh
# Installs the Debian packages that are missing, and never removes one.
#   packages.sh build       what `make` and `make demo` use
#   packages.sh test        the same and what `make test` uses
#   packages.sh browser     what the tests of the pages use in a browser; without it they are skipped
#   packages.sh ... NAME    and these packages
set -eu

build="gcc g++ cmake ninja-build pkg-config libc6-dev libpcre2-dev libyaml-dev libsimdjson-dev libarchive-dev libutf8proc-dev libsqlite3-dev nettle-dev libpsl-dev tzdata libmicrohttpd-dev libkainjow-mustache-dev"
test="libcmocka-dev clang-14 libclang-rt-14-dev valgrind python3 python3-yaml"
browser="python3 python3-selenium chromium chromium-driver fonts-dejavu-core"

case "${1:-build}" in
build) wanted=$build ;;
test) wanted="$build $test" ;;
browser) wanted=$browser ;;
*) echo "packages.sh build|test|browser [PACKAGE]..." >&2 && exit 3 ;;
esac
[ $# = 0 ] || shift
wanted="$wanted $*"

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

missing=
for package in $wanted; do
    installed "$package" || missing="$missing $package"
done
# Vectorscan and Hyperscan conflict and give the same header and library: the one that is there is taken.
installed libvectorscan-dev || installed libhyperscan-dev || missing="$missing libvectorscan-dev"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "picket: these packages are missing and there is no apt-get to install them with:$missing" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "picket: run this as root, or install sudo, or install these packages yourself:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "installing:$missing" >&2
# The package lists of a bare machine are empty or old.
$as_root apt-get update -q >&2 || echo "picket: the package lists could not be renewed; trying with those that are there" >&2
# shellcheck disable=SC2086
exec $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove $missing >&2
