#!/usr/bin/env bash
# Documents are true to the tree: the README of a folder of sources names each source file of it and none that is gone, links lead
# to files, and the front page tells of the sample logs what a scan of them says.
set -u
: "${SOURCE:?}" "${PICKET:?}"
cd "$SOURCE" || exit 1
failed=0
wrong() { echo "$*"; failed=1; }

# The words that a document sets as code, one a line.
code_words() { grep -o '`[^`]*`' "$1" | tr -d '`' | tr ' ,' '\n\n' | sed '/^$/d' | sort -u; }

# `scan.c`, `scan`, `view_*.c` and `view_NAME.c` all name a file.
named_in() { # FILE WORDS
    local name=${1##*/} word
    for word in $2; do
        word=${word//NAME/*}
        # shellcheck disable=SC2053
        [[ $name == $word || ${name%.*} == $word ]] && return 0
    done
    return 1
}

read_folders() {
    local readme folder words file word
    while IFS= read -r readme; do
        folder=${readme%/*}
        set -f
        words=$(code_words "$readme")
        set +f
        for file in "$folder"/*.c "$folder"/*.cpp; do
            [ ! -e "$file" ] || (set -f; named_in "$file" "$words") || wrong "$readme: does not name ${file##*/}"
        done
        while IFS= read -r word; do
            [ -n "$(find src include tests bench fuzz scripts -name "${word##*/}" -print -quit)" ] || wrong "$readme: names $word, which is not there"
        done < <(code_words "$readme" | grep -E '^[a-z0-9_/]+\.(c|cpp|h|def|sh|py|awk)$')
    done < <(find src bench -name README.md | sort)
}

read_links() {
    local document target
    while IFS= read -r document; do
        while IFS= read -r target; do
            [ -e "${document%/*}/$target" ] || wrong "$document: a link to $target, which is not there"
        done < <(grep -o '](\([^)#]*\)' "$document" | cut -c3- | grep -v '^http' | sed '/^$/d')
    done < <(find . -name '*.md' -not -path './build/*' | sort)
}

# "106 alerts of 96 rules over 202 events in 16 files (142.7 kB)", and each alert that is shown.
read_front_page() {
    local said shown
    said=$("$PICKET" scan --no-cache --as 'share/logs/web/proxy.log:category=proxy' share/logs 2>&1) || { wrong "the scan of the samples failed"; return; }
    shown=$(sed -n 's/^    \([0-9]* alerts of .*)\) in .*/\1/p' README.md)
    [ -n "$shown" ] || wrong "README.md: no line of alerts, rules, events and files"
    grep -qF -- "$shown in " <<< "$said" || wrong "README.md: '$shown' is not what a scan says: $(tail -n 1 <<< "$said")"
    while IFS= read -r shown; do
        grep -qF -- "$shown" <<< "$said" || wrong "README.md: no alert of the samples reads '$shown'"
    done < <(sed -n 's/^    \(2026-[0-9-]*T[0-9:]*Z .*\)/\1/p; s/^    \( *by picket project .*\)/\1/p; s/^    \( *[0-9]*  [a-z]*\)$/\1/p' README.md)
}

read_folders
read_links
read_front_page
exit $failed
