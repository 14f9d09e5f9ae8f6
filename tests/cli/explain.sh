# Tests of picket explain: bash explain.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_rules() {
    rule a.yml "A" high "{Image|endswith: '\\iox.exe', CommandLine|re: 'a.*b'}"
    expect_code 0 "$PICKET" explain a.yml
    for s in "Predicates" "ends_with" "[literals]" "[regex]" "Stages" "Event classes" "candidate by" "Cost" "windows/"; do expect_text out "$s"; done
    expect_code 0 "$PICKET" explain -r a.yml A
    expect_text out "somebody"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    expect_code 2 "$PICKET" explain wrong.yml
}

"test_$1"
