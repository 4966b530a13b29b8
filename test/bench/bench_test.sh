#!/bin/sh
# bench_test.sh - the benchmark in next to no time: every part runs, its results
# are right, and they can be read and drawn.
#
# Figures mean nothing here, so the databases are in memory where they can be.
set -u

BENCH=${JOURNAL%/*}/bench/bench
PYTHON=${PYTHON:-python3}
passed=0
failed=0
place=$(mktemp -d /dev/shm/journal-bench.XXXXXX 2>/dev/null) ||
    place=$(mktemp -d "$TMPDIR/XXXXXX")
trap 'rm -rf "$place"' EXIT

claim() {
    name=$1
    shift
    if "$@" >"$TMPDIR/said" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $name"
        cat "$TMPDIR/said"
    fi
}

has() {
    command -v "$1" >/dev/null
}

run() {
    timeout 300 "$BENCH" --tiny --dir "$place" --out "$TMPDIR" "$@"
}

# With Python as another language, where it is here.
run_all() {
    if "$PYTHON" -c 'import ctypes, sqlite3' 2>/dev/null; then
        run --fill \
            "$PYTHON $TEST_ROOT/test/bench/fill.py ${JOURNAL%/*}/libjournal.so"
    else
        run
    fi
}

is_json() {
    "$PYTHON" -m json.tool "$1" >/dev/null
}

# Every part that the program names in its help has rows.
all_parts_are_in() {
    for part in $("$BENCH" --help |
        sed -n 's/^    \([a-z]*\)  *[^ ].*/\1/p'); do
        grep -q "\"part\": \"$part\"" "$TMPDIR"/results*.json || {
            echo "no rows of $part"
            return 1
        }
    done
}

status_is() {
    expected=$1
    shift
    "$@"
    [ $? -eq "$expected" ]
}

# A picture for each name in plot.py's list, and each is one.
all_is_drawn() {
    "$PYTHON" "$TEST_ROOT/test/bench/plot.py" "$TMPDIR" || return 1
    for name in threads processes keys sizes growth reads offered; do
        grep -q '</svg>' "$TMPDIR/$name.svg" || {
            echo "no picture of $name"
            return 1
        }
    done
}

# A table for each part, in a page in place of those that it had.
all_is_tabled() {
    page=$TMPDIR/page.md
    printf 'a\n<!-- tables -->\nold\n<!-- end of tables -->\nb\n' >"$page"
    "$PYTHON" "$TEST_ROOT/test/bench/tables.py" "$TMPDIR" "$page" || return 1
    [ "$(grep -c '^old$\|^a$\|^b$' "$page")" -eq 2 ] || return 1
    for part in $("$BENCH" --help |
        sed -n 's/^    \([a-z]*\)  *[^ ].*/\1/p'); do
        grep -q "^### .*(\`--part $part\`)" "$page" || {
            echo "no table of $part"
            return 1
        }
    done
    ! "$PYTHON" "$TEST_ROOT/test/bench/tables.py" "$TMPDIR" \
        "$TEST_ROOT/README.md"
}

nothing_is_left() {
    [ -z "$(ls -A "$place")" ]
}

claim "every part runs and its results are right" run_all
claim "the ways in which one can append are right" run --part grid
claim "values of a kilobyte are right" run --value 1024 --part journal,times
claim "a part that is none is refused" status_is 1 run --part appends,nonsense
claim "a size that is none is refused" status_is 2 run --value 0
claim "all parts have left rows" all_parts_are_in
if has "$PYTHON"; then
    for file in "$TMPDIR"/results*.json; do
        claim "${file##*/} is JSON" is_json "$file"
    done
    claim "all is in tables" all_is_tabled
    ! has gnuplot || claim "all is drawn" all_is_drawn
fi
claim "no database is left" nothing_is_left
echo "bench_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
