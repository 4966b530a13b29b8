#!/bin/sh
# draw.sh - pictures of the results in a directory, where there are the tools.
#
#   BENCH_PYTHON=python3 test/bench/draw.sh DIRECTORY
set -u

python=${BENCH_PYTHON:-python3}
for tool in "$python" gnuplot; do
    command -v "$tool" >/dev/null || {
        echo "No pictures are drawn: no $tool." >&2
        exit 0
    }
done
echo
"$python" test/bench/plot.py "$1"
