#!/bin/sh
# export_test.sh - a journal as JSON lines, and back: nothing lost, nothing
# twice, whatever stops an import.
#
#   JOURNAL=build/journal test/cli/export_test.sh
# shellcheck disable=SC2162 # `read` is journal's
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# What of an export a second one has, too: no times, and no id.
essence() {
    sed -e 's/"time":[0-9]*,"time_iso":"[^"]*",//' -e 's/"id":"[^"]*",//' "$@"
}

# same A B: journals with the same entries and marks.
same() {
    "$JOURNAL" export "$1" >same.a && "$JOURNAL" export "$2" >same.b || return
    essence same.a >same.c
    essence same.b >same.d
    cmp same.c same.d
}

# A journal of everything there is.
make_all() {
    seq 20 | "$JOURNAL" append -q --lines --batch 20 all k
    head -c 3000 /dev/urandom | "$JOURNAL" append -q all blob
    printf 'a\0b' | "$JOURNAL" append -q all "$(printf '\377\376')" -m "$(
        printf '\200')"
    "$JOURNAL" append -q --stamp 18446744073709551614:01ff all stamped s -m M
    "$JOURNAL" append -q --delete --stamp 18446744073709551614:02 all stamped
    "$JOURNAL" append -q --delete all never
    "$JOURNAL" append -q --no-key all 'no key'
    "$JOURNAL" append -q all empty ''
    printf 'line\n"quoted" \\ \177 \302\205' | "$JOURNAL" append -q all text
    "$JOURNAL" mark all reader 7
    "$JOURNAL" mark all "m$(printf '\303\244')\"rk" end
}

# ---- there and back ---------------------------------------------------------

test_round_trip() {
    make_all
    run export all
    mv out all.json
    verify 'an export ends without a word' test ! -s err
    verify 'has a line of its own first' \
        grep -q '^{"export":1,"id":"[0-9a-f]*","first":0,"size":28}$' all.json
    verify 'and last' test "$(tail -n 1 all.json)" = '{"end":true,"entries":28}'
    says 'an import takes all' "28 entries imported, 2 marks made$NL" \
        import copy <all.json
    verify 'as it was' same all copy
    run verify copy
    verify 'into a sound journal' test "$code" -eq 0
    says 'a second one changes nothing' \
        "0 entries imported, 28 there already$NL" import copy all.json
    verify 'at all' same all copy
    says 'figures may be JSON' \
        "{\"imported\":0,\"present\":28,\"filled\":0,\"marks\":0}$NL" \
        import --json copy all.json
    says 'or nothing' '' import -q copy all.json
    "$JOURNAL" mark copy reader 9
    run import copy all.json
    says 'a mark that has moved on stays' "9$NL" mark copy reader
    "$JOURNAL" export all | head -n 1 >out 2>err
    verify 'a pipe that breaks is no error' test ! -s err
}

# The last number of all is taken, and the size is one more.
at_the_top() {
    first=18446744073709551614
    printf '%s\n' "{\"export\":1,\"first\":$first,\"size\":$first}" \
        '{"end":true,"entries":0}' >top.json
    run import top top.json
    "$JOURNAL" append -q --stamp 18446744073709551615:01 top k v
    "$JOURNAL" mark top reader end
    "$JOURNAL" export top >top.json
    says 'the last number there is, with a stamp and a mark as large' \
        "1 entry imported, 1 mark made$NL" import top.copy top.json
    verify 'is the same' same top top.copy
    "$JOURNAL" prune -q --past-marks --keep 0 top
    "$JOURNAL" export top >top.json
    verify 'an export may begin with its size' grep -q \
        '"first":18446744073709551615,"size":18446744073709551615}' top.json
    complains 'with which no journal begins' 3 'size 18446744073709551615' \
        import top.empty top.json
    verify 'be it there or not' grep -q 'hint: to keep numbers: --fill' err
    rm -r top.empty
    says 'but may go on' "0 entries imported, 1 empty for missing numbers, \
1 mark made$NL" import --fill top.empty top.json
    "$JOURNAL" compact -q top.empty
    verify 'and be the same' same top top.empty
    echo '{"seq":18446744073709551615,"key":"k","value":"v"}' >top.json
    complains 'no entry has that number' 2 \
        'line 1: seq: not a number from 0 to 18446744073709551614' \
        import top.none top.json
    echo '{"mark":"m","seq":18446744073709551616}' >top.json
    complains 'and no mark one over it' 2 \
        'line 1: seq: not a number from 0 to 18446744073709551615' \
        import top.none top.json
}

# What was there before is pruned away, numbers go on.
test_numbers() {
    cp -r all pruned
    "$JOURNAL" prune -q --past-marks --before 22 pruned
    run export pruned
    mv out pruned.json
    says 'numbers are kept where the oldest are gone' \
        "6 entries imported, 2 marks made$NL" import pruned.copy <pruned.json
    says 'all of them' 'no key' read pruned.copy 25
    complains 'also those that are not there' 1 PRUNED read pruned.copy 21
    cp -r all none
    "$JOURNAL" prune -q --past-marks --keep 0 none
    "$JOURNAL" export none >none.json
    says 'of a journal that is empty, too' \
        "0 entries imported, 2 marks made$NL" import none.copy none.json
    says 'which goes on counting' "28$NL" append none.copy k v
    for first in 9223372036854775807 18446744073709551500; do
        printf '%s\n' "{\"export\":1,\"first\":$first,\"size\":$first}" \
            '{"end":true,"entries":0}' >far.json
        run import "far$first" far.json
        "$JOURNAL" append "far$first" k v >far.seq
        "$JOURNAL" export "far$first" >far.json
        run import "copy$first" far.json
        verify "a number may be as large as $first" same "far$first" \
            "copy$first"
        verify 'and is the same' test "$(cat far.seq)" = "$first"
    done
    at_the_top
    run export --first 5 --limit 8 all
    verify 'a part has no marks' test "$(grep -c . out)" -eq 5
    "$JOURNAL" export --limit 10 all >parts
    "$JOURNAL" export --first 10 all >>parts
    says 'parts make the whole' "28 entries imported, 2 marks made$NL" \
        import parts.copy parts
    verify 'as it was' same all parts.copy
    complains 'what is pruned is not exported' 1 'entry 3: .*PRUNED' \
        export --first 3 pruned
    complains 'nor what is yet to come' 1 'entry 29: .*OUT_OF_RANGE' \
        export --first 29 all
}

test_replay() {
    "$JOURNAL" replay --json all >replay.json
    says 'what replay prints will do' "28 entries imported$NL" \
        import replay.copy replay.json
    "$JOURNAL" replay --json replay.copy >again.json
    essence replay.json >a
    essence again.json >b
    verify 'for the entries' cmp -s a b
    complains 'what is no journal is not exported' 1 'nothing: not found' \
        export nothing
}

# ---- holes ------------------------------------------------------------------

test_holes() {
    cp -r all holes
    "$JOURNAL" compact -q --past-marks holes
    "$JOURNAL" export holes >holes.json
    complains 'numbers that are missing are told' 3 \
        'holes.json: line 5: entry 26, but the next in .* gets number 22' \
        import holes.copy holes.json
    verify 'with what helps' grep -q 'hint: to keep numbers: --fill puts' err
    tail -n +5 holes.json | sed '1i {"export":1,"first":26,"size":28}' |
        sed '$s/[0-9]*}/1}/' >end.json
    "$JOURNAL" append -q holes.other k v
    complains 'also behind what others have appended' 3 \
        'line 2: entry 26, but the next in .* gets number 1' \
        import holes.other end.json
    verify 'where another journal would help' \
        grep -q 'hint: .*: import into a journal that is not there.*--fill' err
    head -n 3 holes.json | "$JOURNAL" import -q holes.begun 2>err
    run import holes.begun holes.json
    verify 'and not where an earlier run came as far' \
        grep -q 'hint: to keep numbers: --fill puts' err
    run import --fill holes.copy holes.json
    verify 'empty entries fill them' grep -q ' [1-9] empty for missing' out
    cp -r holes.copy holes.filled
    run import --fill holes.filled holes.json
    verify 'once' grep -q '^0 entries imported, .* there already$' out
    "$JOURNAL" compact -q --past-marks holes.copy
    "$JOURNAL" replay --json holes >a
    "$JOURNAL" replay --json holes.copy >b
    sed 's/"revision":[0-9]*,"prev":[0-9nul]*,//' a | essence >c
    sed 's/"revision":[0-9]*,"prev":[0-9nul]*,//' b | essence >d
    verify 'and compact makes it the same' cmp -s c d
    run import --renumber holes.new holes.json
    verify '--renumber closes them' test "$(cat out)" = '5 entries imported'
    "$JOURNAL" replay holes | cut -f 3,6 >a
    "$JOURNAL" replay --from 0 holes.new | cut -f 3,6 >b
    verify 'from 0 on' cmp -s a b
    complains 'but not behind others, unless told' 2 'has entries' \
        import --renumber all holes.json
    cp -r all both
    says 'as by --append' "5 entries imported$NL" \
        import --renumber --append both holes.json
    complains 'not with --fill' 2 '--fill' import --renumber --fill j
}

# The newest entries are gone, and their numbers are not used again.
test_hole_at_end() {
    "$JOURNAL" append -q gone a 1
    "$JOURNAL" append -q gone b 2
    "$JOURNAL" append -q --delete gone b
    "$JOURNAL" compact -q gone
    "$JOURNAL" export gone >gone.json
    complains 'a size is not lowered without a word' 3 \
        'line 3: the export has size 3, but the next in .* gets number 1' \
        import gone.copy gone.json
    verify 'it is said what helps' grep -q 'hint: .*--fill' err
    verify 'and not that the same would' test "$(grep -c 'goes on' err)" -eq 0
    says 'empty entries keep it' \
        "1 entry imported, 2 empty for missing numbers$NL" \
        import --fill gone.copy gone.json
    "$JOURNAL" compact -q gone.copy
    verify 'and compact makes it the same' same gone gone.copy
    says 'once' "0 entries imported, 1 there already$NL" \
        import gone.copy gone.json
    "$JOURNAL" mark gone reader end
    "$JOURNAL" export gone >gone.json
    complains 'so are marks refused that stand there' 3 'line 3: .*size 3' \
        import gone.marked gone.json
    says 'and kept' \
        "1 entry imported, 2 empty for missing numbers, 1 mark made$NL" \
        import --fill gone.marked gone.json
    says 'where they stood' "3$NL" mark gone.marked reader
    says 'new numbers have no holes' "1 entry imported$NL" \
        import --renumber gone.new gone.json
    says 'up to the end' "1$NL" append gone.new k v
    "$JOURNAL" export --first 2 gone >none.json
    run import gone.none none.json
    says 'a part without entries has a size, too' "3$NL" append gone.none k v
}

# ---- lines without numbers --------------------------------------------------

test_plain() {
    run export --plain all
    verify 'the plain form is keys and values' \
        test "$(grep -vc '^{"key_b64":"[^"]*","value_b64":"[^"]*"}$' out)" -eq 0
    verify 'of keys that are there' test "$(grep -c . out)" -eq 5
    mv out plain.json
    says 'it is taken' "5 entries imported$NL" import plain plain.json
    "$JOURNAL" export --plain plain >again.json
    verify 'and is the same' cmp -s plain.json again.json
    says 'its mark is gone' '' mark plain
    complains 'a second time is not the same' 2 'plain: it has entries' \
        import plain plain.json
    verify 'and says what to do' grep -q 'hint: --append' err
    says 'but may be meant' "5 entries imported$NL" \
        import --append plain plain.json
    says 'some of them' '' export --plain -p nobody all
    run export --plain -e 'te*' all
    verify 'no wildcard within a chunk is there' test "$code" -eq 2
    run export --plain -e '$*x$*' all
    verify 'as key expressions have them' test "$(grep -c . out)" -eq 1
    says 'as of an earlier size' \
        "{\"key_b64\":\"aw==\",\"value_b64\":\"NA==\"}$NL" \
        export --plain --limit 4 all
    complains 'which the history does with query' 2 'for --plain' \
        export -p x all
    complains 'and not from a number on' 2 'not for --plain' \
        export --plain --first 1 all
}

# ---- what stops it ----------------------------------------------------------

# Killed at any moment, and begun again with the same input, until it is done.
kill_and_go_on() {
    rounds=0
    killed=0
    while [ $rounds -lt 8 ]; do
        rounds=$((rounds + 1))
        "$JOURNAL" import -q --batch 7 "$2" "$1" 2>/dev/null &
        pid=$!
        sleep 0.0$((rounds * 7 % 10))
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        [ $? -ne 137 ] || killed=$((killed + 1))
    done
    "$JOURNAL" import "$2" <"$1" >out 2>err
    code=$?
}

test_killed() {
    awk 'BEGIN { for (i = 0; i < 30000; i++)
        printf "k%d\t%d some words to make it longer\n", i % 100, i }' |
        "$JOURNAL" append -q --tab --batch 1000 many
    "$JOURNAL" mark many reader 77
    "$JOURNAL" export many >many.json
    kill_and_go_on many.json killed
    verify 'an import was killed' test $killed -gt 0
    verify 'and went on' test "$code" -eq 0
    verify 'to the same end' same many killed
    sed -e '1d' -e '/"mark"/d' -e '$d' -e 's/"seq":[0-9]*,//' many.json \
        >unnumbered.json
    kill_and_go_on unnumbered.json killed.plain
    verify 'also one without numbers' test "$code" -eq 0
    "$JOURNAL" replay many | cut -f 1,3- >a
    "$JOURNAL" replay killed.plain | cut -f 1,3- >b
    verify 'with the same entries, once each' cmp -s a b
    says 'which takes its mark away' '' mark killed.plain
}

# wait_for_size JOURNAL SIZE
wait_for_size() {
    tries=0
    until "$JOURNAL" stat --json "$1" 2>/dev/null | grep -q "\"size\":$2," ||
        [ $tries -ge 300 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}

# Lines that come when the test says so.
test_interrupted() {
    mkfifo pipe
    head -n 15001 many.json >first.half
    "$JOURNAL" import stopped <pipe >out 2>err &
    pid=$!
    exec 3>pipe
    cat first.half >&3
    wait_for_size stopped 15000
    kill -TERM $pid
    echo '{"seq":15000,"key":"x","value":""}' >&3
    exec 3>&-
    wait $pid
    code=$?
    verify 'an interrupted import ends by its signal' test "$code" -eq 143
    verify 'having said how far it came' \
        grep -q 'hint: 15000 entries were imported' err
    says 'and goes on' "15000 entries imported, 15000 there already, 1 mark \
made$NL" import stopped many.json
    verify 'to the end' same many stopped
    run import unfinished unnumbered.json
    "$JOURNAL" mark unfinished journal-import 0
    complains 'an import goes on with one that has not finished' 3 \
        'hint: going on with .* at number 0' import unfinished plain.json
    verify 'which had the same lines' \
        grep -q 'plain.json: line 1: unfinished has another entry 0' err
    verify 'or says what else to do' grep -q 'mark --delete unfinished' err
    "$JOURNAL" export unfinished >unfinished.json
    verify 'its mark is not exported' test -z "$(grep '"mark"' unfinished.json)"
    sed '$i {"mark":"journal-import","seq":0}' unfinished.json >older.json
    says 'and left out of what was exported before' \
        "30000 entries imported$NL" import older older.json
    says 'so that it is not gone on with' '' mark older
}

# What is exported is what was there, while others append.
test_live() {
    seq 30000 | "$JOURNAL" append -q --relaxed --batch 10 --lines live k &
    pid=$!
    wait_for_size live '[1-9][0-9]*'
    for round in 1 2 3; do
        "$JOURNAL" export live >"live.$round" 2>>live.err
        verify "an export of a live journal is whole ($round)" \
            "$JOURNAL" import -q "live.copy$round" "live.$round"
    done
    wait $pid
    verify 'without a word' test ! -s live.err
    says 'and the same import goes on with a later one' '' \
        import -q live.copy1 live.3
    "$JOURNAL" export live >live.4
    says 'up to the end' '' import -q live.copy1 live.4
    verify 'which is the same' same live live.copy1
}

# Somebody appends between two batches.
test_others() {
    "$JOURNAL" import --batch 10 other <pipe >out 2>err &
    pid=$!
    exec 3>pipe
    head -n 11 many.json >&3
    wait_for_size other 10
    "$JOURNAL" append -q --existing other k v
    sed -n '12,31p' many.json >&3
    exec 3>&-
    wait $pid
    code=$?
    verify 'an import does not mix with others' test "$code" -eq 3
    verify 'and says why' grep -q 'lines .* to .*: .*CONFLICT' err
    complains 'nor goes on behind them' 3 'has another entry' \
        import other many.json
}

test_full() {
    mkdir disk
    head -c 6000000 /dev/urandom | base64 -w 4000 |
        "$JOURNAL" append -q --lines --batch 100 large k
    "$JOURNAL" export large >large.json
    cat >script <<'END'
mount -t tmpfs -o size=8m tmpfs disk 2>err && touch mounted || exit 99
"$JOURNAL" import disk/full large.json >out 2>err
echo $? >code
mount -o remount,size=64m disk
"$JOURNAL" verify -q disk/full
echo $? >sound
"$JOURNAL" import disk/full large.json >again 2>&1
"$JOURNAL" export disk/full >full.json
END
    unshare -m sh script 2>/dev/null
    [ -e mounted ] || return 0
    verify 'a full disk has its exit code' test "$(cat code)" -eq 6
    verify 'its message names lines' \
        grep -q 'disk/full: lines* [0-9].*(JOURNAL_FULL)' err
    verify 'and says that it may go on' grep -q 'hint: .* goes on from' err
    verify 'the journal is sound' test "$(cat sound)" -eq 0
    verify 'with room, it goes on' grep -q 'imported, .* there already' again
    essence large.json >a
    essence full.json >b
    verify 'to the end' cmp -s a b
    "$JOURNAL" export large >/dev/full 2>err
    code=$?
    verify 'a full disk stops an export' test "$code" -eq 7
    verify 'and is told' grep -q 'standard output: No space' err
}

# ---- bad input --------------------------------------------------------------

# refused CLAIM CODE PATTERN LINE...: in an export of two entries.
refused() {
    claim=$1
    wanted_code=$2
    pattern=$3
    shift 3
    rm -rf bad
    printf '%s\n' '{"export":1,"first":0,"size":2}' \
        '{"seq":0,"key":"k","value":"v"}' "$@" >bad.json
    complains "$claim" "$wanted_code" "$pattern" import bad bad.json
}

test_bad_input() {
    refused 'a broken line has a number' 2 'bad.json: line 3: not JSON: col' \
        '{"seq":1,"key'
    verify 'what is in front of it is in' \
        grep -q 'hint: 1 entry was imported; the same command goes on' err
    says 'indeed' v get bad k
    refused 'a cut export is told' 5 'line 3: .* cut short' \
        '{"seq":1,"key":"k","value":"v"}'
    refused 'so are entries that are missing' 2 'line 3: 2 entries were' \
        '{"end":true,"entries":2}'
    refused 'a number twice' 2 'line 3: entry 0 is out of order' \
        '{"seq":0,"key":"k","value":"v"}'
    refused 'a number that is missing' 3 'line 3: entry 2, but the next' \
        '{"seq":2,"key":"k","value":"v"}'
    refused 'no number behind others' 2 'line 3: it has no seq' \
        '{"key":"k","value":"v"}'
    refused 'a member that nobody knows' 2 "line 3: there is no member 'x'" \
        '{"seq":1,"key":"k","value":"v","x":1}'
    refused 'an expectation' 2 'line 3: expectations are for' \
        '{"seq":1,"key":"k","value":"v","expect":0}'
    refused 'a tombstone without a key' 2 'line 3: a tombstone needs' \
        '{"seq":1,"tombstone":true}'
    refused 'a stamp that goes back' 3 'line 4: .*OUTDATED' \
        '{"seq":1,"key":"k","value":"v","stamp":{"time":5}}' \
        '{"seq":2,"key":"k","value":"v","stamp":{"time":4}}'
    says 'the lines in front of it are in' "2$NL" append --expect 1 bad k v
    refused 'a mark beyond the end' 1 'line 4: a mark at 9' \
        '{"seq":1,"key":"k","value":"v"}' '{"mark":"m","seq":9}'
    refused 'a mark without a name' 2 'line 3: mark: not a name' \
        '{"mark":"","seq":1}'
    refused 'an export in another' 2 'line 3: an export begins' \
        '{"export":1,"first":0,"size":2}'
    printf '{"end":true,"entries":0}\n' >bad.json
    complains 'an end without a beginning' 2 'line 1: an export ends' \
        import bad2 bad.json
    printf '{"export":2,"first":0,"size":2}\n' >bad.json
    complains 'an export of the future' 2 'line 1: an export of version 2' \
        import bad2 bad.json
    printf '{"key":"k","value":"v"}\n{"seq":4,"key":"k","value":"v"}\n' \
        >bad.json
    complains 'a number behind none' 2 'line 2: it has a seq' \
        import bad2 bad.json
    complains 'another journal is not gone on with' 3 \
        'line 2: all has another entry 0' import all many.json
    complains 'a file that is not there is named' 7 'nothing: No such file' \
        import j nothing
    complains 'a directory is no file' 7 'all: .*line 1: Is a dir' import j all
    complains 'a batch has a line' 2 '1 to' import --batch 0 j
    verify 'none of this has made a journal' test ! -e j
    says 'nothing is nothing' "0 entries imported$NL" import j </dev/null
    verify 'and makes none' test ! -e j
}

test_terminal() {
    command -v script >/dev/null || return 0
    script -qec "{ head -n 100 many.json; sleep 0.4; tail -n +101 many.json; } |
        '$JOURNAL' import shown" /dev/null </dev/null >out
    verify 'on a terminal the line that it is at is shown' \
        grep -q 'importing line 10[01]' out
    verify 'then what came of it' grep -q '30000 entries imported' out
}

test_round_trip
test_numbers
test_replay
test_holes
test_hole_at_end
test_plain
test_killed
test_interrupted
test_live
test_others
test_full
test_bad_input
test_terminal

conclude export_test
