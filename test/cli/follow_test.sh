#!/bin/sh
# follow_test.sh - `journal follow`: what comes, marks, signals, readers.
#
#   JOURNAL=build/journal test/cli/follow_test.sh
# shellcheck disable=SC2016 # awk's dollars
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

FOLLOWER=
WRITER=

clean_up() {
    [ -z "$FOLLOWER" ] || kill -KILL "$FOLLOWER" 2>/dev/null
    [ -z "$WRITER" ] || kill -KILL "$WRITER" 2>/dev/null
    rm -rf "$WORK"
}
trap clean_up EXIT

# A shell without jobs lets what it puts in the background ignore SIGINT.
interruptible() {
    env --default-signal=INT true 2>/dev/null
}

# follow ARGUMENT...: in the background, its output in followed and said.
follow() {
    : >followed
    if interruptible; then
        env --default-signal=INT "$JOURNAL" follow "$@" >followed 2>said &
    else
        "$JOURNAL" follow "$@" >followed 2>said &
    fi
    FOLLOWER=$!
}

# until_true COMMAND...: within half a minute.
until_true() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || return 1
        sleep 0.1
    done
}

has_lines() {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

# ended CLAIM CODE: the follower ends with that.
ended() {
    CLAIM=$1
    wait "$FOLLOWER" 2>/dev/null
    code=$?
    FOLLOWER=
    if [ "$code" -eq "$2" ]; then pass; else fail "exit code $code"; fi
}

# stop: by a signal that it heeds.
stop() {
    kill -TERM "$FOLLOWER"
    ended "$1" 143
}

# shows CLAIM NUMBERS: once there are as many lines, they have these numbers.
shows() {
    CLAIM=$1
    # shellcheck disable=SC2086 # words
    set -- "$2" $2
    until_true has_lines followed $(($# - 1))
    found=$(cut -f 1 followed | paste -s -d ' ' -)
    if [ "$found" = "$1" ]; then pass; else fail "numbers $found"; fi
}

mark_is() {
    [ "$("$JOURNAL" mark "$1" "$2" 2>/dev/null)" = "$3" ]
}

append() {
    "$JOURNAL" append -q "$@"
}

# Who feeds it ends for want of a reader.
kill_writer() {
    kill -KILL "$WRITER"
    wait "$WRITER" 2>/dev/null
    WRITER=
}

# ---- what comes -------------------------------------------------------------

test_what_comes() {
    append j k before
    append j k before
    follow --last 0 --mark here j
    until_true mark_is j here 2
    append j k after
    shows 'what is appended is shown' '2'
    append j k more
    shows 'and what comes then' '2 3'
    stop 'until it is told to stop'
    verify 'the lines are those of replay' \
        test "$(cut -f 3- followed)" = "k${TAB}3${TAB}-${TAB}after
k${TAB}4${TAB}-${TAB}more"
}

# Without a mark nothing tells when it has begun, but that something comes.
test_start_at_end() {
    append s k before
    follow s
    tries=0
    until has_lines followed 1 || [ $tries -gt 100 ]; do
        append s k after
        sleep 0.1
        tries=$((tries + 1))
    done
    stop 'follow begins at the end'
    verify 'what was there is not shown' \
        test "$(head -n 1 followed | cut -f 6)" = after
}

test_starts() {
    for n in 0 1 2 3 4; do append b "k$n" "$n"; done
    says 'so many lines end it' \
        "0${NL}1${NL}2$NL" follow_numbers -n 3 --first 0 b
    says 'from a number on' "3${NL}4$NL" follow_numbers -n 2 --first 3 b
    says 'from so many before the end on' "3${NL}4$NL" \
        follow_numbers -n 2 --last 2 b
    says 'as far as there are' "0$NL" follow_numbers -n 1 --last 9 b
    says 'since a time' "0$NL" follow_numbers -n 1 --since 1h b
    says 'up to a number' "2${NL}3$NL" follow_numbers --first 2 --limit 4 b
    says 'also if none of them match' '' \
        follow_numbers --key nobody --first 2 --limit 4 b
    says 'no lines are none' '' follow_numbers -n 0 b
    complains 'a start beyond the end is none' 1 'entry 6: .*OUT_OF_RANGE' \
        follow --first 6 b
    run prune -q --before 2 b
    complains 'nor is a pruned one' 1 'entry 1: .*PRUNED' follow --first 1 b
    says 'query --follow begins with the oldest' "2${NL}3$NL" \
        query_numbers --follow -n 2 b
    follow --since now --mark since b
    until_true mark_is b since 5
    append b k5 5
    shows 'since now is from now on' '5'
    stop 'it ends'
}

# So that `says` may be used: run calls journal with what it is given.
run() {
    case $1 in
    follow_numbers | query_numbers)
        command=${1%_numbers}
        shift
        timeout 60 "$JOURNAL" "$command" "$@" >lines 2>err
        code=$?
        cut -f 1 lines >out
        ;;
    *)
        timeout 60 "$JOURNAL" "$@" >out 2>err
        code=$?
        ;;
    esac
}

test_filters() {
    printf '+\ta/1\tv\n+\tb/1\tv\n-\ta/1\t\n+\ta/2\tv\n' |
        append --columns op,key,value f
    says 'follow filters by key' "0${NL}2$NL" \
        follow_numbers --first 0 --limit 4 -k a/1 f
    says 'by prefix' "0${NL}2${NL}3$NL" \
        follow_numbers --first 0 --limit 4 --prefix a f
    says 'by expression' "0${NL}1${NL}2$NL" \
        follow_numbers --first 0 --limit 4 -e '*/1' f
    says 'without tombstones' "0${NL}1${NL}3$NL" \
        follow_numbers --first 0 --limit 4 --live f
    says 'of escaped keys' "3$NL" \
        follow_numbers --first 0 --limit 4 -x -k 'a\x2f2' f
    follow --mark m -k a/1 f
    until_true mark_is f m 4
    append f b/1 other
    append f a/1 wanted
    append f b/1 other
    shows 'what comes is filtered too' '5'
    verify 'what does not match is handled with it' until_true mark_is f m 7
    stop 'it ends'
    run follow --json --first 5 -n 1 f
    verify 'JSON where wanted' grep -q '^{"seq":5,.*"value":"wanted"}$' out
    run follow --meta --first 5 -n 1 f
    verify 'a column for the meta too' awk -F '\t' 'NF != 7 { exit 1 }' out
}

test_usage() {
    complains 'follow needs a journal' 2 'PATH is missing' follow
    complains 'that is there' 1 'absent: not found' follow absent
    complains 'and makes none for a mark' 1 'absent: not found' \
        follow --mark m absent
    verify 'indeed' test ! -e absent
    complains 'one start' 2 'one of --first' follow --first 1 --last 1 j
    complains 'not two' 2 'one of --first' follow --last 1 --since now j
    complains 'it has no end in time' 2 'until' follow --until now j
    complains 'a mark has a name' 2 'is empty' follow --mark '' j
    complains 'a time is understood' 2 'since: .soon.' follow --since soon j
    complains 'an expression is one' 2 'not a key expression' follow -e // j
}

# ---- marks ------------------------------------------------------------------

test_mark() {
    for n in 0 1 2 3 4; do append m k "$n"; done
    run follow --mark work --first 0 -n 2 m
    verify 'a new mark begins where it is told' \
        test "$(cut -f 1 out | paste -s -d ' ' -)" = '0 1'
    verify 'which is said' \
        grep -q "hint: the mark 'work' is new, and begins at 0" err
    verify 'and stands behind what was written' mark_is m work 2
    run follow --mark work --first 0 -n 2 m
    verify 'a known one goes on there' \
        test "$(cut -f 1 out | paste -s -d ' ' -)" = '2 3'
    verify 'in silence' test ! -s err
    follow --mark work m
    shows 'and on' '4'
    append m k 5
    shows 'with what comes' '4 5'
    verify 'the mark moves along' until_true mark_is m work 6
    kill -KILL "$FOLLOWER"
    ended 'it is killed' 137
    append m k 6
    says 'and resumed' "6$NL" follow_numbers --mark work -n 1 m
    run prune --before 100 m
    verify 'what has been written may be pruned' mark_is m work 7
    append m k 7
    append m k 8
    run prune --past-marks --before 8 m
    run follow --mark work -n 1 m
    verify 'what was pruned past the mark is told' \
        grep -q "m: mark 'work' at 7: has been pruned (JOURNAL_PRUNED)" err
    verify 'before it goes on' test "$(cut -f 1 out)" = 8
}

test_signals() {
    for signal in INT:130 TERM:143 HUP:129; do
        [ "$signal" != INT:130 ] || interruptible || continue
        rm -rf sig
        append sig k 0
        follow --mark m --first 0 sig
        until_true has_lines followed 1
        append sig k 1
        until_true has_lines followed 2
        kill "-${signal%:*}" "$FOLLOWER"
        ended "SIG${signal%:*} ends it as it would another" "${signal#*:}"
        verify 'with the mark where it ought to be' mark_is sig m 2
        verify 'without a word' test "$(wc -l <said)" -eq 1
    done
}

# ---- killed, and resumed ----------------------------------------------------

# The numbers of standard input are all in seen.
are_seen() {
    awk 'NR == FNR { seen[$1] = 1; next } !($1 in seen) { bad = 1 }
        END { exit bad }' seen -
}

mark_is_over() {
    [ "$("$JOURNAL" mark kills m)" -gt "$1" ]
}

# A follower is killed again and again while there is a writer; whole lines of
# all its lives are kept.  $1: what it filters by, $2: of which numbers.
survives_kills() {
    rm -rf kills part.*
    append kills k0 0
    run mark kills m 0
    seq 1 1000000 | awk '{ print "k" $1 % 3 "\t" $1 }' |
        "$JOURNAL" append --tab --batch 5 kills >acknowledged &
    WRITER=$!
    lives=12
    life=0
    bad=0
    mark=0
    while [ "$life" -lt "$lives" ]; do
        # shellcheck disable=SC2086 # words, or none
        follow --mark m $1 kills
        case $((life % 3)) in
        0) until_true mark_is_over "$mark" ;;
        *) sleep "0.$((life % 4 + 1))" ;;
        esac
        kill -KILL "$FOLLOWER"
        wait "$FOLLOWER" 2>/dev/null
        FOLLOWER=
        # The last line may have been cut; its number may have been, too.
        awk -v ORS= '{ print line; line = $0 "\n" }' followed >"part.$life"
        [ -n "$(tail -c 1 followed)" ] || cp followed "part.$life"
        mark=$("$JOURNAL" mark kills m)
        cat part.* | cut -f 1 | sort -nu >seen
        seq 0 $((mark - 1)) | awk "$2" | are_seen || bad=$((bad + 1))
        life=$((life + 1))
    done
    kill_writer
    verify "a mark is never ahead of what was written ($1)" test "$bad" -eq 0
    verify 'and gets on from life to life' test "$mark" -ge $((lives / 3))
    size=$("$JOURNAL" stat --json kills | sed 's/.*"size":\([0-9]*\).*/\1/')
    # shellcheck disable=SC2086 # words, or none
    timeout 60 "$JOURNAL" follow --mark m --limit "$size" $1 kills >part.last
    mark=$("$JOURNAL" mark kills m)
    verify 'the last life comes to the end' test "$mark" -eq "$size"
    cat part.* | cut -f 1 | sort -nu >seen
    seq 0 $((size - 1)) | awk "$2" >wanted
    verify 'and every entry was written at least once' cmp -s wanted seen
}

test_kills() {
    survives_kills '' '{ print }'
    survives_kills '--key k1' '$1 % 3 == 1'
}

# ---- readers, disks ---------------------------------------------------------

test_reader() {
    append r k 0
    {
        timeout 60 "$JOURNAL" follow --first 0 r 2>err
        echo $? >code
    } | head -n 1 >out
    verify 'it ends when nobody reads, though nothing comes' \
        test "$(cat code)" -eq 141
    verify 'having been read' test "$(cut -f 1 out)" = 0
    verify 'without a word' test ! -s err
    {
        timeout 60 "$JOURNAL" follow -n 1 --first 0 r 2>err
        echo $? >code
    } | head -n 1 >out
    verify 'not where it has ended before' test "$(cat code)" -eq 0
    seq 1 1000000 | "$JOURNAL" append -q --lines r k &
    WRITER=$!
    {
        timeout 60 "$JOURNAL" follow r 2>err
        echo $? >code
    } | head -n 1 >out
    verify 'and while there comes more and more' test "$(cat code)" -eq 141
    kill_writer
    verify 'without a word' test ! -s err
}

test_full() {
    [ -c /dev/full ] || return 0
    append full k 0
    run mark full m 0
    CLAIM='what cannot be written is told'
    timeout 60 "$JOURNAL" follow --mark m full >/dev/full 2>err
    code=$?
    if [ $code -eq 7 ] && grep -q 'standard output: No space' err; then
        pass
    else
        fail "exit code $code"
    fi
    verify 'and not marked as handled' mark_is full m 0
}

# ---- what others do meanwhile -----------------------------------------------

test_rewind_meanwhile() {
    for n in 0 1 2 3 4; do append w k "$n"; done
    follow --mark m --last 1 w
    shows 'a follower' '4'
    until_true mark_is w m 5
    run rewind -yq w 2
    verify 'hears of a rewind' until_true grep -q 'rewound from 5 to 2' said
    append w k new
    shows 'and goes on with what is appended there' '4 2'
    verify 'marking that' until_true mark_is w m 3
    stop 'it ends'
}

# The size is what it was before anybody looks; but a rewind moves marks back.
test_rewind_made_good() {
    for n in 0 1 2 3 4; do append made k "$n"; done
    follow --mark m --last 1 made
    shows 'a follower' '4'
    until_true mark_is made m 5
    run rewind -yq made 3
    printf '5\n6\n' >in
    run append -q --lines --batch 2 made k <in
    shows 'writes what got numbers again' '4 3 4'
    verify 'and marks it again' until_true mark_is made m 5
    stop 'it ends'
}

test_removed_meanwhile() {
    append gone k v
    timeout 60 "$JOURNAL" follow --first 0 gone >out 2>err &
    FOLLOWER=$!
    verify 'one whose journal' until_true grep -q v out
    rm gone/*
    wait "$FOLLOWER"
    code=$?
    FOLLOWER=
    verify 'is removed ends' test "$code" -eq 7
    verify 'says why' grep -q '(ESTALE)' err
    verify 'and what to do' grep -q 'hint: .*begin again' err
}

test_damage() {
    append d k first
    append d k something-to-be-damaged
    append d k third
    damage d/data.mdb something-to-be-damaged
    run follow --first 0 -n 2 d
    verify 'a damaged entry is left out' \
        test "$(cut -f 1 out | paste -s -d ' ' -)" = '0 2'
    verify 'and told' grep -q 'd: entry 1: .*(JOURNAL_CORRUPT)' err
    verify 'at the end too' test "$code" -eq 5
}

test_what_comes
test_start_at_end
test_starts
test_filters
test_usage
test_mark
test_signals
test_kills
test_reader
test_full
test_rewind_meanwhile
test_rewind_made_good
test_removed_meanwhile
test_damage

conclude follow_test
