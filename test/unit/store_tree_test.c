/*
 * store_tree_test.c - rows found in the pages of a tree, sound or damaged.
 *
 * The pages are those of a journal's file, copied into memory.
 */
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pages/layout.h"
#include "store/store_tree.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/paged.h"

#define ENTRIES 20000u /* enough for branches below the root */
#define LARGE 1000u    /* each so manieth is on pages of its own */
#define BATCH 1000u
#define ROWS 16u

static struct paged paged;
static struct jn_store_tree tree; /* in these pages */
static uint64_t chance;

/* ---- the pages ---------------------------------------------------------- */

static void
append_entries(struct journal *journal)
{
    static const uint8_t value[10000];
    struct journal_record records[BATCH];

    memset(records, 0, sizeof(records));
    for (unsigned done = 0; done < ENTRIES; done += BATCH) {
        for (unsigned i = 0; i < BATCH; i++) {
            records[i].value = value;
            records[i].value_size = i % LARGE == 0 ? sizeof(value) : i % 90;
        }
        ck_assert_int_eq(journal_append_batch(journal, records, BATCH, NULL),
                         0);
    }
}

static void
setup(void)
{
    struct journal *journal;

    test_setup();
    chance = test_seed();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append_entries(journal);
    journal_close(journal);
    paged_read(&paged);
    ck_assert_uint_ge(paged.depth, 3);
    tree = (struct jn_store_tree){paged.bytes, paged.page_size, paged.pages,
                                  paged.root, paged.depth};
}

static void
teardown(void)
{
    paged_free(&paged);
    test_teardown();
}

/* ---- what is found in them ---------------------------------------------- */

static bool
lies_in_the_file(const void *start, size_t size)
{
    uint64_t offset = (uint64_t)((const uint8_t *)start - paged.bytes);

    return offset <= tree.pages * tree.page_size &&
           size <= tree.pages * tree.page_size - offset;
}

/* Whatever is found is a row of the number that was asked for. */
static size_t
find(struct jn_numbered *rows, size_t count)
{
    size_t found = 0;

    jn_store_tree_find(&tree, rows, count);
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].found)
            continue;
        found++;
        ck_assert(lies_in_the_file(rows[i].value.data - 8, 8));
        ck_assert(lies_in_the_file(rows[i].value.data, rows[i].value.size));
        ck_assert_uint_eq(jn_get_be64(rows[i].value.data - 8), rows[i].number);
    }
    return found;
}

START_TEST(all_that_is_not_large_is_found)
{
    for (uint64_t first = 0; first < ENTRIES + BATCH; first += ROWS) {
        struct jn_numbered rows[ROWS];

        for (unsigned i = 0; i < ROWS; i++)
            rows[i].number = first + i;
        (void)find(rows, ROWS);
        for (unsigned i = 0; i < ROWS; i++)
            ck_assert_int_eq(rows[i].found, rows[i].number < ENTRIES &&
                                                rows[i].number % LARGE != 0);
    }
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

/* Rows near the page that is damaged, and some anywhere. */
static void
find_around(uint64_t number)
{
    struct jn_numbered rows[ROWS];

    for (unsigned i = 0; i < ROWS; i++)
        rows[i].number = i % 4 == 0 ? test_random(&chance) % ENTRIES
                                    : number + i;
    (void)find(rows, ROWS);
}

static void
damage_each_byte(uint8_t *page, uint64_t number)
{
    static const uint8_t changes[] = {0x01, 0x02, 0x08, 0x10, 0x80, 0xff};

    size_t step = test_scale() < 0.1 ? 7 : 1; /* under valgrind not each */

    for (size_t at = 0; at < tree.page_size; at += step) {
        uint8_t was = page[at];

        for (size_t i = 0; i < sizeof(changes); i++) {
            page[at] = was ^ changes[i];
            find_around(number);
        }
        page[at] = 0;
        find_around(number);
        page[at] = was;
    }
}

START_TEST(a_damaged_byte_leads_to_no_wrong_row)
{
    uint64_t number = test_random(&chance) % (ENTRIES - ROWS);
    unsigned level = (unsigned)_i + 1;
    uint8_t *page;

    level = level < tree.depth ? level : tree.depth;
    page = paged_on_the_way(&paged, level, number);
    ck_assert_uint_eq(jn_page_flags(page),
                      level < tree.depth ? JN_PAGE_BRANCH : JN_PAGE_LEAF);
    damage_each_byte(page, number);
}
END_TEST

START_TEST(damage_all_over_leads_to_no_wrong_row)
{
    for (unsigned round = 0; round < 200 * test_scale(); round++) {
        uint64_t number = test_random(&chance) % (ENTRIES - ROWS);
        unsigned level = 1 + (unsigned)(test_random(&chance) % tree.depth);
        uint8_t *page = paged_on_the_way(&paged, level, number), was[65536];

        memcpy(was, page, tree.page_size);
        for (unsigned i = 0; i < 50; i++) {
            size_t at = test_random(&chance) % tree.page_size;

            /* Half of it to the header and the offsets. */
            page[i % 2 == 0 ? at : at % 256] = (uint8_t)test_random(&chance);
            find_around(number);
        }
        memcpy(page, was, tree.page_size);
    }
}
END_TEST

START_TEST(a_wrong_root_or_depth_leads_to_no_wrong_row)
{
    static const uint64_t beyond[] = {0, 1, 2, 1u << 20, UINT64_MAX};
    uint64_t pages = tree.pages, step = 1 + pages / 500;
    unsigned depth = tree.depth;

    for (tree.depth = 0; tree.depth <= JN_DEPTH_MAX; tree.depth++)
        find_around(0);
    for (tree.root = 0; tree.root < pages; tree.root += step) {
        tree.depth = 1 + (unsigned)(tree.root % depth);
        find_around(test_random(&chance) % ENTRIES);
    }
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        struct jn_numbered row = {.number = 0};

        tree.root = pages + beyond[i];
        ck_assert_uint_eq(find(&row, 1), 0);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_tree");
    TCase *tcase = tcase_create("store_tree");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, all_that_is_not_large_is_found);
    tcase_add_loop_test(tcase, a_damaged_byte_leads_to_no_wrong_row, 0, 3);
    tcase_add_test(tcase, damage_all_over_leads_to_no_wrong_row);
    tcase_add_test(tcase, a_wrong_root_or_depth_leads_to_no_wrong_row);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
