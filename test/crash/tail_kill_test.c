/*
 * tail_kill_test.c - killed beside one another, durable and relaxed, in a tail.
 *
 * The tail is so small that it is moved into the store all the time, so that
 * many are killed in the middle of that, and their successors, or those beside
 * them, go on with it.  A process looks all the while for what has been
 * acknowledged.
 */
#include "series.h"
#include "support/test.h"

#define TINY 65536u

static const struct kind mixed = {.name = "mixed",
                                  .processes = SERIES_WRITERS_MAX,
                                  .threads = 1,
                                  .reader = true,
                                  .mixed = true,
                                  .replaced = true,
                                  .tail_bytes = TINY};
static const struct kind pruned = {.name = "mixed, pruned",
                                   .processes = SERIES_WRITERS_MAX,
                                   .threads = 1,
                                   .prunes = true,
                                   .reader = true,
                                   .mixed = true,
                                   .tail_bytes = TINY};
static const struct kind alone = {.name = "one after the other",
                                  .processes = 1,
                                  .threads = 1,
                                  .prunes = true,
                                  .rewinds = true,
                                  .mixed = true,
                                  .tail_bytes = TINY};

#define ROUNDS_MIXED 100u
#define ROUNDS_PRUNED 50u
#define ROUNDS_ALONE 100u

START_TEST(what_any_of_them_had_acknowledged_stays_once_and_in_order)
{
    series_run(&mixed, ROUNDS_MIXED, _i);
}
END_TEST

START_TEST(a_prune_beside_them_takes_no_more_than_it_should)
{
    series_run(&pruned, ROUNDS_PRUNED, _i);
}
END_TEST

START_TEST(what_was_rewound_does_not_come_back_from_the_tail)
{
    series_run(&alone, ROUNDS_ALONE, _i);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail kill");
    TCase *tcase = series_case(suite, "tail kill", true);

    series_add(tcase, what_any_of_them_had_acknowledged_stays_once_and_in_order,
               ROUNDS_MIXED);
    series_add(tcase, a_prune_beside_them_takes_no_more_than_it_should,
               ROUNDS_PRUNED);
    series_add(tcase, what_was_rewound_does_not_come_back_from_the_tail,
               ROUNDS_ALONE);
    return suite;
}

TEST_MAIN(suite)
