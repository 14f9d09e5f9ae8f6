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

id_of() { printf '%08d-0000-4000-8000-000000000000' "$(cksum <<< "$1" | cut -c1-6)"; }
rule() { # rule FILE TITLE LEVEL DETECTION: a rule of Sigma; the title as YAML has it between double quotes
    cat > "$1" <<END
title: "$2"
id: $(id_of "$2")
author: somebody
status: test
level: $3
tags: [attack.execution, attack.t1059.001]
logsource: {product: windows, category: process_creation}
detection: {sel: $4, condition: sel}
END
}
yaral_rule() { # yaral_rule NAME: a rule of YARA-L in NAME.yaral; standard input has what follows its meta
    { printf 'rule %s {\n  meta:\n    author = "somebody"\n' "$1"; cat; echo "}"; } > "$1.yaral"
}
# Sysmon process creations as flat JSON lines: N of them, from second START on.
events() {
    awk -v n="$1" -v start="${2:-0}" 'BEGIN {
        for (i = 0; i < n; i++)
            printf "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Hostname\":\"host-%d\",\"UtcTime\":\"2026-03-04 05:%02d:%02d.000\",\"EventTime\":\"2026-03-04 05:%02d:%02d\",\"Image\":\"C:\\\\Windows\\\\tool%d.exe\",\"CommandLine\":\"tool -n %d\"}\n",
                i % 7, (i + start) / 60 % 60, (i + start) % 60, (i + start) / 60 % 60, (i + start) % 60, i % 10, i
    }'
}
