#!/bin/sh
# damage_test.sh - what the command says of a journal that is damaged.
#
#   JOURNAL=build/journal test/cli/damage_test.sh
# shellcheck disable=SC2016 # commands are told between backquotes
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# make_damaged NAME: a journal of 3000 entries of two keys, which has lost a
# page in the middle; $first and $last are the numbers that were on it.
make_damaged() {
    seq 0 2999 | awk '{ print ($1 % 2 ? "odd" : "even") "\t" $1 }' |
        "$JOURNAL" append -q --tab --batch 1000 "$1"
    dd if=/dev/zero of="$1/data.mdb" bs=4096 count=1 conv=notrunc \
        seek=$(($(wc -c <"$1/data.mdb") / 8192)) 2>/dev/null
    "$JOURNAL" replay "$1" 2>/dev/null | cut -f 1 | awk '
        $1 != next_seq { print next_seq, $1 - 1 }
        { next_seq = $1 + 1 }' >gaps
    read -r first last <gaps
}

# tells CLAIM PATTERN ARGUMENT...: exit code 5, and of the damage no more than
# the one line PATTERN, and what to do.
tells() {
    CLAIM=$1
    pattern=$2
    shift 2
    run "$@"
    if [ "$code" -ne 5 ]; then
        fail "exit code $code: journal $*"
    elif ! grep -qx "journal: d: $pattern: damage on disk (JOURNAL_CORRUPT)" \
        err; then
        fail "no message '$pattern'"
    elif ! tail -n 1 err | grep -q 'hint: `journal verify d` tells'; then
        fail "not told what to do"
    elif [ "$(wc -l <err)" -ne 2 ]; then
        fail "$(wc -l <err) lines"
    else
        pass
    fi
}

test_lists() {
    make_damaged d
    count=$((last - first + 1))
    verify 'a page has some entries' test "$count" -gt 10
    verify 'and it is one gap' test "$(wc -l <gaps)" -eq 1
    tells 'replay tells a range' "entries $first to $last ($count)" replay d
    verify 'and lists all others' test "$(wc -l <out)" -eq $((3000 - count))
    tells 'export too' "entries $first to $last ($count)" export d
    tells 'query that asks for some' "entries $((first + 2)) to $last \
($((count - 2)))" query --first $((first + 2)) d
    tells 'for a single one of them' "entry $last" query --first "$last" d
    tells 'for the damaged ones alone' "entries $first to $last ($count)" \
        query --first "$first" --limit $((last + 1)) d
    tells 'backwards it tells the place' \
        "below entry $((last + 1)), $count in a row" query --reverse d
    tells 'history of a key does' "behind entry [0-9]*, [0-9]* in a row" \
        history d even
    tells 'as read of one' "entry $first" read d "$first"
    run follow --first 0 --count $((3000 - count)) d
    verify 'follow goes on behind them' test "$(wc -l <out)" -eq \
        $((3000 - count))
    verify 'and tells a range' grep -q "entries $first to $last ($count): " err
}

# Each gap has its line.
test_gaps() {
    "$JOURNAL" append -q --lines --no-key holes <<'END'
alpha
bravo-1
charlie
bravo-2
bravo-3
delta
bravo-4
END
    for number in 1 2 3 4; do
        damage holes/data.mdb "bravo-$number"
    done
    run replay holes
    cut -d : -f 3 err | sed '$d' >lines
    printf ' entry 1\n entries 3 to 4 (2)\n entry 6\n' >expected
    verify 'each gap has a line' cmp -s lines expected
    verify 'the exit code is that of damage' test "$code" -eq 5
}

# What is in the middle is not looked at, what is at an end is.
test_stat() {
    run stat d
    verify 'stat does not see what is in the middle' test "$code" -eq 0
    verify 'and says where it has looked' \
        grep -q '^damage  *none at either end; `journal verify`' out
    run stat --json d
    verify 'nor says JSON that all is well' test -z "$(grep damaged out)"
    for number in 0 2; do
        rm -rf ends
        printf '%s-entry\n' 0 1 2 | "$JOURNAL" append -q --lines ends k
        damage ends/data.mdb "$number-entry"
        run stat ends
        verify "entry $number is at an end" grep -q \
            "^journal: ends: entry $number: damage" err
        verify 'that has its exit code' test "$code" -eq 5
        verify 'the figures are there' grep -q '^entries  *3 ' out
        verify 'with the damage' grep -qx 'damage  *found' out
        run stat --json ends
        verify 'JSON has it' grep -q '"damaged":true}$' out
        verify 'with the exit code' test "$code" -eq 5
    done
    run append -q empty k v
    run rewind -qy empty 0
    run stat empty
    verify 'no entries, no damage' grep -q '^damage  *none' out
}

# It promises its own entry, and looks at no others.
test_append() {
    run append d odd more
    verify 'append does not look at other entries' test "$code" -eq 0
    says 'it keeps its own' more get d odd
}

test_lists
test_gaps
test_stat
test_append
conclude damage_test
