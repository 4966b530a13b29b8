/*
 * store_names_test.c - damage to the page that has the tables' names and says
 * of each where its tree is.
 */
#include <stdlib.h>

#include "base/error.h"
#include "store/store_env.h"
#include "support/test.h"
#include "unit/guarded.h"

#define BYTES 8u

static uint64_t number; /* of the page */
static size_t page_size;
static uint8_t *page; /* a copy, to be damaged */

static void
setup(void)
{
    struct jn_meta meta;

    guarded_setup();
    guarded_fill(3, BYTES, 10);
    ck_assert(jn_store_read_meta(&guarded_txn, &meta));
    ck_assert_uint_eq(meta.trees[1].depth, 1);
    number = meta.trees[1].root;
    page_size = guarded_tree().page_size;
    page = malloc(page_size);
    ck_assert_ptr_nonnull(page);
    memcpy(page, guarded_page(number), page_size);
}

static void
teardown(void)
{
    free(page);
    guarded_teardown();
}

/* The node of TABLE. */
static uint8_t *
node_of(enum jn_table table)
{
    const char *name = jn_table_names[table];
    unsigned count = jn_page_count(page, page_size);

    for (unsigned i = 0; i < count; i++) {
        uint8_t *node = page + jn_page_offset(page, i);

        if (jn_span_equal(jn_tree_key(node),
                          jn_span((const uint8_t *)name, strlen(name))))
            return node;
    }
    ck_abort_msg("no %s", name);
}

/* The description of TABLE, at FIELD. */
static uint8_t *
field_of(enum jn_table table, size_t field)
{
    return node_of(table) + JN_NODE_HEADER + strlen(jn_table_names[table]) +
           field;
}

enum damage { NAME, SIZE, FLAGS, LEVELS, NO_LEVELS, NO_PAGE, DAMAGES };

static void
damage_table(enum jn_table table, enum damage damage)
{
    static const uint8_t none[8] = {0xff, 0xff, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0xff};

    switch (damage) {
    case NAME:
        node_of(table)[JN_NODE_HEADER + 2] ^= 0x10;
        break;
    case SIZE:
        node_of(table)[0] -= 1;
        break;
    case FLAGS:
        *field_of(table, offsetof(struct jn_tree, flags)) ^= 4;
        break;
    case LEVELS:
        *field_of(table, offsetof(struct jn_tree, depth)) = JN_DEPTH_MAX;
        break;
    case NO_LEVELS:
        *field_of(table, offsetof(struct jn_tree, depth)) = 0;
        break;
    default:
        memcpy(field_of(table, offsetof(struct jn_tree, root)), none, 8);
        break;
    }
}

/* The next transaction comes by the page as it is now. */
static void
write_page(void)
{
    guarded_write(number, page);
    guarded_abort();
}

START_TEST(no_row_of_a_table_that_is_described_wrong_is_said_to_be_missing)
{
    struct jn_numbered one = {.number = 1};
    struct jn_place place;
    struct jn_span value, key = guarded_key(1, BYTES);
    struct jn_txn txn;

    damage_table(JN_LATEST, (enum damage)_i);
    write_page();
    ck_assert_int_eq(jn_store_begin_read(guarded_store, &txn), 0);
    ck_assert_int_eq(jn_store_get(&txn, JN_LATEST, key, &value),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_get_committed(&txn, JN_LATEST, key, &value),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_get_many(&txn, JN_LATEST, &one, 1),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_place_open(&place, &txn, JN_LATEST), 0);
    for (enum jn_move move = JN_FIRST; move <= JN_AT_OR_AFTER; move++)
        ck_assert_int_eq(jn_place_move(&place, move, &key, &value),
                         JOURNAL_CORRUPT);
    jn_place_close(&place);
    jn_store_end_read(&txn);
}
END_TEST

/* Nothing is changed then, not even another table. */
START_TEST(where_a_table_is_described_wrong_no_change_is_made)
{
    enum jn_table table = (enum jn_table)(_i % JN_TABLES);
    struct jn_span key = guarded_key(1, BYTES), value = {NULL, 0};
    struct jn_place place;
    uint8_t *room;

    damage_table(JN_LATEST, (enum damage)(_i / JN_TABLES));
    write_page();
    ck_assert_int_eq(jn_store_put(&guarded_txn, table, key, key),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_delete(&guarded_txn, table, key),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_append(&guarded_txn, table, key, 9, &room),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_place_open(&place, &guarded_txn, table), 0);
    ck_assert_int_eq(jn_place_move(&place, JN_FIRST, &key, &value),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_place_put(&place, key, key), JOURNAL_CORRUPT);
    jn_place_close(&place);
}
END_TEST

/* What is described is found; but a commit would write it anew. */
START_TEST(damage_beside_the_descriptions_is_noticed_before_a_change)
{
    struct jn_span key = guarded_key(1, BYTES), value;

    if (_i == 0)
        memset(node_of(JN_META) + 4, 0, 2); /* it is no table's */
    else
        page[15]--; /* where free space ends */
    write_page();
    ck_assert_int_eq(jn_store_get(&guarded_txn, JN_LATEST, key, &value), 0);
    ck_assert_int_eq(jn_store_put(&guarded_txn, JN_LATEST, key, key),
                     JOURNAL_CORRUPT);
}
END_TEST

/* LMDB gives up a transaction in which it has met damage. */
START_TEST(damage_is_not_taken_for_a_want_of_room)
{
    struct jn_span key = guarded_key(1, BYTES), value;

    node_of((enum jn_table)_i)[4] ^= JN_NODE_BIG;
    write_page();
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(jn_store_get(&guarded_txn, (enum jn_table)_i, key,
                                      &value),
                         JOURNAL_CORRUPT);
        ck_assert_int_eq(jn_store_put(&guarded_txn, JN_LATEST, key, key),
                         JOURNAL_CORRUPT);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_names");
    TCase *tcase = tcase_create("names");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(
        tcase, no_row_of_a_table_that_is_described_wrong_is_said_to_be_missing,
        0, DAMAGES);
    tcase_add_loop_test(tcase,
                        where_a_table_is_described_wrong_no_change_is_made, 0,
                        DAMAGES * JN_TABLES);
    tcase_add_loop_test(
        tcase, damage_beside_the_descriptions_is_noticed_before_a_change, 0, 2);
    tcase_add_loop_test(tcase, damage_is_not_taken_for_a_want_of_room, 0,
                        JN_TABLES);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
