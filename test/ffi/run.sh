#!/bin/sh
# run.sh - runs the programs of other languages against an installed library.
#
#   OUT=build test/ffi/run.sh [LANGUAGE...]      all there are, unless named
#
# A language is a folder here with a run.sh, which builds what has to be built,
# runs the program, and ends with "N passed, M failed"; 77 as its exit status
# says that the language is not here, and its last line which package to
# install.  It finds in its environment
#   JOURNAL_PREFIX   where the library has just been installed
#   PKG_CONFIG_PATH, LD_LIBRARY_PATH
#                    so that pkg-config and the loader find it there
#   JOURNAL_WORK     an empty directory, for journals; removed afterwards
#   JOURNAL_BUILD    a directory for what it builds; stays
# and starts in the root of the source tree, into which it writes nothing.
# Taken from the caller: JOBS at a time, FFI_TIMEOUT seconds for each (300), CC,
# and FFI_NEED=all: that a language is not here counts as a failure.  The last
# line printed is "N passed, M failed, K skipped".
set -u

cd "$(dirname "$0")/../.." || exit 1
OUT=${OUT:-build}
LOGS=$OUT/ffi/log
FFI_TIMEOUT=${FFI_TIMEOUT:-300}
export OUT FFI_TIMEOUT

absolute() {
    case $1 in
    /*) echo "$1" ;;
    *) echo "$PWD/$1" ;;
    esac
}

# Into a prefix without anything of earlier days.
install_library() {
    JOURNAL_PREFIX=$(absolute "$OUT")/ffi/prefix
    PKG_CONFIG_PATH=$JOURNAL_PREFIX/lib/pkgconfig
    LD_LIBRARY_PATH=$JOURNAL_PREFIX/lib
    rm -rf "$JOURNAL_PREFIX" "$LOGS"
    mkdir -p "$LOGS"
    # Nothing of a make that may have started this.
    if ! env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s install \
        CC="${CC:-gcc}" BUILD="$OUT" SAN='' SHARED='' \
        PREFIX="$JOURNAL_PREFIX" >"$LOGS/install" 2>&1; then
        cat "$LOGS/install"
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    export JOURNAL_PREFIX PKG_CONFIG_PATH LD_LIBRARY_PATH
}

# PASSED FAILED SKIPPED WORDS, of the log $1 and the exit status $2.
judge() {
    counts=$(tail -n 1 "$1" |
        sed -n 's/^.*\<\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
    case $counts:$2 in
    *:124) echo "0 1 0 took over $FFI_TIMEOUT s" ;;
    *:137) echo "0 1 0 was killed" ;;
    *:77)
        missing=0
        [ "${FFI_NEED:-}" != all ] || missing=1
        echo "0 $missing $((1 - missing)) $(tail -n 1 "$1")"
        ;;
    :0 | '0 0:0') echo "0 1 0 ended without a result" ;;
    :*) echo "0 1 0 ended with status $2" ;;
    *' 0:0') echo "$counts 0" ;;
    *' 0:'*) echo "${counts% 0} 1 0 ended with status $2" ;;
    *) echo "$counts 0" ;;
    esac
}

# Runs one language and leaves its judgement in LOGS/LANGUAGE.result.
run_one() {
    log=$LOGS/$1
    JOURNAL_BUILD=$(absolute "$OUT")/ffi/$1
    JOURNAL_WORK=$(mktemp -d "${TMPDIR:-/tmp}/journal-ffi.XXXXXX") || exit 1
    export JOURNAL_BUILD JOURNAL_WORK
    mkdir -p "$JOURNAL_BUILD"
    begun=$(date +%s)
    timeout -k 10 "$FFI_TIMEOUT" sh "test/ffi/$1/run.sh" \
        </dev/null >"$log" 2>&1
    result=$(judge "$log" $?)
    seconds=$(($(date +%s) - begun))
    rm -rf "$JOURNAL_WORK"
    echo "$result" >"$log.result"
    report "$1" "$log" "$seconds" "$result" >"$log.report"
    # In one write, so that reports of neighbours do not mix.
    cat "$log.report"
}

# report LANGUAGE LOG SECONDS RESULT
report() {
    name=$1 log=$2 seconds=$3
    # shellcheck disable=SC2086 # passed, failed, skipped, words
    set -- $4
    passed=$1 failed=$2 skipped=$3
    shift 3
    [ "$failed" -eq 0 ] || sed 's/^/    /' "$log" | tail -n 100
    if [ "$skipped" -eq 0 ]; then
        printf '%-10s %4s passed, %s failed%s  (%s s)\n' "$name" "$passed" \
            "$failed" "${*:+: $*}" "$seconds"
    else
        printf '%-10s skipped: %s\n' "$name" "$*"
    fi
}

languages() {
    for script in test/ffi/*/run.sh; do
        [ ! -f "$script" ] || basename "$(dirname "$script")"
    done
}

run_all() {
    # shellcheck disable=SC2046 # one word for each language
    [ $# -gt 0 ] || set -- $(languages)
    install_library
    printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-2}" sh test/ffi/run.sh --one
    cat "$LOGS"/*.result | awk -v expected=$# '
        { passed += $1; failed += $2; skipped += $3 }
        END {
            if (NR != expected) {
                printf "%d languages gave no result\n", expected - NR
                failed += expected - NR
            }
            printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
            exit failed > 0 || passed + skipped == 0
        }'
}

case ${1:-} in
--one) run_one "$2" ;;
*) run_all "$@" ;;
esac
