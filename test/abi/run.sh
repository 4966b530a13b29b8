#!/bin/sh
# run.sh - is the library still what programs that exist were built against?
#
#   OUT=build test/abi/run.sh check|update LIBRARY
#
# Compares what LIBRARY and include/journal.h are now with the baseline in this
# folder, which `update` writes anew:
#
#   libjournal.abi   calls and types, by abidw; compared by abidiff, but for
#                    what may-grow.abignore allows
#   constants.txt    the values of enums and macros, which no library tells
#
# What was added is told and is no fault.  CC is the compiler.
set -u

cd "$(dirname "$0")/../.." || exit 1
here=test/abi
now=$OUT/abi
library=$2
CC=${CC:-gcc}

fail() {
    printf 'make abi: %s\n' "$@" >&2
    exit 1
}

# The baseline has the sizes of machines of 64 bits.
need() {
    for tool in abidw abidiff; do
        command -v $tool >/dev/null ||
            fail "needs $tool (Debian: abigail-tools)"
    done
    echo 'char p[sizeof(void *) == 8 ? 1 : -1];' |
        $CC -x c -fsyntax-only - 2>/dev/null ||
        fail "the baseline is of a machine of 64 bits"
    [ -f "$library" ] || fail "there is no $library"
    # Types come from what is there for the debugger.
    readelf -SW "$library" | grep -q '\.debug_info' ||
        fail "$library was built without -g: its types cannot be seen"
    mkdir -p "$now"
}

# Neither places in the sources nor paths, which change without meaning.
dump_types() {
    abidw --headers-dir include --drop-private-types \
        --exported-interfaces-only --type-id-style hash --no-show-locs \
        --no-corpus-path --no-comp-dir-path --no-elf-needed --no-architecture \
        --out-file "$now/libjournal.abi" "$library" ||
        fail "abidw cannot read $library"
    grep -q "<function-decl name='journal_open'" "$now/libjournal.abi" ||
        fail "abidw finds no types in $library"
}

# Names of enums and macros: what is in braces after enum, and all macros that
# have a value but for those of the version.
constant_names() {
    sed -n '/^enum /,/^}/s/^ *\(JOURNAL_[A-Z_0-9]*\) *=.*/\1/p' \
        include/journal.h
    sed -n 's/^#define \(JOURNAL_[A-Z_0-9]*\)  *[0-9A-Z].*/\1/p' \
        include/journal.h | grep -v '^JOURNAL_VERSION_'
}

dump_constants() {
    {
        echo '#include <inttypes.h>'
        echo '#include <journal.h>'
        echo '#include <stdio.h>'
        echo '#define SHOW(name) printf("%s %" PRId64 "%c", #name,' \
            '(int64_t)name, 10)'
        echo 'int main(void) {'
        constant_names | sort | sed 's/.*/SHOW(&);/'
        echo 'return 0; }'
    } >"$now/constants.c"
    $CC -std=c11 -Iinclude -o "$now/constants" "$now/constants.c" ||
        fail "journal.h does not compile, or the list of its constants"
    "$now/constants" >"$now/constants.txt"
    [ "$(wc -l <"$now/constants.txt")" -gt 30 ] ||
        fail "no constants were found in journal.h"
}

compare_types() {
    abidiff --suppressions "$here/may-grow.abignore" --no-added-syms \
        --fail-no-debug-info "$here/libjournal.abi" "$now/libjournal.abi" \
        >"$now/types.diff" 2>&1 && return
    cat "$now/types.diff"
    return 1
}

# A constant may be new; it may not be gone, nor be another one.
compare_constants() {
    comm -23 "$here/constants.txt" "$now/constants.txt" >"$now/constants.diff"
    [ -s "$now/constants.diff" ] || return 0
    sed 's/\([^ ]*\) \(.*\)/journal.h: \1 is not \2 any more/' \
        "$now/constants.diff"
    return 1
}

functions_in() {
    sed -n "s/.*<elf-symbol name='\([^']*\)'.*/\1/p" "$1" | sort
}

tell_added() {
    functions_in "$here/libjournal.abi" >"$now/functions.old"
    functions_in "$now/libjournal.abi" >"$now/functions.new"
    added=$(
        comm -13 "$now/functions.old" "$now/functions.new"
        comm -13 "$here/constants.txt" "$now/constants.txt"
    )
    [ -n "$added" ] || return 0
    echo "added since the baseline (make abi-update, at a release):"
    echo "$added" | sed 's/^/    /'
}

LC_ALL=C
export LC_ALL
need
dump_types
dump_constants
case $1 in
update)
    cp "$now/libjournal.abi" "$now/constants.txt" "$here/"
    ;;
check)
    status=0
    compare_types || status=1
    compare_constants || status=1
    tell_added
    [ $status -eq 0 ] ||
        fail "programs that exist would not work with this library." \
            "Undo it; or a new JOURNAL_VERSION_MAJOR and make abi-update."
    echo "abi: as before"
    ;;
*) fail "check or update, not $1" ;;
esac
