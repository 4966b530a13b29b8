#!/bin/sh
# tail_test.sh - `journal append --relaxed`, and what `journal stat` tells of
# the tail while somebody is writing.
#
#   JOURNAL=build/journal test/cli/tail_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

WRITER=

clean_up() {
    [ -z "$WRITER" ] || kill -KILL "$WRITER" 2>/dev/null
    rm -rf "$WORK"
}
trap clean_up EXIT

# open_writer ARGUMENT...: `journal append` in the background, its lines those
# that are written to descriptor 3, its numbers in told.
open_writer() {
    rm -f lines
    mkfifo lines
    : >told
    "$JOURNAL" append "$@" <lines >told 2>said &
    WRITER=$!
    exec 3>lines
}

# write_lines COUNT: and waits, half a minute at most, for their numbers.
write_lines() {
    wanted=$(($(wc -l <told) + $1))
    seq "$1" >&3
    tries=0
    until [ "$(wc -l <told)" -ge "$wanted" ] || [ $tries -ge 300 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
}

# close_writer CLAIM: it ends well.
close_writer() {
    exec 3>&-
    CLAIM=$1
    wait "$WRITER"
    code=$?
    WRITER=
    if [ "$code" -eq 0 ]; then pass; else fail "exit code $code"; fi
}

# figure NAME: that member of the JSON in out.
figure() {
    sed -n "s/.*\"$1\":\([0-9]*\)[,}].*/\1/p" out
}

# figures CLAIM EXPRESSION JOURNAL: it is true of what `journal stat` says.
figures() {
    run stat --json "$3"
    # shellcheck disable=SC2034 # the expression's
    durable=$(figure durable_size) size=$(figure size) \
        used=$(figure tail_bytes_used) tail=$(figure tail_bytes)
    verify "$1" test $(($2)) -ne 0
}

# shows CLAIM PATTERN: so did the command before, in a line.
shows() {
    verify "$1" grep -q -x -e "$2" out
}

test_durable() {
    open_writer --lines d k
    write_lines 10
    figures 'without --relaxed what has a number is durable' \
        'durable == 10 && size == 10' d
    figures 'and lies in the tail' '0 < used && used < tail' d
    close_writer 'it ends well'
}

test_relaxed() {
    open_writer --relaxed --lines r k
    write_lines 10
    figures 'with --relaxed it need not be' 'durable < size && size == 10' r
    run stat r
    shows 'stat says how many are not' 'durable below  [0-9] ([0-9] not yet)'
    shows 'and shows the tail' 'tail  *[1-9].* of 8.0 MiB'
    close_writer 'a relaxed writer ends well'
    figures 'at the end of the last writer all is durable' \
        'durable == size && size == 10' r
    figures 'and has left the tail' 'used == 0 && 0 < tail' r
    run stat r
    shows 'which is shown all the same' 'tail  *0 bytes of 8.0 MiB'
    shows 'and nothing is missing' 'durable below  10'
    says 'nothing is lost' 10 read r 9
}

# While another is there, only a sync makes durable what a writer leaves.
test_sync_at_end() {
    open_writer --relaxed --lines s k
    write_lines 5
    seq 5 | "$JOURNAL" append -q --relaxed --lines s other
    figures 'what a relaxed writer leaves is durable' \
        'durable == size && size == 10' s
    write_lines 5
    figures 'beside one who goes on' 'durable < size && size == 15' s
    printf 'a\t1\nb\t2\nc\n' >in
    complains 'a bad line ends a relaxed writer' 2 'line 3' \
        append -q --relaxed --tab s <in
    figures 'and what was in front of it is durable' \
        'durable == size && size == 17' s
    says 'one entry may be relaxed' "17$NL" append --relaxed s k v
    figures 'and is durable at the end' 'durable == size && size == 18' s
    close_writer 'the other ends well'
}

test_no_tail() {
    run append n k v
    run stat n
    verify 'a journal that never had a tail shows none' \
        sh -c '! grep -q tail out'
    figures 'in JSON neither' 'used == 0 && tail == 0' n
}

test_durable
test_relaxed
test_sync_at_end
test_no_tail

conclude tail_test
