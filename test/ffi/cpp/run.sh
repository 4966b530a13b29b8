#!/bin/sh
# run.sh - builds the C++ program as a user would, and runs it.
set -u

cxx=${CXX:-c++}
command -v "$cxx" >/dev/null || { echo "no C++: install g++"; exit 77; }
command -v pkg-config >/dev/null || { echo "install pkg-config"; exit 77; }
cd "$(dirname "$0")" || exit 1
# shellcheck disable=SC2046 # pkg-config answers in words
"$cxx" -std=c++17 -O1 -g -Wall -Wextra -Wpedantic -Werror -pthread \
    -o "$JOURNAL_BUILD/test" ./*.cpp \
    $(pkg-config --cflags --libs libjournal) && exec "$JOURNAL_BUILD/test"
