#!/bin/sh
# tidy.sh - clang-tidy's findings in the library and the command.
set -u

command -v clang-tidy >/dev/null 2>&1 || { echo "no clang-tidy"; exit 77; }

if [ "${1:-}" = --one ]; then
    exec clang-tidy --quiet "$2" -- -std=c11 -D_GNU_SOURCE -Iinclude -Ilib
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
printf '%s\0' lib/*/*.c |
    xargs -0 -n 1 -P "$(nproc)" test/lint/tidy.sh --one >"$log" 2>&1 && exit 0
# The findings with the lines they are about; how the analyzer came there is
# what `clang-tidy FILE -- -Iinclude -Ilib` tells.
grep -E -A 2 ' (error|warning): ' "$log"
exit 1
