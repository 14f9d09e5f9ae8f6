#!/bin/sh
# Everything that the corpora hold: rules, evidence, event counts, the reference evaluator, other engines' findings. Each
# program (tests/conformance) tells what did not agree; its lines "figure: ..." are the summary. With names as arguments only these.
set -u
cd "$(dirname "$0")/.." || exit 1
log=build/logs/conformance.log
mkdir -p build/logs
only=$(printf '|%s' "$@")
PICKET_CONFORMANCE=all ctest --test-dir build/release -L conformance -R "^conformance_(${only#|})" --verbose --timeout 7200 >"$log" 2>&1
status=$?
sed -n 's/^[0-9]*: //p' "$log" | grep -v '^figure: \|^Test command\|^Working Directory\|^Test timeout\|^$\|^Environment variables\|^ PICKET' | head -n 400
printf '\n'
sed -n 's/^[0-9]*: figure: //p' "$log"
grep -hE '^skipped|: skipped [0-9]+ cases' "$log" | sed 's/^[0-9]*: //'
exit $status
