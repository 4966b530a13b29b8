#!/bin/sh
# run.sh - builds the C program as a user would, and runs it.
set -u

cc=${CC:-cc}
command -v "$cc" >/dev/null || { echo "no C compiler: install gcc"; exit 77; }
command -v pkg-config >/dev/null || { echo "install pkg-config"; exit 77; }
cd "$(dirname "$0")" || exit 1
# shellcheck disable=SC2046 # pkg-config answers in words
"$cc" -std=c99 -D_XOPEN_SOURCE=700 -O1 -g -Wall -Wextra -Wpedantic -Werror \
    -pthread -o "$JOURNAL_BUILD/test" ./*.c \
    $(pkg-config --cflags --libs libjournal) && exec "$JOURNAL_BUILD/test"
