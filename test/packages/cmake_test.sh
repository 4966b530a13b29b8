#!/bin/sh
# cmake_test.sh - docs/examples/cmake as its reader would build and run it,
# where nothing but the installed library is.
set -u

# shellcheck source=test/packages/claims.sh
. "$TEST_ROOT/test/packages/claims.sh"

prefix=$TMPDIR/prefix
project=$TMPDIR/project
unset PKG_CONFIG_PATH LD_LIBRARY_PATH
PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig:$(pkg-config --variable pc_path \
    pkg-config)
export PKG_CONFIG_LIBDIR

install_library() {
    fresh_make -s -C "$TEST_ROOT" BUILD="$(dirname "$JOURNAL")" \
        PREFIX="$prefix" install
}

# Configures and builds in the directory $1.
build() {
    where=$1
    shift
    cmake -S "$project" -B "$project/$where" \
        -DCMAKE_C_FLAGS='-Wall -Wextra -Werror' "$@" &&
        cmake --build "$project/$where"
}

notes() {
    (cd "$TMPDIR" && "$project/$1/notes" "$2")
}

# What the program is linked with, of ours.
linked_with() {
    ldd "$project/$1/notes" | sed -n 's/^[[:space:]]*libjournal.* => //p' |
        sed 's/ .*//'
}

cp -R "$TEST_ROOT/docs/examples/cmake" "$project"
claim "a library that is not there is named" refused libjournal build none
claim "the library is installed" install_library
claim "one that is too old is refused" same "0" "$(
    sed 's/libjournal>=0.1/libjournal>=77/' \
        "$project/CMakeLists.txt" >"$TMPDIR/edited"
    mkdir "$TMPDIR/old" && cp "$project/notes.c" "$TMPDIR/old" &&
        cp "$TMPDIR/edited" "$TMPDIR/old/CMakeLists.txt"
    cmake -S "$TMPDIR/old" -B "$TMPDIR/old/build" >"$TMPDIR/said" 2>&1 ||
        grep -q "libjournal>=77" "$TMPDIR/said"
    echo $?)"
claim "CMake finds it through pkg-config, and builds" build shared
claim "with the shared library there" same \
    "$(realpath "$prefix/lib/libjournal.so.0")" \
    "$(realpath "$(linked_with shared)")"
claim "the program keeps a note" same "0: one" "$(notes shared one)"
claim "it builds with the library in it" build static -DJOURNAL_STATIC=ON
claim "which it does not look for then" same "" "$(linked_with static)"
claim "that program goes on where the other was" \
    same "0: one 1: two" "$(notes static two | paste -sd ' ')"

end cmake_test
