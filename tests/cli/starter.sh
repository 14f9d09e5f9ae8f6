#!/usr/bin/env bash
# What ships: every starter rule fires on the sample logs (those that only feed a correlation through it), in each language;
# what stands in two languages fires on the same activity, as raw logs and as events of the data model; and the EVTX samples
# are what evtx_make makes of tests/samples.
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

# YARA-L: on the events of the data model each rule; on the raw logs those whose logs are mapped, wherever their Sigma twin fires.
"$PICKET" scan -q -r share/rules/yara-l share/logs/udm --output jsonl -o "$work/udm" || failed=1
"$PICKET" scan -q -r share/rules/yara-l share/logs/udm/events.jsonl --output jsonl -o "$work/without" || failed=1
"$PICKET" scan -q --as 'share/logs/web/proxy.log:category=proxy' share/logs/{cloud,linux,web,windows} share/logs/udm/entities.jsonl --output jsonl -o "$work/raw" || failed=1
yaral=0 twins=0
while IFS= read -r file; do
    yaral=$((yaral + 1))
    id=$(sed -n 's/^rule \([a-z_]*\) {/\1/p' "$file")
    twin=$(sed -n 's/^ *sigma_uuid = "\(.*\)"/\1/p' "$file")
    grep -q "\"id\":\"$id\"" "$work/udm" || { echo "$file: does not fire on the samples of the data model"; failed=1; }
    case $file in
    */linux/*) ;; # these logs are not mapped
    *) grep -q "\"id\":\"$id\"" "$work/raw" || { echo "$file: does not fire on the raw logs"; failed=1; } ;;
    esac
    if [ -n "$twin" ]; then
        twins=$((twins + 1))
        grep -rqsx "id: $twin" share/rules/sigma || { echo "$file: no Sigma rule has the id $twin"; failed=1; }
        grep -q "\"id\":\"$twin\"" "$work/raw" || { echo "$file: its Sigma twin does not fire"; failed=1; }
    elif grep -q "\"id\":\"$id\"" "$work/without"; then
        echo "$file: fires without entity context"
        failed=1
    fi
done < <(find share/rules/yara-l -name '*.yaral' | sort)
[ "$yaral" -ge 40 ] || { echo "only $yaral starter rules in YARA-L"; failed=1; }
for file in share/rules/sigma/*/*.yml; do # every behaviour stands in both
    grep -q '^name: ' "$file" && continue
    grep -rqs "sigma_uuid = \"$(sed -n 's/^id: //p' "$file")\"" share/rules/yara-l || { echo "$file: not in YARA-L"; failed=1; }
done

for samples in tests/samples/*.jsonl; do
    name=$(basename "$samples" .jsonl)
    "$EVTX_MAKE" "$samples" "$work/$name.evtx" >/dev/null
    cmp "$work/$name.evtx" "share/logs/windows/$name.evtx" || failed=1
done
[ $failed = 0 ] && echo "$rules starter rules in Sigma, $yaral in YARA-L ($twins behaviours in both)"
exit $failed
