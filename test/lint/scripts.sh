#!/bin/sh
# scripts.sh - what shellcheck says of every script of the tree.
set -u

found=0
set --
for file in .ci/run test/*.sh test/*/*.sh test/ffi/*/*.sh docs/examples/*.sh \
    docs/html/*.sh pkgconfig/*.sh lib/cli/completions/*.sh; do
    [ ! -f "$file" ] || set -- "$@" "$file"
done
for file in "$@"; do
    [ -x "$file" ] || { echo "$file: is not executable"; found=1; }
done
command -v shellcheck >/dev/null 2>&1 || {
    echo "no shellcheck"
    [ $found -eq 0 ] && found=77
    exit $found
}
shellcheck "$@" || found=1
exit $found
