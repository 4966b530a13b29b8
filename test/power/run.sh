#!/bin/sh
# run.sh - losses of power on all cores, and the figures of them all.
#
#   JOBS=2 POWER_SECONDS=60 test/power/run.sh PROGRAM [CASE...]
#
# JOBS copies of power_test at once, each with a seed of its own and all of the
# cases, each case for POWER_SECONDS.  POWER_BUDGET, in seconds, is divided
# among the cases instead.  With POWER_IMAGES all of that is done again until
# there were so many images, and a fifth of them after a failed call; should
# they not come within an hour, and two more for ten million, that is a failure.
# The last line printed is "N passed, M failed".
set -u

program=$1
shift
[ $# -gt 0 ] || set -- durable relaxed failures failures failures torn \
    threads processes
seconds=${POWER_SECONDS:-60}
# Failures are two tests in one, and so are threads and processes.
if [ -n "${POWER_BUDGET:-}" ]; then
    seconds=$(echo "$POWER_BUDGET $#" "$@" | awk '{
        for (i = 3; i <= NF; i++)
            n += $i ~ /failures|threads|processes/ ? 2 : 1
        printf "%.2f", $1 / n }')
fi
wanted=${POWER_IMAGES:-0}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
started=$(date +%s)

# run_all NUMBER CASE...: the cases one after the other.
run_all() {
    log=$logs/$1
    shift
    for case in "$@"; do
        TEST_SCALE=${POWER_SCALE:-4} POWER_SECONDS=$seconds CK_RUN_CASE=$case \
            "$program" >>"$log" 2>&1
    done
}

run_jobs() {
    job=0
    while [ $job -lt "${JOBS:-1}" ]; do
        run_all $job "$@" &
        job=$((job + 1))
    done
    wait
}

# How many images there were, and how many of them after a failed call.
count() {
    grep -h ' images of ' "$logs"/* | awk '{
        for (i = 2; i <= NF; i++) {
            images += $i == "images" ? $(i - 1) : 0
            failed += $i == "after" ? $(i - 1) : 0
        }
    } END { print images + 0, failed + 0 }'
}

has_failed() {
    grep -q '^power_test: .* [1-9][0-9]* failed' "$logs"/* ||
        ! grep -q '^power_test: ' "$logs"/*
}

is_enough() {
    count | {
        read -r images failed
        [ "$images" -ge "$wanted" ] && [ "$failed" -ge $((wanted / 5)) ]
    }
}

run_jobs "$@"
while ! has_failed && ! is_enough; do
    [ $(($(date +%s) - started)) -lt $((3600 + wanted / 1400)) ] || break
    run_jobs "$@"
done
grep -h -v -E '^Running suite|^100%: ' "$logs"/*
grep -h ' images of ' "$logs"/* | awk -v wall=$(($(date +%s) - started)) '
{
    for (i = 2; i <= NF; i++) {
        number = $(i - 1)
        if ($i == "images") images += number
        if ($i == "gone" && $(i + 1) == "on") continued += number
        if ($i == "of" && $(i + 1) == "crashes" && again[NR]++ == 0)
            crashes += number
        if ($i == "after") failed += number
        if ($i ~ /^violations/) violations += number
    }
}
END {
    wall += wall == 0
    images += images == 0
    printf "%d images in %d s, %d/s: %d gone on with (%.1f %%), ", images,
        wall, images / wall, continued, 100 * continued / images
    printf "%d of crashes of crashes (%.1f %%), %d after failed calls; ",
        crashes, 100 * crashes / images, failed
    printf "%d violations\n", violations
}'
short=0
if ! is_enough; then
    echo "wanted: $wanted images, $((wanted / 5)) of them after failed calls"
    short=1
fi
cat "$logs"/* | awk -v short=$short '
/^power_test: [0-9]+ passed, [0-9]+ failed/ { passed += $2; failed += $4 }
END {
    printf "%d passed, %d failed\n", passed, failed + short
    exit failed + short > 0 || passed == 0
}'
