/* stage_test.c - appends that find no memory on their way into the tail. */
#include <stdio.h>

#include "base/error.h"
#include "unit/newest_steps.h"

#define BATCH 3u

/* ---- memory that is short ------------------------------------------------ */

static unsigned reserve_fails, add_fails; /* so many calls from now; 0: never */

static bool
fails_now(unsigned *calls)
{
    return *calls > 0 && --*calls == 0;
}

int __real_jn_recent_reserve(struct jn_recent *recent, size_t size,
                             uint8_t **bytes);
int __wrap_jn_recent_reserve(struct jn_recent *recent, size_t size,
                             uint8_t **bytes);

int
__wrap_jn_recent_reserve(struct jn_recent *recent, size_t size, uint8_t **bytes)
{
    return fails_now(&reserve_fails)
               ? ENOMEM
               : __real_jn_recent_reserve(recent, size, bytes);
}

int __real_jn_recent_add(struct jn_recent *recent,
                         const struct jn_recent_item *item, size_t used);
int __wrap_jn_recent_add(struct jn_recent *recent,
                         const struct jn_recent_item *item, size_t used);

int
__wrap_jn_recent_add(struct jn_recent *recent,
                     const struct jn_recent_item *item, size_t used)
{
    return fails_now(&add_fails) ? ENOMEM
                                 : __real_jn_recent_add(recent, item, used);
}

/* ---- appends ------------------------------------------------------------- */

/* COUNT entries, of a key that is there and new ones in turn. */
static int
append_batch(size_t count, uint64_t *seq)
{
    static char keys[BATCH][16];
    struct journal_record records[BATCH] = {{.flags = 0}};

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "key %llu",
                       (unsigned long long)(size_of(journal) + i));
        records[i].key = i % 2 == 0 ? "key" : keys[i];
        records[i].key_size = strlen(records[i].key);
    }
    return journal_append_batch(journal, records, count, seq);
}

/* ENOMEM for COUNT entries, of which the last cannot be taken. */
static void
append_in_vain(unsigned *fails, size_t count)
{
    uint64_t before = size_of(journal), seq = 4711;

    *fails = (unsigned)count;
    ck_assert_int_eq(append_batch(BATCH, &seq), ENOMEM);
    ck_assert_uint_eq(*fails, 0);
    ck_assert_uint_eq(seq, 4711);
    ck_assert_uint_eq(size_of(journal), before);
    ck_assert_int_eq(append_batch(BATCH, &seq), 0);
    ck_assert_uint_eq(seq, before);
    ck_assert_uint_eq(size_of(journal), before + BATCH);
}

static void
assert_verified(void)
{
    struct journal_report report = {.struct_size = sizeof(report)};

    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
    ck_assert_uint_eq(report.entries_checked, size_of(journal));
}

/* Relaxed, or durable. */
START_TEST(without_memory_an_append_appends_nothing_and_the_next_is_fine)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    journal = open_as(0, 0);
    append(journal, 10);
    journal->limits.relaxed = _i == 0;
    append(journal, 1);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_gt(stat.tail_bytes_used, 0);
    for (size_t count = 1; count <= BATCH; count++) {
        append_in_vain(&reserve_fails, count);
        append_in_vain(&add_fails, count);
    }
    reserve_fails = 1;
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), ENOMEM);
    append(journal, 1);
    assert_verified();
    journal_close(journal);
    journal = open_as(0, 0);
    ck_assert_uint_eq(size_of(journal), 12 + 2 * BATCH * BATCH);
    assert_verified();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("stage");
    TCase *tcase = tcase_create("stage");

    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_add_loop_test(
        tcase, without_memory_an_append_appends_nothing_and_the_next_is_fine, 0,
        2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
