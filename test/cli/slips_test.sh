#!/bin/sh
# slips_test.sh - what the command says to slips of the finger.
#
#   JOURNAL=build/journal test/cli/slips_test.sh
set -u

# shellcheck source=test/cli/steps.sh
. "$(dirname "$0")/steps.sh"

# meant WORDS ARGUMENT...: exit code 2, and WORDS are what was meant.
meant() {
    words=$1
    shift
    CLAIM="'journal $*' means $words"
    run "$@"
    if [ "$code" -eq 2 ] &&
        grep -qx "journal: hint: did you mean $words?" err; then
        pass
    else
        fail "exit code $code"
    fi
}

# unknown ARGUMENT...: exit code 2, and nothing seems to be meant.
unknown() {
    CLAIM="'journal $*' means nothing"
    run "$@"
    if [ "$code" -eq 2 ] && ! grep -q 'did you mean' err; then
        pass
    else
        fail "exit code $code"
    fi
}

test_commands() {
    meant append apend j k v
    meant replay repaly j
    meant stat stats j
    meant history hist j k
    meant verify help verfiy
    meant help hepl
    meant --version version
    unknown frobnicate j
    unknown '' j
    unknown "$(printf '%0100d' 0)" j
    complains 'a path is no command' 2 "no command './j'" ./j stat
    verify 'and the order is told' grep -q 'the command comes first' err
    complains 'nor is an option' 2 "no command '--json'" --json stat j
    verify 'which comes later, too' grep -q 'the command comes first' err
}

test_options() {
    meant --verbose get --vebose j k
    meant --json get j k --jsno
    meant --json get -json j k
    meant --first replay --frist=3 j
    meant --until prune --untill yesterday j
    meant --help stat --hlep j
    unknown get --frobnicate j k
    unknown get -x j k
    unknown get -x -json j k
    unknown get --at
    unknown get --json=3 j k
    complains 'what is begun twice is listed' 2 "'--limit' '--live'" \
        query --li 3 j
    unknown query --li 3 j
}

# missing NAME ARGUMENT...: exit code 2, NAME is what is missing.
missing() {
    name=$1
    shift
    complains "'journal $*' has no $name" 2 "^journal $1: $name is missing" "$@"
    verify 'and usage tells where it goes' grep -q "^usage: journal $1 .*" err
}

test_operands() {
    missing PATH get
    missing KEY get j
    missing KEY history j
    missing N read j
    missing SIZE at j
    missing SIZE rewind --yes j
    missing PATH at --time 1h
    missing TO backup j
    missing FROM salvage
    missing TO salvage j
    missing NAME mark --delete j
    missing PATH append
    verify 'all its ways' grep -q '^ .*journal append .*--json-lines PATH' err
    complains 'what is too much is named' 2 "operand 'x'" get j k x
    verify 'with the usage' grep -q '^usage: journal get .*PATH KEY$' err
    verify 'none of this has made a journal' test ! -e j
}

# Where the advice depends on what was tried.
test_advice() {
    run help help
    cp out found
    run help
    verify 'help helps with itself' cmp -s out found
    run help get
    verify 'and points at the manual' grep -q "^'man journal-get' tells" out
    complains 'append has no key, or has none' 2 'KEY is missing; --no-key' \
        append j
    verify 'and usage tells its ways' grep -q '^ .*--json-lines PATH' err
    run append --stamp 9:aa s k v
    complains 'a stamp is too old' 3 OUTDATED append --stamp 5 s k v
    verify 'and that of the latest is told' \
        grep -q 'hint: the key.s latest entry, 0, has 9:aa0*$' err
    run append -q s k v
    complains 'of a latest without one' 3 OUTDATED append --stamp 5 s k v
    verify 'nothing is told' test "$(wc -l <err)" -eq 1
    complains 'salvage into itself' 2 EINVAL salvage s s
    verify 'is told' grep -q 'hint: .*another directory' err
}

test_commands
test_options
test_operands
test_advice
conclude slips_test
