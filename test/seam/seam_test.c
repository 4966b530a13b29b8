/*
 * seam_test.c - every call that the library makes of others fails in turn.
 *
 * Whatever fails, a call of the library says so or does without; it never says
 * of what there is that there is nothing, nor of what did not happen that it
 * did.  Afterwards the journal is whole, and has what was acknowledged.
 */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seam/home.h"
#include "seam/honest.h"
#include "seam/seams.h"
#include "support/fast_dir.h"
#include "support/packer.h"
#include "support/test.h"

#define CALLS_MAX 20000u
#define NO_TAIL (UINT64_C(1) << 20) /* a limit under which there is none */

static struct journal *journal;

/* What the journal may hold afterwards. */
static uint64_t least, most;   /* size */
static uint64_t first_at_most; /* the first number */
static bool compacted;
static bool is_damage; /* what fails is taken for that */

/* ---- append -------------------------------------------------------------- */

/* COUNT entries have been appended, or RESULT says why not. */
static void
take(int result, unsigned count)
{
    if (honest_went_well(result, "append")) {
        least += count;
        most = least;
    } else if (result != ENOMEM && result != JOURNAL_FULL &&
               result != JOURNAL_FAILED) {
        most = most < least + count ? least + count : most;
    }
}

static void
append_one(void)
{
    struct journal_record record = home_record(least);

    record.flags |= JOURNAL_EXPECT_SEQ;
    record.expect_seq = least;
    take(INSIDE(journal_append_batch(journal, &record, 1, NULL)), 1);
}

static void
append_some(void)
{
    struct journal_record records[3];

    for (unsigned i = 0; i < 3; i++)
        records[i] = home_record(least + i);
    take(INSIDE(journal_append_batch(journal, records, 3, NULL)), 3);
}

static void
append_packed(void)
{
    struct packer packer = {0};

    for (unsigned i = 0; i < 3; i++) {
        struct journal_record record = home_record(least + i);
        struct journal_entry entry = {.flags = record.flags,
                                      .stamp = record.stamp,
                                      .key = record.key,
                                      .key_size = record.key_size,
                                      .meta = record.meta,
                                      .meta_size = record.meta_size,
                                      .value = record.value,
                                      .value_size = record.value_size};

        packer_add(&packer, &entry);
    }
    take(INSIDE(journal_append_packed(journal, packer.bytes, packer.size, NULL,
                                      NULL)),
         3);
    free(packer.bytes);
}

static void
append_all(void)
{
    append_one();
    append_one();
    append_some();
    append_packed();
    (void)honest_went_well(INSIDE(journal_sync(journal)), "sync");
    append_some();
}

/* ---- look ---------------------------------------------------------------- */

static void
check(int result, struct journal_entry **entry, uint64_t seq, const char *what)
{
    if (!honest_went_well(result, what))
        return;
    ck_assert_uint_eq((*entry)->seq, seq);
    ck_assert(home_is_right(*entry));
    journal_entry_free(*entry);
}

static void
look_up(void)
{
    /* In the store, in the tail; a long key, in both. */
    static const uint64_t numbers[] = {30, 179, 20, 185};
    struct journal_entry *entry = NULL;
    uint64_t seq = 0;

    for (unsigned i = 0; i < 4; i++) {
        struct journal_record key = home_record(numbers[i]);

        check(INSIDE(journal_read(journal, numbers[i], &entry)), &entry,
              numbers[i], "read");
        check(INSIDE(journal_get_at(journal, key.key, key.key_size,
                                    numbers[i] + 1, &entry)),
              &entry, numbers[i], "get_at");
    }
    check(INSIDE(journal_get(journal, home_record(184).key,
                             home_record(184).key_size, &entry)),
          &entry, 184, "get");
    check(INSIDE(journal_get(journal, "old", 3, &entry)), &entry, 117, "get");
    check(INSIDE(journal_get_at(journal, "old", 3, 50, &entry)), &entry, 48,
          "get_at");
    /* What is damaged is passed over. */
    if (honest_went_well(INSIDE(journal_find_time(journal, 1, &seq)),
                         "find_time"))
        ck_assert_uint_eq(seq,
                          seq > HOME_PRUNED && is_damage ? seq : HOME_PRUNED);
}

static bool
is_latest(uint64_t seq)
{
    for (uint64_t later = seq + 1; later < HOME_ENTRIES; later++)
        if (home_which(later) == home_which(seq))
            return false;
    return home_which(seq) < HOME_KEYS;
}

/* Of [HOME_PRUNED, HOME_ENTRIES), those that QUERY asks for. */
static unsigned
wanted(const struct journal_query *query)
{
    unsigned count = 0;

    for (uint64_t seq = HOME_PRUNED; seq < HOME_ENTRIES; seq++) {
        struct journal_record record = home_record(seq);
        bool live = (record.flags & JOURNAL_TOMBSTONE) == 0;
        bool fits = query->match == JOURNAL_MATCH_ALL || record.key_size > 0;

        if (query->match == JOURNAL_MATCH_KEY)
            fits = record.key_size == query->key_size &&
                   memcmp(record.key, query->key, query->key_size) == 0;
        else if (query->match != JOURNAL_MATCH_ALL)
            fits = fits && memcmp(record.key, "k/", 2) == 0;
        if ((query->flags & JOURNAL_QUERY_LATEST) != 0)
            fits = fits && is_latest(seq);
        if ((query->flags & JOURNAL_QUERY_LIVE) != 0)
            fits = fits && live;
        count += fits;
    }
    return count;
}

static void
ask(uint32_t match, const char *key, size_t key_size, uint32_t flags)
{
    struct journal_query query;
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    unsigned count = 0;
    int rc;

    journal_query_init(&query);
    query.match = match;
    query.flags = flags;
    query.key = key;
    query.key_size = key_size;
    if (!honest_went_well(INSIDE(journal_query(journal, &query, &cursor)),
                          "query"))
        return;
    while ((rc = INSIDE(journal_next(cursor, &entry))) == 0) {
        ck_assert(home_is_right(entry));
        count++;
    }
    if (rc == JOURNAL_END)
        ck_assert_msg(count == wanted(&query), "%u of %u answers after %s",
                      count, wanted(&query), seams_name());
    else
        (void)honest_went_well(rc, "next");
    seams_enter();
    journal_cursor_close(cursor);
    (void)seams_leave(0);
}

static void
query_some(void)
{
    ask(JOURNAL_MATCH_ALL, NULL, 0, 0);
    ask(JOURNAL_MATCH_KEY, "k/3", 3, 0);
    ask(JOURNAL_MATCH_KEY, "k/5", 3, JOURNAL_QUERY_REVERSE);
    ask(JOURNAL_MATCH_PREFIX, "k/", 2, 0);
}

static void
query_old(void)
{
    ask(JOURNAL_MATCH_KEY, "old", 3, 0);
    ask(JOURNAL_MATCH_KEY, "old", 3, JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE);
    ask(JOURNAL_MATCH_KEY, "old", 3, JOURNAL_QUERY_REVERSE);
}

static void
query_more(void)
{
    struct journal_record record = home_key(9);
    char key[1000];

    ask(JOURNAL_MATCH_EXPR, "k/*", 3, JOURNAL_QUERY_LATEST);
    ask(JOURNAL_MATCH_ALL, NULL, 0,
        JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE | JOURNAL_QUERY_REVERSE);
    memcpy(key, record.key, record.key_size);
    ask(JOURNAL_MATCH_KEY, key, record.key_size, JOURNAL_QUERY_LIVE);
}

static void
fill(void)
{
    static uint8_t buffer[20000];
    struct journal_cursor *cursor = NULL;
    size_t used, count, all = 0;
    int rc;

    if (!honest_went_well(
            INSIDE(journal_replay(journal, JOURNAL_NONE, &cursor)), "replay"))
        return;
    while ((rc = INSIDE(journal_fill(cursor, buffer, sizeof(buffer), &used,
                                     &count))) == 0)
        all += count;
    if (rc == JOURNAL_END)
        ck_assert_uint_eq(all, HOME_ENTRIES - HOME_PRUNED);
    else
        (void)honest_went_well(rc, "fill");
    journal_cursor_close(cursor);
}

static void
ask_of_it(void)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq = 0;

    if (honest_went_well(INSIDE(journal_stat(journal, &stat)), "stat"))
        ck_assert_uint_eq(stat.size, HOME_ENTRIES);
    if (honest_went_well(INSIDE(journal_marked(journal, "b", &seq)), "marked"))
        ck_assert_uint_eq(seq, 100);
    if (honest_went_well(INSIDE(journal_next_mark(journal, name, &seq)),
                         "next_mark"))
        ck_assert_str_eq(name, "a");
    (void)honest_went_well(INSIDE(journal_wait(journal, HOME_ENTRIES - 1, 0)),
                           "wait");
}

/* ---- maintain ------------------------------------------------------------ */

static void
mark(void)
{
    (void)honest_went_well(INSIDE(journal_mark(journal, "b", 120)), "mark");
    (void)honest_went_well(INSIDE(journal_mark(journal, "c", 130)), "mark");
    (void)honest_went_well(INSIDE(journal_unmark(journal, "a")), "unmark");
}

static void
prune(void)
{
    first_at_most = 150;
    (void)honest_went_well(
        INSIDE(journal_prune(journal, 150, JOURNAL_PRUNE_PAST_MARKS, NULL)),
        "prune");
    append_one();
}

static void
compact(void)
{
    compacted = true;
    first_at_most = HOME_ENTRIES;
    (void)honest_went_well(INSIDE(journal_prune(journal, JOURNAL_NONE,
                                                JOURNAL_PRUNE_PAST_MARKS |
                                                    JOURNAL_PRUNE_KEEP_LATEST,
                                                NULL)),
                           "compact");
    append_one();
}

/* What goes is no more than was asked for, and comes back as it was. */
static void
rewind_far(void)
{
    least = 60;
    if (honest_went_well(INSIDE(journal_rewind(journal, 60)), "rewind")) {
        most = 60;
        append_one();
    }
}

static void
rewind_near(void)
{
    least = HOME_ENTRIES - 7;
    if (honest_went_well(INSIDE(journal_rewind(journal, HOME_ENTRIES - 7)),
                         "rewind")) {
        most = least;
        append_one();
    }
}

static void
retain(void)
{
    first_at_most = 160;
    append_one();
    append_some();
    append_some();
}

/* ---- open, close --------------------------------------------------------- */

static void
close_it(void)
{
    seams_enter();
    journal_close(journal);
    (void)seams_leave(0);
    journal = NULL;
}

static void
open_and_close(void)
{
    struct journal_entry *entry = NULL;

    if (!honest_went_well(INSIDE(home_open(&journal, 0, 0, 0)), "open"))
        return;
    check(INSIDE(journal_read(journal, 186, &entry)), &entry, 186, "read");
    append_one();
    append_one();
    close_it();
}

static void
open_to_read(void)
{
    struct journal_entry *entry = NULL;

    if (!honest_went_well(
            INSIDE(home_open(&journal, JOURNAL_OPEN_READ_ONLY, 0, 0)), "open"))
        return;
    check(INSIDE(journal_read(journal, 186, &entry)), &entry, 186, "read");
    close_it();
}

static void
open_immutable(void)
{
    struct journal_entry *entry = NULL;

    if (!honest_went_well(INSIDE(home_open(&journal,
                                           JOURNAL_OPEN_READ_ONLY |
                                               JOURNAL_OPEN_IMMUTABLE,
                                           0, 0)),
                          "open"))
        return;
    check(INSIDE(journal_read(journal, 186, &entry)), &entry, 186, "read");
    close_it();
}

/* Another one, which is removed again, with nothing left of it. */
static void
create_and_destroy(void)
{
    const char *path = test_path("other");
    int rc = INSIDE(journal_open(path, NULL, &journal));

    if (honest_went_well(rc, "create")) {
        for (unsigned i = 0; i < 3; i++) { /* the second makes a tail */
            rc = INSIDE(journal_append(journal, "k", 1, "v", 1, NULL));
            (void)honest_went_well(rc, "append");
        }
        close_it();
        (void)honest_went_well(INSIDE(journal_destroy(path)), "destroy");
    }
    seams_disarm();
    rc = journal_open(path, NULL, &journal);
    ck_assert_msg(rc == 0 || rc == JOURNAL_UNSUPPORTED, "%s after %s",
                  journal_errname(rc), seams_name());
    journal_close(journal);
    journal = NULL;
    rc = journal_destroy(path);
    ck_assert_msg(rc == 0, "destroy: %s after %s", journal_errname(rc),
                  seams_name());
}

/* ---- each in turn -------------------------------------------------------- */

static const struct work {
    const char *name;
    void (*run)(void);
    bool opens; /* by itself */
    bool looks; /* and changes nothing: the handle can be used again */
    uint64_t bytes_max, keep_entries;
} works[] = {
    {"append", append_all, .opens = false},
    {"append to the store", append_all, .bytes_max = NO_TAIL},
    {"look up", look_up, .looks = true},
    {"query some", query_some, .looks = true},
    {"query old", query_old, .looks = true},
    {"query more", query_more, .looks = true},
    {"fill", fill, .looks = true},
    {"ask of it", ask_of_it, .looks = true},
    {"mark", mark, .opens = false},
    {"prune", prune, .opens = false},
    {"compact", compact, .opens = false},
    {"rewind far", rewind_far, .opens = false},
    {"rewind near", rewind_near, .opens = false},
    {"retain", retain, .keep_entries = 50},
    {"open and close", open_and_close, .opens = true},
    {"open to read", open_to_read, .opens = true},
    {"open immutable", open_immutable, .opens = true},
    {"create and destroy", create_and_destroy, .opens = true},
};

#define WORKS (sizeof(works) / sizeof(works[0]))

/* What fails, and how. */
static const struct fault {
    int kinds, error;
    bool for_ever;
} faults[] = {
    {SEAM_MEMORY, ENOMEM, false},
    {SEAM_MEMORY, ENOMEM, true},
    {SEAM_LOOK | SEAM_CHANGE, EIO, false},
    {SEAM_SETUP | SEAM_BEGIN, ENOMEM, false},
    {SEAM_BEGIN, MDB_READERS_FULL, false},
    {SEAM_BEGIN, MDB_MAP_RESIZED, false},
    /* Damage does not go away. */
    {SEAM_LOOK | SEAM_CHANGE, MDB_CORRUPTED, true},
    {SEAM_CHANGE, MDB_MAP_FULL, false},
    {SEAM_SYSTEM, EIO, false},
    {SEAM_SYSTEM, ENOSPC, false},
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static void
begin(const struct work *work)
{
    least = most = HOME_ENTRIES;
    first_at_most = HOME_PRUNED;
    compacted = false;
    if (journal != NULL)
        return;
    home_copy();
    if (!work->opens)
        ck_assert_int_eq(home_open(&journal, 0, work->bytes_max,
                                   work->keep_entries),
                         0);
}

/* What is there once everybody has closed it and it is opened again. */
static void
assert_kept(const char *name, unsigned n)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = home_open(&journal, 0, 0, 0);

    ck_assert_msg(rc == 0, "%s, open after call %u, %s: %s", name, n,
                  seams_name(), journal_errname(rc));
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_msg(stat.size >= least && stat.size <= most,
                  "%s: size %llu, not of [%llu, %llu], after call %u, %s", name,
                  (unsigned long long)stat.size, (unsigned long long)least,
                  (unsigned long long)most, n, seams_name());
    ck_assert_uint_le(stat.first, first_at_most);
    home_assert_whole(journal, compacted);
    journal_close(journal);
    journal = NULL;
}

/* Lets call N fail during WORK; false if there are not so many. */
static bool
try(const struct work *work, const struct fault *fault, unsigned n)
{
    begin(work);
    is_damage = fault->error == MDB_CORRUPTED;
    seams_arm(fault->kinds, n, fault->error, fault->for_ever);
    work->run();
    seams_disarm();
    if (work->looks && seams_hit())
        return true;
    journal_close(journal);
    journal = NULL;
    assert_kept(work->name, n);
    return seams_hit();
}

START_TEST(whatever_fails_nothing_is_lost_and_nothing_made_up)
{
    const struct work *work = &works[(size_t)_i / FAULTS];
    const struct fault *fault = &faults[(size_t)_i % FAULTS];
    /* The first calls one by one, then fewer and fewer of many that repeat. */
    double scale = test_scale();
    unsigned dense = (unsigned)(scale < 1 ? 6 + 54 * scale : 40 + 20 * scale);
    unsigned n = 1;

    while (try(work, fault, n) && n < CALLS_MAX)
        n += 1 + n / dense;
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("seam");
    TCase *tcase = tcase_create("seam");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_unchecked_fixture(tcase, home_make, NULL);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase,
                        whatever_fails_nothing_is_lost_and_nothing_made_up, 0,
                        (int)(WORKS * FAULTS));
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
