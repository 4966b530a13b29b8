/*
 * store_guard_pages_test.c - whatever is damaged, LMDB does not come by it.
 *
 * It would end the process, or go astray; so each change is refused, or goes
 * well because it comes by other pages.
 */
#include "store/store_guard.h"

#include "base/error.h"
#include "support/test.h"
#include "unit/guarded.h"

#define ROWS 450u
#define PAGES_MAX 200u
#define PAGE_MAX 65536u

static uint64_t chance;

static void
setup(void)
{
    guarded_setup();
    chance = test_seed();
}

/* A number under BOUND. */
static unsigned
any(size_t bound)
{
    return (unsigned)(test_random(&chance) % bound);
}

/* ---- pages of a table --------------------------------------------------- */

static struct {
    uint64_t number;
    unsigned level; /* 1 at the root; 0: of a value */
} pages[PAGES_MAX];
static unsigned page_count;

static void
note_page(uint64_t number, unsigned level)
{
    ck_assert_uint_lt(page_count, PAGES_MAX);
    pages[page_count].number = number;
    pages[page_count++].level = level;
}

/* All pages below PAGE, and it. */
static void
list_pages(uint64_t page, unsigned level)
{
    const uint8_t *bytes = guarded_page(page);
    bool leaf = jn_page_flags(bytes) == JN_PAGE_LEAF;

    note_page(page, level);
    for (unsigned i = 0; i < guarded_count(page); i++) {
        const uint8_t *node = bytes + jn_page_offset(bytes, i);

        if (!leaf)
            list_pages(jn_node_child(node), level + 1);
        else if (jn_node_flags(node) == JN_NODE_BIG)
            note_page(jn_get64(node + JN_NODE_HEADER + jn_node_key_size(node)),
                      0);
    }
}

/* Four levels, and some values on pages of their own. */
static void
make_tree(void)
{
    for (unsigned i = 0; i < ROWS; i++)
        ck_assert_int_eq(guarded_put(2 * i, LONG_KEY, i % 9 == 4 ? 5000 : 1),
                         0);
    guarded_commit();
    ck_assert_uint_eq(guarded_tree().depth, 4);
    page_count = 0;
    list_pages(guarded_tree().root, 1);
}

/* ---- damage ------------------------------------------------------------- */

static void
put16(uint8_t *page, size_t at, unsigned value)
{
    uint16_t bytes = (uint16_t)value;

    memcpy(page + at, &bytes, sizeof(bytes));
}

/* Damage to the bytes of a page of SIZE. */
static void
damage(uint8_t *page, size_t size)
{
    unsigned count = jn_page_count(page, size);
    size_t node = jn_page_offset(page, count > 0 ? any(count) : 0);
    size_t at = any(size);

    switch (any(6)) {
    case 0: /* another page has been written here */
        page[any(8)] ^= 1;
        break;
    case 1:
        put16(page, 10, any(16));
        break;
    case 2: /* how many nodes there are, or how many pages */
        put16(page, 12, any(64));
        break;
    case 3: /* where a node leads to, or what it holds */
        put16(page, node % size, any(512));
        break;
    case 4: /* the flags of a node, or its key's size */
        put16(page, (node + 4 + any(2) * 2) % (size - 2), any(4));
        break;
    default:
        memset(page + at, (int)test_random(&chance), size - at);
        break;
    }
}

/* ---- changes ------------------------------------------------------------ */

/* Goes through some rows from KEY on, and takes some of them out. */
static int
go_along(struct jn_span key)
{
    struct jn_place place;
    struct jn_span value;
    int rc = jn_place_open(&place, &guarded_txn, JN_LATEST);
    bool back = any(2) == 0;

    ck_assert_int_eq(rc, 0);
    rc = jn_place_move(&place, JN_AT_OR_AFTER, &key, &value);
    for (unsigned i = 0; rc == 0 && i < 20; i++) {
        if (any(2) == 0)
            rc = jn_place_delete(&place);
        if (rc == 0)
            rc = jn_place_move(&place, back ? JN_PREV : JN_NEXT, &key, &value);
    }
    jn_place_close(&place);
    return rc;
}

static int
from_an_edge(void)
{
    static const enum jn_move moves[] = {JN_FIRST, JN_LAST, JN_NEXT, JN_PREV};
    struct jn_place place;
    struct jn_span key = {NULL, 0}, value;
    uint8_t bytes[JN_KEY_MAX];
    int rc = jn_place_open(&place, &guarded_txn, JN_LATEST);

    ck_assert_int_eq(rc, 0);
    rc = jn_place_move(&place, moves[any(4)], &key, &value);
    if (rc == 0) {
        /* It lies in a page that is about to be changed. */
        memcpy(bytes, key.data, key.size);
        key.data = bytes;
        rc = jn_place_put(&place, key, jn_span("other", 5));
    }
    jn_place_close(&place);
    return rc;
}

/* One of all that changes a table. */
static int
change(unsigned number)
{
    struct jn_span key = guarded_key(number, LONG_KEY), value;
    static unsigned last = 4 * ROWS;
    uint8_t *room;
    int rc = 0;

    switch (any(6)) {
    case 0:
        return guarded_put(number, LONG_KEY, any(9000));
    case 1:
        for (unsigned i = 0; rc == 0 && i < 20; i++)
            rc = jn_store_delete(&guarded_txn, JN_LATEST,
                                 guarded_key(number + 2 * i, LONG_KEY));
        return rc;
    case 2:
        return go_along(key);
    case 3:
        return from_an_edge();
    case 4:
        key = guarded_key(++last, LONG_KEY);
        return jn_store_append(&guarded_txn, JN_LATEST, key, 4, &room);
    default:
        return jn_store_get(&guarded_txn, JN_LATEST, key, &value);
    }
}

/* Changes near a damaged page; whether one was refused. */
static bool
is_refused(void)
{
    unsigned near = 2 * any(ROWS);
    int rc = 0;

    for (unsigned i = 0; i < 6 && rc != JOURNAL_CORRUPT; i++) {
        rc = change(near + any(40));
        ck_assert_msg(rc == 0 || rc == JOURNAL_NOT_FOUND ||
                          rc == JOURNAL_CORRUPT,
                      "%s", journal_errname(rc));
    }
    guarded_abort();
    return rc == JOURNAL_CORRUPT;
}

START_TEST(a_change_is_refused_or_comes_by_other_pages)
{
    unsigned rounds = (unsigned)(15000 * test_scale()) + 1000, refused = 0;
    uint8_t kept[PAGE_MAX], bytes[PAGE_MAX];
    size_t size;

    make_tree();
    size = guarded_tree().page_size;
    ck_assert_uint_le(size, PAGE_MAX);
    for (unsigned i = 0; i < 100; i++)
        ck_assert(!is_refused());
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t page = pages[any(page_count)].number;

        /* Of the pages that few have, more often. */
        for (unsigned k = 0; i % 2 == 0 && k < page_count; k++) {
            if (pages[k].level == 1 + i / 2 % 3)
                page = pages[k].number;
        }
        memcpy(kept, guarded_page(page), size);
        memcpy(bytes, kept, size);
        damage(bytes, size);
        guarded_write(page, bytes);
        refused += is_refused();
        guarded_write(page, kept);
    }
    ck_assert_uint_gt(refused, rounds / 4);
    for (unsigned i = 0; i < ROWS; i++)
        ck_assert_int_eq(jn_store_delete(&guarded_txn, JN_LATEST,
                                         guarded_key(2 * i, LONG_KEY)),
                         0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_guard_pages");
    TCase *tcase = tcase_create("pages");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, guarded_teardown);
    tcase_add_test(tcase, a_change_is_refused_or_comes_by_other_pages);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
