#!/bin/sh
# page.sh - follows a page of docs/ as its reader would, in an empty directory,
# and compares what is printed with what the page says.
#
#   test/install/page.sh [--installed] PAGE.md
#
# `make` there means the Makefile of this tree, with what is built already; with
# --installed the reader has that behind him.  Every command is tried in one and
# the same shell, on a terminal, with a HOME of its own.  Recipes in C, if there
# are any, are compiled and tried too.
set -u

# In the terminal: each command behind a line that says which.
if [ "$1" = --steps ]; then
    make() {
        # shellcheck disable=SC2317 # a step calls it
        MAKEFLAGS=$PAGE_CHOSEN command make -s -C "$PAGE_ROOT" \
            BUILD="$PAGE_WORK/build" "$@"
    }
    cd "$PAGE_WORK/empty" || exit 1
    for step in "$PAGE_WORK"/steps/*.sh; do
        printf '@ %s\n' "${step%.sh}"
        # shellcheck disable=SC1090 # a command of the page
        . "$step" 2>&1 </dev/null
    done
    exit 0
fi

installed=false
[ "$1" != --installed ] || { installed=true; shift; }
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
page=$1
name=$(basename "$page" .md)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
out=${OUT:-build}
# The variables that the caller of make chose, and they alone: with them nothing
# is built a second time.
case ${MAKEFLAGS:-} in
*' -- '*) chosen=" -- ${MAKEFLAGS#* -- }" ;;
*) chosen= ;;
esac
unset MAKEFLAGS MFLAGS MAKELEVEL
passed=0
failed=0

# Copies keep their times, so that they are taken for built.
borrow() {
    mkdir -p "$work/build"
    for made in lib compiled-with needs libjournal.a journal; do
        [ ! -e "$out/$made" ] || cp -a "$out/$made" "$work/build" || return
    done
    cp -a "$out"/libjournal.so* "$work/build" 2>/dev/null || true
}

install() {
    MAKEFLAGS=$chosen make -s BUILD="$work/build" install \
        PREFIX="$HOME/journal" >"$work/said" 2>&1 || {
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
        "$(cat "$1.sh")" "$(cat "$1.expected")" "$(cat "$1.said")"
}

# Of a line that was written over, as a bar of progress is, its last state; and
# not what a terminal shows for the end of its input.
LAST_SEEN='s/\r*$//; s/.*\r//; s/\x1b\[K//g; s/\^D\x08\x08//'

# What the terminal shows becomes STEP.said for each; a command whose output has
# no end of line is followed by the next one's first.
show() {
    PAGE_ROOT=$root PAGE_WORK=$work PAGE_CHOSEN=$chosen NO_COLOR=1 TERM=dumb \
        script -qec "sh '$root/test/install/page.sh' --steps" /dev/null \
        </dev/null | sed "$LAST_SEEN" >"$work/shown"
    awk -v work="$work" '
        match($0, "@ " work "/steps/[0-9]*$") {
            if (RSTART > 1)
                print substr($0, 1, RSTART - 1) >said
            said = substr($0, RSTART + 2) ".said"
            printf "" >said
            next
        }
        { print >said }' "$work/shown"
}

follow() {
    show
    for step in "$work"/steps/*.sh; do
        step=${step%.sh}
        line=$(basename "$step" | sed 's/^0*//')
        [ -e "$step.said" ] || echo "was not reached" >"$step.said"
        if awk -f test/install/same.awk "$step.expected" "$step.said"; then
            passed=$((passed + 1))
        else
            complain "$step" "$line"
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

command -v script >/dev/null || { echo "no script"; exit 77; }
mkdir "$work/steps" "$work/home" "$work/empty" || exit 1
awk -v steps="$work/steps" -f test/install/steps.awk "$page" || exit 1
borrow || exit 1
export HOME="$work/home"
[ $installed = false ] || install
follow
try_recipes

echo "${name}_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
