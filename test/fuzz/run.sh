#!/bin/sh
# run.sh - runs fuzz targets, each for FUZZ_SECONDS, and says what they found.
#
#   OUT=build FUZZ_SECONDS=20 JOBS=2 test/fuzz/run.sh OUT/.../NAME_fuzzer...
#
# What a run found worth trying is kept in OUT/fuzz/NAME for the next.  An input
# on which a target fails is left beside it; when it is mended, the input goes
# to test/fuzz/corpus/NAME, where `make check` tries it for ever.
set -u

if [ "${1:-}" != --one ]; then
    printf '%s\0' "$@" |
        xargs -0 -n 1 -P "${JOBS:-1}" sh test/fuzz/run.sh --one
    exit $?
fi

program=$2
name=$(basename "$program" _fuzzer)
log=$OUT/fuzz/$name.log
mkdir -p "$OUT/fuzz/$name"
"$program" -max_total_time="$FUZZ_SECONDS" -use_value_profile=1 \
    -artifact_prefix="$OUT/fuzz/$name-" -print_final_stats=1 \
    "$OUT/fuzz/$name" "test/fuzz/corpus/$name" >"$log" 2>&1
status=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
seed=$(sed -n 's/^INFO: Seed: //p' "$log")
if [ $status -eq 0 ]; then
    echo "$name: nothing found in $runs runs, $FUZZ_SECONDS s, seed $seed"
else
    # In one write, so that those of neighbours do not mix.
    echo "$(tail -n 60 "$log")
$name: FAILED with status $status, seed $seed; see $log"
    exit 1
fi
