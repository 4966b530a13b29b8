#!/bin/sh
# kills.sh - kills by the thousand, two streams at a time, and their sum.
#
#   OUT=build test/crash/kills.sh KILLS
#
# KILLS of processes that are alone with their journal, and about as many again
# of those that have it open beside others.
set -u

out=$OUT/test/crash
log=$(mktemp) || exit 1
trap 'rm -f "$log" "$log".*' EXIT

# At scale 1 the programs kill some 3500 that are alone.
TEST_SCALE=$(awk -v kills="$1" 'BEGIN { printf "%.3f", kills / 3500 }')
export TEST_SCALE

# CASE PROGRAM
run() {
    CK_RUN_CASE=$1 "$out/$2" || echo "FAILED: $2, $1"
}

begun=$(date +%s)
run "in memory" kill_test >"$log.1" 2>&1 &
{
    run "in memory, more" kill_test
    run "on a disk" kill_test
    run "tail kill" tail_kill_test
} >"$log.2" 2>&1
wait
cat "$log.1" "$log.2" >"$log"
grep -v ' kills, ' "$log" | grep -v TEST_SEED || true
awk -v seconds=$(($(date +%s) - begun)) '
    / kills, alone$/ { alone += $(NF - 2) }
    / kills, beside others$/ { beside += $(NF - 3) }
    /^FAILED/ { failed++ }
    END {
        printf "kills: %d alone, %d beside others, in %d s, %d a second\n",
            alone, beside, seconds, (alone + beside) / (seconds + !seconds)
        exit failed > 0 || alone + beside == 0
    }' "$log"
