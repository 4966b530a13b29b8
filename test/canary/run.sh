#!/bin/sh
# run.sh - builds libraries with one rule broken each, and sees that the tests
# notice.
#
#   OUT=build CANARY_SECONDS=60 JOBS=2 test/canary/run.sh [NAME...]
#
# A canary is a line of lib/ that is written otherwise in a copy of the tree,
# by sed, and a test program, with a case of it, that must fail then within
# CANARY_SECONDS.  Where the line is not found any more the canary has died too:
# move it to where its rule is kept now.  The last line printed is
# "N passed, M failed".
set -u

SECONDS_MAX=${CANARY_SECONDS:-60}
COPY=$OUT/canary
wanted=" $* "
passed=0
failed=0

# What is built stays, so that the next run compiles a file or two for each.
copy_tree() {
    mkdir -p "$COPY" || exit 1
    for part in Makefile include lib test pkgconfig docs; do
        cp -R -p -u "$part" "$COPY/" || exit 1
    done
}

build() {
    make --no-print-directory -s -j"${JOBS:-1}" -C "$COPY" BUILD=build \
        "build/test/$1" >"$COPY/log" 2>&1
}

tell() {
    printf '%-28s %s\n' "$1" "$2"
}

now() {
    date +%s
}

# Runs PROGRAM with CASE; 0: a test of it failed.
is_caught() (
    cd "$COPY" || exit 2
    TEST_DATA=$PWD/test/data
    TEST_ROOT=$PWD
    POWER_SECONDS=$SECONDS_MAX
    FAULT_SCENE=threads
    FAULT_STRIDE=40
    export TEST_DATA TEST_ROOT POWER_SECONDS FAULT_SCENE FAULT_STRIDE
    [ "$2" = all ] || export CK_RUN_CASE="$2"
    timeout -k 5 "$SECONDS_MAX" "build/test/$1" >log 2>&1
    grep -Eq '[0-9]+ passed, [1-9][0-9]* failed' log
)

# canary NAME PROGRAM CASE FILE SED: with FILE edited, CASE of PROGRAM fails.
canary() {
    case $wanted in
    "  " | *" $1 "*) ;;
    *) return ;;
    esac
    start=$(now)
    # A new time, for make compares no more than that.
    sed "$5" "lib/$4" >"$COPY/lib/$4"
    if cmp -s "lib/$4" "$COPY/lib/$4"; then
        tell "$1" "FAILED: its line is not in lib/$4 any more"
        failed=$((failed + 1))
    elif ! build "$2"; then
        cat "$COPY/log"
        tell "$1" "FAILED: does not compile"
        failed=$((failed + 1))
    elif is_caught "$2" "$3"; then
        tell "$1" "caught by $2, $3, in $(($(now) - start)) s"
        passed=$((passed + 1))
    else
        tail -n 5 "$COPY/log"
        tell "$1" "FAILED: not caught by $2, $3, in $(($(now) - start)) s"
        failed=$((failed + 1))
    fi
    cp "lib/$4" "$COPY/lib/$4"
}

copy_tree

# ---- flushes ----------------------------------------------------------------

canary no-fdatasync power/power_test durable tail/tail.c \
    's/while (fdatasync(tail->file) != 0)/while (tail->file < 0)/'
canary no-dsync power/power_test durable store/store.c \
    's/unsigned flags = MDB_NOTLS/& | MDB_NOMETASYNC/'
canary ack-before-commit power/power_test durable store/store.c \
    's/unsigned flags = MDB_NOTLS/& | MDB_NOSYNC/'
canary ack-before-flush power/power_test durable write/group.c \
    's/rc = jn_newest_flush(newest,/jn_word_raise(\&newest->words->published,/'
canary publish-before-flush unit/newest_write_test all write/group.c \
    's/rc = jn_newest_flush/jn_word_raise(\&newest->words->published, end), &/'
canary no-sync-on-open fault/disk_test all store/store.c \
    '/^jn_store_open_env/,/^}/s/rc = mdb_env_sync(env, 1);/rc = 0;/'
canary no-writing-again power/power_test failures journal/recovery.c \
    's/rc = jn_tail_write(newest->tail, from, piece, size);/rc = 0;/'
canary no-directory-fsync power/power_test durable base/disk.c \
    's/if (fsync(file) != 0 && errno != EINVAL)/if (file < 0)/'
canary names-left-as-found power/reopen_test all store/store.c \
    's/rc = jn_disk_flush_names(.*;/rc = 0;/'

# ---- failures ---------------------------------------------------------------

canary no-poison fault/disk_test all store/lock.c \
    '/^jn_lock_set_failed/,/^}/s/atomic_store(.*;/(void)lock;/'
canary followers-not-told sweep/sweep_test all write/group.c \
    '/^set_results/,/^}/s/first = first->next)/first = NULL)/'
canary no-taking-back power/reopen_test all write/stage.c \
    's/rc = take_back(stage);/rc = take_back == NULL;/'

canary metas-left-as-found fault/anew_test all journal/files.c \
    's/rc = jn_anew_write(directory);/rc = 0;/'

# ---- the store --------------------------------------------------------------

canary index-skipped power/power_test durable write/ahead.c \
    's/return jn_place_put(place, .*;/return 0;/'
canary pages-not-looked-at unit/store_guard_test all store/store_guard.c \
    's/if (rc != 0 || !table->has || is_known(.*/if (rc == 0)/'
canary checksum-skipped api/damage_test all format/record.c \
    '/^jn_record_decode/,/^}/s/if (jn_get_le64(bytes.data) !=/if (false \&\&/'

# ---- the tail ---------------------------------------------------------------

canary start-before-commit power/power_test durable write/drain.c \
    's/\(row->start = \)last->end/\1jn_word_get(\&newest->words->written)/'
canary no-run unit/tail_frame_test all tail/tail_frame.c \
    's/if (frame->run != walk->run || /if (/'
canary no-position unit/tail_frame_test all tail/tail_frame.c \
    's/salt + position/salt + (position \& 0)/'
canary no-salt unit/tail_frame_test all tail/tail_frame.c \
    's/salt + position/(salt \& 0) + position/'
canary no-check-of-frames api/relaxed_loss_test all tail/tail_frame.c \
    's/jn_get_le64(in + CHECK) != check_of(.*))$/false)/'
canary flushed-never-raised unit/newest_write_test all journal/newest.c \
    's/jn_word_raise(&words->flushed, end);/(void)end;/'
canary flushed-never-told api/tail_damage_test all write/stage.c \
    's/\.flushed = jn_word_get(&newest->words->flushed),/.flushed = 0,/'

# ---- an index that is ahead --------------------------------------------------

canary round-before-flush unit/ahead_test relaxed write/ahead.c \
    's/int rc = jn_newest_flush_all(newest, txn);/int rc = newest == NULL;/'
canary expiry-before-flush unit/expiry_test all write/expiry.c \
    's/rc = jn_newest_flush_all(newest, txn);/(void)newest;/'
canary limit-not-raised unit/ahead_test durable journal/newest.c \
    's/limit = outset.shown;/(void)limit;/'
canary ahead-end-not-asked unit/ahead_copy_test relaxed journal/recovery.c \
    's/loss |= found->end < found->row.ahead_end;/(void)loss;/'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
