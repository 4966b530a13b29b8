#!/bin/sh
# abi_test.sh - changes that programs would not survive are noticed by
# `make abi`, and others are not.
#
# Each is made in a copy of the header, of which a library of empty functions is
# built, for that has all that programs see of one.
set -u

# shellcheck source=test/packages/claims.sh
. "$TEST_ROOT/test/packages/claims.sh"

CC=${CC:-gcc}
copy=$TMPDIR/copy
header=$copy/include/journal.h
map=$copy/lib/libjournal.map

# The tree as far as it matters here, with the baseline.
copy_tree() {
    rm -rf "$copy"
    mkdir -p "$copy/include" "$copy/lib" "$copy/test" "$copy/build"
    cp "$TEST_ROOT/include/journal.h" "$copy/include/"
    cp "$TEST_ROOT/lib/libjournal.map" "$copy/lib/"
    cp -R "$TEST_ROOT/test/abi" "$copy/test/"
}

# Every call of the header with a body, as one program text.
stubs() {
    echo '#include <journal.h>'
    tr '\n' ' ' <"$header" | grep -o 'JOURNAL_API [a-z][^;]*;' |
        sed 's/;$/ { __builtin_trap(); }/'
}

library() {
    stubs >"$copy/stubs.c"
    "$CC" "${1:--g}" -w -I"$copy/include" -shared -fPIC \
        -Wl,-soname,"${SONAME:-libjournal.so.0}" \
        -Wl,--version-script="$map" -o "$copy/build/lib.so" "$copy/stubs.c"
}

check() {
    OUT=build CC="$CC" "$copy/test/abi/run.sh" "${1:-check}" build/lib.so
}

edit() {
    cp "$1" "$TMPDIR/before"
    sed "$2" "$TMPDIR/before" >"$1"
    ! cmp -s "$TMPDIR/before" "$1" && return
    echo "nothing was edited: $2"
    return 1
}

# kills WORDS SED: after this edit of the header, it says no with these words.
kills() {
    copy_tree
    edit "$header" "$2" && library && refused "$1" check
}

lives() {
    copy_tree
    edit "$header" "$1" && library && check
}

# The same, of the list of what the library shows.
kills_in_map() {
    copy_tree
    edit "$map" "$2" && library && refused "$1" check
}

tells_added() {
    copy_tree
    edit "$header" \
        's/^JOURNAL_API void journal_close/JOURNAL_API int journal_new(int);\
&/' &&
        edit "$map" 's/^ *journal_close;/&\n    journal_new;/' &&
        library && check | grep -x ' *journal_new'
}

update_takes_it() {
    check update && check >"$TMPDIR/said" && ! grep journal_new "$TMPDIR/said"
}

without_debug_information() {
    copy_tree
    library -s && refused 'was built without -g' check
}

other_soname() {
    copy_tree
    SONAME=libjournal.so.9 library && refused 'SONAME' check
}

# The tool as it would be, were it not installed.
without_tool() {
    mkdir -p "$TMPDIR/bin"
    for tool in sh dirname gcc cp sed grep readelf mkdir; do
        ln -sf "$(command -v $tool)" "$TMPDIR/bin/$tool"
    done
    PATH=$TMPDIR/bin refused 'needs abidw (Debian: abigail-tools)' check
}

built() {
    (cd "$TEST_ROOT" && OUT=$TMPDIR test/abi/run.sh check "$1")
}

claim "the library that was built is what the baseline says" \
    built "$(echo "$(dirname "$JOURNAL")"/libjournal.so.*.*)"

copy_tree
claim "a library of empty functions is built" library
claim "it is what the baseline says" check

claim "a call that is gone is noticed" \
    kills_in_map "'function int journal_wait(" '/^ *journal_wait;/d'
claim "so is another version of a call" \
    kills_in_map 'Removed' 's/LIBJOURNAL_0/LIBJOURNAL_1/'
claim "so is an argument more" \
    kills journal_sync 's/journal_sync(struct journal \*journal/&, int how/'
claim "so is an argument of another type" \
    kills journal_prune '/journal_prune(struct/s/uint64_t/uint32_t/'
claim "so is a result of another type" \
    kills journal_version_string \
    's/const char \*journal_version_string/const int *journal_version_string/'
claim "so is a member of another type" \
    kills keep_bytes 's/uint64_t keep_bytes/uint32_t keep_bytes/'
claim "so are members in another order" kills "'uint64_t time' offset" \
    '/^struct journal_stamp {/,/^}/{/time/{h;d};/id/G}'
claim "so is a member more in the middle of a struct that may grow" \
    kills journal_stat \
    '/^struct journal_stat {/,/^}/s/uint32_t struct_size;/& uint64_t more;/'
claim "so is one at the end of a struct that others lay out" \
    kills journal_record \
    '/^struct journal_record {/,/^}/s/^}/uint64_t more; }/'
claim "so is one that journal_options_init() would write" \
    kills journal_options \
    '/^struct journal_options {/,/^}/s/^}/uint64_t more; }/'
claim "so is another value of an error" \
    kills 'JOURNAL_BUSY is not -10 any more' 's/\(JOURNAL_BUSY =\) -10/\1 -17/'
claim "so is a flag that is gone" \
    kills 'JOURNAL_QUERY_LIVE is not 4' '/JOURNAL_QUERY_LIVE = /d'
claim "so is another limit" kills 'JOURNAL_KEY_MAX is not 65535' \
    's/\(JOURNAL_KEY_MAX\) 65535u/\1 65534u/'
claim "so is another name of the library" other_soname

claim "a struct of which the caller says the size may grow" \
    lives '/^struct journal_stat {/,/^}/s/^}/uint64_t more; }/'
claim "so may the errors" \
    lives 's/JOURNAL_EXISTS = -16/&, JOURNAL_NEW = -17/'
claim "an argument may have another name" \
    lives 's/journal_close(struct journal \*journal/&s/'
claim "a new call is told, and is no fault" tells_added
claim "the baseline takes it up when it is asked to" update_takes_it

claim "a library without debug information is told" without_debug_information
claim "so is one that is not there" refused 'there is no build/none.so' \
    env OUT=build "$copy/test/abi/run.sh" check build/none.so
claim "so is a tool that is not there" without_tool

end abi_test
