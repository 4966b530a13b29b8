#!/bin/sh
# salvage_test.sh - the command where it reads what is left of a journal.
#
#   JOURNAL=build/journal test/cli/salvage_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

fill() {
    seq 0 $(($2 - 1)) | "$JOURNAL" append -q --lines --batch 1000 "$1" k
}

# zero FILE PAGE: a page of zeros.
zero() {
    dd if=/dev/zero of="$1" bs=4096 count=1 seek="$2" conv=notrunc 2>/dev/null
}

# same CLAIM A B: both journals print the same entries and marks.
same() {
    CLAIM=$1
    "$JOURNAL" replay --json "$2" >a && "$JOURNAL" mark "$2" >>a
    "$JOURNAL" replay --json "$3" >b && "$JOURNAL" mark "$3" >>b
    if [ -s a ] && cmp -s a b; then pass; else fail "$2 and $3 differ"; fi
}

test_salvage() {
    fill j 1000
    run mark j reader 17
    cp -r j damaged
    zero damaged/data.mdb 0
    run salvage damaged to
    verify 'where the end is lost nobody can tell' test "$code" -eq 8
    verify 'so it is not said that nothing is' test -z "$(grep 'no entry' out)"
    verify 'but that it cannot be told' grep -q '^entries may be lost' out
    verify 'it says what was carried over' grep -q \
        '^1000 entries carried over to to' out
    verify 'and what to do next' grep -q "journal verify to$" out
    verify 'also against the cause' grep -q 'find out why' out
    verify 'and shows no progress to a file' test ! -s err
    same 'all is there that was not damaged' j to
    run verify to
    verify 'and sound' test "$code" -eq 0
    run salvage --json damaged json
    verify 'figures as JSON' grep -q \
        '^{"salvaged":1000,"entries_bad":0,.*"missing":\[\],"unsure":1}$' out
    run salvage -q damaged quiet
    verify "or nothing, but the exit code" test "$code$(cat out err)" = 8
    verify 'nothing else is left' test -z "$(find . -name '*.partial')"
}

test_whole() {
    fill s 1000
    run salvage s all
    verify 'with nothing lost all is well' test "$code" -eq 0
    verify 'and is said to be' grep -q '^no entry is lost' out
    verify 'and the disk is not blamed' test -z "$(grep 'lose more' out)"
    printf X >>s/data.mdb
    run salvage s more
    verify 'also if the file has more' test "$code" -eq 0
}

# The writer has died, and what was in the tail alone is gone.
test_tail() {
    mkfifo tail.lines
    "$JOURNAL" append -q --lines t k <tail.lines >/dev/null 2>&1 &
    writer=$!
    exec 7>tail.lines
    for i in 1 2 3 4 5 6; do
        echo "$i" >&7
        while [ "$("$JOURNAL" replay t 2>/dev/null | wc -l)" -lt "$i" ]; do
            sleep 0.1
        done
    done
    kill -9 "$writer"
    exec 7>&-
    wait "$writer" 2>/dev/null
    cp -r t lost
    run salvage t tail.there
    verify 'a tail that is there is carried over' test "$code" -eq 0
    rm lost/tail
    run salvage lost tail.rest
    verify 'of a tail that is not there has the exit code' test "$code" -eq 8
    verify 'nobody says that nothing is lost' test -z "$(grep 'no entry' out)"
    verify 'but that it cannot be told' grep -q '^entries may be lost' out
    verify 'and what is' grep -q 'the tail that had the' out
    verify 'and where it may be' grep -q 'a backup may have' out
    run salvage --json lost tail.json
    verify 'JSON has it, too' grep -q '"unsure":1}$' out
    rm t/data.mdb
    run salvage t tail.alone
    verify 'nor where the data file is gone' test "$code" -eq 8 -a \
        -z "$(grep 'no entry' out)"
}

# Some leaves are gone; what lies beside them is not.
test_missing() {
    fill m 3000
    cp -r m cut
    pages=$(($(wc -c <m/data.mdb) / 4096))
    page=$((pages / 2))
    while [ "$page" -lt $((pages / 2 + 6)) ]; do
        zero cut/data.mdb "$page"
        page=$((page + 1))
    done
    run salvage cut rest
    verify 'what is lost has its exit code' test "$code" -eq 8
    verify 'some entries are lost' grep -q 'lost$' out
    verify 'and are listed' grep -q '^Numbers that are not there:$' out
    verify 'nothing else is not there' test -z "$(grep 'of these had' out)"
    verify 'with their ranges' grep -q '^    [0-9][0-9]* to [0-9][0-9]*$' out
    run salvage --json cut json.rest
    verify 'JSON has it too' test "$code" -eq 8
    cp out figures
    CLAIM='with the ranges of those that are not there, and no others'
    sed 's/.*"missing":\[\[\(.*\)\]\],.*/\1/; s/\],\[/ /g' figures |
        tr ' ,' '\n ' | while read -r from to; do seq "$from" "$to"; done >gone
    "$JOURNAL" replay json.rest | cut -f 1 | sort -n - gone >numbers
    seq 0 2999 >expected
    if [ -s gone ] && cmp -s numbers expected; then
        pass
    else
        fail "$(cat figures)"
    fi
    run replay rest
    verify 'the others are there' test "$(wc -l <out)" -gt 2000
}

# A compaction has left out some numbers, which are not lost.
test_compacted() {
    fill c 40
    run append -q c other rotten
    fill c 10
    run compact -q --before 51 c
    verify 'what is there is compacted' test "$code" -eq 0
    damage c/data.mdb rotten
    run salvage c c.rest
    verify 'the one that is lost is counted' grep -q '^1 entry is lost$' out
    verify 'and is among those not there' grep -q '^    40 to 49$' out
    verify 'of which it is said how many are not lost' grep -q \
        '^9 of these had been compacted away' out
}

# What is told to do can be done, whatever the path: a shell that completes one
# puts a slash behind it.
test_advice() {
    for path in plain/ "it's here" -dash; do
        fill "./$path" 10
        run salvage -- "$path" rescued
        sed -n 's/^ *\(mv .* && mv .*\)/\1/p' out >todo
        CLAIM="what is to be done with $path is"
        if sh todo && [ ! -e rescued ] && [ -e "./${path%/}.damaged" ] &&
            "$JOURNAL" verify -q "./$path"; then
            pass
        else
            fail "$(cat todo)"
        fi
    done
    run append -q plain k rotten
    damage plain/data.mdb rotten
    run verify plain/
    verify 'verify puts the copy beside it' grep -q \
        '^ *cp -a plain/ plain.damaged$' out
}

test_refused() {
    fill n 10
    mkdir taken && : >taken/something
    complains 'a place that is taken' 2 'exists' salvage n taken
    complains 'no journal' 1 'not found' salvage nothing other
    mkdir bad && echo rubbish >bad/data.mdb
    complains 'nothing that can be read' 5 'nothing in it can be read' \
        salvage bad other
    complains 'one path' 2 'TO is missing' salvage n
    complains 'three of them' 2 'operand' salvage n b c
    verify 'and nothing was made' test ! -e other
}

# Whoever writes is in the way.
test_busy() {
    fill w 10
    mkfifo lines
    "$JOURNAL" append -q --lines w k <lines >/dev/null 2>&1 &
    exec 7>lines
    echo one >&7
    while [ "$("$JOURNAL" replay w | wc -l)" -lt 11 ]; do sleep 0.1; done
    complains 'somebody writes' 4 'open' salvage w busy
    verify 'what to do is told' grep -q 'try again' err
    exec 7>&-
    wait
    run salvage w busy
    verify 'and then it works' test "$code" -eq 0
}

test_salvage
test_whole
test_tail
test_missing
test_compacted
test_advice
test_refused
test_busy
conclude salvage_test
