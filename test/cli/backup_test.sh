#!/bin/sh
# backup_test.sh - the command where it makes a journal of all that is in
# another.
#
#   JOURNAL=build/journal test/cli/backup_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# same CLAIM A B: both journals print the same entries and marks.
same() {
    CLAIM=$1
    "$JOURNAL" replay --json "$2" >a && "$JOURNAL" mark "$2" >>a
    "$JOURNAL" replay --json "$3" >b && "$JOURNAL" mark "$3" >>b
    if [ -s a ] && cmp -s a b; then pass; else fail "$2 and $3 differ"; fi
}

fill() {
    seq 0 $(($2 - 1)) | "$JOURNAL" append -q --lines --batch 1000 "$1" k
}

test_backup() {
    fill j 1000
    run mark j reader 17
    run backup j copy
    verify 'it says what there is' grep -q '^1000 entries in [0-9.]* KiB$' out
    verify 'and shows no progress to a file' test ! -s err
    same 'the copy is the journal' j copy
    run backup --json j json
    verify 'figures as JSON' grep -q \
        '^{"first":0,"size":1000,"entries":1000,"bytes_file":[0-9]*}$' out
    says 'or none' '' backup -q j quiet
    mkdir there
    says 'an empty directory will do' '' backup -q j there/
    same 'as well' j there
    says 'nobody else has to be kept out' '' backup -q --immutable copy again
    same 'of a copy' j again
    verify 'nothing else is left' test -z "$(find . -name '*.partial')"
}

test_what_cannot_be() {
    fill w 10
    mkdir full
    echo mine >full/file
    complains 'what is there is not replaced' 2 'full: .*(JOURNAL_EXISTS)' \
        backup w full
    verify 'what can be done is told' grep -q 'hint: .*empty directory' err
    verify 'indeed' test "$(cat full/file)" = mine
    complains 'nor is a journal' 2 'w: .*(JOURNAL_EXISTS)' backup w w
    echo mine >plain
    complains 'nor a file' 2 'plain: a file exists there already (JOURNAL_E' \
        backup w plain
    complains 'which salvage tells too' 2 'plain: a file exists there already' \
        salvage w plain
    ln -s nowhere link
    complains 'nor a link to nothing' 2 'link: a link to nothing exists there' \
        backup w link
    complains 'with a slash, too' 2 'link/: a link to nothing exists there' \
        backup w link/
    mkdir next.partial
    echo mine >next.partial/file
    complains 'nor is there what lies beside it' 2 \
        'next/: next.partial exists already' backup w next/
    verify 'which is to be moved' grep -q 'hint: .* out of the way' err
    run backup w full
    verify 'a directory has other files' \
        grep -q 'full: a directory that is not empty exists there' err
    run backup w w
    verify 'and a journal is one' grep -q 'w: a journal exists there' err
    verify 'of what is at the path no other has to be moved' \
        test "$(grep -c 'out of the way' err)" -eq 0
    complains 'a place is needed' 7 'none/x: .*(ENOENT)' backup w none/x
    complains 'and a journal' 1 'absent: not found' backup absent x
    verify 'nothing is made of none' test ! -e x
    complains 'two operands' 2 'TO is missing' backup w
    complains 'not three' 2 "operand 'y'" backup w x y
}

test_damage() {
    seq 1 2000 | sed 's/^/value of entry /' |
        "$JOURNAL" append -q --lines --batch 1000 d k
    damage d/data.mdb 'value of entry 777'
    complains 'of a damaged journal there is none' 5 'd: .*(JOURNAL_CORRUPT)' \
        backup d d2
    verify 'what to do next is told' grep -q 'hint: .*journal verify d' err
    verify 'and nothing is left' test -z "$(find . -name 'd2*')"
}

# Somebody appends all the time, and is not held up.
test_live() {
    fill live 10
    mkfifo pipe
    "$JOURNAL" append -q --relaxed --lines live k <pipe &
    exec 7>pipe
    for round in 1 2 3; do
        seq 1 500 >&7
        run backup live "live$round"
        verify "a backup beside a writer: $round" test "$code" -eq 0
        "$JOURNAL" replay "live$round" >b
        "$JOURNAL" replay live | head -n "$(wc -l <b)" >a
        verify 'is a beginning of it' cmp -s a b
    done
    exec 7>&-
    wait
    "$JOURNAL" backup -q live after
    same 'and all of it, when he has finished' live after
    verify 'which is what was appended' \
        test "$("$JOURNAL" replay after | wc -l)" -eq 1510
}

# On a terminal there may be a bar meanwhile, but not in the end.
test_progress() {
    command -v script >/dev/null || return 0
    fill p 50000
    script -qec "'$JOURNAL' backup p pp" shown >/dev/null 2>&1 </dev/null
    verify 'a terminal is told how it ended' \
        grep -q '50000 entries in' shown
}

test_backup
test_what_cannot_be
test_damage
test_live
test_progress
conclude backup_test
