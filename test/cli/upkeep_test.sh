#!/bin/sh
# upkeep_test.sh - the command where it maintains: marks, prune, compact, rewind
# and retention.
#
#   JOURNAL=build/journal test/cli/upkeep_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# fill JOURNAL COUNT: entries of one key, with their numbers as values.
fill() {
    seq 0 $(($2 - 1)) | "$JOURNAL" append -q --lines --batch 1000 "$1" k
}

# numbers_are CLAIM NUMBERS JOURNAL: those that replay prints.
numbers_are() {
    CLAIM=$1
    found=$("$JOURNAL" replay "$3" | cut -f 1 | paste -s -d ' ' -)
    if [ "$found" = "$2" ]; then pass; else fail "numbers $found"; fi
}

# hints CLAIM PATTERN: so did the command before.
hints() {
    verify "$1" grep -q -e "hint: .*$2" err
}

# ---- marks ------------------------------------------------------------------

test_marks() {
    fill m 10
    says 'there are no marks' '' mark m
    says 'one is set' '' mark m backup 4
    says 'and told' "4$NL" mark m backup
    says 'another, at the end' '' mark m audit end
    says 'both are listed, in the order of their names' \
        "audit${TAB}10${NL}backup${TAB}4$NL" mark m
    says 'a mark may go back' '' mark m audit 0
    says 'indeed' "0$NL" mark m audit
    says 'and stand at the size' '' mark m audit 10
    complains 'but not above' 1 \
        "m: mark 'audit' at 11: .*(JOURNAL_OUT_OF_RANGE)" mark m audit 11
    hints 'which is told' 'the size is 10'
    says 'nothing has changed' "10$NL" mark m audit
    complains 'an unknown mark is not found' 1 \
        "m: mark 'nobody': not found (JOURNAL_NOT_FOUND)" mark m nobody
    complains 'nor can it be removed' 1 "'nobody': not found" \
        mark --delete m nobody
    says 'a known one can' '' mark -d m audit
    says 'and is gone' "backup${TAB}4$NL" mark m
    says 'marks lists them, too' "backup${TAB}4$NL" marks m
    says 'JSON has a line for each' "{\"mark\":\"backup\",\"seq\":4}$NL" \
        mark --json m
    says 'and for one' "{\"mark\":\"backup\",\"seq\":4}$NL" \
        mark --json m backup
    complains 'a mark makes no journal' 1 'absent: not found' mark absent x 0
    verify 'indeed' test ! -e absent
}

test_mark_names() {
    long=$(head -c 255 /dev/zero | tr '\0' n)
    says 'a name may have 255 bytes' '' mark m "$long" 1
    says 'and is found' "1$NL" mark m "$long"
    complains 'but not 256' 2 'at most 255 bytes' mark m "${long}n" 1
    complains 'an empty one is none' 2 'is empty' mark m '' 1
    complains 'nor is what is not UTF-8' 2 'not UTF-8' \
        mark m "$(printf '\377')" 1
    says 'a name may have anything else' '' mark m "a b${TAB}c" 2
    says 'which is escaped in a list' \
        "a b\\x09c${TAB}2${NL}backup${TAB}4${NL}$long${TAB}1$NL" mark m
    run mark -d m "$long"
    run mark -d m "a b${TAB}c"
}

test_marks_on_terminal() {
    command -v script >/dev/null || return 0
    script -qec "'$JOURNAL' mark m" /dev/null </dev/null | tr -d '\r' >out
    verify 'on a terminal marks are aligned' \
        grep -q '^backup            4$' out
}

test_mark_usage() {
    complains 'mark needs a journal' 2 'PATH is missing' mark
    complains 'a number is one' 2 "N: 'x' is not a number" mark m backup x
    complains 'end is a word alone' 2 "'ended' is not" mark m backup ended
    complains 'one operand too many' 2 "operand 'y'" mark m backup 1 y
    complains '--delete needs a name' 2 'NAME is missing' mark --delete m
    complains 'and no number' 2 "operand '1'" mark --delete m backup 1
    complains '--json does not set' 2 'for reading' mark --json m backup 1
    says 'the mark is where it was' "4$NL" mark m backup
    run stat m
    verify 'stat tells how many, and the slowest' \
        grep -q "^marks  *1 (the slowest: 'backup', at 4)$" out
    run mark m another 7
    run stat --json m
    verify 'in JSON too' grep -q \
        '"marks":2,"slowest_mark":{"name":"backup","seq":4}}$' out
    run mark -d m another
    run mark -d m backup
    run stat m
    verify 'and that there is none' grep -q '^marks  *0$' out
    run stat --json m
    verify 'which has no name' grep -q '"marks":0}$' out
}

test_prune_and_marks() {
    fill pm 10
    run mark pm slow 4
    run mark pm fast 8
    run prune --dry-run --before 6 pm
    verify 'a dry run stops at the slowest mark' \
        test "$(cat out)" = '4 entries would be removed'
    run prune --before 6 pm
    verify 'prune stops there' test "$(cat out)" = '4 entries removed'
    hints 'and says so' "mark 'slow' holds the entries from 4 on; --past-marks"
    verify 'in one line' test "$(wc -l <err)" -eq 1
    numbers_are 'those from the mark on stay' '4 5 6 7 8 9' pm
    run prune --before 6 pm
    verify 'pruning again is nothing' test "$(cat out)" = '0 entries removed'
    says 'unless marks do not count' "2 entries removed$NL" \
        prune --past-marks --before 6 pm
    run prune --keep 3 pm
    verify 'a mark below what there is holds all' \
        test "$(cat out)" = '0 entries removed'
    run mark pm slow end
    says 'a mark that has gone on does not hold' "1 entry removed$NL" \
        prune --keep 3 pm
    run prune --keep 1 pm
    hints 'but the next may' "'fast' holds the entries from 8 on"
    numbers_are 'which has' '8 9' pm
}

test_prune_by_time() {
    fill pt 3
    sleep 0.3
    between=$(date +%s.%N)
    sleep 0.3
    run append -q pt k new
    says 'prune knows times' "3 entries removed$NL" prune --until "@$between" pt
    numbers_are 'and what came since then stays' '3' pt
    says 'so does all, where it is younger' "0 entries removed$NL" \
        prune --until '1 hour ago' pt
    says 'or goes' "1 entry removed$NL" prune --until tomorrow pt
    complains 'a time is understood' 2 "until: 'soon'" prune --until soon pt
    complains 'one bound, not two' 2 'either' prune --until now --keep 1 pt
}

# ---- compact ----------------------------------------------------------------

test_compact() {
    printf '+\ta\t1\n+\tb\t1\n+\ta\t2\n-\tb\t\n+\tc\t1\n+\ta\t3\n' >in
    run append -q --columns op,key,value c <in
    run append -q --no-key c keyless
    run append -q c d 1
    says 'compact leaves the newest alone' \
        "3 entries removed, 5 left; data was 20 bytes, is 14 bytes$NL" \
        compact --before 3 c
    numbers_are 'with their numbers' '3 4 5 6 7' c
    complains 'what is gone is pruned' 1 'entry 1: .*PRUNED' read c 1
    run compact --json c
    verify 'else it keeps of each key the latest' test "$(cat out)" = \
        '{"removed":2,"entries":3,"bytes_logical_before":14,"bytes_logical":6}'
    numbers_are 'but none without a key, and no tombstone' '4 5 7' c
    says 'revisions go on' "8$NL" append c a 4
    run get -v c a
    verify 'where they were' grep -q '^revision  4, entry 5 before it$' out
    says '-q says nothing' '' compact -q c
    numbers_are 'and does the same' '4 7 8' c
    says 'compacting again is nothing' \
        "0 entries removed, 3 left; data was 6 bytes, is 6 bytes$NL" compact c
    complains 'one bound, not two' 2 'and --until' \
        compact --before 1 --until now c
    run append -q c a 5
    says 'older than a time' \
        "0 entries removed, 4 left; data was 8 bytes, is 8 bytes$NL" \
        compact --until 1h c
    says 'older than another' \
        "1 entry removed, 3 left; data was 8 bytes, is 6 bytes$NL" \
        compact --until now c
    complains 'compact makes no journal' 1 'absent: not found' compact absent
    verify 'indeed' test ! -e absent
    complains 'compact takes one journal' 2 "operand 'x'" compact c x
}

test_compact_and_marks() {
    fill cm 10
    run mark cm slow 4
    run compact -q cm
    hints 'compact stops at marks, and says so' \
        "mark 'slow' holds the entries from 4 on; --past-marks"
    numbers_are 'indeed' '4 5 6 7 8 9' cm
    run compact --past-marks cm
    verify 'unless told otherwise' test "$(cut -d , -f 1 out)" = \
        '5 entries removed'
    numbers_are 'indeed' '9' cm
}

# Numbers with holes between: 0 to 9 are keys of their own, but odd ones went.
test_sparse() {
    for n in 0 1 2 3 4 5 6 7 8 9; do
        printf 'k%s\tv\n' "$n"
    done >in
    printf 'k1\tw\nk3\tw\nk5\tw\nk7\tw\nk9\tw\n' >>in
    run append -q --tab --batch 100 sparse <in
    run compact -q sparse
    numbers_are 'compaction leaves holes' '0 2 4 6 8 10 11 12 13 14' sparse
    says 'prune counts entries, not numbers' \
        "3 entries would be removed$NL" prune --dry-run --before 5 sparse
    says 'so it keeps as many as it is told' \
        "4 entries would be removed$NL" prune --dry-run --keep 6 sparse
    says 'all' "0 entries would be removed$NL" \
        prune --dry-run --keep 10 sparse
    says 'or none' "10 entries would be removed$NL" \
        prune --dry-run --keep 0 sparse
    says 'rewind counts entries too' "7 entries would be dropped$NL" \
        rewind --dry-run sparse 5
    says 'and says what it did' \
        "2 entries dropped; the next gets number 13$NL" rewind -y sparse 13
    says 'as does prune' "5 entries removed$NL" prune --keep 3 sparse
    numbers_are 'what is left is left' '10 11 12' sparse
}

# ---- rewind -----------------------------------------------------------------

test_rewind() {
    fill r 10
    run mark r seen 9
    complains 'rewind wants to be told' 2 'say --yes' rewind r 5
    numbers_are 'and does nothing before' '0 1 2 3 4 5 6 7 8 9' r
    says 'a dry run says how many' "5 entries would be dropped$NL" \
        rewind --dry-run r 5
    says 'rewind drops the newest' \
        "5 entries dropped; the next gets number 5$NL" rewind --yes r 5
    numbers_are 'and keeps the others' '0 1 2 3 4' r
    says 'keys are as they were' 4 get r k
    says 'marks have moved back' "5$NL" mark r seen
    says 'the next append gets that number' "5$NL" append r k again
    says 'one is one' "1 entry dropped; the next gets number 5$NL" \
        rewind -y r 5
    says 'none is none' "0 entries dropped; the next gets number 5$NL" \
        rewind -y r 5
    says '-q says nothing' '' rewind -yq r 4
    complains 'not beyond the size' 1 \
        'r: rewinding to 5: .*(JOURNAL_OUT_OF_RANGE)' rewind -y r 5
    hints 'which is told' 'size is 4'
    run prune --past-marks --before 2 r
    complains 'nor below what is there' 1 \
        'r: rewinding to 1: .*(JOURNAL_PRUNED)' rewind -y r 1
    hints 'which is told too' 'entries from 2 on'
    says 'down to it, yes' "2 entries dropped; the next gets number 2$NL" \
        rewind -y r 2
    numbers_are 'which leaves none' '' r
    complains 'a size is a number' 2 "SIZE: 'x'" rewind -y r x
    complains 'and is needed' 2 'SIZE is missing' rewind -y r
    complains 'rewind makes no journal' 1 'absent: not found' rewind -y absent 0
    verify 'indeed' test ! -e absent
}

# Answers ANSWER on a terminal, which script(1) plays.
rewind_on_terminal() {
    rm -f code
    printf '%s\n' "$1" | script -qec "'$JOURNAL' rewind ask 3; echo \$? >code" \
        /dev/null >out 2>err
}

test_rewind_asks() {
    command -v script >/dev/null || return 0
    fill ask 5
    rewind_on_terminal n
    verify 'on a terminal rewind asks' \
        grep -q 'drops the entries from 3 to 4 for ever.  Go on?' out
    verify 'no is no' test "$(cat code)" -eq 7
    numbers_are 'and drops nothing' '0 1 2 3 4' ask
    rewind_on_terminal ''
    numbers_are 'nor does silence' '0 1 2 3 4' ask
    rewind_on_terminal y
    verify 'yes is yes' test "$(cat code)" -eq 0
    numbers_are 'and drops' '0 1 2' ask
}

# ---- retention --------------------------------------------------------------

test_retention() {
    seq 0 499 | "$JOURNAL" append -q --lines --keep-entries 100 keep k
    run stat --json keep
    entries=$(sed 's/.*"entries":\([0-9]*\).*/\1/' out)
    verify '--keep-entries keeps so many, and at most a step more' \
        test "$entries" -ge 100 -a "$entries" -le 107
    says 'the newest' 499 get keep k
    seq -f '%0100.0f' 0 499 |
        "$JOURNAL" append -q --lines --keep-bytes 10K keepb k
    run stat --json keepb
    bytes=$(sed 's/.*"bytes_logical":\([0-9]*\).*/\1/' out)
    verify '--keep-bytes keeps so much, and at most a step more' \
        test "$bytes" -ge 10140 -a "$bytes" -le 10980
    fill keept 100
    sleep 1
    run append -q --keep-time 0.1s keept k new
    numbers_are '--keep-time keeps what is younger' 100 keept
}

test_retention_usage() {
    complains 'a number of entries is one' 2 'keep-entries: .x. is not' \
        append --keep-entries x j k v
    complains 'and not 0' 2 'at least 1' append --keep-entries 0 j k v
    for size in '' x 1x 10KB 10k -1 1.5M ' 1' 1KiBs K; do
        complains "'$size' is no size" 2 'is not a size' \
            append --keep-bytes "$size" j k v
    done
    complains '0 bytes are none' 2 'nothing at all' append --keep-bytes 0K j k v
    complains 'a size is of 64 bits' 2 'too large' \
        append --keep-bytes 16777216T j k v
    complains 'so is its number' 2 'too large' \
        append --keep-bytes 18446744073709551616 j k v
    complains 'a span has units' 2 "keep-time: '30': a unit of time" \
        append --keep-time 30 j k v
    hints 'for example' '30d'
    verify 'and help is named' grep -q "'journal append --help'" err
    complains 'a span is of some time' 2 'no time at all' \
        append --keep-time 0s j k v
    verify 'none of this has made a journal' test ! -e j
    says 'a size may be large' "0$NL" append --keep-bytes 16777215T j k v
    says 'or have a long unit' "1$NL" append --keep-bytes 1GiB j k v
    says 'or none' "2$NL" append --keep-bytes 1000000 j k v
}

test_marks
test_mark_names
test_marks_on_terminal
test_mark_usage
test_prune_and_marks
test_prune_by_time
test_compact
test_compact_and_marks
test_sparse
test_rewind
test_rewind_asks
test_retention
test_retention_usage

conclude upkeep_test
