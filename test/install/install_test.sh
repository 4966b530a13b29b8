#!/bin/sh
# install_test.sh - installs into a clean prefix, as a user would, and builds
# programs there through pkg-config: shared, static and as C++.
#
# Builds afresh, so that it sees what a stranger sees; not optimized, which
# takes less time.
set -u

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# Nothing of a make that may have started this.
unset MAKEFLAGS MFLAGS MAKELEVEL
CC=${CC:-gcc}
prefix=$work/prefix
program=test/install/program.c
passed=0
failed=0

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

build() {
    make -s CC="$CC" CFLAGS=-O0 BUILD="$work/build" "$@"
}

# What is below $1, directories left out.
files_in() {
    (cd "$1" && find . ! -type d | sort)
}

expected_files() {
    {
        for page in docs/man/*.[1-8]; do
            echo "./share/man/man${page##*.}/${page##*/}"
        done
        # `man CALL` finds every call.
        sed -n '/global:/,/local:/s|^ *\(journal_[a-z0-9_]*\);.*|\1|p' \
            lib/libjournal.map | sed 's|.*|./share/man/man3/&.3|'
        printf './%s\n' bin/journal include/journal.h lib/libjournal.a \
            lib/libjournal.so "lib/$soname" "lib/libjournal.so.$version" \
            lib/pkgconfig/libjournal.pc \
            share/bash-completion/completions/journal \
            share/fish/vendor_completions.d/journal.fish \
            share/zsh/site-functions/_journal
    } | sort -u
}

same() {
    [ "$1" = "$2" ] && return
    printf 'expected:\n%s\nfound:\n%s\n' "$1" "$2"
    return 1
}

# What pkg-config answers, told of the prefix $1; $2: --static
with_pc() {
    where=$1
    shift
    PKG_CONFIG_PATH=$where/lib/pkgconfig pkg-config "$@" --cflags --libs \
        libjournal
}

# Compiles with the words of $1 and runs what comes out on a new journal.
compile_and_run() {
    name=$1
    where=$2
    shift 2
    "$@" -o "$work/$name" &&
        LD_LIBRARY_PATH=$where/lib "$work/$name" "$work/$name.journal"
}

# shellcheck disable=SC2046 # pkg-config answers in words
try_programs() {
    where=$1
    claim "a program links with the shared library ($2)" \
        compile_and_run "shared-$2" "$where" "$CC" -std=c99 $program \
        $(with_pc "$where")
    claim "it uses the installed one ($2)" \
        uses_library "$work/shared-$2" "$where"
    claim "a program links with pkg-config --static ($2)" \
        compile_and_run "static-$2" "$where" "$CC" -std=c99 -static $program \
        $(with_pc "$where" --static)
    if command -v c++ >/dev/null 2>&1; then
        claim "so does a program in C++ ($2)" \
            compile_and_run "c++-$2" "$where" c++ -std=c++17 -x c++ $program \
            -x none $(with_pc "$where")
    else
        echo "no C++ compiler: not tried"
    fi
}

uses_library() {
    LD_LIBRARY_PATH=$2/lib ldd "$1" | grep -F "$2/lib/$soname"
}

# The command finds what it needs without LD_LIBRARY_PATH or ldconfig.
run_command() {
    env -u LD_LIBRARY_PATH "$1/bin/journal" --help
}

# A LIBDIR of several parts, one outside of PREFIX, an INCLUDEDIR of its own.
pc_says() {
    build "$work/build/libjournal.pc" PREFIX=/opt/j "$2" "$3" &&
        grep -Fx "$1" "$work/build/libjournal.pc"
}

# What loader.sh says of $work/known, where ldconfig says that the loader looks,
# and of another place; $2: the status of ldconfig.
loader_says() {
    mkdir -p "$work/loader" "$work/known"
    cat >"$work/loader/ldconfig" <<END
#!/bin/sh
if [ \$# -gt 0 ]; then
    echo '$work/known: (from /etc/ld.so.conf:1)'
else
    touch '$work/renewed'
    exit $2
fi
END
    chmod +x "$work/loader/ldconfig"
    rm -f "$work/renewed"
    PATH=$work/loader:$PATH pkgconfig/loader.sh "$work/$1" "$soname"
}

# Who takes the sources into a tree of his own has no Makefile of ours.
claim "one line compiles the sources" "$CC" -shared -fPIC -Wall -Werror \
    -o "$work/libjournal.so" -Iinclude -Ilib lib/[!c]*/*.c -llmdb -lxxhash

claim "make install works without asking" build install PREFIX="$prefix"
version=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion \
    libjournal)
soname=libjournal.so.${version%%.*}
claim "pkg-config knows the version of the header" \
    same "$(sed -n 's/^#define JOURNAL_VERSION_[A-Z]* //p' include/journal.h |
        paste -sd .)" "$version"
claim "install puts what it should there, and nothing else" \
    same "$(expected_files)" "$(files_in "$prefix")"
claim "the command runs" run_command "$prefix"
try_programs "$prefix" here

claim "make install works again" build install PREFIX="$prefix"
mv "$prefix" "$work/moved"
try_programs "$work/moved" moved
claim "the command runs (moved)" run_command "$work/moved"
mv "$work/moved" "$prefix"

claim "install says how programs find the library" \
    same "installed; programs find $soname by LD_LIBRARY_PATH=$prefix/lib" \
    "$(build install PREFIX="$prefix" | tail -n 1)"
claim "where the loader looks nothing is left to do" \
    same "installed into $work/known; programs find it there" \
    "$(loader_says known 0)"
claim "since its list was renewed" test -e "$work/renewed"
claim "who may not do that is told who may" \
    same "installed; programs find $soname when root has run ldconfig" \
    "$(loader_says known 1)"
claim "elsewhere nothing is renewed" \
    same "installed; programs find $soname by LD_LIBRARY_PATH=$work/other" \
    "$(loader_says other 0)"
claim "so the machine is as before" test ! -e "$work/renewed"

claim "uninstall says yes" build uninstall PREFIX="$prefix"
claim "uninstall leaves nothing" same "" "$(files_in "$prefix")"
mkdir -p "$prefix/lib" && echo mine >"$prefix/lib/other.so"
claim "install below DESTDIR" build install PREFIX=/usr DESTDIR="$work/stage"
claim "it is all there" same "$(expected_files)" "$(files_in "$work/stage/usr")"
claim "and only there" same "usr" "$(ls "$work/stage")"
claim "uninstall below DESTDIR" build uninstall PREFIX=/usr \
    DESTDIR="$work/stage"
claim "uninstall leaves nothing there" same "" "$(files_in "$work/stage")"
claim "uninstall leaves others' files" same ./lib/other.so \
    "$(files_in "$prefix")"

# shellcheck disable=SC2016 # pkg-config's variables
{
    claim "in /usr the .pc file names it, so that no flags are needed" \
        same 'prefix=/usr' "$(build "$work/build/libjournal.pc" PREFIX=/usr &&
            sed -n 's/^prefix/&/p' "$work/build/libjournal.pc")"
    claim "a multiarch LIBDIR" pc_says 'prefix=${pcfiledir}/../../..' \
        LIBDIR=/opt/j/lib/x86_64-linux-gnu INCLUDEDIR=/opt/j/include
    claim "its libdir" grep -Fx 'libdir=${prefix}/lib/x86_64-linux-gnu' \
        "$work/build/libjournal.pc"
    claim "a LIBDIR elsewhere" pc_says 'prefix=/opt/j' LIBDIR=/srv/lib \
        INCLUDEDIR=/srv/include
    claim "its libdir" grep -Fx 'libdir=/srv/lib' "$work/build/libjournal.pc"
    claim "its includedir" grep -Fx 'includedir=/srv/include' \
        "$work/build/libjournal.pc"
}

echo "install_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
