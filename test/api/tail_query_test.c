/*
 * tail_query_test.c - answers are the same wherever entries lie.
 *
 * Entries are appended a few at a time, by a relaxed and a durable handle, with
 * a tail that is moved all the time; in between both, a reader, and a process
 * of its own are asked in every way there is.  What has to come says an oracle.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "api/mixture.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "support/mode.h"
#include "support/packer.h"

#define TINY 65536u
#define STEPS 150u
#define KEEP 2500u /* entries, about */
#define BUFFER 20000u

enum handle { RELAXED, DURABLE, READER, HANDLES };

static struct journal *handles[HANDLES];
static struct journal_cursor *follower;
static struct mixture mixture;

/* ---- handles ------------------------------------------------------------ */

static void
open_handle(enum handle which)
{
    struct journal_options options = options_with(0);

    options.tail_bytes = TINY;
    if (which == RELAXED)
        options.durability = JOURNAL_RELAXED;
    if (which == READER)
        options.flags = JOURNAL_OPEN_READ_ONLY;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &handles[which]), 0);
}

static void
open_all(void)
{
    for (unsigned i = 0; i < HANDLES; i++)
        open_handle(i);
    journal = handles[RELAXED];
}

static void
close_all(void)
{
    journal_cursor_close(follower);
    follower = NULL;
    for (unsigned i = 0; i < HANDLES; i++)
        journal_close(handles[i]);
    journal = NULL;
}

static void
setup(void)
{
    test_setup();
    open_all();
    mixture_init(&mixture);
}

static void
teardown(void)
{
    mixture_free(&mixture);
    close_all();
    test_teardown();
}

/* ---- one entry ---------------------------------------------------------- */

static void
complain(const char *what, uint64_t of)
{
    ck_abort_msg("%s %llu is not what it has to be; size %llu", what,
                 (unsigned long long)of, (unsigned long long)mixture.size);
}

/* ENTRY, which a call has given that said RC, is EXPECTED. */
static void
assert_is(const struct journal_entry *expected, int rc,
          const struct journal_entry *entry, const char *what, uint64_t of)
{
    size_t size = expected->flags == 0 ? sizeof(expected->seq) : 0;

    if (rc != 0 || entry->seq != expected->seq ||
        entry->time != expected->time || entry->prev != expected->prev ||
        entry->revision != expected->revision ||
        entry->flags != expected->flags ||
        entry->key_size != expected->key_size || entry->value_size != size ||
        (entry->key_size > 0 &&
         memcmp(entry->key, expected->key, entry->key_size) != 0) ||
        memcmp(entry->value, &expected->seq, size) != 0)
        complain(what, of);
}

/* The newest entry of KEY below LIMIT; NULL if there is none. */
static const struct journal_entry *
newest(uint32_t key, uint64_t limit)
{
    for (size_t i = mixture.count; i > 0; i--)
        if (mixture.key_of[i - 1] == key && mixture.entries[i - 1].seq < limit)
            return &mixture.entries[i - 1];
    return NULL;
}

static void
ask_for_key(uint32_t number)
{
    const struct mixture_key *key = &mixture.keys[number];
    const struct journal_entry *expected = newest(number, mixture.size);
    struct journal_entry *entry = NULL;
    int rc = journal_get(journal, key->data, key->size, &entry);

    if (expected != NULL && expected->flags == 0)
        assert_is(expected, rc, entry, "the latest entry of key", number);
    else if (rc != JOURNAL_NOT_FOUND)
        complain("the latest entry of key", number);
    journal_entry_free(entry);
}

/* What is said of a key of which nothing is there below a number. */
static int
absence_of(uint32_t key)
{
    for (size_t i = 0; i < mixture.count; i++)
        if (mixture.key_of[i] == key)
            return mixture.entries[i].prev == JOURNAL_NONE ? JOURNAL_NOT_FOUND
                                                           : JOURNAL_PRUNED;
    return JOURNAL_NOT_FOUND;
}

static void
ask_for_key_at(uint32_t number, uint64_t limit)
{
    const struct mixture_key *key = &mixture.keys[number];
    const struct journal_entry *expected = newest(number, limit);
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, key->data, key->size, limit, &entry);

    if (expected != NULL && expected->flags == 0)
        assert_is(expected, rc, entry, "the key as of", limit);
    else if (rc != (expected != NULL ? JOURNAL_NOT_FOUND : absence_of(number)))
        complain("the key as of", limit);
    journal_entry_free(entry);
}

static void
ask_for_number(size_t i)
{
    const struct journal_entry *expected = &mixture.entries[i];
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, expected->seq, &entry);

    assert_is(expected, rc, entry, "entry", expected->seq);
    journal_entry_free(entry);
}

static void
ask_for_time(uint64_t time)
{
    uint64_t seq = JOURNAL_NONE, expected = mixture.size;

    for (size_t i = mixture.count; i > 0; i--)
        if (mixture.entries[i - 1].time >= time)
            expected = mixture.entries[i - 1].seq;
    ck_assert_int_eq(journal_find_time(journal, time, &seq), 0);
    if (seq != expected)
        complain("the first entry at", time);
}

/* Most of them near the end, where the tail is. */
static size_t
any_place(void)
{
    size_t back = (size_t)below(one_in(2) ? 30 : mixture.count);

    return back < mixture.count ? mixture.count - 1 - back : 0;
}

static void
ask_for_points(void)
{
    struct journal_entry *entry = NULL;

    for (int i = 0; i < 12; i++) {
        size_t place = any_place();

        ask_for_number(place);
        ask_for_time(mixture.entries[place].time + below(2));
        ask_for_key((uint32_t)below(mixture.key_count));
        ask_for_key_at((uint32_t)below(mixture.key_count),
                       mixture.entries[place].seq + below(2));
    }
    ck_assert_int_eq(journal_read(journal, mixture.size, &entry),
                     JOURNAL_OUT_OF_RANGE);
    ck_assert_int_eq(journal_wait(journal, mixture.size - 1, 0), 0);
    ck_assert_int_eq(journal_wait(journal, mixture.size, 0), JOURNAL_TIMEOUT);
    ck_assert_uint_eq(figures(journal).size, mixture.size);
    ck_assert_uint_eq(figures(journal).entries, mixture.count);
}

/* ---- many --------------------------------------------------------------- */

/* All from place I on, with journal_fill(), or one by one in between. */
static void
ask_to_fill(size_t i)
{
    static uint8_t buffer[BUFFER];
    const struct journal_entry *one;
    struct journal_cursor *cursor;
    size_t used = 0, at = 0;
    int rc = 0;

    ck_assert_int_eq(journal_replay(journal, mixture.entries[i].seq, &cursor),
                     0);
    for (; i < mixture.count; i++) {
        struct journal_entry entry;

        if (at == used && one_in(4)) {
            rc = journal_next(cursor, &one);
            assert_is(&mixture.entries[i], rc, one, "next", i);
            continue;
        }
        if (at == used) {
            rc = journal_fill(cursor, buffer, 1700 + below(BUFFER - 1700),
                              &used, NULL);
            at = 0;
        }
        if (rc != 0)
            complain("fill", i);
        at += packer_read(&entry, buffer + at, used - at);
        assert_is(&mixture.entries[i], 0, &entry, "filled", i);
    }
    ck_assert_uint_eq(at, used);
    ck_assert_int_eq(journal_next(cursor, &one), JOURNAL_END);
    journal_cursor_close(cursor);
}

static void
choose_key(struct journal_query *query)
{
    static const char *const exprs[] = {"**",     "k/*", "k/1$*", "*/**",
                                        "long/*", "*",   "k/**"};
    const struct mixture_key *key = &mixture.keys[below(mixture.key_count)];

    query->match = (uint32_t)below(4);
    query->key = key->data;
    query->key_size = key->size;
    if (query->match == JOURNAL_MATCH_PREFIX)
        query->key_size = below(key->size);
    if (query->match == JOURNAL_MATCH_EXPR && one_in(2)) {
        query->key = exprs[below(COUNT_OF(exprs))];
        query->key_size = strlen(query->key);
    }
    if (query->match == JOURNAL_MATCH_KEY && one_in(3))
        query->first_revision = below(100);
}

static void
ask_a_query(void)
{
    struct journal_query query = ask();

    choose_key(&query);
    if (one_in(2))
        query.first = mixture.entries[any_place()].seq;
    if (one_in(2))
        query.limit = mixture.entries[any_place()].seq + below(2);
    if (one_in(4))
        query.since = mixture.entries[any_place()].time + below(2);
    if (one_in(4))
        query.until = mixture.entries[any_place()].time + below(2);
    if (one_in(2))
        query.flags |= JOURNAL_QUERY_REVERSE;
    if (one_in(3))
        query.flags |= JOURNAL_QUERY_LATEST;
    if (one_in(3))
        query.flags |= JOURNAL_QUERY_LIVE;
    if (one_in(10))
        query.flags = JOURNAL_QUERY_FOLLOW;
    mixture_ask(&mixture, &query);
}

static void
ask_everything(void)
{
    if (mixture.count == 0)
        return;
    ask_for_points();
    for (int i = 0; i < 4; i++)
        ask_a_query();
    ask_to_fill(any_place());
}

static void
ask_in_another_process(void *unused)
{
    (void)unused;
    close_all();
    open_handle(READER);
    journal = handles[READER];
    for (int i = 0; i < 4; i++)
        ask_everything();
    journal_close(journal);
}

/* ---- mixtures ----------------------------------------------------------- */

static const struct {
    unsigned keys, long_keys;
    unsigned without; /* of a hundred entries */
} kinds[] = {{1, 0, 0}, {5, 2, 10}, {60, 8, 30}, {900, 30, 5}};

static void
make_keys(int kind)
{
    char start[640];

    mixture_add_keys(&mixture, "k/", kinds[kind].keys, "");
    memset(start, 'l', sizeof(start));
    memcpy(start, "long/", 5);
    start[sizeof(start) - 1] = '\0';
    mixture_add_keys(&mixture, start, kinds[kind].long_keys, "");
}

static void
append_some(int kind, uint64_t count)
{
    while (count-- > 0) {
        bool with = below(100) >= kinds[kind].without;
        uint32_t key = with ? (uint32_t)below(mixture.key_count) : NO_KEY;

        mixture_append(&mixture, key, with && one_in(10));
    }
    mixture_flush(&mixture);
}

/* The oldest, or, so that it comes to the tail, nearly all. */
static void
prune_some(void)
{
    uint64_t back = one_in(4) ? below(60) : KEEP / 2;
    uint32_t flags = one_in(2) ? JOURNAL_PRUNE_KEEP_LATEST : 0;

    if (mixture.size > back && (one_in(15) || mixture.count > KEEP))
        mixture_prune(&mixture, mixture.size - back, flags);
}

/* What the cursor gives is what has been appended since, and no more. */
static void
follow(uint64_t *at)
{
    const struct journal_entry *entry;
    int rc;

    while ((rc = journal_next(follower, &entry)) != JOURNAL_END) {
        if (rc == JOURNAL_PRUNED)
            continue;
        if (rc != 0 || entry->seq < *at || entry->seq >= mixture.size)
            complain("what follows on", *at);
        *at = entry->seq + 1;
    }
    if (*at < mixture.size)
        complain("what follows up to", *at);
}

START_TEST(every_way_gives_what_the_oracle_says)
{
    struct journal_query query = ask();
    uint64_t at = 0;

    chance_start(test_seed() + (uint64_t)_i);
    make_keys(_i);
    query.flags = JOURNAL_QUERY_FOLLOW;
    ck_assert_int_eq(journal_query(handles[READER], &query, &follower), 0);
    for (unsigned steps = rounds(STEPS, 20); steps > 0; steps--) {
        journal = handles[below(2)];
        append_some(_i, 1 + below(one_in(6) ? 500 : 25));
        journal = handles[below(HANDLES)];
        ask_everything();
        follow(&at);
        if (one_in(12))
            in_child(ask_in_another_process, NULL);
        journal = handles[below(2)];
        prune_some();
    }
    close_all();
    open_all();
    ask_everything();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail query");
    TCase *tcase = tcase_create("tail query");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_way_gives_what_the_oracle_says, 0,
                        COUNT_OF(kinds));
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
