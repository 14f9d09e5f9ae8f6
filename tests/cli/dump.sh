# Tests of picket dump: bash dump.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_events() {
    { events 3; echo '{"open": {"class": [1, 2]}}'; } > log.jsonl
    expect_code 0 "$PICKET" dump log.jsonl
    expect_lines out 4
    expect_text out '"Image":"C:\\Windows\\tool1.exe"'
    expect_code 0 "$PICKET" dump --raw log.jsonl
    expect_lines out 4
    expect_text out '{"open":{"class":[1,2]}}'
    expect_code 0 "$PICKET" dump --schema udm log.jsonl
    expect_lines out 4
    expect_text out '"event_type":"PROCESS_LAUNCH"'
    expect_text out '"full_path":"C:\\Windows\\tool1.exe"'
    expect_code 3 "$PICKET" dump --schema ecs log.jsonl
    expect_code 0 "$PICKET" dump -o file log.jsonl
    expect_lines file 4
    expect_lines out 0
}

test_stated_sources() { # a word that nothing knows is told, here as in a scan
    events 2 > log.jsonl
    expect_code 0 "$PICKET" dump --as product=windos log.jsonl
    expect_lines out 2
    expect_text err "no schema knows the product 'windos'"
    expect_text err "did you mean 'windows'?"
    expect_code 0 "$PICKET" dump --as product=windows log.jsonl
    expect_no_text err 'is stated'
}

"test_$1"
