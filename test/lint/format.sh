#!/bin/sh
# format.sh - is all C in the house format, as `make format` writes it?
set -u

# Others of its versions put some breaks elsewhere.
version=14
for tool in clang-format-$version clang-format; do
    "$tool" --version 2>/dev/null | grep -q "version $version\." && break
    tool=
done
[ -n "$tool" ] || { echo "no clang-format $version"; exit 77; }

set --
for file in include/*.h lib/*/*.[ch] test/*/*.[ch] test/ffi/*/*.[ch] \
    test/ffi/*/*.[ch]pp docs/examples/*.c \
    docs/examples/*/*.c; do
    [ ! -f "$file" ] || set -- "$@" "$file"
done
"$tool" --dry-run -Werror "$@" 2>&1 |
    sed -n 's/:[0-9]*: error: .*/: make format would write it differently/p' |
    uniq | grep . && exit 1
exit 0
