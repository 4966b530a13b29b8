#!/bin/sh
# soak.sh - what a release takes: each harness for long, one after the other.
#
#   MAKE=make SOAK=1 test/soak.sh [STEP...]
#
# SOAK is the part of the figures below that is asked for: 1 takes about a day
# of two cores, 0.01 some minutes.  Without a STEP all are done.  A step that
# fails ends nothing; what each one said is in OUT/soak/STEP.log.  The last line
# is "N passed, M failed".
set -u

logs=${OUT:-build}/soak
figures='^(faults|kills|canaries): [0-9]|images (in|of)|nothing found'
figures="$figures|mutants killed|[0-9]+ passed, [0-9]+ failed\$"
steps="power faults blocks kills flips fuzz check threads addresses valgrind
    canaries mutants"

# part_of WHOLE LEAST: that part of it.
part_of() {
    echo "${SOAK:-1} $1 $2" |
        awk '{ part = $1 * $2; print (part > $3 ? part : $3) }'
}

# part WHOLE [LEAST]: the same as a whole number.
part() {
    part_of "$1" "${2:-1}" | awk '{ printf "%d", $1 }'
}

run_make() {
    "${MAKE:-make}" --no-print-directory WERROR=1 "$@"
}

# Sanitizers' programs take several times as long for the same.
run_step() {
    scale=$(part_of 30 0.02)
    slow=$(part_of 2 0.02)
    case $1 in
    # A fifth of these, or more, come after a call that failed.
    power) run_make power POWER_BUDGET=300 POWER_IMAGES="$(part 25000000)" ;;
    # No call is left out; then two fail in the same run.
    faults)
        run_make faults FAULT_STRIDE="$(stride)" FAULT_LEAST="$(part 100000)" \
            FAULT_SECONDS="$(part 2400)"
        ;;
    blocks) run_make blocks BLOCK_IMAGES="$(part 50000 500)" ;;
    kills) run_make kills KILLS="$(part 250000 100)" ;;
    # At 16 no bit is left out.
    flips) TEST_SCALE=$(part_of 16 0.1) run_tests unit/verify_flips_test ;;
    # The operations come to five million, the other targets to a billion.
    fuzz) run_make fuzz FUZZ_SECONDS="$(part 7200 2)" ;;
    check) run_make check TEST_SCALE="$scale" TEST_TIMEOUT=7200 ;;
    threads) run_make check SAN=thread TEST_SCALE="$slow" TEST_TIMEOUT=7200 ;;
    addresses)
        run_make check SAN=address,undefined TEST_SCALE="$slow" \
            TEST_TIMEOUT=7200
        ;;
    valgrind) run_make check RUN=valgrind TEST_TIMEOUT=7200 ;;
    canaries) run_make canaries ;;
    mutants) run_make mutants MUTANTS="$(part 200)" ;;
    *)
        echo "no such step: $1; there are: $(echo "$steps" | xargs)"
        return 1
        ;;
    esac
}

stride() {
    echo "${SOAK:-1}" | awk '{ printf "%d", ($1 < 1 ? 1 / $1 : 1) }'
}

run_tests() {
    run_make "${OUT:-build}/test/$1" &&
        TEST_ROOT=$PWD TEST_DATA=$PWD/test/data "${OUT:-build}/test/$1"
}

# shellcheck disable=SC2086 # words
[ $# -gt 0 ] || set -- $steps
mkdir -p "$logs" || exit 1
passed=0
failed=0
for step in "$@"; do
    begun=$(date +%s)
    echo "$step: begun at $(date +%H:%M:%S), see $logs/$step.log"
    if run_step "$step" >"$logs/$step.log" 2>&1; then
        passed=$((passed + 1)) outcome=passed
    else
        failed=$((failed + 1)) outcome=FAILED
    fi
    # How much of it there was.
    grep -aE "$figures" "$logs/$step.log" | tail -n 12 | sed 's/^/    /'
    echo "$step: $outcome after $(($(date +%s) - begun)) s"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
