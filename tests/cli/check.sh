# Tests of picket check: bash check.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_rules() {
    rule good.yml "Good" high "{Image: x}"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    rule list.yml "List" high "{Image|expand: '%tools%'}"
    printf 'a: 1\nb: 2\n' > info.yml
    expect_code 0 "$PICKET" check good.yml
    [ "$(tail -1 out)" = "1 rule: 1 runnable, 0 need lists, 0 unsupported, 0 errors" ] || fail "$(cat out)"
    expect_code 2 "$PICKET" check .
    [ "$(tail -1 out)" = "3 rules: 1 runnable, 1 needs a list, 0 unsupported, 1 error" ] || fail "$(cat out)"
    expect_text err "wrong.yml:8:"
    expect_text err "did you mean 'endswith'?"
    expect_text err "info.yml"
    expect_code 0 "$PICKET" check list.yml
    expect_code 2 "$PICKET" check --strict list.yml
    echo 'tools: [a, b]' > lists.yml
    expect_code 0 "$PICKET" check --strict --placeholders lists.yml list.yml
    expect_code 2 "$PICKET" check --output json wrong.yml
    for key in '"rules":1,' '"runnable":0,' '"need_lists":0,' '"unsupported":0,' '"errors":1,' '"diagnostics":[' '"severity":"error"' '"hint":"did you mean' \
        '"file":"wrong.yml"' '"line":8' '"column":' '"rule":' '"code":"sigma-modifier"'; do expect_text out "$key"; done
    expect_code 2 "$PICKET" check missing.yml
}

# Rules that nothing narrows, each with the hint that fits; rules that something narrows are not spoken of.
test_slow() {
    rule good.yml "Good" high "{Image|endswith: '\\tool3.exe'}"
    rule event.yml "All of an event" high "{EventID: 1}"
    rule negative.yml "Negative" high "{Image: x}"
    sed -i 's/condition: .*/condition: not sel}/' negative.yml
    rule fields.yml "Fields" high "{Image|fieldref: ParentImage}"
    rule there.yml "There" high "{CurrentDirectory|exists: true}"
    rule one_of.yml "One of" high "[{Image|endswith: '\\tool3.exe'}, {CurrentDirectory|exists: false}]"
    rule short.yml "Short" high "{CommandLine|contains: '/w'}"
    rule regex.yml "Regex" high "{CommandLine|re: '\\s-[a-z]\\s'}"
    rule beside.yml "Regex beside a value" high "{Image|endswith: '\\ssh.exe', CommandLine|re: '\\s-[a-z]\\s'}"
    rule letter.yml "A letter that is rare" high "{CommandLine|contains: 'ˣ'}"
    yaral_rule kind <<'END'
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.metadata.product_event_type = "4625"
    $e.target.user.userid != "guest"
  condition:
    $e
END
    rule literal.yml "Literal" high "{CommandLine|re: '\\s-[a-z]\\swhoami'}"
    expect_code 0 "$PICKET" check --slow .
    [ "$(tail -1 out)" = "12 rules: 12 runnable, 0 need lists, 0 unsupported, 0 errors" ] || fail "$(cat out)"
    [ "$(grep -c slow-rule err)" = 7 ] || fail "not the seven slow rules: $(cat err)"
    said() { grep -A1 "^[./]*$1:[0-9]*:[0-9]*:.*slow-rule" err | grep -qF -- "$2" || fail "$1 is not told '$2': $(cat err)"; }
    said negative.yml "what an event must not be"
    said fields.yml "no index helps to compare two fields"
    said there.yml "that a field is there, or empty, narrows nothing"
    said one_of.yml "as slow as its worst part"
    said short.yml "ask for a longer text"
    said regex.yml "a text that every match must have"
    said negative.yml "windows/sysmon/1"
    said kind.yaral "what it asks for is what makes events of this kind"
    expect_code 0 "$PICKET" check .
    expect_no_text err slow-rule
    expect_code 0 "$PICKET" check --slow --output json short.yml
    expect_text out '"code":"slow-rule"'
}

"test_$1"
