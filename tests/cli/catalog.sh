# Tests of `picket catalog`: bash catalog.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

image_rule() { rule "$1" "$2" "$3" "{Image|endswith: '$4'}"; } # image_rule FILE TITLE LEVEL IMAGE
three_rules() {
    mkdir -p rules
    image_rule rules/one.yml "One tool" high '\one.exe'
    image_rule rules/two.yml "Two tools" low '\one.exe'
    image_rule rules/three.yml "=cmd|' /C calc'!A0" medium '\three.exe'
    "$PICKET" catalog build -q -r rules -o c.db || fail "no catalogue"
}

test_help() {
    expect_code 0 "$PICKET" catalog --help
    for q in build summary rules rule technique predicate field source search coverage problems compare run; do expect_text out "catalog $q"; done
    expect_code 0 "$PICKET" catalog rules --help
    expect_text out "--technique"
    expect_text out "picket catalog rules"
    expect_code 0 "$PICKET" help catalog rule
    expect_text out "[LANGUAGE] KEY"
    "$PICKET" help --man > page || fail "no manual page"
    expect_text page ".SS picket catalog rules"
    expect_text page ".SS picket catalog build"
    expect_code 0 "$PICKET" help --completion
    bash -n out || fail "the completion is no bash"
    expect_text out "predicates"
}

test_completion() {
    "$PICKET" help --completion > complete.sh
    . ./complete.sh
    COMP_WORDS=(picket catalog rul) COMP_CWORD=2
    _picket
    [ "${COMPREPLY[*]}" = "rules rule" ] || fail "completed to: ${COMPREPLY[*]}"
    COMP_WORDS=(picket catalog rules --techn) COMP_CWORD=3
    _picket
    [ "${COMPREPLY[*]}" = "--technique" ] || fail "completed to: ${COMPREPLY[*]}"
}

test_usage() {
    three_rules
    expect_code 3 "$PICKET" catalog
    expect_code 3 "$PICKET" catalog ruels
    expect_text err "did you mean 'rules'?"
    expect_code 3 "$PICKET" catalog -c c.db rules
    expect_text err "'rules' stands first"
    expect_code 3 "$PICKET" catalog rules -c c.db --levle high
    expect_text err "did you mean '--level'?"
    expect_code 3 "$PICKET" catalog rules -c c.db --level hihg
    expect_text err "did you mean 'high'?"
    expect_code 3 "$PICKET" catalog rules -c c.db --page x
    expect_code 3 "$PICKET" catalog rules -c c.db -r rules
    expect_code 3 "$PICKET" catalog rules -c c.db --output xml
    expect_code 3 "$PICKET" catalog rule -c c.db
    expect_code 3 "$PICKET" catalog rule -c c.db sigma a b
    expect_code 3 "$PICKET" catalog rule -c c.db no-such-rule
    expect_code 3 "$PICKET" catalog search -c c.db 'Imge:x'
    expect_text err "did you mean 'Image'?"
    expect_code 3 "$PICKET" catalog run -c c.db
    expect_code 2 "$PICKET" catalog rules -c nowhere.db
    expect_code 2 "$PICKET" catalog rules -c rules/one.yml
    expect_text err "not a catalogue"
    expect_code 2 "$PICKET" catalog run -c c.db --alerts rules/one.yml
}

test_queries() {
    three_rules
    expect_code 0 "$PICKET" catalog rules -c c.db --level '>=medium' --output csv
    expect_lines out 3
    expect_code 0 "$PICKET" catalog rules -c c.db --level high,low --output csv
    expect_lines out 3
    expect_code 0 "$PICKET" catalog rules -c c.db tool
    expect_text out "One tool"
    expect_text out "1-2 of 2 (of 3 without filters)"
    expect_code 0 "$PICKET" catalog search -c c.db 'Image:*\one.exe -three'
    expect_text out "Two tools"
    expect_code 0 "$PICKET" catalog predicates -c c.db --output csv
    expect_text out 'Image,ends_with,\one.exe,2,'
    expect_code 0 "$PICKET" catalog technique -c c.db T1059.001
    expect_text out "PowerShell"
    expect_code 0 "$PICKET" catalog source -c c.db sysmon/1
    expect_text out "Process creation"
    expect_code 0 "$PICKET" catalog field -c c.db Image
    expect_text out '\three.exe'
    expect_code 0 "$PICKET" catalog compare -c c.db "sigma/$(id_of "One tool")" "$(id_of "Two tools")"
    expect_text out "One tool"
    expect_code 0 "$PICKET" catalog layer -c c.db -o layer.json
    expect_lines out 0
    expect_text layer.json '"T1059.001"'
    for q in summary fields sources techniques matrix coverage problems; do expect_code 0 "$PICKET" catalog $q -c c.db; done
}
test_json() {
    three_rules
    expect_code 0 "$PICKET" catalog rule -c c.db "$(id_of "One tool")" --output json
    expect_lines out 1
    expect_text out '"title":"One tool"'
    expect_text out '"corpus":1'
    expect_code 0 "$PICKET" catalog rule -c c.db sigma "$(id_of "One tool")"
    expect_text out "Process creation"
}

# A catalogue for the time of the command leaves nothing behind.
test_without_a_file() {
    three_rules
    mkdir tmp
    TMPDIR=$PWD/tmp expect_code 0 "$PICKET" catalog rules -r rules --output csv
    expect_lines out 4
    [ -z "$(ls -A tmp)" ] || fail "left behind: $(ls tmp)"
    expect_code 0 "$PICKET" catalog summary
    expect_text out Sigma
}

# Nothing of a rule reaches the terminal as it is, or a spreadsheet as a formula.
test_hostile_rules() {
    mkdir rules
    image_rule rules/one.yml '\e[31mred \u202egnorw \a' high '\one.exe'
    image_rule rules/two.yml "=HYPERLINK(1)" low '\two.exe'
    expect_code 0 "$PICKET" catalog rules -r rules
    expect_text out '\x1b[31mred'
    if LC_ALL=C grep -q "$(printf '\033')" out; then fail "an escape"; fi
    if grep -q "$(printf '\342\200\256')" out; then fail "a mark that turns the writing"; fi
    expect_code 0 "$PICKET" catalog rule -r rules "$(basename "$(id_of "=HYPERLINK(1)")")"
    expect_code 0 "$PICKET" catalog rules -r rules --output csv
    if grep -q '^[^,]*,=' out || grep -q ',"=' out; then cat out; fail "a formula"; fi
}

# The alerts of a scan beside the rules.
test_run() {
    three_rules
    printf '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"host-1","UtcTime":"2026-03-04 05:00:00.000","Image":"C:\\\\one.exe","CommandLine":"x"}\n' > log.jsonl
    "$PICKET" scan -q -r rules --output jsonl log.jsonl > alerts.jsonl || fail "no scan"
    expect_lines alerts.jsonl 2
    expect_code 0 "$PICKET" catalog run -c c.db --alerts alerts.jsonl
    expect_code 0 "$PICKET" catalog run -c c.db --alerts alerts.jsonl --output json
    expect_text out '"alerts":2'
    expect_text out '"not_fired":1'
    expect_code 0 "$PICKET" catalog rules -c c.db --alerts alerts.jsonl --fires no --output csv
    expect_lines out 2
    expect_code 0 "$PICKET" catalog rule -c c.db --alerts alerts.jsonl "$(id_of "One tool")" --output json
    expect_text out '"Image":"C:\\one.exe"'
}

# A closed pipe is a quiet end, a full disk an error.
test_output() {
    three_rules
    "$PICKET" catalog problems -c c.db | head -1 > /dev/null
    [ "${PIPESTATUS[0]}" -le 1 ] || fail "a closed pipe"
    if [ -w /dev/full ]; then expect_code 2 "$PICKET" catalog rules -c c.db -o /dev/full; fi
}

"test_$1"
