# Tests of the forms in which picket scan writes alerts: bash output.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_jsonl() {
    events 5 > log.jsonl
    rule a.yml "A" high "{Image|endswith: '\\tool3.exe'}"
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl log.jsonl
    expect_lines out 1
    expect_lines err 0
    for key in '"time":"2026-03-04T05:00:03Z"' '"title":"A"' '"author":"somebody"' '"level":"high"' '"language":"sigma"' '"path":"a.yml"' \
        '"attack":{"tactics":["execution"],"techniques":["T1059.001"]}' '"source":{"file":"log.jsonl","record":null,"line":4}' \
        '"host":"host-3"' '"field":"Image"' '"kind":"ends_with"' '"constant":"\\tool3.exe"' '"value":"C:\\Windows\\tool3.exe"' '"at":10,"length":10' \
        '"events":null'; do
        expect_text out "$key"
    done
}

test_jsonl_of_several_events() {
    cat >log.jsonl <<'EOF'
{"metadata":{"event_timestamp":"2026-01-01T00:00:00Z","event_type":"USER_LOGIN"},"target":{"user":{"userid":"ann"}}}
{"metadata":{"event_timestamp":"2026-01-01T00:10:00Z","event_type":"USER_LOGOUT"},"target":{"user":{"userid":"ann"}}}
{"metadata":{"event_timestamp":"2026-01-01T00:20:00Z","event_type":"USER_LOGIN"},"target":{"user":{"userid":"bob"}},"principal":{"ip":["10.0.0.3"]}}
EOF
    yaral_rule stays <<'END'
  events:
    $in.metadata.event_type = "USER_LOGIN"
    $in.target.user.userid = $user
    $out.metadata.event_type = "USER_LOGOUT"
    $out.target.user.userid = $user
  match:
    $user over 1h
  outcome:
    $risk_score = 80
    $addresses = array_distinct($in.principal.ip)
  condition:
    $in and !$out
END
    expect_code 0 "$PICKET" scan -q -r stays.yaral --output jsonl log.jsonl
    expect_lines out 1
    for key in '"time":"2026-01-01T01:20:00Z"' '"source":null' '"match":{"user":"bob"}' '"window":{"start":"2026-01-01T00:20:00Z","end":"2026-01-01T01:20:00Z"}' \
        '"addresses":["10.0.0.3"]' '"risk_score":80,"counts":{"in":1,"out":0},"entities":[],"event":null' \
        '"events":[{"variable":"in","source":{"file":"log.jsonl","record":null,"line":3},"event":{"metadata"'; do
        expect_text out "$key"
    done
}

# What a rule looks for is found however JSON writes it: texts are looked at before their escapes are undone.
test_escaped_texts() {
    cat >log.jsonl <<'EOF'
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \u006dimikatz\\ y"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x mimi\u004Batz\u005c y\\"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x mimi\u212aatz\\ y"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \\\\server\\share"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \u005c\\server\u005cshare"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \u0022Quoted\" \\"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \"quoted \\"}
{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"x \\u006dimikatz\\"}
EOF
    rule a.yml "A" high "{CommandLine|contains: ['mimikatz\\', '\\\\server\\share', '\"quoted\"']}"
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl log.jsonl
    local lines; lines=$(grep -o '"line":[0-9]*' out | tr -d '\n')
    [ "$lines" = '"line":1"line":2"line":3"line":4"line":5"line":6' ] || fail "found in $lines"
}

test_csv() {
    events 5 > log.jsonl
    rule a.yml '=cmd, \"quoted\"' high "{Image|endswith: 'tool3.exe'}"
    expect_code 0 "$PICKET" scan -q -r a.yml -o alerts.csv log.jsonl
    expect_lines out 0
    expect_lines alerts.csv 2
    head -1 alerts.csv | grep -q '^time,level,title,' || fail "no header"
    expect_text alerts.csv "\"'=cmd, \"\"quoted\"\"\""
}

test_html() {
    events 30 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    expect_code 0 "$PICKET" scan -q -r a.yml -o page.html log.jsonl
    for s in '<!DOCTYPE html>' '</html>' 'prefers-color-scheme:dark' "default-src 'none'" '<mark>tool3.exe</mark>' 'somebody'; do expect_text page.html "$s"; done
    [ "$(grep -c '<details' page.html)" = 3 ] || fail "not three alerts"
    expect_no_text page.html "http:"
    expect_no_text page.html "https:"
}

# What logs and rules hold reaches neither a terminal nor the page as it is.
test_escapes() {
    printf '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":"2026-03-04 05:00:00.000","Hostname":"h\\u001b[31m<script>alert(1)</script>","Image":"C:\\\\x.exe","CommandLine":"\\u001b]0;owned\\u0007 \\u202e </pre><img src=x onerror=alert(1)>"}\n' > $'log\x1b[31m.jsonl'
    cat > a.yml <<'END'
title: "t\e[31m <script>alert(2)</script>"
id: 12345678-0000-4000-8000-000000000000
author: "\e[32m<b>me</b>"
level: high
logsource: {product: windows, category: process_creation}
detection: {sel: {CommandLine|contains: "\u202e"}, condition: sel}
END
    for form in table html csv; do
        expect_code 0 "$PICKET" scan -r a.yml --output $form $'log\x1b[31m.jsonl'
        [ "$form" = csv ] || ! grep -q $'\x1b' out || fail "an escape in $form"
        ! grep -q $'\x1b' err || fail "an escape on standard error"
        [ "$(wc -c < out)" -gt 100 ] || fail "$form is empty"
    done
    "$PICKET" scan -q -r a.yml --output html $'log\x1b[31m.jsonl' > page.html
    expect_no_text page.html "<script"
    expect_no_text page.html "<img"
    expect_no_text page.html "<b>me"
    expect_no_text page.html $'\xe2\x80\xae'
    expect_text page.html "&lt;script&gt;alert(2)"
    "$PICKET" scan -q -r a.yml --output jsonl $'log\x1b[31m.jsonl' > alerts
    ! grep -q $'\x1b' alerts || fail "a raw escape in JSON"
    rule bad.yml 'x\\e[31m' high "{Image|$(printf '\\x1b[31m'): y}"
    "$PICKET" check bad.yml 2> err > out
    ! grep -q $'\x1b' err || fail "an escape in a diagnostic"
}

test_terminal() {
    script -qec true /dev/null > /dev/null 2>&1 < /dev/null || { echo "skipped: no terminal to be had"; return; }
    events 20 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    TERM=xterm script -qec "$PICKET scan -r a.yml log.jsonl" /dev/null > out < /dev/null
    grep -q $'\x1b\[1;31m' out || fail "no colour on a terminal"
    TERM=xterm NO_COLOR=1 script -qec "$PICKET scan -r a.yml log.jsonl" /dev/null > out < /dev/null
    ! grep -q $'\x1b\[[0-9;]*m' out || fail "colour in spite of NO_COLOR"
}

"test_$1"
