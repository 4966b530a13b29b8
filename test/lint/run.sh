#!/bin/sh
# run.sh - runs every check of this folder and says how each came out.
#
# A check is a script that prints what it finds, one finding a line, and exits
# with 0: all is well; 77: its tool is not here, as its last line says; else
# something was found.  They run in the root of the source tree.
set -u

passed=0
failed=0
skipped=0
cd "$(dirname "$0")/../.." || exit 1
for check in test/lint/*.sh; do
    name=$(basename "$check" .sh)
    [ "$name" != run ] || continue
    said=$("$check" 2>&1)
    case $? in
    0)
        passed=$((passed + 1))
        printf '%-14s ok\n' "$name"
        ;;
    77)
        skipped=$((skipped + 1))
        printf '%-14s skipped: %s\n' "$name" "$(echo "$said" | tail -n 1)"
        ;;
    *)
        failed=$((failed + 1))
        printf '%-14s FAILED\n' "$name"
        echo "$said" | sed 's/^/    /'
        ;;
    esac
done
echo "lint: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
