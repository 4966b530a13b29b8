/*
 * walk_random_test.c - damage by chance, and what LMDB makes of what passes.
 *
 * A walk over a damaged file comes to its end, and what it lets pass neither
 * LMDB nor the journal on it stumbles over.
 */
#include <fcntl.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/walked.h"

#define ENTRIES 400u
#define EDITS_MAX 8u

static struct paged sound, paged;
static struct walked_result before; /* what a walk over the sound one told */
static uint64_t chance;
static int file;

static void
setup(void)
{
    test_setup();
    walked_make(&sound, ENTRIES);
    paged_read(&paged);
    file = open(test_path("journal/data.mdb"), O_RDWR);
    walked_walk_file(file, &before);
    ck_assert_int_eq(before.rc, 0);
    chance = test_seed();
}

static void
teardown(void)
{
    close(file);
    paged_free(&paged);
    paged_free(&sound);
    test_teardown();
}

static uint64_t
upto(uint64_t limit)
{
    return test_random(&chance) % limit;
}

/* ---- damage ------------------------------------------------------------- */

static uint8_t *
any_page(void)
{
    return paged_page(&paged, upto(paged.pages));
}

static uint8_t *
any_tree_page(void)
{
    uint8_t *page;

    do {
        page = any_page();
    } while ((jn_page_flags(page) & (JN_PAGE_BRANCH | JN_PAGE_LEAF)) == 0);
    return page;
}

static void
flip_bit(void)
{
    any_page()[upto(paged.page_size)] ^= (uint8_t)(1u << upto(8));
}

static void
spoil_header(void)
{
    any_tree_page()[upto(64)] = (uint8_t)test_random(&chance);
}

/* The header of a node, or the beginning of its key. */
static void
spoil_node(void)
{
    uint8_t *page = any_tree_page();
    unsigned count = jn_page_count(page, paged.page_size);
    size_t at;

    if (count == 0)
        return;
    at = jn_page_offset(page, (unsigned)upto(count)) + upto(16);
    if (at < paged.page_size)
        page[at] = (uint8_t)(upto(2) == 0 ? upto(256) : upto(3));
}

static void
spoil_some(void)
{
    uint8_t *page = any_page();

    for (unsigned i = 0; i < 16; i++)
        page[upto(paged.page_size)] = (uint8_t)upto(256);
}

static void
spoil_meta(void)
{
    uint8_t *bytes = paged_page(&paged, upto(2)) + JN_PAGE_HEADER +
                     8 * upto(17);

    bytes[upto(8)] = (uint8_t)(upto(2) == 0 ? upto(256) : upto(3));
}

static void
zero_page(void)
{
    memset(any_page(), 0, paged.page_size);
}

static void
fill_page(void)
{
    uint8_t *page = any_page();

    for (size_t i = 0; i < paged.page_size; i++)
        page[i] = (uint8_t)upto(256);
}

/* One page over another, and with the number that belongs there, or not. */
static void
copy_page(void)
{
    uint64_t to = upto(paged.pages);
    uint8_t *page = paged_page(&paged, to);

    memmove(page, any_page(), paged.page_size);
    if (upto(2) == 0)
        memcpy(page, &to, sizeof(to));
}

static void
tear_page(void)
{
    size_t half = 512 * (1 + upto(paged.page_size / 512 - 1));

    memmove(any_page() + half, any_page() + half, paged.page_size - half);
}

/* A branch's child becomes that of another. */
static void
lead_elsewhere(void)
{
    uint64_t number = upto(paged.pages - 2) + 2;
    uint8_t *page = paged_page(&paged, number);
    unsigned count = jn_page_count(page, paged.page_size);

    if (jn_page_flags(page) == JN_PAGE_BRANCH && count > 0)
        walked_set_child(&paged, number, (unsigned)upto(count),
                         upto(paged.pages + 1));
}

/* Several at once. */
static void
damage(void)
{
    static void (*const kinds[])(
        void) = {flip_bit,       spoil_header, spoil_node, spoil_some,
                 spoil_meta,     zero_page,    fill_page,  copy_page,
                 lead_elsewhere, tear_page};
    unsigned edits = 1 + (unsigned)upto(upto(3) == 0 ? EDITS_MAX : 1);

    for (unsigned i = 0; i < edits; i++)
        kinds[upto(sizeof(kinds) / sizeof(*kinds))]();
}

/* ---- what comes of it --------------------------------------------------- */

/* Writes the pages that differ, of what is in memory, and what was there. */
static void
write_changes(const struct paged *to, const struct paged *from)
{
    for (uint64_t i = 0; i < to->pages; i++) {
        if (memcmp(paged_page(to, i), paged_page(from, i), to->page_size) != 0)
            ck_assert_int_eq(pwrite(file, paged_page(to, i), to->page_size,
                                    (off_t)(i * to->page_size)),
                             (ssize_t)to->page_size);
    }
}

static void
mend(void)
{
    write_changes(&sound, &paged);
    memcpy(paged.bytes, sound.bytes, sound.pages * sound.page_size);
}

/* The same of a file that was changed otherwise. */
static void
write_sound(void)
{
    ck_assert_int_eq(ftruncate(file, 0), 0);
    paged_write(&sound);
    memcpy(paged.bytes, sound.bytes, sound.pages * sound.page_size);
}

static void
assert_sane(const struct walked_result *result)
{
    if (result->rc == 0) {
        ck_assert_uint_eq(result->count, 0);
        ck_assert_uint_eq(result->done, WALKED_TABLES);
        ck_assert_uint_eq(result->pages_done, result->pages);
        return;
    }
    ck_assert_int_lt(result->rc, 0);
    for (unsigned i = 0; i < WALKED_TABLES; i++)
        ck_assert_uint_le(result->rows[i], paged.pages * paged.page_size / 8);
}

START_TEST(a_walk_over_anything_comes_to_its_end)
{
    unsigned rounds = (unsigned)(10000 * test_scale()) + 100, passed = 0;

    for (unsigned i = 0; i < rounds; i++) {
        uint64_t size = paged.pages * paged.page_size;
        struct walked_result result;
        bool cut = upto(20) == 0;

        damage();
        write_changes(&paged, &sound);
        if (cut)
            ck_assert_int_eq(ftruncate(file, (off_t)upto(size)), 0);
        walked_walk_file(file, &result);
        assert_sane(&result);
        passed += result.rc == 0;
        if (cut)
            write_sound();
        else
            mend();
    }
    /* Much of it was in values, and in free pages. */
    ck_assert_uint_gt(passed, rounds / 20);
    ck_assert_uint_lt(passed, rounds * 9 / 10);
}
END_TEST

/* Everything is read, of which some may be wrong, and some more written. */
static void
use_journal(void)
{
    unsigned seen = 0;
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    struct journal *journal;
    int rc = journal_open(test_path("journal"), NULL, &journal);

    if (rc != 0) {
        ck_assert_int_lt(rc, 0);
        return;
    }
    rc = journal_replay(journal, 0, &cursor);
    if (rc == 0) {
        while ((rc = journal_next(cursor, &entry)) == 0)
            seen++;
        journal_cursor_close(cursor);
    }
    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        struct journal_entry *copy = NULL;

        seen += journal_read(journal, seq, &copy) == 0;
        journal_entry_free(copy);
    }
    for (unsigned i = 0; i < 5; i++) {
        if (journal_append(journal, "key 7", 5, "more", 4, NULL) == 0)
            (void)journal_sync(journal);
        (void)journal_prune(journal, ENTRIES / 2 + 20 * i, 0, NULL);
    }
    journal_close(journal);
    ck_assert_uint_le(seen, 2 * ENTRIES);
}

START_TEST(whatever_passes_is_safe_for_lmdb)
{
    unsigned rounds = (unsigned)(150 * test_scale()) + 10;

    for (unsigned i = 0; i < rounds;) {
        struct walked_result result;

        damage();
        write_changes(&paged, &sound);
        walked_walk_file(file, &result);
        if (result.rc == 0) {
            use_journal();
            write_sound();
            i++;
        }
        mend();
    }
}
END_TEST

/* Every entry, as far as a replay gets, and each by its number and its key. */
static void
look_up_all(struct journal *journal)
{
    const struct journal_entry *next;
    struct journal_cursor *cursor;

    if (journal_replay(journal, 0, &cursor) == 0) {
        while (journal_next(cursor, &next) == 0)
            ck_assert_uint_le(next->seq, ENTRIES);
        journal_cursor_close(cursor);
    }
    for (uint64_t i = 0; i < ENTRIES; i++) {
        struct journal_entry *entry = NULL;
        char key[16];
        int size = snprintf(key, sizeof(key), "key %u", (unsigned)i / 2), rc;

        rc = journal_read(journal, i, &entry);
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT || rc == JOURNAL_PRUNED ||
                  rc == JOURNAL_NOT_FOUND);
        journal_entry_free(entry);
        entry = NULL;
        rc = journal_get(journal, key, (size_t)size, &entry);
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT || rc == JOURNAL_PRUNED ||
                  rc == JOURNAL_NOT_FOUND);
        journal_entry_free(entry);
    }
}

START_TEST(a_damaged_journal_opens_and_is_read_or_does_not_open)
{
    unsigned rounds = (unsigned)(500 * test_scale()) + 10, opened = 0;

    for (unsigned i = 0; i < rounds; i++) {
        struct journal *journal;
        int rc;

        damage();
        write_changes(&paged, &sound);
        rc = journal_open(test_path("journal"), NULL, &journal);
        if (rc == 0) {
            look_up_all(journal);
            journal_close(journal);
        }
        opened += rc == 0;
        ck_assert_int_le(rc, 0);
        write_sound();
    }
    ck_assert_uint_gt(opened, rounds / 10);
    ck_assert_uint_lt(opened, rounds * 9 / 10);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("walk_random");
    TCase *tcase = tcase_create("walk_random");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_walk_over_anything_comes_to_its_end);
    tcase_add_test(tcase, whatever_passes_is_safe_for_lmdb);
    tcase_add_test(tcase, a_damaged_journal_opens_and_is_read_or_does_not_open);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
