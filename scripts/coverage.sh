#!/bin/sh
# Line coverage of src by the tests; the report is build/coverage/index.html.
set -eu
cd "$(dirname "$0")/.."
scripts/build.sh coverage -DPICKET_TESTS=ON | tail -n 1
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$(nproc)" | tail -n 3
gcovr -r . --object-directory build/coverage -f 'src/' --gcov-ignore-parse-errors \
    --html-details build/coverage/index.html --print-summary
