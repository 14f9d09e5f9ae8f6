#!/bin/sh
# Everything that the corpora hold: rules, evidence, event counts, the reference evaluator, other engines' findings.
# The corpora are PICKET_CORPORA, else ../shared/corpora. Each part says how many it ran and which did not agree.
set -u
cd "$(dirname "$0")/.." || exit 1
corpora=${PICKET_CORPORA:-../shared/corpora}
if [ ! -d "$corpora" ]; then
    if [ -n "${PICKET_CORPORA:-}" ]; then
        echo "PICKET_CORPORA is set to $corpora, which cannot be read" >&2
        exit 1
    fi
    echo "skipped: corpora absent"
    exit 0
fi
PICKET_CONFORMANCE=all exec ctest --test-dir build/release -L conformance --verbose --timeout 7200
