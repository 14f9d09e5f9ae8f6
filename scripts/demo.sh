#!/bin/sh
# The shipped starter rules over the shipped sample logs.
set -u
cd "$(dirname "$0")/.." || exit 1
exec build/picket scan --as 'share/logs/web/proxy.log:category=proxy' share/logs
