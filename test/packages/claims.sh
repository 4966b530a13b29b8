#!/bin/sh
# claims.sh - what the tests of this folder have in common.
#
# For `.`; the script ends with `end NAME`.

passed=0
failed=0

# claim TEXT COMMAND...: it says yes.
claim() {
    text=$1
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not so: %s\n%s\n' "$text" "$said"
    fi
}

# refused WORDS COMMAND...: it says no, with these words among what it says.
refused() {
    words=$1
    shift
    ! said=$("$@" 2>&1) || { echo "says yes: $said"; return 1; }
    case $said in
    *"$words"*) ;;
    *) echo "says: $said" && return 1 ;;
    esac
}

same() {
    [ "$1" = "$2" ] && return
    printf 'expected:\n%s\nfound:\n%s\n' "$1" "$2"
    return 1
}

# Nothing of a make that may have started the test.
fresh_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory "$@"
}

# The last line of a test.
end() {
    echo "$1: $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
