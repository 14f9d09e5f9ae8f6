# Tests of picket test: bash test.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_cases() {
    cat > a.test <<'END'
=== one
--- rule sigma
title: A
logsource: {product: windows, category: process_creation}
detection: {sel: {Image|endswith: 'x.exe'}, condition: sel}
--- event process_creation
{"Image": "C:\\x.exe"}
--- alerts
A: Image ends_with 'x.exe' at 3
END
    expect_code 0 "$PICKET" test a.test
    expect_text out "1 passed, 0 failed"
    sed 's/at 3/at 4/' a.test > b.test
    expect_code 1 "$PICKET" test b.test
    expect_text out "not ok b.test:1: one"
    expect_text out "at 3"
    expect_code 0 "$PICKET" test --update b.test
    cmp a.test b.test || fail "--update does not restore the case"
    sed 's/--- alerts/--- alert/' a.test > c.test
    expect_code 2 "$PICKET" test c.test
    expect_text out "did you mean 'alerts'?"
    sed 's/Image|endswith/Image|endwith/' a.test > d.test
    expect_code 1 "$PICKET" test d.test
    expect_text out "did you mean 'endswith'?"
    expect_code 2 "$PICKET" test absent.test
    expect_text out "not ok absent.test: can't be opened"
}

# Evidence as SigmaHQ lays it out, of our own making.
test_evidence() {
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    local id
    id=$(grep '^id:' a.yml | cut -d' ' -f2)
    mkdir -p regression_data/a
    events 20 > "regression_data/a/$id.json"
    entry() {
        printf 'id: x\nrule_metadata:\n  - id: %s\n    title: A\nregression_tests_info:\n  - name: t\n    type: json\n    provider: p\n%s    path: regression_data/a/%s.json\n' "$id" "$1" "$id" > regression_data/a/info.yml
    }
    entry '    match_count: 1
'
    expect_code 0 "$PICKET" test -r a.yml regression_data
    expect_text out "ok found 2, stated 1"
    expect_code 1 "$PICKET" test --exact -r a.yml regression_data
    entry '    match_count: 3
'
    expect_code 1 "$PICKET" test -r a.yml regression_data
    expect_text out "not ok found 2, stated 3"
    entry ''
    expect_code 0 "$PICKET" test -r a.yml regression_data
    rm "regression_data/a/$id.json"
    expect_code 1 "$PICKET" test -r a.yml regression_data
}

"test_$1"
