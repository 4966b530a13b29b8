#!/bin/sh
# page.sh - follows a page of docs/ as its reader would, in an empty directory,
# and compares what is printed with what the page says.
#
#   test/install/page.sh [--installed] PAGE.md
#
# `make` there means the Makefile of this tree, with what is built already; with
# --installed the reader has that behind him.  Every command is tried in one and
# the same shell, with a HOME of its own.  Recipes in C, if there are any, are
# compiled and tried too.
set -u

installed=false
[ "$1" != --installed ] || { installed=true; shift; }
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
page=$1
name=$(basename "$page" .md)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
out=${OUT:-build}
# What the caller of make chose, so that nothing is built a second time.
case ${MAKEFLAGS:-} in
*' -- '*) chosen=${MAKEFLAGS#* -- } ;;
*) chosen= ;;
esac
unset MAKEFLAGS MFLAGS MAKELEVEL
passed=0
failed=0

make() {
    # shellcheck disable=SC2086 # NAME=VALUE each
    command make -s -C "$root" $chosen BUILD="$work/build" "$@"
}

# Copies keep their times, so that they are taken for built.
borrow() {
    mkdir -p "$work/build"
    for made in lib compiled-with needs libjournal.a journal; do
        [ ! -e "$out/$made" ] || cp -a "$out/$made" "$work/build" || return
    done
    cp -a "$out"/libjournal.so* "$work/build" 2>/dev/null || true
}

install() {
    make install PREFIX="$HOME/journal" >"$work/said" 2>&1 || {
        cat "$work/said"
        exit 1
    }
    export PATH="$HOME/journal/bin:$PATH"
    export PKG_CONFIG_PATH="$HOME/journal/lib/pkgconfig"
    export LD_LIBRARY_PATH="$HOME/journal/lib"
}

complain() {
    failed=$((failed + 1))
    printf '%s:%d: %s\nexpected:\n%s\nfound:\n%s\n' "$page" "$2" \
        "$(cat "$1.sh")" "$(cat "$1.expected")" "$(cat "$work/said")"
}

# Sourced, so that what one sets the next one finds.
follow() {
    for try in "$work"/steps/*.sh; do
        try=${try%.sh}
        # shellcheck disable=SC1090 # a command of the page
        . "$try.sh" >"$work/said" 2>&1 </dev/null
        line=$(basename "$try" | sed 's/^0*//')
        if awk -f "$root/test/install/same.awk" "$try.expected" "$work/said"
        then
            passed=$((passed + 1))
        else
            complain "$try" "$line"
        fi
    done
}

# All recipes of a page are one program, which says how many they are.
compile_recipes() {
    {
        echo '#include "recipe.h"'
        awk -v page="$page" -f "$root/test/install/recipes.awk" "$root/$page"
    } >recipes.c
    # shellcheck disable=SC2046 # pkg-config answers in words
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -pthread \
        -I"$root/test/install" recipes.c -o recipes \
        $(pkg-config --cflags --libs libjournal)
}

try_recipes() {
    grep -q '^<!-- try$' "$root/$page" || return 0
    mkdir "$work/recipes" && cd "$work/recipes" || exit 1
    if said=$(compile_recipes 2>&1 && ./recipes 2>&1); then
        passed=$((passed + ${said%% *}))
    else
        failed=$((failed + 1))
        echo "$said"
    fi
}

mkdir "$work/steps" "$work/home" "$work/empty" || exit 1
awk -v steps="$work/steps" -f test/install/steps.awk "$page" || exit 1
borrow || exit 1
export HOME="$work/home"
[ $installed = false ] || install
cd "$work/empty" || exit 1
follow
try_recipes

echo "${name}_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
