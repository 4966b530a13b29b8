#!/bin/sh
# query_test.sh - what the command can be asked: query, history, keys, at.
#
#   JOURNAL=build/journal test/cli/query_test.sh
# shellcheck disable=SC1003,SC2016 # backslashes alone; awk's dollars
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# hints CLAIM PATTERN: so did the command before.
hints() {
    verify "$1" grep -q -e "hint: .*$2" err
}

# finds CLAIM NUMBERS ARGUMENT...: those of the lines that journal prints.
finds() {
    CLAIM=$1
    wanted=$2
    shift 2
    run "$@"
    found=$(cut -f 1 out | paste -s -d ' ' -)
    if [ "$code" -eq 0 ] && [ "$found" = "$wanted" ] && [ ! -s err ]; then
        pass
    else
        fail "code $code, numbers $found: journal $*"
    fi
}

# 0 to 9: two rooms with lamps, one of which goes; a line without a key.
make_house() {
    {
        printf '+\tlamp/kitchen/power\ton\n'
        printf '+\tlamp/hall/power\ton\n'
        printf '+\tlamp/kitchen/power\toff\n'
        printf '+\tlamp/hall/colour\tred\n'
        printf '+\tdoor/hall\topen\n'
        printf -- '-\tlamp/hall/power\t\n'
        printf '+\tlamp/kitchen/power\ton\n'
        printf '+\t\tremark\n'
        printf '+\tlamp/hall/colour\tblue\n'
        printf -- '-\tdoor/hall\t\n'
    } | "$JOURNAL" append -q --no-key --columns op,key,value "$1"
}

# ---- query ------------------------------------------------------------------

test_matches() {
    make_house h
    finds 'query lists everything' '0 1 2 3 4 5 6 7 8 9' query h
    run query h
    cp out all
    run replay h
    verify 'as replay does' cmp -s out all
    finds 'of a key' '0 2 6' query --key lamp/kitchen/power h
    finds 'with the short option' '4 9' query -k door/hall h
    finds 'of no key' '' query --key lamp h
    finds 'of a prefix' '1 3 5 8' query --prefix lamp/hall h
    finds 'of any bytes' '4 9' query -p doo h
    finds 'of an empty one, all that have a key' '0 1 2 3 4 5 6 8 9' \
        query --prefix '' h
    finds 'of an expression' '0 1 2 5 6' query --expr 'lamp/*/power' h
    finds 'of any depth' '1 3 4 5 8 9' query -e '**/hall/**' h
    finds 'of a part of a chunk' '3 8' query -e 'lamp/*/col$*' h
    finds 'of an expression that was not canonical' '0 1 2 3 5 6 8' \
        query -e 'lamp/**/**' h
    finds 'of an expression without wildcards' '4 9' query -e door/hall h
}

test_ranges() {
    finds 'from a number on' '8 9' query --first 8 h
    finds 'up to a number' '0 1' query --limit 2 h
    finds 'between two' '2' query --first 1 --limit 6 -k lamp/kitchen/power h
    finds 'between none' '' query --first 5 --limit 5 h
    finds 'from the size on' '' query --first 10 h
    complains 'from beyond' 1 'h: entry 11: .*OUT_OF_RANGE' query --first 11 h
    complains 'up to beyond' 1 'h: limit 11: .*OUT_OF_RANGE' \
        query --limit 11 h
    hints 'which is told' 'the size is 10'
    finds 'newest first' '6 2 0' query --reverse -k lamp/kitchen/power h
    finds 'so many' '0 2' query -n 2 -k lamp/kitchen/power h
    finds 'so many of the newest' '9 8' query -r --count 2 h
    finds 'none' '' query -n 0 h
    finds 'from a revision on' '2 6' \
        query -k lamp/kitchen/power --first-revision 2 h
    finds 'without tombstones' '0 1 2 3 4 6 7 8' query --live h
    finds 'the latest of each key' '5 6 8 9' query --latest h
    finds 'of those that are left' '6 8' query --latest --live h
    finds 'as of a size' '1 2 3 4' query --latest --live --limit 5 h
    finds 'newest first' '4 3 2 1' query --latest --limit 5 -r h
    finds 'that match' '1 2' query --latest --limit 5 -e '**/power' h
    run query --meta -n 1 h
    verify 'a column for the meta' \
        awk -F '\t' 'NF != 7 { exit 1 }' out
}

# Entries with a rest between 4 and 5.
test_times() {
    seq 0 4 | "$JOURNAL" append -q --lines --batch 5 t k
    sleep 0.3
    between=$(date +%s.%N)
    sleep 0.3
    seq 5 9 | "$JOURNAL" append -q --lines --batch 5 t k
    finds 'since a time' '5 6 7 8 9' query --since "@$between" t
    finds 'until a time' '0 1 2 3 4' query --until "@$between" t
    exactly=$("$JOURNAL" read --json t 5 | sed 's/.*"time":\([0-9]*\).*/\1/')
    finds 'since an exact time' '5 6 7 8 9' query --since "$exactly" t
    finds 'until it' '0 1 2 3 4' query --until "$exactly" t
    finds 'since long ago until then' '0 1 2 3 4' \
        query --since '1 hour ago' --until "@$between" t
    finds 'since a time by the clock' '5 6 7 8 9' \
        query --since "$(date -u -d "@$between" +%Y-%m-%dT%H:%M:%S.%NZ)" t
    finds 'in the local zone' '5 6 7 8 9' \
        query --since "$(date -d "@$between" '+%Y-%m-%d %H:%M:%S.%N')" t
    finds 'of now, nothing' '' query --since now t
    finds 'nor of tomorrow' '' query --since tomorrow t
    finds 'everything was before' '0 1 2 3 4 5 6 7 8 9' \
        query --until tomorrow t
    finds 'times go with a key' '9 8 7 6 5' \
        query -r -k k --since "@$between" t
    finds 'and with the latest' '9' query --latest --since "@$between" t
}

test_usage() {
    complains 'query needs a journal' 2 'PATH is missing' query
    complains 'and takes one' 2 "operand 'x'" query h x
    complains 'one match' 2 'one of --key' query -k a -p b h
    complains 'once' 2 'one of --key' query -k a -k b h
    complains 'an empty key is none' 2 'key is empty' query -k '' h
    complains 'a key is not too long' 2 "key 'kkk.*JOURNAL_TOO_BIG" \
        query -k "$(head -c 65536 /dev/zero | tr '\0' k)" h
    for expr in '' / a/ /a 'a//b' 'a#b' 'a?' 'a*b/c' '$'; do
        complains "'$expr' is no expression" 2 'is not a key expression' \
            query -e "$expr" h
    done
    hints 'for example' 'lamp/\*/power'
    verify 'and help is named' grep -q "'journal query --help'" err
    complains 'revisions are of a key' 2 'of one key' \
        query --first-revision 2 h
    complains 'a revision is a number' 2 'first-revision: .x. is not' \
        query -k k --first-revision x h
    complains 'since is before until' 2 'since is after' \
        query --since now --until yesterday h
    complains 'a time is understood' 2 \
        "since: '2 fortnights ago': 'fortnights' is not a unit" \
        query --since '2 fortnights ago' h
    hints 'or examples are given' '"2 hours ago", .*2026-11-25T10:30:00Z'
    complains 'a bare number is not' 2 'write @1764070000' \
        query --until 1764070000 h
    complains 'following has no end' 2 'not with --until' \
        query --follow --until now h
    complains 'nor a last' 2 'not with --reverse' query -f -r h
    complains 'nor a latest' 2 'not with --reverse or --latest' \
        query -f --latest h
    complains 'nor is there anything where nobody writes' 2 'immutable says' \
        query -f --immutable h
    complains 'no journal' 1 'absent: not found' query absent
    verify 'none is made' test ! -e absent
}

# ---- bytes that do not print ------------------------------------------------

test_escaped() {
    printf 'a\tone\nb\\c\ttwo\n\303\244\377\tthree\n' |
        "$JOURNAL" append -q --tab esc
    printf '\0x\tfour\n' | "$JOURNAL" append -q --tab esc
    run keys esc
    printf 'a\nb\\\\c\n\303\244\\xff\n\\x00x\n' >expected
    verify 'keys are printed with escapes' cmp -s out expected
    while read -r key; do
        run history -x esc "$key"
        verify "by which they are found: $key" test "$(wc -l <out)" -eq 1
    done <expected
    finds 'by query too' '2' query -x --key '\xc3\xa4\xff' esc
    finds 'by a prefix' '3' query -x --prefix '\x00' esc
    says 'by at' two at -x esc 4 'b\\c'
    complains 'without the option they mean themselves' 1 'not found' \
        history esc '\x00x'
    for text in '\' '\x' '\x0' '\xg0' '\n' 'a\'; do
        complains "'$text' is no escape" 2 'a backslash is followed' \
            query -x -k "$text" esc
    done
    complains 'an escaped key may be empty, and is none' 2 'key is empty' \
        history -x esc ''
}

# ---- history ----------------------------------------------------------------

test_history() {
    finds 'history has the entries of a key' '0 2 6' \
        history h lamp/kitchen/power
    finds 'newest first' '6 2 0' history -r h lamp/kitchen/power
    finds 'from a revision on' '6' \
        history --first-revision 3 h lamp/kitchen/power
    finds 'of a deleted key' '4 9' history h door/hall
    finds 'without its tombstones' '4' history --live h door/hall
    finds 'in a range' '2' history --first 1 --limit 6 h lamp/kitchen/power
    finds 'in time' '0 2 6' history --since 1h --until tomorrow h \
        lamp/kitchen/power
    finds 'so many' '0' history -n 1 h lamp/kitchen/power
    finds 'no match is no error' '' history --first-revision 4 h \
        lamp/kitchen/power
    finds 'nor are no lines' '' history -n 0 h door/hall
    complains 'no entry is' 1 \
        "h: key 'nobody': not found (JOURNAL_NOT_FOUND)" history h nobody
    complains 'also where none is asked for' 1 "'nobody': not found" \
        history -n 0 h nobody
    complains 'history needs a key' 2 'KEY is missing' history h
    complains 'that is one' 2 'key is empty' history h ''
    complains 'and takes one' 2 "operand 'x'" history h door/hall x
    run history --json --meta h door/hall
    verify 'history is JSON where wanted' \
        grep -q '"seq":9,.*"prev":4,"tombstone":true}$' out
}

# ---- keys -------------------------------------------------------------------

test_keys() {
    says 'keys lists those there are' \
        "lamp/kitchen/power${NL}lamp/hall/colour$NL" keys h
    says 'and those deleted' "lamp/hall/power${TAB}deleted
lamp/kitchen/power
lamp/hall/colour
door/hall${TAB}deleted$NL" keys --deleted h
    says 'of a prefix' "lamp/hall/colour$NL" keys --prefix lamp/h h
    says 'of an expression' "lamp/kitchen/power$NL" keys -e '**/power' h
    says 'newest first' "lamp/hall/colour$NL" keys -r -n 1 h
    says 'as of a size' "lamp/kitchen/power${NL}lamp/hall/power$NL" \
        keys --at 2 h
    says 'of size 0' '' keys --at 0 h
    complains 'not of one to come' 1 'limit 11: .*OUT_OF_RANGE' keys --at 11 h
    says 'changed since' '' keys --since now h
    says 'changed until' "lamp/kitchen/power${NL}lamp/hall/colour$NL" \
        keys --until now h
    run append -q empty k v
    run rewind -yq empty 0
    says 'of an empty journal' '' keys empty
}

# ---- at ---------------------------------------------------------------------

test_at() {
    finds 'at has the state of a size' '1 2 3 4' at h 5
    finds 'of size 0' '' at h 0
    finds 'of the present' '6 8' at h 10
    finds 'last changed first' '4 3' at -r -n 2 h 5
    finds 'of a prefix' '1 3' at -p lamp/hall h 5
    finds 'of an expression' '1 2' at -e '**/power' h 5
    says 'of a key' off at h 5 lamp/kitchen/power
    run get --at 5 -v h lamp/kitchen/power
    cp out got
    run at -v h 5 lamp/kitchen/power
    verify 'at says what get does' cmp -s out got
    run at --json h 5 lamp/kitchen/power
    verify 'in JSON too' grep -q '^{"seq":2,' out
    complains 'a key that came later' 1 "'door/hall' at 4: not found" \
        at h 4 door/hall
    complains 'a size to come' 1 'limit 11: .*OUT_OF_RANGE' at h 11
    complains 'of a key' 1 "'door/hall' at 11: .*OUT_OF_RANGE" at h 11 door/hall
    complains 'at needs a size' 2 'SIZE is missing' at h
    complains 'that is a number' 2 "SIZE: 'x'" at h x
    complains 'a key is not listed' 2 'not for a single key' at -n 1 h 5 k
    complains 'a list is not verbose' 2 'for a single key' at -v h 5
    complains 'a key has no prefix' 2 'one of --key' at -p l h 5 k
}

test_at_time() {
    finds 'at knows times' '4' at --time "@$between" t
    says 'of a key too' 4 at --time "@$between" t k
    finds 'now is now' '9' at --time now t
    finds 'long ago there was nothing' '' at --time '1 week ago' t
    complains 'nor a key' 1 "'k' at 0: not found" at --time '1 week ago' t k
    complains 'a time is instead of a size' 2 "operand 'k'" \
        at --time now t 3 k
    complains 'a time is understood' 2 "time: 'soon'" at --time soon t
}

test_at_pruned() {
    make_house p
    run prune -q --before 3 p
    run at p 5
    verify 'what is left of a state is listed' \
        test "$(cut -f 1 out | paste -s -d ' ' -)" = '3 4'
    verify 'but it is told that it is not all' \
        grep -q 'p: state at 5: has been pruned (JOURNAL_PRUNED)' err
    hints 'of how many keys' 'of 2 keys nothing is left from then'
    verify 'with an exit code' test "$code" -eq 1
    run at -p door p 5
    verify 'of those that match' test "$code" -eq 0
    finds 'the present is all there is' '6 8' at p 10
    complains 'from before there is nothing' 1 \
        'p: state at 2: .*(JOURNAL_PRUNED)' at p 2
    run prune -q --keep 0 p
    complains 'nor where no key is known any more' 1 JOURNAL_PRUNED at p 2
    hints 'that there may have been some' 'may have been keys'
    make_house c
    run compact -q --before 3 c
    run at c 3
    verify 'compaction is told as well' \
        grep -q 'c: state at 3: has been pruned' err
    finds 'where it matters' '4 6 8' at c 9
}

# ---- JSON -------------------------------------------------------------------

JSON_TEST='
import base64, json, sys

lines = [json.loads(line) for line in open(sys.argv[1])]
keys = [base64.b64decode(line["key_b64"]) if "key_b64" in line
        else line["key"].encode() for line in lines]
assert keys == [b"plain", b"\xff\x00", b"gone"], keys
plain, binary, gone = lines
assert plain["value_size"] == 3 and plain["revision"] == 2
assert binary["value_size"] == 5 and "tombstone" not in binary
assert gone["tombstone"] is True and "value_size" not in gone
assert [line["seq"] for line in lines] == [1, 2, 4]
assert all(line["time_iso"].endswith("Z") for line in lines)
'

test_json() {
    command -v python3 >/dev/null || return 0
    printf 'plain\t12\nplain\t123\n\377\0\t\0five\ngone\t\n' |
        "$JOURNAL" append -q --tab json
    run append -q --delete json gone
    run keys --json --deleted json
    verify 'keys are JSON where wanted' python3 -c "$JSON_TEST" out
    run keys --json --at 4 json
    verify 'with an empty value too' \
        grep -q '"key":"gone",.*"value_size":0}$' out
    run query --json json
    cp out all
    run replay --json json
    verify 'query says in JSON what replay does' cmp -s out all
    run at --json json 3
    verify 'so does at' \
        test "$(cat out)" = "$(sed -n '2,3p' all)"
    run history --json -x json '\xff\x00'
    verify 'and history, of any key' test "$(cat out)" = "$(sed -n 3p all)"
}

# ---- what goes wrong, and on the way ----------------------------------------

# leaves_out CLAIM NUMBERS PATTERN ARGUMENT...: exit code 5, and a message.
leaves_out() {
    CLAIM=$1
    wanted=$2
    pattern=$3
    shift 3
    run "$@"
    found=$(cut -f 1 out | paste -s -d ' ' -)
    if [ "$code" -eq 5 ] && [ "$found" = "$wanted" ] &&
        grep -q "$pattern.*(JOURNAL_CORRUPT)" err; then
        pass
    else
        fail "code $code, numbers $found: journal $*"
    fi
}

test_damage() {
    run append -q broken a first
    run append -q broken b second
    run append -q broken a something-to-be-damaged
    run append -q broken a fourth
    damage broken/data.mdb something-to-be-damaged
    leaves_out 'a damaged entry is named' '0 1 3' 'broken: entry 2: ' \
        query broken
    leaves_out 'also as the first' '3' 'broken: entry 2: ' \
        query --first 2 broken
    leaves_out 'where only some are listed, its neighbour is' '0 3' \
        'broken: behind entry 0: ' history broken a
    leaves_out 'on the other side, when they are listed backwards' '3 1 0' \
        'broken: below entry 3: ' query --reverse broken
    leaves_out 'if it has one' '3' 'broken: at the start: ' \
        query -k a --first 2 broken
    run append -q dark b second
    run append -q dark a something-to-be-damaged
    damage dark/data.mdb something-to-be-damaged
    leaves_out 'a key whose latest is damaged is told' b \
        'dark: behind entry 0: ' keys dark
    leaves_out 'or a state' 0 'dark: behind entry 0: ' at dark 2
}

# The reader lets the writer wait at a full pipe until most is gone.
test_pruned_meanwhile() {
    seq -f '%0200.0f' 0 19999 |
        "$JOURNAL" append -q --lines --batch 10000 long k
    {
        "$JOURNAL" query long 2>err
        echo $? >code
    } | {
        read -r first
        "$JOURNAL" prune -q --keep 1000 long
        printf '%s\n' "$first"
        cat
    } | cut -f 1 >out
    verify 'what is pruned while it is listed is told' \
        grep -q 'long: behind entry [0-9]*: has been pruned (JOURNAL_PR' err
    hints 'and what that means' 'going on with what there is'
    verify 'it goes on' test "$(tail -n 1 out)" -eq 19999
    verify 'with all there is' test "$(awk '$1 >= 19000' out | wc -l)" -eq 1000
    verify 'and says so at the end' test "$(cat code)" -eq 1
}

test_immutable() {
    run append -q im k v
    chmod -R a-w im
    says 'keys take no locks where told' "k$NL" keys --immutable im
    finds 'nor does query' 0 query --immutable im
    finds 'nor history' 0 history --immutable im k
    finds 'nor at' 0 at --immutable im 1
    says 'of one key' v at --immutable im 1 k
    says 'nor mark' '' mark --immutable im
    chmod -R u+w im
}

test_terminal() {
    command -v script >/dev/null || return 0
    script -qec "'$JOURNAL' keys --deleted h" /dev/null </dev/null |
        tr -d '\r' >out
    verify 'on a terminal two blanks mark deleted keys' \
        grep -q '^door/hall  deleted$' out
    script -qec "stty cols 100; '$JOURNAL' history h door/hall" /dev/null \
        </dev/null | tr -d '\r' >out
    verify 'and lines are aligned' \
        grep -q '^4  20.*Z  door/hall  *r1    -    open$' out
}

test_matches
test_ranges
test_times
test_usage
test_escaped
test_history
test_keys
test_at
test_at_time
test_at_pruned
test_json
test_damage
test_pruned_meanwhile
test_immutable
test_terminal

conclude query_test
