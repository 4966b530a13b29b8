#!/bin/sh
# page.sh - follows a page of docs/ as its reader would, in an empty directory,
# and compares what is printed with what the page says.
#
#   test/install/page.sh PAGE.md
#
# `make` there means the Makefile of this tree, with what is built already.
# Every command is tried in one and the same shell, with a HOME of its own.
set -u

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
        line=$(basename "$try")
        if awk -f "$root/test/install/same.awk" "$try.expected" "$work/said"
        then
            passed=$((passed + 1))
        else
            complain "$try" "$(echo "$line" | sed 's/^0*//')"
        fi
    done
}

mkdir "$work/steps" "$work/home" "$work/empty" || exit 1
awk -v steps="$work/steps" -f test/install/steps.awk "$page" || exit 1
borrow || exit 1
export HOME="$work/home"
cd "$work/empty" || exit 1
follow

echo "${name}_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
