/* invariants_test.c - the harnesses' checker notices what does not hold. */
#include "support/invariants.h"

#include <string.h>

#include "support/mode.h"
#include "support/test.h"

static const struct invariants_key keys[] = {{"a", 1}, {"b", 1}};

static struct journal *journal;
static uint64_t refused;
static char why[INVARIANTS_WHY];

static bool
take(void *unused, const struct journal_entry *entry, unsigned key, char *words)
{
    (void)unused;
    (void)key;
    return entry->seq != refused || invariants_wrong(words, "refused");
}

/* Two keys, a tombstone, an entry without a key, and one that is pruned. */
static void
setup(void)
{
    struct journal_options options;

    test_setup();
    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    ck_assert_int_eq(mode_open_as_is(test_path("journal"), &options, &journal),
                     0);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_int_eq(journal_append(journal, keys[i % 2].data,
                                        i == 6 ? 0 : 1, "value", 5, NULL),
                         0);
    ck_assert_int_eq(journal_delete(journal, "b", 1, NULL), 0);
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    refused = JOURNAL_NONE;
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static bool
hold(struct reading reading)
{
    struct journal_stat stat;

    reading.journal = journal;
    reading.keys = keys;
    reading.limits = 3;
    reading.queries = reading.key_count > 0;
    reading.most = reading.most == 0 ? 100 : reading.most;
    reading.entry = take;
    return invariants_hold(&reading, &stat, why);
}

START_TEST(what_holds_is_found_to_hold)
{
    ck_assert_msg(hold((struct reading){.key_count = 2}), "%s", why);
    ck_assert_msg(hold((struct reading){.key_count = 2, .sparse = true}), "%s",
                  why);
    ck_assert_int_eq(journal_prune(journal, 11, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    ck_assert_msg(hold((struct reading){.key_count = 2, .sparse = true}), "%s",
                  why);
}
END_TEST

START_TEST(an_entry_that_the_harness_refuses_is_told_in_its_words)
{
    refused = 7;
    ck_assert(!hold((struct reading){.key_count = 2}));
    ck_assert_str_eq(why, "refused");
}
END_TEST

START_TEST(a_key_that_nobody_has_used_is_noticed)
{
    ck_assert(!hold((struct reading){.key_count = 1}));
}
END_TEST

START_TEST(a_hole_is_noticed_where_there_may_be_none)
{
    ck_assert_int_eq(journal_append(journal, "b", 1, "", 0, NULL), 0);
    ck_assert_int_eq(journal_append(journal, "a", 1, "", 0, NULL), 0);
    ck_assert_int_eq(journal_append(journal, "a", 1, "", 0, NULL), 0);
    ck_assert_int_eq(journal_prune(journal, 15, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    ck_assert(hold((struct reading){.key_count = 2, .sparse = true}));
    ck_assert(!hold((struct reading){.key_count = 2}));
}
END_TEST

START_TEST(what_is_not_durable_is_noticed_where_all_has_to_be)
{
    const struct reading reading = {.key_count = 2, .all_durable = true};

    ck_assert_int_eq(journal_append(journal, "a", 1, "", 0, NULL), 0);
    ck_assert(!hold(reading));
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_msg(hold(reading), "%s", why);
}
END_TEST

START_TEST(more_than_there_can_be_is_noticed)
{
    ck_assert(!hold((struct reading){.key_count = 2, .most = 5}));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("invariants");
    TCase *tcase = tcase_create("invariants");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_holds_is_found_to_hold);
    tcase_add_test(tcase,
                   an_entry_that_the_harness_refuses_is_told_in_its_words);
    tcase_add_test(tcase, a_key_that_nobody_has_used_is_noticed);
    tcase_add_test(tcase, a_hole_is_noticed_where_there_may_be_none);
    tcase_add_test(tcase, what_is_not_durable_is_noticed_where_all_has_to_be);
    tcase_add_test(tcase, more_than_there_can_be_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
