#!/bin/sh
# verify_test.sh - the command where it looks for damage.
#
#   JOURNAL=build/journal test/cli/verify_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# fill JOURNAL: entries of a few keys.
fill() {
    seq 1 500 | sed 's/.*/text of &/' |
        "$JOURNAL" append -q --lines --batch 100 "$1" key
    "$JOURNAL" append -q "$1" other 'to be damaged'
    "$JOURNAL" append -q "$1" third 'to be left alone'
}

# finds CLAIM PATTERN: what the command before has printed.
finds() {
    verify "$1" grep -q -e "$2" out
}

# damaged CLAIM ARGUMENT...: exit code 5, and nothing on standard error.
damaged() {
    CLAIM=$1
    shift
    run "$@"
    if [ "$code" -eq 5 ] && [ ! -s err ]; then pass; else
        fail "exit code $code: journal $*"
    fi
}

test_sound() {
    fill j
    run verify j
    verify 'a journal is sound' test "$code" -eq 0
    finds 'which is said' '^All is well'
    finds 'with what was looked at' '^entries *502 looked at, all sound$'
    verify 'and nothing else' test ! -s err
    says 'quietly nothing is printed' '' verify -q j
    says 'a program is told the same' "{\"path\":\"j\",\"result\":\"sound\",\
\"entries_checked\":502,\"entries_bad\":0,\"index_bad\":0,\"links_bad\":0,\
\"pages_bad\":0,\"first_bad\":null,\"tail_records\":0,\
\"tail_bytes_discarded\":0}$NL" verify --json --immutable j
}

test_damaged_entry() {
    cp -R j bad
    damage bad/data.mdb 'to be damaged'
    damaged 'a damaged entry is damage' verify bad
    finds 'which is said' 'is DAMAGED'
    finds 'what is damaged' '^entries *502 looked at, 1 is damaged or missing'
    finds 'which entry it is' '^first bad *500$'
    finds 'what is not' '^pages *sound$'
    finds 'what to do' '^    journal salvage bad bad.salvaged$'
    finds 'and what first' '^    cp -a bad bad.damaged$'
    damaged 'quietly, the exit code tells' verify -q bad
    verify 'alone' test ! -s out
    damaged 'a program is told' verify --json bad
    finds 'that it is' '"result":"damaged".*"entries_bad":1,.*"first_bad":500,'
    says 'the others can be read' 'to be left alone' get bad third
    complains 'the damaged one is refused' 5 JOURNAL_CORRUPT get bad other
    mv bad "a bad 'one'"
    damaged 'a path may be of any bytes' verify "a bad 'one'"
    name="'a bad '\\\\''one'\\\\'''"
    finds 'and commands can be copied' \
        "^    cp -a $name ${name%\'}.damaged'$"
    verify 'indeed' sh -c "$(grep '^    cp -a' out)"
    verify 'there is the copy' test -f "a bad 'one'.damaged/data.mdb"
}

# Where a path ends in dots, what is beside it has the real name.
test_dots() {
    mkdir dots
    cp -R j dots/bad
    mkdir dots/bad/below
    damage dots/bad/data.mdb 'to be damaged'
    here=$(pwd -P)/dots/bad
    for path in . ./ below/.. below/../.; do
        rm -rf dots/bad.damaged dots/bad.salvaged
        (cd dots/bad && "$JOURNAL" verify "$path") >out 2>err
        finds "the advice on $path names what is beside it" \
            "^    cp -a $here $here.damaged$"
        grep '^    ' out | sed "s|^ *journal |'$JOURNAL' |" >script
        (cd dots/bad && sh -e ../../script) >out 2>err
        verify 'and can be followed' test -f dots/bad.damaged/data.mdb
        verify 'in all it says' test -f dots/bad.salvaged/data.mdb
        rm -rf dots/bad.salvaged
        (cd dots/bad && "$JOURNAL" salvage "$path" ../bad.salvaged) >out
        finds 'as that of salvage' \
            "^      mv $here $here.damaged && mv ../bad.salvaged $here$"
    done
    mv dots/bad dots/b.
    damaged 'a name that ends in a dot' verify dots/b.
    finds 'is as any other' '^    cp -a dots/b. dots/b..damaged$'
}

# The pages behind the meta pages: whatever is there, it ends, and is told.
test_damaged_pages() {
    for page in 2 3 4 5 6 7 8; do
        rm -rf bad
        cp -R j bad
        dd if=/dev/zero of=bad/data.mdb bs=4096 seek="$page" count=1 \
            conv=notrunc 2>/dev/null
        run verify bad
        verify "page $page is found sound or damaged" \
            test "$code" -eq 0 -o "$code" -eq 5
    done
}

test_refused() {
    rm -rf bad
    cp -R j bad
    dd if=/dev/zero of=bad/data.mdb bs=4096 seek=1 count=1 conv=notrunc \
        2>/dev/null
    complains 'what cannot be opened is told' 5 'JOURNAL_CORRUPT' verify bad
    verify 'with what to do' grep -q 'hint: .*journal salvage' err
    complains 'where there is none, too' 1 'JOURNAL_NOT_FOUND' verify absent
    verify 'and none is made' test ! -e absent
    complains 'it takes one path' 2 'verify' verify
    complains 'and no more' 2 'verify' verify j j
    complains 'an option that is none is refused' 2 'option' verify --fast j
    run verify --help
    finds 'help tells the exit codes' 'Exit code 0: all is well; 5'
}

test_terminal() {
    command -v script >/dev/null || return 0
    script -qec "'$JOURNAL' verify j" /dev/null </dev/null >out
    finds 'on a terminal it says the same' 'All is well'
}

test_sound
test_damaged_entry
test_dots
test_damaged_pages
test_refused
test_terminal
conclude verify_test
