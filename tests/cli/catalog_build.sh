# Tests of picket catalog build: bash catalog_build.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_rules() {
    mkdir rules
    rule rules/a.yml "First rule" high "{Image|endswith: 'tool3.exe'}"
    rule rules/b.yml "Second rule" low "{Image|endswith: 'tool3.exe', CommandLine|contains: -n}"
    expect_code 0 "$PICKET" catalog build -r rules -o made.db
    expect_text out "made.db: 2 rules: 2 runnable, 0 need lists, 0 unsupported, 0 errors"
    expect_text out "2 predicates, 3 pairs of rule and predicate"
    expect_text out "2 rules read"
    expect_lines err 0
    expect_code 0 "$PICKET" catalog build -r rules -o made.db
    expect_text out "; 0 rules read"
    rule rules/b.yml "Second rule" low "{Image|endswith: 'tool4.exe', CommandLine|contains: -n}"
    expect_code 0 "$PICKET" catalog build rules -o made.db
    expect_text out "3 predicates, 3 pairs"
    expect_text out "; 1 rule read"
    expect_code 0 "$PICKET" catalog build --fresh -q -r rules -o made.db
    expect_lines out 0
    expect_code 0 "$PICKET" catalog build -r rules
    [ -s catalog.db ] || fail "the catalogue has no name of its own"
    # a rule in error is told, stored, and in the exit code
    rule rules/c.yml "Third rule" low "{Image|nomodifier: x}"
    expect_code 2 "$PICKET" catalog build -r rules -o made.db
    expect_text out "3 rules: 2 runnable, 0 need lists, 0 unsupported, 1 error"
    expect_text err "unknown modifier 'nomodifier'"
    expect_code 0 "$PICKET" catalog rule -c made.db sigma "$(sed -n 's/^id: //p' rules/c.yml)" --output json
    expect_text out "unknown modifier"
    # what is no catalogue stays as it is
    echo "a letter" > letter
    expect_code 3 "$PICKET" catalog build -r rules -o letter
    expect_text err "is no catalogue"
    expect_text letter "a letter"
    expect_code 2 "$PICKET" catalog build -r nowhere -o made.db
    expect_text err "no such file or folder of rules"
    expect_code 2 "$PICKET" catalog build -r rules -o nowhere/made.db
}

"test_$1"
