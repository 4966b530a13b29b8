#!/bin/sh
# kills.sh - kills by the thousand, two streams at a time, and their sum.
#
#   OUT=build test/crash/kills.sh KILLS
#
# KILLS of processes that are alone with their journal, and half as many of
# those that have it open beside others.  Fewer of either are a failure.
set -u

out=$OUT/test/crash
log=$(mktemp) || exit 1
trap 'rm -f "$log" "$log".*' EXIT

# At scale 1 the programs kill 3500 that are alone; a series may be a round
# short of what is asked for.
TEST_SCALE=$(awk -v kills="$1" 'BEGIN { printf "%.3f", (kills + 20) / 3500 }')
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
awk -v seconds=$(($(date +%s) - begun)) -v wanted="$1" '
    / kills, alone$/ { alone += $(NF - 2) }
    / kills, beside others$/ { beside += $(NF - 3) }
    /^FAILED/ { failed++ }
    END {
        printf "kills: %d alone, %d beside others, in %d s, %d a second\n",
            alone, beside, seconds, (alone + beside) / (seconds + !seconds)
        few = alone < wanted || beside < wanted / 2
        if (few)
            printf "wanted: %d alone, %d beside others\n", wanted, wanted / 2
        exit failed > 0 || few || alone == 0
    }' "$log"
