#!/usr/bin/env bash
# What ships: every starter rule fires on the sample logs (those that only feed a correlation through it), and the EVTX
# samples are what evtx_make makes of tests/samples.
set -u
: "${PICKET:?}" "${SOURCE:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$SOURCE" || exit 1
failed=0

"$PICKET" scan --as 'share/logs/web/proxy.log:category=proxy' share/logs --output jsonl -o "$work/alerts" 2>"$work/errors"
status=$?
[ $status = 0 ] || { echo "scan of the samples ended with $status"; cat "$work/errors"; failed=1; }
rules=0
while IFS= read -r file; do
    rules=$((rules + 1))
    id=$(sed -n 's/^id: //p' "$file")
    name=$(sed -n 's/^name: //p' "$file")
    if [ -n "$name" ]; then # silent: some correlation names it, and is looked at itself
        grep -rqs -- "- $name\$" share/rules/sigma || { echo "$file: no correlation reads it"; failed=1; }
    elif ! grep -q "\"id\":\"$id\"" "$work/alerts"; then
        echo "$file: does not fire on the sample logs"
        failed=1
    fi
done < <(find share/rules/sigma -name '*.yml' | sort)
[ $rules -ge 30 ] || { echo "only $rules starter rules"; failed=1; }

for samples in tests/samples/*.jsonl; do
    name=$(basename "$samples" .jsonl)
    "$EVTX_MAKE" "$samples" "$work/$name.evtx" >/dev/null
    cmp "$work/$name.evtx" "share/logs/windows/$name.evtx" || failed=1
done
[ $failed = 0 ] && echo "$rules starter rules"
exit $failed
