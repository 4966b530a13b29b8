#!/bin/sh
# run.sh - runs test programs, test scripts and examples, and adds them up.
#
#   OUT=build test/run.sh PROGRAM...
#
# A program is one of
#   OUT/test/FOLDER/NAME_test    says "NAME_test: N passed, M failed" at its end
#   test/FOLDER/NAME_test.sh     the same, or counts as one by its exit status
#                                (both: 77: skipped, its last line says why)
#   OUT/docs/examples/NAME       counts as one; run as NAME.sh beside its source
#                                says if there is such a script, else without
#                                arguments, in an empty directory
# and finds in its environment
#   TMPDIR    a directory of its own, removed afterwards
#   JOURNAL   the journal command
#   TEST_ROOT, TEST_DATA, TEST_SHIM
#             the source tree, test/data, and test/fault/shim.so if built; all
#             of these are absolute paths
# Taken from the caller: JOBS at a time, TEST_TIMEOUT seconds for each, RUN
# (valgrind), SAN, SHIM, and what the programs look at (TEST_SCALE, TEST_SEED,
# TEST_DURABILITY, TEST_TAIL, CK_...).  The last line printed is
# "N passed, M failed".
set -u

SUPPRESSIONS=$PWD/test/support
LOGS=$OUT/log

# Slower programs get more time, and do less, unless the caller has his wishes.
prepare() {
    SCALE_ONE_THREAD=
    [ "${SAN:-}" != thread ] || SCALE_ONE_THREAD=${TEST_SCALE:-0.05}
    multiplier=1
    scale=1
    if [ "${RUN:-}" = valgrind ]; then
        multiplier=10
        scale=0.02
    elif [ -n "${SAN:-}" ]; then
        multiplier=4
        scale=0.2
    fi
    CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-$multiplier}
    TEST_SCALE=${TEST_SCALE:-$scale}
    TEST_TIMEOUT=${TEST_TIMEOUT:-900}
    TEST_ROOT=$PWD
    TEST_DATA=$PWD/test/data
    TEST_SHIM=${SHIM:+$PWD/$SHIM}
    JOURNAL=$PWD/$OUT/journal
    ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:verify_asan_link_order=0}
    UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
    # Only our own code is instrumented, LMDB and Check are not.
    TSAN_OPTIONS=${TSAN_OPTIONS:-ignore_noninstrumented_modules=1}
    TSAN_OPTIONS=$TSAN_OPTIONS:die_after_fork=0:second_deadlock_stack=1
    export CK_TIMEOUT_MULTIPLIER TEST_SCALE TEST_TIMEOUT TEST_ROOT TEST_DATA \
        TEST_SHIM JOURNAL ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS \
        SCALE_ONE_THREAD
}

# foo/bar_test.sh is called bar_test; examples by their folder too.
name_of() {
    name=$(basename "$1" .sh)
    case $1 in
    */docs/examples/*) echo "example $name" ;;
    *) echo "$name" ;;
    esac
}

# A forked child cannot free what belongs to threads that it does not have, nor
# LMDB's idle transactions, which would clear the parent's slots.
leak_check() {
    case $1 in
    */fork_test | */disk_test) echo no ;;
    *) echo full ;;
    esac
}

# Whether the program's source, or a file of its folder's, starts threads; the
# library starts none.
has_threads() {
    folder=$TEST_ROOT/test/$(basename "$(dirname "$1")")
    find "$folder" \( -name '*.c' ! -name '*_test.c' -o -name "${1##*/}.c" \) \
        -exec cat {} + | grep -q pthread_create
}

start() {
    case $1 in
    *.sh)
        "$TEST_ROOT/$1"
        ;;
    */docs/examples/*)
        script=$TEST_ROOT/docs/examples/$(basename "$1").sh
        cd "$TMPDIR" || return
        if [ -x "$script" ]; then
            EXAMPLE=$TEST_ROOT/$1 "$script"
        else
            "$TEST_ROOT/$1"
        fi
        ;;
    *)
        # A sanitizer of threads has little to say of a program that has one.
        if [ -n "${SCALE_ONE_THREAD:-}" ] && ! has_threads "$1"; then
            TEST_SCALE=$SCALE_ONE_THREAD
        fi
        if [ "${RUN:-}" = valgrind ]; then
            leaks=$(leak_check "$1")
            set -- --suppressions="$SUPPRESSIONS/valgrind.supp" "$1"
            set -- --errors-for-leak-kinds=definite --leak-check="$leaks" \
                --show-leak-kinds=definite "$@"
            set -- --trace-children=yes --error-exitcode=99 -q "$@"
            set -- --trace-children-skip='/bin/*,/usr/bin/*' "$@"
            set -- valgrind "$@"
        fi
        "$@"
        ;;
    esac
}

# The numbers of the line "NAME: N passed, M failed", if the log ends with it.
counts_in() {
    tail -n 1 "$1" |
        sed -n "s/^$2: \([0-9]*\) passed, \([0-9]*\) failed\$/\1 \2/p"
}

# What NAME adds to the sum, given its log and its exit status.
judge() {
    counts=$(counts_in "$2" "$1")
    case $counts in
    '') ;;
    '0 0') echo "0 1 ran no test" && return ;;
    *' 0') [ "$3" -eq 0 ] || counts="${counts% 0} 1 ended with status $3" ;;
    *) ;;
    esac
    [ -z "$counts" ] || { echo "$counts" && return; }
    case $1:$3 in
    *:124 | *:137) echo "0 1 took over $TEST_TIMEOUT s" ;;
    'example '*:0 | *'.sh':0) echo "1 0" ;;
    *:77) echo "0 0 $(tail -n 1 "$2")" ;;
    *:0) echo "0 1 ended without a result" ;;
    *) echo "0 1 ended with status $3" ;;
    esac
}

# Runs one program and leaves its judgement in LOGS/*.result.
run_one() {
    name=$(name_of "$1")
    log=$LOGS/$(echo "$1" | tr '/ ' '--').log
    TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/journal-run.XXXXXX") || exit 1
    export TMPDIR
    begun=$(date +%s)
    timeout -k 10 "$TEST_TIMEOUT" sh "$TEST_ROOT/test/run.sh" --start "$1" \
        </dev/null >"$log" 2>&1
    status=$?
    seconds=$(($(date +%s) - begun))
    rm -rf "$TMPDIR"
    case $1 in
    *.sh) [ -n "$(counts_in "$log" "$name")" ] || name=$name.sh ;;
    esac
    result=$(judge "$name" "$log" "$status")
    echo "$result" >"$log.result"
    # shellcheck disable=SC2086 # passed, failed, words
    set -- $result
    passed=$1 failed=$2
    shift 2
    {
        [ "$failed" -eq 0 ] || sed 's/^/    /' "$log" | tail -n 100
        printf '%-28s %4s passed, %s failed%s  (%s s)\n' "$name" "$passed" \
            "$failed" "${*:+: $*}" "$seconds"
    } >"$log.report"
    # In one write, so that reports of neighbours do not mix.
    cat "$log.report"
}

run_all() {
    rm -rf "$LOGS"
    mkdir -p "$LOGS"
    prepare
    printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-2}" sh test/run.sh --one
    cat "$LOGS"/*.result | awk -v expected=$# '
        { passed += $1; failed += $2 }
        END {
            if (NR != expected) {
                printf "%d programs gave no result\n", expected - NR
                failed += expected - NR
            }
            printf "%d passed, %d failed\n", passed, failed
            exit failed > 0 || passed == 0
        }'
}

case ${1:-} in
--one) run_one "$2" ;;
--start) start "$2" ;;
*) run_all "$@" ;;
esac
