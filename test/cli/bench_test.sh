#!/bin/sh
# bench_test.sh - `journal bench` says what it measured, and leaves nothing.
#
#   JOURNAL=build/journal test/cli/bench_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

mkdir here

# Nothing but what was there: nothing.
is_clean() {
    [ -z "$(ls -A here)" ]
}

test_figures() {
    run bench --time 20ms here
    verify 'bench succeeds' test "$code" -eq 0
    for name in 'flush of 4 KiB' append 'append, 8 threads' \
        'append, batches of 100' 'append, relaxed' \
        'append, relaxed, batches of 100' get; do
        verify "$name is measured" grep -qE \
            "^$name  +[1-9][0-9]*  +[0-9.]+ [nmu]*s  +[0-9.]+ [nmu]*s\$" out
    done
    verify 'and replay' grep -qE '^replay  +[1-9][0-9]*  *$' out
    verify 'it says where' grep -q 'values of 100 bytes; in here' out
    verify 'nothing is left' is_clean
    run bench --json --value 1K --threads 3 --time 20ms here
    verify 'a line of JSON is printed for each' test "$(grep -c . out)" -eq 8
    number='[1-9][0-9]*'
    figures="\"entries\":$number,\"elapsed_ns\":$number"
    figures="$figures,\"per_second\":$number"
    figures="$figures,\"p50_ns\":$number,\"p99_ns\":$number}\$"
    verify 'of each call' \
        test "$(grep -c "\"value_size\":1024,$figures" out)" -eq 7
    verify 'with its threads' test "$(grep -c '"threads":3' out)" -eq 1
    verify 'nothing is left again' is_clean
}

# interrupted SIGNAL: while it is at work.
interrupted() {
    "$JOURNAL" bench --time 2s here >out 2>err &
    job=$!
    tries=0
    until [ -n "$(ls -A here)" ] || [ $tries -ge 300 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
    sleep 0.2
    kill -"$1" $job
    wait $job 2>/dev/null
    code=$?
}

# The tests may be run on a file system in memory, which it tells of.
no_word() {
    ! grep -qv 'hint: here is kept in memory' err
}

test_signals() {
    for number in 1 15; do
        interrupted $number
        verify "signal $number ends it" test $code -eq $((128 + number))
        verify "and nothing is left by signal $number" is_clean
    done
    { "$JOURNAL" bench --time 50ms here 2>err; echo $? >code; } | head -n 1 >out
    verify 'a pipe that breaks ends it' test "$(cat code)" -eq 141
    verify 'without a word' no_word
    verify 'and nothing is left' is_clean
    if [ -c /dev/full ]; then
        "$JOURNAL" bench --time 20ms here >/dev/full 2>err
        code=$?
        verify 'a full disk for its output ends it' test "$code" -eq 7
        verify 'with a message' grep -q 'standard output: No space' err
        verify 'and nothing is left there' is_clean
    fi
}

test_full() {
    cat >script <<'END'
mount -t tmpfs -o size=600k tmpfs here 2>err && touch mounted || exit 99
"$JOURNAL" bench --time 500ms here >out 2>err
echo $? >code
ls -A here >left
END
    unshare -m sh script 2>/dev/null
    [ -e mounted ] || return 0
    verify 'a full disk has its exit code' test "$(cat code)" -eq 6
    verify 'is told with its place' \
        grep -q 'here/journal-bench.*: .*(JOURNAL_FULL)' err
    verify 'and keeps nothing' test ! -s left
    verify 'memory is no disk' grep -q 'hint: here is kept in memory' err
}

test_usage() {
    complains 'a directory has to be there' 7 'nowhere: making .*ENOENT' \
        bench nowhere
    complains 'one directory' 2 "operand 'b'" bench a b
    complains 'a case takes some time' 2 'no time' bench --time 0s
    complains 'but not for ever' 2 'an hour' bench --time 2h
    complains 'a thread is needed' 2 '1 to 64' bench --threads 0
    complains 'a value is not endless' 2 'at most' bench --value 1G
}

test_figures
test_signals
test_full
test_usage

conclude bench_test
