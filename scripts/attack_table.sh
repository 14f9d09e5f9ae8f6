#!/bin/sh
# attack_table.sh BUNDLE.json [LICENSE.txt]   makes share/attack/attack.tsv from a STIX bundle of Enterprise ATT&CK (mitre/cti or
# mitre-attack/attack-stix-data), and takes the terms that lie beside it. The release is in the bundle or in its name
# (enterprise-attack-18.1.json). Then look through share/attack/newer.tsv: what the release has now may go from it.
set -eu
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
bundle=$(realpath "$1")
terms=$(realpath "${2:-$(dirname "$bundle")/LICENSE.txt}")
cd "$(dirname "$0")/.."
scripts/build.sh release attack_table >/dev/null
made=build/attack.tsv
{
    echo "# Tactics, techniques, groups, software and campaigns of MITRE ATT&CK, made by scripts/attack_table.sh from $(basename "$bundle")."
    echo '# Terms: LICENSE.txt beside this file. The form: docs/attack.md.'
    build/release/tests/tools/attack_table "$bundle"
} >"$made"
# The copyright line and the licence of ATT&CK; what follows in the file is CAPEC's, of which nothing is here.
awk '/^CAPEC/ {exit} {print}' "$terms" >share/attack/LICENSE.txt
mv "$made" share/attack/attack.tsv
