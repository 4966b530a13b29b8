#!/bin/sh
# ffi_test.sh - the shared library, called from Python without bindings.
set -u

command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

python3 "$TEST_ROOT/test/ffi/fill.py" "$(dirname "$JOURNAL")/libjournal.so" \
    test "$TMPDIR"
