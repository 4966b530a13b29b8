#!/bin/sh
# cli_test.sh - the journal command, from a shell: output, messages, exit codes.
#
#   JOURNAL=build/journal test/cli/cli_test.sh
# shellcheck disable=SC2016,SC2162 # awk's dollars; `read` is journal's
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# ---- words ------------------------------------------------------------------

test_help() {
    commands='append get read at keys history replay query follow mark stat
        prune compact rewind verify backup salvage export import bench'
    run help
    for command in $commands; do
        verify "help lists $command" grep -q "^  $command  *[a-z]" out
    done
    verify 'help lists the exit codes' grep -q '^  6  .*full' out
    verify 'and signals' grep -q '^  128 and more: .*signal' out
    for command in $commands; do
        run help "$command"
        cp out help
        run "$command" --help
        verify "$command --help says what help $command does" cmp -s out help
        verify "help $command tells the usage" \
            grep -qE "^usage: journal $command .*(PATH|FROM|DIRECTORY)" help
        verify "help $command fits a terminal" \
            awk 'length > 80 { exit 1 }' help
    done
    run help
    cp out help
    for words in 'help --help' 'help -h' 'help help' --help -h; do
        # shellcheck disable=SC2086 # words
        run $words
        verify "$words says what help does" cmp -s out help
    done
    run --version
    verify 'the version is printed, with that of LMDB' \
        grep -q '^libjournal [0-9.]* (LMDB' out
}

test_usage() {
    complains 'a command is needed' 2 '^usage: journal COMMAND'
    complains 'an unknown command is named' 2 "no command 'frob'" frob
    complains 'help knows no unknown command' 2 "no command 'frob'" help frob
    complains 'help takes one command' 2 'takes one' help get read
    complains 'an unknown option is named' 2 "'--frob'" get --frob j k
    complains 'an unknown letter is named' 2 "'x'" replay -x j
    complains 'an option without its argument is named' 2 "'--at'" get j k --at
    complains 'PATH is needed' 2 'PATH is missing' stat
    complains 'a second operand is needed' 2 'KEY is missing' get j
    complains 'an operand too many is named' 2 "operand 'x'" get j k x
    complains 'an empty key is refused by get' 2 'KEY is empty' get j ''
    complains 'an empty key is refused by append' 2 'KEY is empty' append j '' v
    complains 'an empty --key is refused' 2 'is empty' append --key '' j v
    complains 'KEY is needed' 2 'KEY is missing' append j
    complains 'a message of getopt is followed by help' 2 '' get --frob j k
    verify 'which says where to read' grep -q "'journal get --help'" err
    complains 'a key and none' 2 'and --no-key' append --no-key -k a j v
    complains 'a tombstone needs a key' 2 'need a key' \
        append --no-key --delete j
    complains 'a tombstone has no value' 2 "operand 'v'" append --delete j k v
    complains 'batches are of lines' 2 'are for lines' append --batch 2 j k v
    complains 'expectations are for one entry' 2 'single entry' \
        append --lines --expect 1 j k
    complains 'a column has a known name' 2 "'kex'" append --columns kex j
    complains 'a column has a name' 2 "''" append --columns key,,value j
    complains 'a column is there once' 2 'twice' append --columns key,key j
    complains 'one key' 2 'column for the key' append --tab -k a j
    complains 'one meta' 2 'column for it' append --columns key,meta -m a j
    complains '--delete takes no values' 2 'and a column' \
        append --delete --lines j k
    complains 'a batch has a line' 2 '1 to' append --lines --batch 0 j k
    complains 'prune needs a bound' 2 'either' prune j
    complains 'prune takes one bound' 2 'either' prune --before 1 --keep 1 j
    complains 'replay begins once' 2 'and --last' replay --from 1 --last 1 j
    verify 'none of this has made a journal' test ! -e j
}

test_numbers() {
    for number in '' -1 +1 1x 0x1 ' 1' '1 ' 1.0 one; do
        complains "'$number' is no number" 2 'is not a number' \
            replay --from "$number" j
    done
    complains 'a number is of 64 bits' 2 'too large' \
        replay --from 18446744073709551616 j
    complains 'so is a stamp' 2 'stamp: 18446744073709551616 is too large' \
        append --stamp 18446744073709551616 j k v
    complains 'the largest is nobody'\''s' 2 'too large' \
        read j 18446744073709551615
    complains 'an operand is read as strictly' 2 "N: 'x'" read j x
    complains 'a stamp is a number' 2 'is not a number' append --stamp x j k v
    complains 'an id is not empty' 2 'an id has' append --stamp 1: j k v
    complains 'an id is of whole bytes' 2 'an id has' append --stamp 1:abc j k v
    complains 'an id is hexadecimal' 2 'hexadecimal' append --stamp 1:0g j k v
    complains 'an id has 16 bytes' 2 'an id has' \
        append --stamp 1:000102030405060708090a0b0c0d0e0f10 j k v
}

# ---- append and get ---------------------------------------------------------

test_append() {
    says 'the first entry gets number 0' "0$NL" append j a one
    says 'the second gets 1' "1$NL" append j b two
    says 'a value is printed byte for byte' one get j a
    printf 'from\nstdin' >in
    says 'a value comes from standard input' "2$NL" append j a <in
    says 'whole' "from${NL}stdin" get j a
    says 'or with -' "3$NL" append j a - <in
    says 'an empty value is a value' "4$NL" append j a ''
    says 'and is printed as it is' '' get j a
    says '-q prints no number' '' append -q j a quiet
    says 'a key may be an option' "6$NL" append --key a j five
    says 'options may follow' "7$NL" append j a six --meta M
    says 'an operand may begin with -' "8$NL" append j -- -k -v
    says 'and is found so' -v get j -- -k
    says 'an entry may have no key' "9$NL" append --no-key j keyless
    says 'and is read by its number' keyless read j 9
    complains '--existing makes no journal' 1 \
        'absent: not found (JOURNAL_NOT_FOUND)' append --existing absent k v
    verify 'nor its directory' test ! -e absent
    says '--existing is content with one' "10$NL" append --existing j a last
}

test_large() {
    key=$(head -c 65535 /dev/zero | tr '\0' k)
    says 'a key may have 65535 bytes' "0$NL" append large "$key" v
    says 'and is found' v get large "$key"
    complains 'but not 65536' 2 "k\\.\\.\\.': .*JOURNAL_TOO_BIG" \
        append large "${key}k" v
    head -c 5000000 /dev/urandom >in
    says 'a value may be large and binary' "1$NL" append large blob <in
    run get large blob
    verify 'and comes back as it was' cmp -s in out
    complains 'an input that is none is named' 7 'standard input: ' \
        append large k <.
}

test_delete() {
    run append del k v
    says 'a tombstone is an entry' "1$NL" append --delete del k
    complains 'a deleted key is not found' 1 \
        "journal: del: key 'k': not found (JOURNAL_NOT_FOUND)" get del k
    says 'its past is' v get --at 1 del k
    says 'a tombstone has an empty value' '' read del 1
    complains 'an unknown key is not found' 1 "key 'x\\\\x09y': not found" \
        get del "x${TAB}y"
    complains 'nor is one at an earlier size' 1 "key 'k' at 0: not found" \
        get --at 0 del k
    complains 'a size to come is out of range' 1 \
        "key 'k' at 3: .*(JOURNAL_OUT_OF_RANGE)" get --at 3 del k
    verify 'with a hint at the size' grep -q 'hint: the size is 2' err
}

test_expect() {
    says 'expect none: the key is not known' "0$NL" \
        append --expect none exp k v
    complains 'expect none: it is' 3 "key 'k': .*(JOURNAL_CONFLICT)" \
        append --expect none exp k v
    verify 'with a hint at the latest' grep -q 'latest entry is 0' err
    says 'expect 0: it is' "1$NL" append --expect 0 exp k v2
    complains 'expect 0: no longer' 3 CONFLICT append --expect 0 exp k v3
    says 'a conflict appends nothing' v2 get exp k
    says 'expect-seq 2: so it is' "2$NL" append --expect-seq 2 exp k v3
    complains 'expect-seq 2: no longer' 3 CONFLICT \
        append --expect-seq 2 exp k v4
    verify 'with a hint at the next' grep -q 'next entry gets number 3' err
    complains 'expect 0 of a key that is not known' 3 CONFLICT \
        append --expect 0 exp none v
    verify 'with a hint at that' grep -q 'hint: the key is not known$' err
    says 'a stamp' "3$NL" append --stamp 10:ff exp s v
    says 'an equal one' "4$NL" append --stamp 10:FF exp s v
    complains 'an older id' 3 OUTDATED append --stamp 10:fe exp s v
    complains 'an older time' 3 OUTDATED append --stamp 9:ff exp s v
    says 'a newer one' "5$NL" append --stamp 10:ff01 exp s v
    run append --delete exp k
    complains 'expect none: it is deleted, which is known' 3 CONFLICT \
        append --expect none exp k v
    verify 'with a hint at what deleted it' \
        grep -q 'latest entry is 6, which deleted it' err
    says 'that can be expected' "7$NL" append --expect 6 exp k v
}

# ---- lines ------------------------------------------------------------------

test_lines() {
    printf 'one\n\ntwo\nno newline' >in
    says 'each line gets a number' "0${NL}1${NL}2${NL}3$NL" \
        append --lines lines k <in
    says 'an empty line is an empty value' '' read lines 1
    says 'the last needs no newline' 'no newline' read lines 3
    says 'no lines, no entries' '' append --lines lines k </dev/null
    printf 'a\nb\0c\0' >in
    says 'lines may end in NUL' "4${NL}5$NL" append -z --lines lines k <in
    says 'and hold newlines' "a${NL}b" read lines 4
    printf 'keyless\n' >in
    says 'lines may have no key' "6$NL" append --lines --no-key lines <in
    printf 'a\t1\nb\t2\ttabs\t\n' >in
    says 'lines may have their keys' "7${NL}8$NL" append --tab lines <in
    says 'each its own' 1 get lines a
    says 'the last column has the other tabs' "2${TAB}tabs$TAB" get lines b
    printf 'c\n' >in
    says 'a batch may be longer than the input' "9$NL" \
        append --columns key --batch 100 lines <in
    says 'lines may delete' "10$NL" append --columns key --delete lines <in
    complains 'and have' 1 'not found' get lines c
    seq 2500 >in
    says 'batches are many' '' append -q --batch 1000 --lines lines n <in
    says 'and in order' 2500 get lines n
    says 'with the first first' 1 read lines 11
}

test_columns() {
    printf '+\tk\tv\tm1\n-\tk\t\tm2\n+\tl\t\t\n' >in
    says 'columns have any order' "0${NL}1${NL}2$NL" \
        append --columns op,key,value,meta --batch 3 cols <in
    complains 'the op - deletes' 1 'not found' get cols k
    says 'columns may be empty' '' get cols l
    run replay --meta cols
    cut -f 3-7 out >columns
    printf 'k\t1\tM\tm1\tv\nk\t2\tDM\tm2\t\nl\t1\t-\t\t\n' >expected
    verify 'replay shows them' cmp -s columns expected
    printf 'k\t1\nk\n' >in
    complains 'a line with columns missing is named' 2 \
        'standard input: line 2: 1 column instead of 2' \
        append -q --tab cols <in
    verify 'and how far it has come' grep -q 'lines up to 1 have been' err
    says 'the lines before are appended' 1 get cols k
    complains 'a batch goes as a whole' 2 'line 2' \
        append -q --tab --batch 2 cols <in
    verify 'or not at all' grep -q 'no line has been appended' err
    printf '\tv\n' >in
    complains 'an empty key is none' 2 'line 1: the key is empty' \
        append --tab cols <in
    says 'unless that is wanted' "4$NL" append --tab --no-key cols <in
    printf '*\tk\n' >in
    complains 'an op is + or -' 2 'line 1: the op' \
        append --columns op,key cols <in
    printf -- '-\tk\tv\n' >in
    complains 'a tombstone has no value' 2 'line 1: the op is -' \
        append --columns op,key,value cols <in
}

# Each writes lines that begin with its own number, in order.
test_writers() {
    writers='1 2 3 4'
    pids=
    for writer in $writers; do
        seq -f "$writer %g" 50 |
            "$JOURNAL" append --lines shared "k$writer" >"acked$writer" &
        pids="$pids $!"
    done
    CLAIM='writers in several processes all succeed'
    for pid in $pids; do
        if wait "$pid"; then pass; else fail; fi
    done
    run replay shared
    verify 'their entries have every number once' awk -F '\t' '
        $1 != NR - 1 { exit 1 }
        END { exit NR != 200 }' out
    verify 'each in the order it was written' awk -F '\t' '
        { split($6, part, " "); if (part[2] != ++seen[part[1]]) exit 1 }' out
    cat acked1 acked2 acked3 acked4 | sort -n >acked
    seq 0 199 >expected
    verify 'and the numbers were told' cmp -s acked expected
}

# ---- reading ----------------------------------------------------------------

test_read() {
    complains 'a number to come is out of range' 1 \
        'journal: j: entry 11: .*(JOURNAL_OUT_OF_RANGE)' read j 11
    verify 'with a hint at those there are' grep -q 'entries 0 to 10' err
    run read -v j 7
    printf '%s\n' 'entry     7' 'key       a' \
        'revision  7, entry 6 before it' 'meta      M' 'value     3 bytes' \
        '' six >expected
    grep -v '^time      2...-..-..T..:..:..\....Z$' out >untimed
    verify 'verbose says all of it' cmp -s untimed expected
    verify 'in lines' test "$(wc -l <out)" -eq 7
    run get -v j -- -k
    verify 'get too' grep -q '^revision  1, nothing before it$' out
}

test_replay() {
    run replay j
    verify 'replay has a line for each entry' test "$(wc -l <out)" -eq 11
    verify 'of six columns' awk -F '\t' 'NF != 6 { exit 1 }' out
    verify 'with the time in UTC' awk -F '\t' '
        $2 !~ /^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:/ ||
        $2 !~ /:[0-5][0-9]:[0-6][0-9]\.[0-9][0-9][0-9]Z$/ { exit 1 }' out
    cut -f 1,3-6 out | sed -n '3p;8p;10p' >rows
    printf '2\ta\t2\t-\tfrom\\x0astdin\n7\ta\t7\tM\tsix\n' >expected
    printf '9\t\t0\t-\tkeyless\n' >>expected
    verify 'and key, revision, flags, value' cmp -s rows expected
    numbers 'from a number on' '9 10' --from 9
    numbers 'up to a number' '0 1' --limit 2
    numbers 'between two' '3 4' --from 3 --limit 5
    numbers 'between none' '' --from 3 --limit 3
    numbers 'so many' '4 5 6' --from 4 --count 3
    numbers 'no more than there are' '9 10' --last 2 -n 5
    numbers 'none' '' -n 0
    numbers 'from before the oldest' '0' --last 100 -n 1
    numbers 'of one key' '0 2 3' --key a -n 3
    numbers 'of no key' '' --key nobody
    numbers 'from the end' '' --from 11
    complains 'not from beyond' 1 'entry 12: .*OUT_OF_RANGE' replay --from 12 j
}

# numbers CLAIM NUMBERS OPTION...: those that replay prints.
numbers() {
    CLAIM="replay $1"
    wanted=$2
    shift 2
    run replay "$@" j
    found=$(cut -f 1 out | paste -s -d ' ' -)
    if [ "$code" -eq 0 ] && [ "$found" = "$wanted" ]; then pass; else
        fail "code $code, numbers $found: replay $*"
    fi
}

test_escapes() {
    printf 'tab\t nl\n esc\033 del\177 back\\ \303\244 bad\377 c1\302\205.' >in
    run append esc "key$TAB" <in
    run replay esc
    cut -f 3- out >columns
    printf '%s\t1\t-\t%s\303\244%s\n' 'key\x09' \
        'tab\x09 nl\x0a esc\x1b del\x7f back\\ ' ' bad\xff c1\xc2\x85.' \
        >expected
    verify 'what does not print is escaped' cmp -s columns expected
    printf '\355\240\200\300\200\364\220\200\200\342\202' >in
    run append -q esc k <in
    run replay --last 1 esc
    verify 'so is what only looks like UTF-8' test "$(cut -f 6 out)" = \
        '\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80\xe2\x82'
}

# On a terminal, which script(1) plays.
test_terminal() {
    command -v script >/dev/null || return 0
    run append -q -m meta term key "a value that is rather long, $(seq -s . 99)"
    run append -q term another-key-that-is-rather-long short
    script -qec "stty cols 100; '$JOURNAL' replay term" /dev/null </dev/null |
        tr -d '\r' >out
    verify 'a terminal gets lines no longer than it is wide' \
        awk 'length > 100 { exit 1 } END { exit NR != 2 }' out
    verify 'and aligned' \
        grep -q '^1  20.*Z  another-.*[^ ]  r1    -    short$' out
    verify 'with what is cut marked' grep -q ' r1    M    a value .*\.\.\.$' out
    script -qec "'$JOURNAL' get term another-key-that-is-rather-long" \
        /dev/null </dev/null | tr -d '\r' >out
    verify 'a value gets a newline there' test "$(wc -l <out)" -eq 1
}

# ---- JSON -------------------------------------------------------------------

JSON_TEST='
import base64, json, sys

entries = [json.loads(line) for line in open("out")]
value = open("in", "rb").read()
every = {"seq", "time", "time_iso", "revision", "prev"}
assert [entry["seq"] for entry in entries] == [0, 1, 2, 3, 4]

text, binary, deleted, keyless, again = entries
assert text["key"] == "k\u00e4y \"q\" \\ \t", text
assert text["value"] == "line\nnul\0 \x7f \x85 \U0001f600", text
assert text["prev"] is None and text["revision"] == 1
assert set(text) == every | {"key", "value"}
assert base64.b64decode(binary["value_b64"], validate=True) == value
assert base64.b64decode(binary["key_b64"], validate=True) == b"\xff"
assert binary["meta"] == "m"
assert binary["stamp"] == {"time": 7, "id": "ab" + "00" * 15}
assert deleted["tombstone"] is True
assert (deleted["prev"], deleted["revision"]) == (0, 2)
assert "value" not in deleted
assert keyless["revision"] == 0 and keyless["value"] == ""
assert set(keyless) == every | {"value"}
assert again["value_b64"] == sys.argv[1]
times = [entry["time"] for entry in entries]
assert times == sorted(times) and times[0] > 10 ** 18
'

test_json() {
    command -v python3 >/dev/null || return 0
    key=$(printf 'k\303\244y "q" \\ \t.')
    key=${key%.}
    printf 'line\nnul\0 \177 \302\205 \360\237\230\200' >in
    run append json "$key" <in
    head -c 1000 /dev/urandom >in
    printf '\377' >>in
    run append -m m --stamp 7:ab json "$(printf '\377')" <in
    run append --delete json "$key"
    run append --no-key json ''
    for bytes in '\377 /w==' '\377\0 /wA=' '\377\0\376 /wD+'; do
        # shellcheck disable=SC2059 # a format on purpose
        printf "${bytes% *}" | "$JOURNAL" append -q json again
        run replay --json --limit 4 json
        run_last=$("$JOURNAL" get --json json again)
        printf '%s\n' "$run_last" | sed 's/"seq":[0-9]*/"seq":4/' >>out
        verify "JSON is what was appended (${bytes#* })" \
            python3 -c "$JSON_TEST" "${bytes#* }"
    done
    run read --json json 1
    mv out one
    run replay --json --from 1 --count 1 json
    verify 'read says what replay does' cmp -s one out
    run stat --json json
    verify 'stat is JSON' python3 -c '
import json
stat = json.load(open("out"))
assert stat["path"] == "json" and len(stat["id"]) == 32
assert (stat["first"], stat["size"], stat["durable_size"]) == (0, 7, 7)
assert (stat["entries"], stat["keys"], stat["tombstones"]) == (7, 2, 1)
assert 1000 < stat["bytes_logical"] < stat["bytes_used"]
assert stat["bytes_used"] <= stat["bytes_file"]
assert stat["first_time"] <= stat["last_time"]
'
}

# ---- stat and prune ---------------------------------------------------------

test_stat() {
    run stat j
    verify 'stat has the numbers' grep -q '^entries  *11 (0 to 10)$' out
    verify 'and the keys' grep -q '^live keys  *3$' out
    verify 'and sizes with units' \
        grep -q '^on disk  *[0-9.]* [KM]iB ([0-9]* bytes)$' out
    printf 0123456789 >in
    run append bytes k <in
    run stat bytes
    verify 'small ones in bytes' grep -q '^data  *11 bytes$' out
    verify 'and times' grep -q '^newest entry  *20..-.*Z$' out
}

test_prune() {
    seq 100 | "$JOURNAL" append -q --lines --batch 100 pruned k
    says 'a dry run says how many' "40 entries would be removed$NL" \
        prune --dry-run --before 40 pruned
    says 'and removes none' 1 read pruned 0
    says 'prune says how many' "1 entry removed$NL" prune --before 1 pruned
    says 'and removes them' "39 entries removed$NL" prune --before 40 pruned
    complains 'which is told' 1 \
        'journal: pruned: entry 39: has been pruned (JOURNAL_PRUNED)' \
        read pruned 39
    verify 'with a hint' grep -q 'entries 40 to 99' err
    complains 'to replay too' 1 'entry 5: .*PRUNED' replay --from 5 pruned
    complains 'and to get' 1 "key 'k' at 10: .*PRUNED" get --at 10 pruned k
    says 'the next stays' 41 read pruned 40
    says 'pruning less is nothing' "0 entries removed$NL" \
        prune --before 10 pruned
    says 'keep counts from the end' "50 entries removed$NL" \
        prune --keep 10 pruned
    run replay pruned
    verify 'and keeps so many' test "$(head -n 1 out | cut -f 1)" = 90
    says 'keeping more is nothing' "0 entries removed$NL" \
        prune --keep 200 pruned
    says '-q says nothing' '' prune -q --keep 1 pruned
    says 'all may go' "1 entry removed$NL" prune --before 1000 pruned
    says 'which leaves nothing to replay' '' replay pruned
    complains 'or get' 1 'not found' get pruned k
    says 'but the number to come' "100$NL" append pruned k next
    complains 'prune makes no journal' 1 'not found' prune --keep 1 absent
    verify 'indeed' test ! -e absent
}

# ---- what goes wrong --------------------------------------------------------

test_no_journal() {
    complains 'no journal: get' 1 'journal: absent: not found' get absent k
    verify 'with a hint' grep -q 'hint: there is no journal' err
    complains 'no journal: stat' 1 'absent: not found' stat absent
    complains 'no journal: replay' 1 'absent: not found' replay absent
    complains 'no journal: read' 1 'absent: not found' read absent 0
    mkdir other
    echo precious >other/file
    complains 'something else: append' 5 'other: .*(JOURNAL_UNSUPPORTED)' \
        append other k v
    verify 'is left as it was' test "$(ls other)" = file
    complains 'something else: stat' 5 'other: .*UNSUPPORTED' stat other
    verify 'and what it should be is told' \
        grep -q 'hint: it should be the directory of a journal' err
    complains 'a file' 5 'other/file: .*UNSUPPORTED' stat other/file
    verify 'it has no head to lose' test -z "$(grep 'help salvage' err)"
    complains 'nowhere to make it: append' 7 'ENOENT' append absent/deep/j k v
    verify 'that is told' grep -q 'hint: .*mkdir -p' err
}

test_lost_head() {
    run append -q headless k v
    dd if=/dev/zero of=headless/data.mdb bs=4096 count=2 conv=notrunc 2>err
    complains 'a journal without its head' 5 'headless: .*UNSUPPORTED' \
        get headless k
    verify 'salvage is pointed at' grep -q 'hint: .*journal help salvage' err
    run salvage headless saved
    says 'and it helps' 'v' get saved k
}

test_damage() {
    run append -q broken a first
    run append -q broken b something-to-be-damaged
    run append -q broken c third
    damage broken/data.mdb something-to-be-damaged
    complains 'a damaged entry is not read' 5 \
        'journal: broken: entry 1: .*(JOURNAL_CORRUPT)' read broken 1
    complains 'nor got' 5 "key 'b': .*CORRUPT" get broken b
    says 'others are' third get broken c
    run replay broken
    verify 'replay shows the others' \
        test "$(cut -f 1 out | paste -s -d ' ' -)" = '0 2'
    verify 'names the damaged' grep -q 'entry 1: .*CORRUPT' err
    verify 'and says so at the end' test "$code" -eq 5
    verify 'with what to do' grep -q 'hint: `journal verify broken` tells' err
}

test_output() {
    seq 100000 | "$JOURNAL" append -q --lines --batch 10000 long k
    { "$JOURNAL" replay long 2>err; echo $? >code; } | head -n 1 >out
    verify 'a pipe that breaks is no error' test ! -s err
    verify 'but the end' test "$(cat code)" -eq 141
    {
        (trap '' PIPE && "$JOURNAL" replay long 2>err)
        echo $? >code
    } | head -n 1 >out
    verify 'also where SIGPIPE is ignored' test ! -s err
    verify 'just so' test "$(cat code)" -eq 141
    [ -c /dev/full ] || return 0
    for command in 'get j a' 'read j 0' 'replay long' 'stat j' help \
        --version 'replay --json j' 'prune --dry-run --keep 1 j'; do
        CLAIM="a full disk is told by $command"
        # shellcheck disable=SC2086 # words
        "$JOURNAL" $command >/dev/full 2>err
        code=$?
        if [ $code -eq 7 ] && grep -q 'standard output: No space' err; then
            pass
        else
            fail "exit code $code"
        fi
    done
    "$JOURNAL" append unsaid k v >/dev/full 2>err
    verify 'whoever is not told the number hears that it is appended' \
        grep -qx 'journal: hint: entry 0 has been appended all the same' err
    seq 5 | "$JOURNAL" append --lines --batch 3 unsaid k >/dev/full 2>err
    verify 'of a batch, too' grep -q 'hint: the entries 1 to 3 have' err
    says 'and no more is' 3 get unsaid k
}

# A file of the journal must not take the place of a closed stream.
test_closed_streams() {
    "$JOURNAL" append closed k v >&- 2>err
    code=$?
    verify 'a closed standard output is an error' test "$code" -eq 7
    verify 'that is told' grep -q 'standard output: ' err
    "$JOURNAL" append closed k v2 2>&- >out
    verify 'a closed standard error is not' test "$(cat out)" = 1
    "$JOURNAL" get closed nobody 2>&- >out
    code=$?
    verify 'though there is a message' test "$code" -eq 1
    "$JOURNAL" append closed k <&- >out 2>err
    code=$?
    verify 'a closed standard input is an error' test "$code" -eq 7
    verify 'that is told too' grep -q 'standard input: ' err
    run replay closed
    verify 'the journal is well' test "$(cut -f 6 out | paste -s -d ' ' -)" = \
        'v v2'
}

# A small disk, where the system lets us have one.
test_full() {
    mkdir disk
    cat >script <<'END'
mount -t tmpfs -o size=16m tmpfs disk 2>err && touch mounted || exit 99
"$JOURNAL" append -q disk/full k v
head -c 30000000 /dev/zero | "$JOURNAL" append disk/full k >out 2>err
echo $? >code
"$JOURNAL" get disk/full k >value
"$JOURNAL" append disk/full k next >next
umount disk
mount -t tmpfs -o size=64k tmpfs disk
"$JOURNAL" append disk/new k v 2>tiny
echo $? >tiny.code
mount -o remount,size=200k disk
"$JOURNAL" append disk/new k v 2>small
echo $? >small.code
END
    unshare -m sh script 2>/dev/null
    [ -e mounted ] || return 0
    verify 'a full disk has its exit code' test "$(cat code)" -eq 6
    verify 'and a message' grep -q "key 'k': .*(JOURNAL_FULL)" err
    verify 'that says what helps' grep -q 'hint: make room on its disk' err
    verify 'and leaves the journal as it was' test "$(cat value)" = v
    verify 'to go on' test "$(cat next)" = 1
    verify 'no room for a journal has the same exit code' \
        test "$(cat tiny.code)" -eq 6
    verify 'and says what one takes' grep -q 'hint: .*half a MiB' tiny
    verify 'no room for its first entry has it too' \
        test "$(cat small.code)" -eq 6
    verify 'and says that' grep -q 'hint: .*half a MiB' small
    verify 'neither says to prune what is not there' \
        test -z "$(grep -h prune tiny small)"
}

# The superuser may write anywhere, unless told to do without.
unprivileged() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --bounding-set -all --inh-caps -all "$@"
    else
        "$@"
    fi
}

test_read_only() {
    run append -q ro k v
    chmod a-w ro ro/*
    if unprivileged sh -c ': >>ro/data.mdb' 2>/dev/null; then
        return 0
    fi
    CLAIM='a reader that cannot lock says so'
    unprivileged "$JOURNAL" get ro k >out 2>err
    code=$?
    if [ $code -eq 7 ] && grep -q 'ro: Permission denied (EACCES)' err; then
        pass
    else
        fail "exit code $code"
    fi
    verify 'and what helps' grep -q 'hint: .*--immutable' err
    unprivileged "$JOURNAL" get --immutable ro k >out 2>err
    verify 'which it does' test "$(cat out)" = v
    unprivileged "$JOURNAL" append ro k v >out 2>err
    verify 'a writer gets no such advice' sh -c '! grep -q immutable err'
    verify 'but is told what is in his way' \
        grep -q "hint: this user .* may not write to 'ro/data.mdb'" err
    chmod -R u+w ro
    run replay --immutable ro
    verify 'it helps replay' test "$(cut -f 6 out)" = v
    run stat --immutable ro
    verify 'and stat' grep -q '^entries  *1 ' out
    says 'and read' v read --immutable ro 0
}

# ---- all of it --------------------------------------------------------------

test_help
test_usage
test_numbers
test_append
test_large
test_delete
test_expect
test_lines
test_columns
test_writers
test_read
test_replay
test_escapes
test_terminal
test_json
test_stat
test_prune
test_no_journal
test_lost_head
test_damage
test_output
test_closed_streams
test_full
test_read_only

conclude cli_test
