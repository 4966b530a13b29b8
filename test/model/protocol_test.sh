#!/bin/sh
# protocol_test.sh - the tail's protocol, in all its runs: spin goes over every
# state of the model in tail.pml.
#
# First the protocol as it is, in small sizes that each ask something else: no
# assertion may fail.  Then each rule of it is left out in turn: there an
# assertion must fail, or the model would prove nothing.  TEST_SCALE=10 and
# above (`make soak`) adds sizes that take minutes and some GiB.  Below 1
# nothing is done: a smaller model would not be this one.
#
#   TEST_ROOT=. TMPDIR=/tmp test/model/protocol_test.sh
set -u

command -v spin >/dev/null || { echo "skipped: no spin"; exit 77; }

# Whether TEST_SCALE is at least $1.
scale_is() {
    awk -v scale="${TEST_SCALE:-1}" -v least="$1" \
        'BEGIN { exit scale < least }'
}

scale_is 1 || { echo "skipped: TEST_SCALE is below 1"; exit 77; }

cd "$TMPDIR" || exit 1
MODEL=$TEST_ROOT/test/model/tail.pml
CC=${CC:-gcc}
passed=0
failed=0
COMPILE=-O0
! scale_is 10 || COMPILE='-O2 -DCOLLAPSE'

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAILED: $*"
}

# explore OPTION... -- SIZE...: leaves what was found in `out`.
explore() {
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    rm -f pan* out tail.pml.trail
    # What spin writes is C of its own kind: no warnings.
    # shellcheck disable=SC2086 # words
    {
        spin -P"$CC -E -x c" "$@" -a "$MODEL" &&
            $CC -w -DSAFETY $options -o pan pan.c &&
            ./pan -m100000 -w20
    } >out 2>&1
}

figures() {
    sed -n 's/^ *\([0-9]*\) states, stored.*/\1 states/p' out
}

# Without an error, and nothing was cut short.
is_whole() {
    grep -q 'errors: 0$' out && grep -q '^Full statespace search' out &&
        ! grep -q -e 'not completed' -e 'too small' -e 'truncated' out
}

# proves CLAIM SIZE...
proves() {
    claim=$1
    shift
    # shellcheck disable=SC2086 # words
    explore $COMPILE -- "$@"
    if is_whole; then
        pass
        echo "holds: $claim ($(figures))"
    else
        fail "$claim: $*"
        tail -n 40 out
        [ ! -f tail.pml.trail ] || ./pan -r -n | tail -n 60
    fi
}

# needs RULE WITHOUT SIZE...: without the rule, which -DWITHOUT takes away,
# something fails that otherwise, seen at leisure, does not.
needs() {
    rule=$1
    shift
    explore -O0 -- "$@"
    if grep -q '^pan:1: assertion violated' out; then
        pass
        echo "needed: $rule ($(figures))"
    else
        fail "not needed, it seems: $rule: $*"
        tail -n 40 out
    fi
    shift
    ! scale_is 10 || proves "the same with it" "$@"
}

# ---- the protocol -----------------------------------------------------------

proves 'what a reader is shown outlives the power, if all is durable' \
    -DENTRIES=3 -DREADS=1 -DPOWERS=1
proves 'a reader knows that it was overtaken, also by one who then died' \
    -DENTRIES=3 -DREADS=1 -DKILLS=1 -DCAP=2 -DRELAXED=3
proves 'durable appends, two losses of power' \
    -DENTRIES=3 -DPOWERS=2 -DTEAR
proves 'relaxed batches, two losses of power' \
    -DENTRIES=4 -DPOWERS=2 -DTEAR -DRELAXED=3 -DBATCHES=1
proves 'both modes at once, a death, a loss of power' \
    -DENTRIES=4 -DPOWERS=1 -DKILLS=1 -DRELAXED=2 -DBATCHES=1
proves 'a ring that goes round, all die, the power goes' \
    -DENTRIES=5 -DENDS=1 -DPOWERS=1 -DRELAXED=3 -DBATCHES=2
proves 'a flush fails, a process dies, the power goes' \
    -DENTRIES=3 -DFAILS=1 -DKILLS=1 -DPOWERS=1
proves 'a flush fails beside relaxed appends, all die, the power goes' \
    -DENTRIES=3 -DFAILS=1 -DENDS=1 -DPOWERS=1 -DRELAXED=2
proves 'who looks keys up during a round finds the newest that is seen' \
    -DENTRIES=3 -DREADS=1 -DROUNDS=1 -DRELAXED=2
proves 'a round, a reader, a loss of power' \
    -DENTRIES=2 -DREADS=1 -DROUNDS=1 -DPOWERS=1
proves 'a round with batches, a death, a loss of power' \
    -DENTRIES=4 -DROUNDS=1 -DKILLS=1 -DPOWERS=1 -DRELAXED=2 -DBATCHES=1
proves 'a round in a ring that goes round, all die, the power goes' \
    -DENTRIES=4 -DROUNDS=1 -DENDS=1 -DPOWERS=1 -DRELAXED=3 -DBATCHES=2
proves 'a rewind in the middle of a round, another round, a death' \
    -DENTRIES=3 -DROUNDS=2 -DREWINDS=1 -DKILLS=1 -DRELAXED=3
proves 'a flush fails about a round, a process dies, the power goes' \
    -DENTRIES=3 -DROUNDS=1 -DFAILS=1 -DKILLS=1 -DPOWERS=1
proves 'prunes beside rounds, a loss of power' \
    -DENTRIES=4 -DROUNDS=2 -DPRUNES=2 -DPOWERS=1 -DRELAXED=3
proves 'a prune beside a round, a reader' \
    -DENTRIES=3 -DREADS=1 -DROUNDS=1 -DPRUNES=1 -DRELAXED=3
proves 'damage to what the index is ahead by is noticed' \
    -DENTRIES=3 -DROUNDS=1 -DPOWERS=1 -DRELAXED=2 -DDAMAGE=1

# ---- without one of its rules -----------------------------------------------

needs 'the flush comes before the acknowledgement' \
    -DNO_FLUSH -DENTRIES=1 -DPOWERS=1
needs 'publishing comes after the flush' \
    -DPUBLISH_EARLY -DENTRIES=2 -DREADS=1 -DPOWERS=1
needs 'what a flush covers is looked up before it' \
    -DMARK_LATE -DENTRIES=2 -DPOWERS=1
needs 'the start moves in the commit that has the entries' \
    -DSTART_BEFORE_COMMIT -DENTRIES=4 -DENDS=1
needs 'writers say how far they will write' \
    -DNO_RESERVE -DENTRIES=3 -DREADS=1 -DCAP=2 -DRELAXED=3
needs 'that word never falls' \
    -DRESERVE_FALLS -DENTRIES=4 -DREADS=1 -DKILLS=1 -DCAP=2 -DRELAXED=3
needs 'readers look whether they were overtaken' \
    -DNO_CHECK -DENTRIES=3 -DREADS=1 -DCAP=2 -DRELAXED=3
needs 'readers take their snapshot after the word, not before' \
    -DSNAPSHOT_FIRST -DENTRIES=3 -DREADS=1 -DKILLS=1 -DCAP=2 -DRELAXED=3
needs 'a new run begins with each open alone' \
    -DNO_RUN_AT_OPEN -DENTRIES=4 -DPOWERS=2 -DRELAXED=3
needs 'a new run begins behind a writer that died (relaxed)' \
    -DNO_RUN_BESIDE_DEAD -DENTRIES=4 -DKILLS=1 -DPOWERS=1 -DRELAXED=3
needs 'a new run begins behind a writer that died (batches)' \
    -DNO_RUN_BESIDE_DEAD -DENTRIES=4 -DKILLS=1 -DENDS=1 -DBATCHES=1
needs 'a writer is taken for dead until its end is told' \
    -DMEND_EARLY -DENTRIES=4 -DKILLS=1 -DPOWERS=1
needs 'frames say only what they know to be flushed' \
    -DKNOWS_TOO_MUCH -DENTRIES=2 -DPOWERS=1
needs 'the last drained frame is on the disk before the commit' \
    -DDRAIN_UNFLUSHED -DENTRIES=4 -DPOWERS=1 -DRELAXED=3
needs 'the last drained frame is not written over' \
    -DREUSE_LAST -DENTRIES=7 -DENDS=1 -DRELAXED=3
needs 'a flush that failed is not tried again' \
    -DFLUSH_AGAIN -DENTRIES=3 -DFAILS=1 -DPOWERS=1
needs 'after one nobody appends' \
    -DIGNORE_FAILED -DENTRIES=3 -DFAILS=1 -DPOWERS=1
needs 'recovery writes again what it then flushes' \
    -DNO_REWRITE -DENTRIES=1 -DREADS=1 -DFAILS=1 -DENDS=1 -DPOWERS=1
needs 'who joins others drains before it relies on its own flushes' \
    -DNO_DRAIN_AT_JOIN -DENTRIES=3 -DFAILS=1 -DKILLS=1 -DPOWERS=1
needs 'the last drained frame is written again before its flush' \
    -DDRAIN_NO_REWRITE -DENTRIES=3 -DFAILS=1 -DKILLS=1 -DPOWERS=1
needs 'a reader that opens alone and may not write flushes all the same' \
    -DNO_FLUSH_AT_OPEN -DREAD_ONLY=1 -DENTRIES=2 -DREADS=1 -DENDS=1 \
    -DPOWERS=1
needs 'a round begins with a flush of all that is relaxed' \
    -DROUND_UNFLUSHED -DENTRIES=2 -DROUNDS=1 -DPOWERS=1 -DRELAXED=3
needs 'it goes as far as was written before that flush' \
    -DMARK_ROUND_LATE -DENTRIES=2 -DROUNDS=1 -DPOWERS=1 -DRELAXED=3
needs 'who joins others drains before it begins a round' \
    -DROUND_WHEN_FRESH -DENTRIES=3 -DROUNDS=1 -DFAILS=1 -DKILLS=1 -DPOWERS=1
needs 'rows lead to entries of the round, not to newer ones' \
    -DLEADS_TOO_FAR -DENTRIES=3 -DROUNDS=1 -DPOWERS=1 -DRELAXED=3
needs 'all have the same order of keys' \
    -DORDER_OF_ITS_OWN -DENTRIES=2 -DROUNDS=1 -DKILLS=1
needs 'entries are moved when all their keys have rows' \
    -DMOVE_EARLY -DENTRIES=2 -DROUNDS=1
needs 'readers see all that the index may lead to' \
    -DLIMIT_NOT_RAISED -DENTRIES=2 -DROUNDS=1 -DREADS=1
needs 'who changes the store directly ends the round' \
    -DAHEAD_STAYS -DENTRIES=3 -DROUNDS=1 -DREWINDS=1
needs 'what the index is ahead by is not written over' \
    -DREUSE_AHEAD -DENTRIES=4 -DROUNDS=1
needs 'recovery complains of a tail that ends before that' \
    -DNO_COMPLAINT -DENTRIES=2 -DROUNDS=1 -DPOWERS=1 -DRELAXED=3 -DDAMAGE=1
needs 'a prune counts no key whose row is still to be written' \
    -DPRUNE_COUNTS_ALL -DENTRIES=3 -DROUNDS=2 -DPRUNES=1 -DRELAXED=3 -DKEYS=10
needs 'a prune leaves the rows that are ahead' \
    -DPRUNE_TAKES_ROW -DENTRIES=3 -DROUNDS=2 -DPRUNES=1 -DRELAXED=3
needs 'a prune counts the keys of which the store has no entry then' \
    -DPRUNE_UNCOUNTED -DENTRIES=3 -DROUNDS=2 -DPRUNES=1 -DRELAXED=3

# ---- at leisure -------------------------------------------------------------

if scale_is 10; then
    proves 'a reader that opens alone and may not write' \
        -DENTRIES=2 -DREADS=1 -DENDS=1 -DPOWERS=1 -DREAD_ONLY=1
    proves 'a longer history' \
        -DENTRIES=6 -DENDS=1 -DPOWERS=2 -DTEAR -DRELAXED=2 -DBATCHES=2
    proves 'two deaths and a loss of power' \
        -DENTRIES=4 -DKILLS=2 -DPOWERS=1 -DTEAR -DRELAXED=3 -DBATCHES=1
    proves 'batches overtake a reader, one dies' \
        -DENTRIES=5 -DREADS=1 -DKILLS=1 -DRELAXED=3 -DBATCHES=1
    proves 'a flush fails, one dies, a reader looks, the power goes' \
        -DENTRIES=3 -DREADS=1 -DFAILS=1 -DKILLS=1 -DPOWERS=1
    proves 'a reader looks twice, and all die in between' \
        -DENTRIES=4 -DREADS=2 -DENDS=1 -DTEAR
    proves 'a reader in a round, a loss of power' \
        -DENTRIES=3 -DREADS=1 -DROUNDS=1 -DPOWERS=1
    proves 'a reader in a round is overtaken, one dies' \
        -DENTRIES=4 -DREADS=1 -DROUNDS=1 -DKILLS=1 -DCAP=2 -DRELAXED=3
    proves 'a prune beside rounds, a reader' \
        -DENTRIES=3 -DREADS=1 -DROUNDS=2 -DPRUNES=1 -DRELAXED=3 -DKEYS=10
    proves 'prunes, a rewind and a death in rounds' \
        -DENTRIES=4 -DROUNDS=2 -DPRUNES=1 -DREWINDS=1 -DKILLS=1 -DKEYS=18
    proves 'a rewind in a round, a death, a loss of power' \
        -DENTRIES=3 -DROUNDS=2 -DREWINDS=1 -DKILLS=1 -DPOWERS=1 -DTEAR
fi

echo "protocol_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
