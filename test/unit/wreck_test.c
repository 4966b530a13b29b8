/* wreck_test.c - which rows of a damaged journal are its entries. */
#include "repair/wreck.h"

#include "format/links.h"
#include "format/record.h"
#include "support/mode.h"
#include "support/test.h"

#define FIRST 6u
#define NEXT 20u
#define TIME 1000u

static struct jn_wreck wreck;

static struct journal *
open_journal(void)
{
    struct journal *journal;

    ck_assert_int_eq(mode_open_as_is(test_path("journal"), NULL, &journal), 0);
    return journal;
}

/* Entries 0 to 19, of which 6 and those behind it are left. */
static void
setup(void)
{
    const struct jn_wreck_progress nobody = {.tell = NULL};
    struct journal *journal;

    test_setup();
    journal = open_journal();
    for (unsigned i = 0; i < NEXT; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "x", 1, NULL), 0);
    ck_assert_int_eq(journal_prune(journal, FIRST, 0, NULL), 0);
    journal_close(journal);
    ck_assert_int_eq(jn_wreck_open(&wreck, test_path("journal")), 0);
    ck_assert_int_eq(jn_wreck_survey(&wreck, &nobody), 0);
    ck_assert(wreck.sound && wreck.account.has_state);
    ck_assert_uint_eq(wreck.account.state.first, FIRST);
    ck_assert_uint_eq(wreck.account.state.next, NEXT);
}

static void
teardown(void)
{
    jn_wreck_close(&wreck);
    test_teardown();
}

/* A sound row of entry SEQ, of TIME, in memory that the next call uses. */
static struct jn_span
make_row(uint64_t seq)
{
    static uint8_t bytes[JN_LINKS_MAX + 100];
    const struct jn_record record = {.key = {(const uint8_t *)"key", 3},
                                     .value = {(const uint8_t *)"x", 1}};
    const struct jn_links links = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    uint8_t *end = jn_links_encode(bytes, &links, seq);

    jn_record_seal(end, jn_record_encode(end, &record), seq, TIME);
    return jn_span(bytes, (size_t)(end - bytes) + jn_record_size(&record));
}

/* The row of entry SEQ, under SIZE bytes of the key that is number NAME. */
static bool
believes(uint64_t after, uint64_t name, size_t size, uint64_t seq)
{
    struct jn_find find;
    uint8_t key[9] = {0};

    jn_put_be64(key, name);
    if (!jn_wreck_believes(&wreck, after, jn_span(key, size), make_row(seq),
                           &find))
        return false;
    ck_assert_uint_eq(find.seq, seq);
    ck_assert_uint_eq(find.time, TIME);
    ck_assert(find.linked);
    return true;
}

START_TEST(rows_of_numbers_that_the_journal_has_are_believed)
{
    for (uint64_t seq = 0; seq < NEXT + 5; seq++)
        ck_assert_msg(believes(0, seq, 8, seq) == (seq >= FIRST && seq < NEXT),
                      "entry %u", (unsigned)seq);
    ck_assert(!believes(0, JOURNAL_NONE - 1, 8, JOURNAL_NONE - 1));
}
END_TEST

/* Nothing tells then which numbers it has. */
START_TEST(without_its_state_a_journal_may_have_any_number)
{
    wreck.account.has_state = false;
    for (uint64_t seq = 0; seq < NEXT + 5; seq++)
        ck_assert(believes(0, seq, 8, seq));
    ck_assert(believes(0, JOURNAL_NONE - 1, 8, JOURNAL_NONE - 1));
}
END_TEST

START_TEST(a_row_of_an_earlier_time_is_not_believed)
{
    ck_assert(believes(TIME - 1, FIRST, 8, FIRST));
    ck_assert(believes(TIME, FIRST, 8, FIRST));
    ck_assert(!believes(TIME + 1, FIRST, 8, FIRST));
}
END_TEST

START_TEST(a_row_is_believed_under_its_own_number_alone)
{
    ck_assert(!believes(0, FIRST + 1, 8, FIRST));
    ck_assert(!believes(0, FIRST, 8, FIRST + 1));
    for (size_t size = 0; size <= 9; size++)
        ck_assert(believes(0, FIRST, size, FIRST) == (size == 8));
}
END_TEST

START_TEST(whoever_appends_meanwhile_is_noticed)
{
    struct journal *journal;

    ck_assert(!jn_wreck_has_changed(&wreck));
    journal = open_journal();
    ck_assert_int_eq(journal_append(journal, "key", 3, "x", 1, NULL), 0);
    ck_assert(jn_wreck_has_changed(&wreck));
    journal_close(journal);
    ck_assert(jn_wreck_has_changed(&wreck));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("wreck");
    TCase *tcase = tcase_create("wreck");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, rows_of_numbers_that_the_journal_has_are_believed);
    tcase_add_test(tcase, without_its_state_a_journal_may_have_any_number);
    tcase_add_test(tcase, a_row_of_an_earlier_time_is_not_believed);
    tcase_add_test(tcase, a_row_is_believed_under_its_own_number_alone);
    tcase_add_test(tcase, whoever_appends_meanwhile_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
