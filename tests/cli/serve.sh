# Tests of picket serve, as far as it gets without a visitor: bash serve.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_refused() {
    local refuse="timeout 60 $PICKET serve -r a.yml"
    rule a.yml "A" high "{Image: x}"
    echo short > token
    expect_code 3 $refuse --listen foo
    expect_text err "'foo' is no address to listen on"
    expect_code 3 $refuse --listen 127.0.0.1:99999
    expect_code 3 $refuse --listen 0.0.0.0:0
    expect_text err "no token is asked for"
    expect_code 3 $refuse --token token
    expect_text err "the token has 5 characters"
    expect_code 3 $refuse --token nowhere
    expect_text err "could not be read"
    for refused in "--listen foo" "--token token"; do # before the rules are looked at
        expect_code 3 timeout 60 "$PICKET" serve -r nowhere $refused
        expect_no_text err nowhere
    done
    expect_code 2 $refuse --alerts nowhere # an input that isn't there is no usage
}

"test_$1"
