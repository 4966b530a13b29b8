#!/bin/sh
# header.sh - does journal.h compile alone, in every language it speaks?
set -u

found=0
tried=0
strict="-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -Iinclude"

# $1 compiler, $2 language, $3 standard
try() {
    command -v "$1" >/dev/null 2>&1 || return 0
    tried=$((tried + 1))
    # Twice, so that the guard is tried too.
    # shellcheck disable=SC2086 # one word for each option
    printf '#include <journal.h>\n#include <journal.h>\nint main(%s) { %s }\n' \
        void 'return JOURNAL_END + 1;' | "$1" -x "$2" -std="$3" $strict - ||
        { echo "include/journal.h: not $3 for $1"; found=1; }
}

for standard in c99 c11 c17; do
    try gcc c $standard
    try clang c $standard
done
for standard in c++11 c++17; do
    try g++ c++ $standard
    try clang++ c++ $standard
done
# C++98 has no <stdint.h> of its own, but compilers lend it theirs; its long
# long is what -Wpedantic would complain about, in the system's headers.
for compiler in g++ clang++; do
    try $compiler c++ c++98
done
[ $tried -gt 0 ] || { echo "no compiler"; exit 77; }
exit $found
