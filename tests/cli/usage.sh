# Tests of what all commands share: help, wrong words, closed pipes, full disks, folders without anything: bash usage.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_help() {
    expect_code 0 "$PICKET" --help
    for c in scan check explain dump test; do expect_text out "  $c "; done
    for c in scan check explain dump test; do
        expect_code 0 "$PICKET" "$c" --help
        expect_text out "Examples"
        expect_text out "picket $c"
        expect_lines err 0
    done
    expect_code 0 "$PICKET" --version
    "$PICKET" help --man > page || fail "no manual page"
    for c in scan check explain dump test; do expect_text page ".SS picket $c"; done
    expect_text page 'fail\-level'
    expect_text page 'THE .TEST FORMAT'
    expect_code 0 "$PICKET" help --completion
    bash -n out || fail "the completion is no bash"
}

test_usage() {
    expect_code 3 "$PICKET"
    expect_code 3 "$PICKET" scna
    expect_text err "did you mean 'scan'?"
    expect_code 3 "$PICKET" scan --levle high x
    expect_text err "did you mean '--level'?"
    expect_code 3 "$PICKET" scan
    expect_code 3 "$PICKET" scan --output xml x
    expect_code 3 "$PICKET" scan --fail-level hihg x
    expect_code 3 "$PICKET" scan --level hihg x
    expect_text err "did you mean 'high'?"
    expect_code 3 "$PICKET" scan --status stabel x
    expect_code 3 "$PICKET" scan --logsource nothing x
    expect_code 3 "$PICKET" scan -j 0 x
    expect_code 3 "$PICKET" scan --since yesterday x
    expect_code 3 "$PICKET" scan --as auth x
    expect_code 3 "$PICKET" scan --format jsonn x
    expect_text err "did you mean 'json'?"
    expect_code 3 "$PICKET" scan --format nothing x
    expect_text err "there are evtx, "
    expect_code 3 "$PICKET" scan --foo x
    expect_no_text err "did you mean"
    expect_code 3 "$PICKET" help scna
    expect_text err "did you mean 'scan'?"
    expect_code 3 "$PICKET" scan -r
    expect_code 3 "$PICKET" explain
    expect_code 3 "$PICKET" explain no-such-rule
    expect_code 3 "$PICKET" dump
    expect_code 3 "$PICKET" check --output xml x
}

test_closed_pipe() {
    events 50000 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'exe'}"
    for form in table jsonl csv html; do
        "$PICKET" scan -r a.yml --output $form log.jsonl 2> err | head -1 > out
        [ "${PIPESTATUS[0]}" = 0 ] || fail "$form: a closed pipe is no failure"
        expect_lines out 1
        expect_lines err 0
    done
    "$PICKET" dump log.jsonl 2> err | head -1 > out
    [ "${PIPESTATUS[0]}" = 0 ] || fail "dump: a closed pipe is no failure"
    expect_lines err 0
    # What a command found stays its exit code, though nobody reads the rest.
    unread() { { sleep 0.3; "$PICKET" "$@" 2> err; echo $? > code; } | true; cat code; }
    [ "$(unread scan --help)" = 0 ] || fail "help: a closed pipe is no failure"
    [ "$(unread help --man)" = 0 ] || fail "the manual: a closed pipe is no failure"
    [ "$(unread check a.yml)" = 0 ] || fail "check: a closed pipe is no failure"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    [ "$(unread check wrong.yml)" = 2 ] || fail "check: a rule in error, whoever reads"
}

test_full_disk() {
    [ -w /dev/full ] || { echo "skipped: no /dev/full"; return; }
    events 5 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'exe'}"
    for form in table jsonl csv html; do
        "$PICKET" scan -r a.yml --output $form log.jsonl > /dev/full 2> err
        [ $? = 2 ] || fail "$form: a full disk must give 2"
        expect_text err "No space left on device"
    done
    expect_code 2 "$PICKET" scan -r a.yml -o /dev/full log.jsonl
    expect_code 2 "$PICKET" scan -r a.yml --summary /dev/full log.jsonl
    expect_text err "/dev/full: No space left on device"
    "$PICKET" dump log.jsonl > /dev/full 2> err
    [ $? = 2 ] || fail "dump: a full disk must give 2"
    "$PICKET" check a.yml > /dev/full 2> err
    [ $? = 2 ] || fail "check: a full disk must give 2"
    expect_code 2 "$PICKET" scan -r a.yml -o no/such/folder/x log.jsonl
}

# A folder without anything in it is most likely a mistake.
test_nothing_there() {
    events 2 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'exe'}"
    mkdir empty
    expect_code 0 "$PICKET" scan -r a.yml empty
    expect_text err "empty: warning: there is no file in this folder [input-empty]"
    expect_text err "0 alerts of 1 rule over 0 events in 0 files"
    expect_code 2 "$PICKET" scan -r empty log.jsonl
    expect_text err "empty: warning: there is no file of rules in this folder [folder-empty]"
    expect_text err "there is no rule to run: none was loaded"
    expect_code 0 "$PICKET" check empty
    expect_text err "[folder-empty]"
    expect_code 2 "$PICKET" scan -r a.yml --id other log.jsonl
    expect_text err "there is no rule to run: of 1 rule 1 is not chosen (--level, --status, --tag, --technique, --id, --logsource), 0 need a list"
    rule list.yml "List" high "{Image|expand: '%tools%'}"
    expect_code 2 "$PICKET" scan -r list.yml log.jsonl
    expect_text err "of 1 rule 0 are not chosen"
    expect_text err "1 needs a list"
}

"test_$1"
