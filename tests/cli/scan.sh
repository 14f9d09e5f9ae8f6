# Tests of picket scan: what it reads, which rules it runs, how it ends: bash scan.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

test_exit_codes() {
    events 20 > log.jsonl
    rule high.yml "High" high "{Image|endswith: 'tool3.exe'}"
    rule low.yml "Low" low "{Image|endswith: 'tool4.exe'}"
    rule none.yml "Never" high "{Image|endswith: 'nothing.exe'}"
    expect_code 0 "$PICKET" scan -r high.yml log.jsonl
    expect_code 1 "$PICKET" scan -r high.yml --fail-level high log.jsonl
    expect_code 1 "$PICKET" scan -r high.yml --fail-level low log.jsonl
    expect_code 0 "$PICKET" scan -r low.yml --fail-level medium log.jsonl
    expect_code 0 "$PICKET" scan -r none.yml --fail-level informational log.jsonl
    { events 2; echo '{"broken'; events 2; } > damaged.jsonl
    expect_code 2 "$PICKET" scan -r high.yml --fail-level high damaged.jsonl
    expect_text err "damaged.jsonl:3"
    rule wrong.yml "Wrong" high "{Image|endwith: x}"
    expect_code 2 "$PICKET" scan -r high.yml -r wrong.yml --fail-level high log.jsonl
    expect_text err "wrong.yml:8"
    expect_text out "High"
    rule list.yml "List" high "{Image|expand: '%tools%'}"
    expect_code 1 "$PICKET" scan -r high.yml -r list.yml --fail-level high log.jsonl
    expect_text err "1 rule needs a list"
    expect_code 2 "$PICKET" scan -r high.yml missing.jsonl
    expect_text err "missing.jsonl"
    expect_code 2 "$PICKET" scan -r missing.yml log.jsonl
    printf 'A licence.\n\nNothing to see here, it is but prose.\n' > LICENCE
    mkdir folder && cp log.jsonl LICENCE folder
    expect_code 0 "$PICKET" scan -r high.yml folder
    expect_text err "no known kind of log"
    expect_text err "folder/LICENCE"
}

test_choice() {
    events 20 > log.jsonl
    rule a.yml "A high one" high "{Image|endswith: 'tool3.exe'}"
    rule b.yml "A low one" low "{Image|endswith: 'tool4.exe'}"
    rule c.yml "A withdrawn one" critical "{Image|endswith: 'tool5.exe'}"
    sed -i 's/status: test/status: deprecated/; s/t1059.001/t1105/' c.yml
    titles() { "$PICKET" scan -q -r . --output jsonl "$@" log.jsonl | grep -o '"title":"[^"]*"' | sort -u | cut -d'"' -f4 | tr '\n' ';'; }
    is() { [ "$1" = "$2" ] || fail "got '$1', not '$2'"; }
    is "$(titles)" "A high one;A low one;"
    is "$(titles --level high)" "A high one;"
    is "$(titles --level low+)" "A high one;A low one;"
    is "$(titles --level low,medium)" "A low one;"
    is "$(titles --status all)" "A high one;A low one;A withdrawn one;"
    is "$(titles --status deprecated)" "A withdrawn one;"
    is "$(titles --technique T1059)" "A high one;A low one;"
    is "$(titles --status all --technique T1105)" "A withdrawn one;"
    is "$(titles --tag 'attack.exec*')" "A high one;A low one;"
    is "$(titles --id 'a low one')" "A low one;"
    is "$(titles --logsource product=windows)" "A high one;A low one;"
    expect_code 2 "$PICKET" scan -r . --logsource product=linux log.jsonl
    expect_text err "no rule to run"
}

# The same output for any number of threads, over several files with damage in them, and correlations.
test_jobs() {
    mkdir logs
    for i in 1 2 3 4 5 6; do { events 2000 $((i * 1000)); echo '{"broken'; events 1500; echo 'not json'; } > logs/$i.jsonl; done
    rule a.yml "A" high "{Image|endswith: ['tool3.exe', 'tool7.exe']}"
    rule b.yml "B" low "{CommandLine|re: '-n 1..7\$'}"
    cat > c.yml <<'END'
title: Many
id: 99999999-0000-4000-8000-000000000000
level: medium
name: many
correlation: {type: event_count, rules: [b], group-by: [Computer], timespan: 5m, condition: {gte: 3}}
END
    sed -i 's/^id:/name: b\nid:/' b.yml
    "$PICKET" scan -q -r a.yml -r b.yml -r c.yml -j 1 --output jsonl --summary s1 logs > one 2> one.err
    [ $? = 2 ] || fail "damage must give 2"
    for j in 2 3 8; do
        "$PICKET" scan -q -r a.yml -r b.yml -r c.yml -j $j --output jsonl logs > many 2> many.err
        cmp one many || fail "-j $j gives other alerts"
        cmp one.err many.err || fail "-j $j gives other diagnostics"
    done
    [ "$(grep -c '"title":"A"' one)" -gt 1000 ] || fail "too few alerts"
    expect_text s1 '"damaged":12,'
    "$PICKET" dump -q -j 1 logs > one 2> /dev/null
    "$PICKET" dump -q -j 4 logs > many 2> /dev/null
    cmp one many || fail "dump depends on -j"
    expect_lines one 21000
}

# Standard input that never ends: an interrupt gives what was found so far, the summary, and code 2.
test_interrupt() {
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    mkfifo pipe
    "$PICKET" scan -r a.yml --output jsonl --summary summary.json - < pipe > out 2> err &
    local scan=$!
    exec 9> pipe
    events 20000 >&9
    for _ in $(seq 200); do [ -s out ] && break; sleep 0.2; done
    kill -INT $scan
    wait $scan
    local code=$?
    exec 9>&-
    [ $code = 2 ] || fail "exit code $code, not 2"
    [ "$(wc -l < out)" -gt 500 ] || fail "what was found so far is missing"
    expect_text err "interrupted"
    expect_text summary.json '"interrupted":true'
    while read -r line; do case $line in *'}') ;; *) fail "a broken line" ;; esac; done < out
}

test_stdin_and_archives() {
    events 10 > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    "$PICKET" scan -q -r a.yml --output jsonl - < log.jsonl > out || fail "standard input"
    expect_lines out 1
    expect_text out '"file":"-"'
    gzip -k log.jsonl
    "$PICKET" scan -q -r a.yml --output jsonl log.jsonl.gz > out || fail "gz"
    expect_lines out 1
    mkdir -p d/e && cp log.jsonl d/e && tar cf logs.tar d
    "$PICKET" scan -q -r a.yml --output jsonl logs.tar > out || fail "tar"
    expect_text out '"file":"logs.tar!/d/e/log.jsonl"'
    "$PICKET" scan -q -r a.yml --output jsonl 'd/*/*.jsonl' > out || fail "glob"
    expect_text out '"file":"d/e/log.jsonl"'
}

test_time_range() {
    { events 60; echo '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\tool3.exe"}'; } > log.jsonl
    rule a.yml "A" high "{Image|endswith: 'tool3.exe'}"
    expect_code 0 "$PICKET" scan -r a.yml --output jsonl log.jsonl
    expect_lines out 7
    expect_text out '"time":null'
    expect_code 0 "$PICKET" scan -r a.yml --output jsonl --since 2026-03-04T05:00:13Z --until 2026-03-04T05:00:33Z log.jsonl
    expect_lines out 2
    expect_text out '"time":"2026-03-04T05:00:13Z"'
    expect_text out '"time":"2026-03-04T05:00:23Z"'
    expect_text err "1 event has no readable time"
    expect_code 0 "$PICKET" dump --since 2026-03-04T05:00:50Z log.jsonl
    expect_lines out 10
}

test_stated_source() {
    printf 'one sudo line\nanother line\n' > plain.log
    cat > a.yml <<'END'
title: A
logsource: {product: linux, service: auth}
detection: {keywords: [sudo], condition: keywords}
level: low
END
    expect_code 0 "$PICKET" scan -r a.yml --output jsonl --format text plain.log
    expect_lines out 0
    expect_text err "don't tell their log source"
    expect_text err "plain.log"
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text --as product=linux,service=auth plain.log
    expect_lines out 1
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text --as '*.log:product=linux,service=auth' plain.log
    expect_lines out 1
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text --as '*.txt:product=linux,service=auth' plain.log
    expect_lines out 0
    cp plain.log other.log
    expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text plain.log --as product=linux,service=auth other.log
    expect_lines out 1
    expect_text out '"file":"other.log"'
}

test_stated_words() {
    local option kept
    printf 'one sudo line\n' > plain.log
    cat > a.yml <<'END'
title: A
logsource: {product: ourproduct, category: ourcategory, service: ourservice}
detection: {keywords: [sudo], condition: keywords}
level: low
END
    stated() { expect_code 0 "$PICKET" scan -q -r a.yml --output jsonl --format text "$@"; }
    for kept in --no-cache "--cache kept" "--cache kept"; do # the last is of a program that comes from the cache
        stated $kept --as product=windos --as '*.txt:product=WINDOS,service=auth' --as product=windos plain.log
        expect_text err "the product 'windos'"
        expect_text err "did you mean 'windows'?"
        [ "$(grep -c "a log source is stated" err)" = 1 ] || fail "$(cat err)"
        stated $kept --as category=process_creatoin,service=securty plain.log
        expect_text err "the category 'process_creatoin'"
        expect_text err "did you mean 'process_creation'?"
        expect_text err "the service 'securty'"
        expect_text err "did you mean 'security'?"
        stated $kept --as product=ourprodukt,service=ourservise plain.log # words of rules are near too
        expect_text err "did you mean 'ourproduct'?"
        expect_text err "did you mean 'ourservice'?"
        stated $kept --as product=nothinglikeit plain.log
        expect_text err "the product 'nothinglikeit'"
        expect_no_text err "did you mean"
    done
    # What a rule names, what a class provides, what no log has, a family's product; in any case of letters.
    for option in product=ourproduct,category=ourcategory,service=OURSERVICE product=Windows category=proxy category=file_access product=udm \
                  product=linux,service=auth; do
        stated --as "$option" plain.log
        expect_no_text err "a log source is stated"
    done
}

test_lists() {
    yaral_rule listed <<'END'
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.principal.user.userid in %users
  condition:
    $e
END
    echo '{"metadata":{"id":"1","event_type":"USER_LOGIN","event_timestamp":"2026-01-05T10:00:00Z"},"principal":{"user":{"userid":"eve"}}}' > events.jsonl
    expect_code 0 "$PICKET" check listed.yaral
    expect_text out "0 runnable, 1 needs a list, 0 unsupported, 0 errors"
    expect_code 2 "$PICKET" check --strict listed.yaral
    expect_code 0 "$PICKET" check --empty-lists listed.yaral
    expect_text out "1 runnable, 0 need lists"
    mkdir lists && echo "eve // left" > lists/users
    expect_code 0 "$PICKET" check --lists lists listed.yaral
    expect_text out "1 runnable, 0 need lists"
    expect_code 2 "$PICKET" scan -r listed.yaral --output jsonl events.jsonl
    expect_text err "needs list users"
    expect_code 0 "$PICKET" scan -r listed.yaral --lists lists --output jsonl events.jsonl
    expect_lines out 1
    expect_code 0 "$PICKET" check --lists lists/users listed.yaral
    expect_text out "1 runnable, 0 need lists"
    echo bob > lists/users # a kept program is not taken for another list
    expect_code 0 "$PICKET" scan -r listed.yaral --lists lists --output jsonl events.jsonl
    expect_lines out 0
    expect_code 0 "$PICKET" scan -r listed.yaral --empty-lists --output jsonl events.jsonl
    expect_lines out 0
    expect_code 2 "$PICKET" check --lists absent listed.yaral
}

test_context() {
    connection_rule() { # connection_rule NAME PREDICATE...: a connection to an address of which the entities say this
        yaral_rule "$1" <<END
  events:
    \$e.metadata.event_type = "NETWORK_CONNECTION"
    \$e.target.ip = \$ip
    \$g.graph.metadata.entity_type = "IP_ADDRESS"
    \$g.graph.entity.artifact.ip = \$ip
$(printf '    $g.graph.%s\n' "${@:2}")
  match:
    \$ip over 5m
  condition:
    \$e and \$g
END
    }
    connection_rule tor 'metadata.threat.threat_feed_name = "Tor Exit Nodes"'
    connection_rule rare 'metadata.source_type = "DERIVED_CONTEXT"' 'entity.artifact.prevalence.rolling_max = 1'
    event() { printf '{"metadata":{"id":"%s","event_type":"NETWORK_CONNECTION","event_timestamp":"2026-01-05T10:00:0%sZ"},"principal":{"hostname":"%s"},"target":{"ip":["%s"]}}\n' "$1" "$1" "$2" "$3"; }
    { event 1 ws1 198.51.100.7; event 2 ws1 198.51.100.8; event 3 ws2 198.51.100.8; } > events.jsonl
    entity='{"metadata":{"entity_type":"IP_ADDRESS","threat":{"threat_feed_name":"Tor Exit Nodes"}},"entity":{"artifact":{"ip":"198.51.100.7"}}}'
    echo "$entity" > entities.jsonl
    expect_code 0 "$PICKET" scan -r tor.yaral -r rare.yaral --output jsonl --summary summary.json events.jsonl
    expect_lines out 0
    expect_text err "Wait for entity context"
    expect_text err "tor: Tor Exit Nodes (IP_ADDRESS)"
    expect_text err "rare: derived context (IP_ADDRESS)"
    expect_text summary.json '"waiting_for_context":[{"id":'
    for given in "--context entities.jsonl" "--entities entities.jsonl" "entities.jsonl"; do
        # shellcheck disable=SC2086
        expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl $given events.jsonl
        expect_lines out 1
        expect_no_text err "Wait for"
        expect_text err "over 3 events"
    done
    echo 198.51.100.7 > 'Tor Exit Nodes.txt'
    expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl --indicators 'Tor Exit Nodes.txt' events.jsonl
    expect_lines out 1
    expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl --indicators 'GCTI Feed/Tor Exit Nodes=Tor Exit Nodes.txt' events.jsonl
    expect_lines out 1
    expect_code 0 "$PICKET" scan -r tor.yaral --output jsonl --indicators 'other=Tor Exit Nodes.txt' events.jsonl
    expect_lines out 0
    expect_code 0 "$PICKET" scan -r rare.yaral --output jsonl --derive-context events.jsonl
    expect_lines out 1
    expect_text out 198.51.100.7
    for j in 1 3; do # the same for any number of threads
        "$PICKET" scan -q -j $j -r tor.yaral -r rare.yaral --output jsonl --derive-context --context entities.jsonl events.jsonl > alerts.$j
    done
    cmp alerts.1 alerts.3 || fail "alerts differ by the number of threads"
    expect_lines alerts.1 2
    echo '{"metadata":' >> entities.jsonl
    echo '{"some":"thing"}' >> entities.jsonl
    expect_code 2 "$PICKET" scan -r tor.yaral --output jsonl --context entities.jsonl events.jsonl
    expect_lines out 1
    expect_text err "entities.jsonl:2:"
    expect_text err "entities.jsonl:3: warning: this is no entity record"
    expect_text err "2 records or lines could not be read"
    expect_code 2 "$PICKET" scan -r tor.yaral --context absent.jsonl events.jsonl
    expect_code 2 "$PICKET" scan -r tor.yaral --indicators absent.txt events.jsonl
}

test_history() { # what was before is counted in the logs themselves, by any number of threads, wherever the events stand
    yaral_rule usual <<'END'
  events:
    $e.metadata.event_type = "USER_LOGIN"
    $e.target.user.userid = $user
    $e.target.application = "vpn"
  match:
    $user over 5m
  outcome:
    $days = max(metrics.auth_attempts_total(period:1d, window:30d, metric:event_count_sum, agg:num_metric_periods, target.user.userid:$user))
    $logins = max(metrics.auth_attempts_total(period:1d, window:30d, metric:event_count_sum, agg:sum, target.user.userid:$user))
  condition:
    $e and $days > 1
END
    login() { printf '{"metadata":{"event_type":"USER_LOGIN","event_timestamp":"2026-01-%sZ"},"target":{"application":"%s","user":{"userid":"%s"}}}\n' "$1" "$2" "$3"; }
    login 05T10:00:00 vpn alice > today.jsonl
    { login 04T10:00:00 mail alice; login 03T10:00:00 mail alice; } > before.jsonl
    { login 03T11:00:00 mail alice; login 04T10:00:00 mail bob; login 05T10:00:00 vpn bob; } > more.jsonl
    for j in 1 4; do
        expect_code 0 "$PICKET" scan -j $j -r usual.yaral --output jsonl --summary summary.json today.jsonl before.jsonl more.jsonl
        expect_lines out 1
        expect_text out '"outcome":{"days":2,"logins":3}'
        expect_text out '"counts":{"e":1}'
        expect_text err "look back up to 720 hours; their events begin at 2026-01-03T10:00:00Z"
        expect_text summary.json '"history_hours":720,"history_begin":"2026-01-03T10:00:00Z"'
        mv out alerts.$j
    done
    cmp alerts.1 alerts.4 || fail "alerts differ by the number of threads"
    { login 05T10:00:00 vpn alice; login 04T10:00:00 mail alice; } > month.jsonl
    printf '{"metadata":{"event_type":"USER_LOGIN","event_timestamp":"2025-11-01T00:00:00Z"}}\n' >> month.jsonl
    expect_code 0 "$PICKET" scan -r usual.yaral --summary summary.json month.jsonl
    expect_no_text err "look back"
    expect_no_text summary.json history_hours
}

test_time_of_the_run() {
    yaral_rule old <<'END'
  events:
    $e.metadata.event_type = "USER_LOGIN"
    timestamp.current_seconds() - $e.metadata.event_timestamp.seconds > 86400
  condition:
    $e
END
    for day in 05 06 08; do
        echo "{\"metadata\":{\"id\":\"$day\",\"event_type\":\"USER_LOGIN\",\"event_timestamp\":\"2026-01-${day}T10:00:00Z\"}}"
    done > events.jsonl
    expect_code 0 "$PICKET" scan -r old.yaral --output jsonl events.jsonl # the last event is the present
    expect_lines out 2
    expect_code 0 "$PICKET" scan -r old.yaral --now 2026-01-07T11:00:00Z --output jsonl events.jsonl
    expect_lines out 2
    expect_code 0 "$PICKET" scan -r old.yaral --now 2026-01-06T11:00:00Z --output jsonl events.jsonl
    expect_lines out 1
    expect_code 3 "$PICKET" scan -r old.yaral --now soon events.jsonl
}

test_correlations_come_last() {
    events 40 > log.jsonl
    rule b.yml "B" low "{Image|endswith: 'tool3.exe'}"
    sed -i 's/^id:/name: b\nid:/' b.yml
    cat > c.yml <<'END'
title: Twice
id: 99999999-0000-4000-8000-000000000000
level: medium
correlation: {type: event_count, rules: [b], timespan: 1h, condition: {gte: 2}, generate: true}
END
    expect_code 0 "$PICKET" scan -q -r b.yml -r c.yml --output jsonl log.jsonl
    tail -1 out > last
    expect_text last '"title":"Twice"'
    expect_text last '"source":null'
    expect_text last '"event":null,"events":[{"variable":null,"source":{"file":"log.jsonl"'
    sed -i 's/, generate: true//' c.yml
    expect_code 0 "$PICKET" scan -q -r b.yml -r c.yml --output jsonl log.jsonl
    expect_no_text out '"title":"B"'
    expect_text out '"title":"Twice"'
}

# Parts, rules with what they were candidates for, tests; the same alerts as without.
test_profile() {
    for i in 1 2 3 4 5 6 7 8 9 10; do events 20000; done > log.jsonl
    rule a.yml "Often a candidate" high "{Image|endswith: '.exe', CommandLine|re: '-n 1..7\$'}"
    rule b.yml "Never a candidate" high "{Image|endswith: '.dll'}"
    rule c.yml "Broad" high "{Image|fieldref: CommandLine}"
    "$PICKET" scan -q -j 1 -r a.yml -r b.yml -r c.yml --output jsonl log.jsonl > plain 2> err || fail "a plain scan"
    expect_lines err 0
    "$PICKET" scan -q -j 2 --profile --summary s.json -r a.yml -r b.yml -r c.yml --output jsonl log.jsonl > profiled 2> err || fail "a profiled scan"
    cmp plain profiled || fail "a profile changes alerts"
    for part in "reading files" decoding classifying slots network candidates conditions reasons rendering output stages waiting; do
        grep -q "^ *[0-9.]* %  *[0-9.]* s  $part  *[a-z]" err || fail "no part $part: $(cat err)"
    done
    # Parts add up to the whole, rules to their sum, within what is rounded.
    awk '/^Time by part/ { whole = $5 } /^ .* s  [a-z]/ { parts += $3 }
         /rules together/ { good = parts > whole - 0.02 && parts < whole + 0.02 && $3 <= whole } END { exit !good }' err ||
        fail "parts do not add up: $(cat err)"
    grep -q "  200,000  .*  Broad  c.yml:1\$" err || fail "a broad rule is a candidate at each event: $(cat err)"
    expect_text err "Often a candidate  a.yml:1"
    expect_no_text err "Never a candidate"
    expect_text s.json '"profile":{"samples":'
    expect_text s.json '"candidates":200000,"matches":0}'
    # What the parts add up to is the time of both threads.
    grep -q "^Time by part, of [0-9]*\.[0-9]* s over all threads" err || fail "no sum of times"
}

"test_$1"
