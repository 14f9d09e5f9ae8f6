# examples/embed.c gives the alerts that the command gives, in under 60 lines.
set -u
rules=$SOURCE/share/rules logs=$SOURCE/share/logs
found=$("$EMBED" "$rules" "$logs" | tail -1) || { echo "embed failed"; exit 1; }
expected="$("$PICKET" scan -q -r "$rules" --output jsonl "$logs" | wc -l) alerts"
[ "$found" = "$expected" ] || { echo "embed: '$found', picket: '$expected'"; exit 1; }
[ "${found% alerts}" -gt 0 ] || { echo "nothing was found at all"; exit 1; }
[ "$(wc -l < "$SOURCE/examples/embed.c")" -lt 60 ] || { echo "embed.c has 60 lines or more"; exit 1; }
