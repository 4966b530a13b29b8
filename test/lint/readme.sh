#!/bin/sh
# readme.sh - is the example in README.md the one that is compiled and run?
set -u

# shellcheck disable=SC2016 # a fence of Markdown, not a command
shown=$(sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d')
kept=$(sed 1d docs/examples/readme.c)
if [ "$shown" != "$kept" ]; then
    echo "README.md: its example differs from docs/examples/readme.c"
    exit 1
fi
