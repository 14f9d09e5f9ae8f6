# Tests of compiled rules that picket scan keeps: bash cache.sh NAME runs the function test_NAME. PICKET is the program.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Compiled rules are kept: what a run says is the same, and whatever changes is seen.
test_kept_programs() {
    mkdir rules
    for i in $(seq 1 70); do
        rule "rules/$i.yml" "Rule $i" medium "{Image|endswith: 'tool$i.exe', CommandLine|re: '-n.*$i'}"
        head -c 1000 /dev/zero | tr '\0' '#' >> "rules/$i.yml"
    done
    rule rules/bad.yml "Bad" low "{Image|endswit: x}"
    printf 'title: Many\ncorrelation: {type: event_count, rules: [%s], group-by: [Hostname], timespan: 5m, condition: {gte: 2}}\n' \
        "$(sed -n 's/^id: //p' rules/3.yml)" > rules/many.yml
    events 300 > log.jsonl
    local name
    scan() { # scan NAME OPTION...: what it says in NAME.out, NAME.err, NAME.code
        name=$1
        shift
        "$PICKET" scan -r rules --output jsonl "$@" log.jsonl > "$name.out" 2> "$name.err"
        echo $? > "$name.code"
        sed -i 's/ in [0-9.]* s$//' "$name.err"
    }
    same() {
        for end in out err code; do cmp "$name.$end" "plain.$end" || fail "with the cache ($name) the run differs: $end"; done
    }
    served() { "$PICKET" scan -q -v -r rules "$@" log.jsonl 2>&1 > out | grep -qF "the program came from it"; }
    scan plain --no-cache
    [ ! -e caches ] || fail "--no-cache keeps something"
    expect_text plain.out '"title":"Many"'
    for i in first second third; do scan $i; same; done
    [ "$(stat -c %a caches/picket)" = 700 ] || fail "others may look into the cache"
    served || fail "the cache does not serve"
    served -j1 || fail "the number of threads is none of its business"
    ! served --level high || fail "another choice is served"
    ! served --no-cache || fail "--no-cache is served"
    ! served --cache elsewhere || fail "--cache is not where it looks"
    served --cache elsewhere || fail "--cache keeps nothing"
    sed -i 's/tool4.exe/tool5.exe/' rules/4.yml
    ! served || fail "an edited file is not seen"
    served || fail "it is not kept again"
    rm rules/5.yml
    ! served || fail "a removed file is not seen"
    rule rules/new.yml "New" high "{Image|endswith: 'tool1.exe'}"
    scan plain --no-cache
    scan added
    same
    served || fail "it is not kept again"
    for f in caches/picket/*.program; do dd if=/dev/zero of="$f" bs=1 seek=5000 count=64 conv=notrunc status=none; done
    scan damaged
    same
    for f in caches/picket/*.program; do truncate -s 70000 "$f"; done
    scan truncated
    same
    rm -rf caches
    scan deleted
    same
    chmod 777 caches/picket
    ! served || fail "a folder that others may write to is trusted"
    scan open
    same
    expect_code 0 "$PICKET" scan -v -q --cache /dev/null/x -r rules/1.yml log.jsonl
    expect_text err "compiled rules are not kept"
}

"test_$1"
