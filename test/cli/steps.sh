#!/bin/sh
# steps.sh - what the scripts of this folder have in common: a directory, and
# ways to run the command and to say what came of it.
#
# For `.`: leaves the script in an empty directory, which is removed at its end.
# shellcheck disable=SC2034 # its variables are for the scripts

JOURNAL=${JOURNAL:-build/journal}
case $JOURNAL in
/*) ;;
*) JOURNAL=$PWD/$JOURNAL ;;
esac
export JOURNAL
PASSED=0
FAILED=0

WORK=$(mktemp -d "${TMPDIR:-/tmp}/journal.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM
cd "$WORK" || exit 1
# What is looked at has no colours, unless a test wants them.
export NO_COLOR=1
TAB=$(printf '\t')

# ---- how a test says what it found ------------------------------------------

pass() {
    PASSED=$((PASSED + 1))
}

fail() {
    FAILED=$((FAILED + 1))
    printf 'FAILED: %s\n' "$CLAIM"
    [ $# -eq 0 ] || printf '    %s\n' "$@"
    [ ! -s err ] || sed 's/^/    stderr: /' err
}

# verify CLAIM COMMAND...: the command succeeds.
verify() {
    CLAIM=$1
    shift
    if "$@"; then pass; else fail "$*"; fi
}

# run ARGUMENT...: journal's output in out and err, its exit code in $code.
run() {
    "$JOURNAL" "$@" >out 2>err
    code=$?
}

# says CLAIM TEXT ARGUMENT...: exit code 0, TEXT and no more.
says() {
    CLAIM=$1
    printf '%s' "$2" >expected
    shift 2
    run "$@"
    if [ "$code" -ne 0 ] || [ -s err ]; then
        fail "exit code $code: journal $*"
    elif ! cmp -s out expected; then
        fail "journal $*" "expected: $(cat expected)" "printed:  $(cat out)"
    else
        pass
    fi
}

# complains CLAIM CODE PATTERN ARGUMENT...: CODE, PATTERN in the first line of
# standard error, and nothing on standard output.
complains() {
    CLAIM=$1
    wanted=$2
    pattern=$3
    shift 3
    run "$@"
    if [ "$code" -ne "$wanted" ]; then
        fail "exit code $code instead of $wanted: journal $*"
    elif ! head -n 1 err | grep -q -e "$pattern"; then
        fail "no message '$pattern': journal $*"
    elif [ -s out ]; then
        fail "printed $(head -n 1 out)"
    else
        pass
    fi
}

NL='
'

# damage FILE TEXT: changes a byte of TEXT wherever that is, in pages that are
# not used any more, too.
damage() {
    grep -abo -e "$2" "$1" | cut -d : -f 1 | while read -r place; do
        printf X | dd of="$1" bs=1 seek="$place" conv=notrunc 2>/dev/null
    done
}

# conclude NAME: the last line of a test script, and its exit status.
conclude() {
    echo "$1: $PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}
