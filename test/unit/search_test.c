/* search_test.c - entries found on pages that no tree leads to. */
#include "repair/search.h"

#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/links.h"
#include "format/record.h"
#include "support/test.h"

#define PAGE 4096u
#define PAGES 12u

/* A file of pages, and where the nodes of the page at hand begin. */
static uint8_t bytes[PAGES * PAGE];
static size_t upper, count;
static struct jn_gaps wanted, named, free_pages;
static struct jn_finds finds;
static struct jn_search search;

static void
setup(void)
{
    test_setup();
    memset(bytes, 0, sizeof(bytes));
    ck_assert_int_eq(jn_gaps_add(&wanted, 0, 1000), 0);
    search = (struct jn_search){.page_size = PAGE,
                                .wanted = &wanted,
                                .named = &named};
}

static void
teardown(void)
{
    jn_gaps_free(&wanted);
    jn_gaps_free(&named);
    jn_gaps_free(&free_pages);
    jn_finds_free(&finds);
    test_teardown();
}

/* ---- pages --------------------------------------------------------------- */

/* An entry of SEQ, with SIZE bytes of value, of TIME. */
static size_t
make_row(uint8_t *out, uint64_t seq, size_t size, uint64_t time)
{
    uint8_t *value = calloc(1, size + 1);
    const struct jn_record record = {.key = {(const uint8_t *)"key", 3},
                                     .value = {value, size}};
    const struct jn_links links = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    uint8_t *end = jn_links_encode(out, &links, seq);

    jn_record_seal(end, jn_record_encode(end, &record), seq, time);
    free(value);
    return (size_t)(end - out) + jn_record_size(&record);
}

static void
put16(uint8_t *out, size_t value)
{
    uint16_t number = (uint16_t)value;

    memcpy(out, &number, sizeof(number));
}

/* PAGE AT says that it is leaf NUMBER. */
static void
begin_leaf(size_t at, uint64_t number)
{
    memcpy(bytes + at * PAGE, &number, sizeof(number));
    put16(bytes + at * PAGE + 10, JN_PAGE_LEAF);
    upper = PAGE;
    count = 0;
}

static void
add_node(size_t at, uint64_t seq, unsigned flags, const uint8_t *value,
         size_t room, size_t size)
{
    uint8_t *page = bytes + at * PAGE, *node;

    upper = (upper - JN_NODE_HEADER - 8 - room) & ~(size_t)1;
    node = page + upper;
    put16(node, size & 0xffff);
    put16(node + 2, size >> 16);
    put16(node + 4, flags);
    put16(node + 6, 8);
    jn_put_be64(node + JN_NODE_HEADER, seq);
    memcpy(node + JN_NODE_HEADER + 8, value, room);
    put16(page + JN_PAGE_HEADER + 2 * count++, upper);
    put16(page + 12, JN_PAGE_HEADER + 2 * count);
    put16(page + 14, upper);
}

static void
add_entry(size_t at, uint64_t seq, uint64_t time)
{
    uint8_t row[200];
    size_t size = make_row(row, seq, 20, time);

    add_node(at, seq, 0, row, size, size);
}

static void
run(void)
{
    int file = open(test_path("pages"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, sizeof(bytes)), sizeof(bytes));
    jn_finds_free(&finds);
    search.file = file;
    ck_assert_int_eq(jn_search(&search, &finds), 0);
    close(file);
}

/* ---- what is found ------------------------------------------------------- */

START_TEST(entries_of_a_leaf_are_found_in_order)
{
    begin_leaf(3, 3);
    for (uint64_t seq = 20; seq > 10; seq--)
        add_entry(3, seq, seq);
    run();
    ck_assert_uint_eq(finds.count, 10);
    for (size_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(finds.list[i].seq, 11 + i);
        ck_assert_uint_eq(finds.list[i].time, 11 + i);
        ck_assert(finds.list[i].linked && !finds.list[i].in_tail);
        ck_assert_int_eq(finds.list[i].kind, JN_FIND_FILE);
    }
}
END_TEST

START_TEST(only_what_is_wanted_is_found)
{
    jn_gaps_free(&wanted);
    ck_assert_int_eq(jn_gaps_add(&wanted, 5, 6), 0);
    begin_leaf(3, 3);
    for (uint64_t seq = 0; seq < 20; seq++)
        add_entry(3, seq, 1);
    run();
    ck_assert_uint_eq(finds.count, 1);
    ck_assert_uint_eq(finds.list[0].seq, 5);
}
END_TEST

START_TEST(the_newest_of_a_number_comes_first_and_copies_once)
{
    for (size_t at = 2; at < 6; at++) {
        begin_leaf(at, at);
        add_entry(at, 7, at % 2 == 0 ? 100 : 200);
    }
    run();
    ck_assert_uint_eq(finds.count, 2);
    ck_assert_uint_eq(finds.list[0].time, 200);
    ck_assert_uint_eq(finds.list[1].time, 100);
}
END_TEST

START_TEST(a_flipped_bit_costs_an_entry_or_its_links)
{
    size_t start;

    begin_leaf(4, 4);
    add_entry(4, 9, 1);
    start = 4 * PAGE + upper + JN_NODE_HEADER;
    for (size_t bit = 0; bit < (5 * PAGE - start) * 8; bit++) {
        bytes[start + bit / 8] ^= (uint8_t)(1u << bit % 8);
        run();
        if (finds.count > 0) {
            ck_assert_uint_eq(finds.list[0].seq, 9);
            ck_assert_uint_eq(finds.list[0].time, 1);
            /* All but the links, and what pads the node. */
            ck_assert(!finds.list[0].linked || start + bit / 8 == 5 * PAGE - 1);
        }
        bytes[start + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

/* Values may be pages of another journal. */
START_TEST(a_page_of_another_number_is_none_unless_the_tree_names_it)
{
    begin_leaf(3, 8);
    add_entry(3, 9, 1);
    run();
    ck_assert_uint_eq(finds.count, 0);
    ck_assert_int_eq(jn_gaps_add(&named, 3, 4), 0);
    run();
    ck_assert_uint_eq(finds.count, 1);
    ck_assert_int_eq(finds.list[0].kind, JN_FIND_NAMED);
}
END_TEST

START_TEST(without_its_header_a_page_gives_its_entries_if_it_is_named)
{
    begin_leaf(3, 3);
    for (uint64_t seq = 0; seq < 20; seq++)
        add_entry(3, seq, 1);
    memset(bytes + 3 * PAGE, 0, 100);
    run();
    ck_assert_uint_eq(finds.count, 0);
    ck_assert_int_eq(jn_gaps_add(&named, 3, 4), 0);
    run();
    ck_assert_uint_eq(finds.count, 20);
    ck_assert_int_eq(finds.list[0].kind, JN_FIND_FILE);
}
END_TEST

START_TEST(a_leaf_that_is_not_free_is_in_use)
{
    ck_assert_int_eq(jn_gaps_add(&free_pages, 3, 4), 0);
    search.free_pages = &free_pages;
    search.limit = 5;
    for (size_t at = 3; at < 6; at++) {
        begin_leaf(at, at);
        add_entry(at, at, 1);
    }
    run();
    ck_assert_uint_eq(finds.count, 3);
    ck_assert_int_eq(finds.list[0].kind, JN_FIND_FILE);
    ck_assert_int_eq(finds.list[1].kind, JN_FIND_NAMED);
    ck_assert_int_eq(finds.list[2].kind, JN_FIND_FILE); /* behind the end */
}
END_TEST

START_TEST(a_value_on_pages_of_its_own_is_found)
{
    uint8_t row[3 * PAGE];
    size_t size = make_row(row, 12, 9000, 5);
    uint64_t first = 6;

    memcpy(bytes + first * PAGE + JN_PAGE_HEADER, row, size);
    begin_leaf(3, 3);
    add_node(3, 12, JN_NODE_BIG, (const uint8_t *)&first, 8, size);
    add_node(3, 13, JN_NODE_BIG, (const uint8_t *)&first, 8, size);
    first = UINT64_MAX / PAGE;
    add_node(3, 14, JN_NODE_BIG, (const uint8_t *)&first, 8, size);
    first = PAGES - 1;
    add_node(3, 15, JN_NODE_BIG, (const uint8_t *)&first, 8, size);
    run();
    ck_assert_uint_eq(finds.count, 1);
    ck_assert_uint_eq(finds.list[0].seq, 12);
    ck_assert_uint_eq(finds.list[0].size, size);
    ck_assert_uint_eq(finds.list[0].place, 6 * PAGE + JN_PAGE_HEADER);
}
END_TEST

START_TEST(however_many_values_have_pages_of_their_own_all_are_found)
{
    enum { VALUES = 300, EACH = 50 };
    int file = open(test_path("large"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(file, 0);
    for (uint64_t i = 0; i < VALUES; i++) {
        uint8_t row[PAGE];
        size_t size = make_row(row, i, 2000 + i, 5), at = 2 + i / EACH;
        uint64_t first = PAGES + i;

        if (i % EACH == 0)
            begin_leaf(at, at);
        add_node(at, i, JN_NODE_BIG, (const uint8_t *)&first, 8, size);
        ck_assert_int_eq(pwrite(file, row, size,
                                (off_t)(first * PAGE + JN_PAGE_HEADER)),
                         size);
    }
    ck_assert_int_eq(pwrite(file, bytes, sizeof(bytes), 0), sizeof(bytes));
    search.file = file;
    ck_assert_int_eq(jn_search(&search, &finds), 0);
    close(file);
    ck_assert_uint_eq(finds.count, VALUES);
    for (uint64_t i = 0; i < VALUES; i++) {
        ck_assert_uint_eq(finds.list[i].seq, i);
        ck_assert_uint_eq(finds.list[i].place,
                          (PAGES + i) * PAGE + JN_PAGE_HEADER);
    }
}
END_TEST

/* However many nodes name it, and whatever they say of its size. */
START_TEST(a_value_is_looked_at_once_for_each_number_and_size)
{
    uint8_t row[3 * PAGE];
    size_t size = make_row(row, 12, 9000, 5);
    uint64_t first = 6;

    memcpy(bytes + first * PAGE + JN_PAGE_HEADER, row, size);
    for (size_t at = 2; at < 5; at++) {
        begin_leaf(at, at);
        for (unsigned i = 0; i < 12; i++)
            add_node(at, i % 3 == 0 ? 13 : 12, JN_NODE_BIG,
                     (const uint8_t *)&first, 8,
                     i % 2 == 0 ? size : size - 1 - i % 4);
        add_node(at, 14, JN_NODE_BIG, (const uint8_t *)&first, 8,
                 sizeof(bytes) + 1);
    }
    run();
    ck_assert_uint_eq(finds.count, 1);
    ck_assert_uint_eq(finds.list[0].seq, 12);
    ck_assert_uint_eq(finds.list[0].size, size);
}
END_TEST

/* Values that overlap, under any number: the file would be read for ever. */
START_TEST(there_is_an_end_to_what_is_read_of_values)
{
    enum { LARGE = 4 << 20, TIMES = 40 };
    int file = open(test_path("large"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint64_t first = 6;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, LARGE), 0);
    begin_leaf(3, 3);
    for (unsigned i = 0; i < TIMES; i++)
        add_node(3, i, JN_NODE_BIG, (const uint8_t *)&first, 8,
                 LARGE - 10 * PAGE);
    ck_assert_int_eq(pwrite(file, bytes, sizeof(bytes), 0), sizeof(bytes));
    search.file = file;
    ck_assert_int_eq(jn_search(&search, &finds), 0);
    ck_assert_uint_eq(finds.count, 0);
    close(file);
}
END_TEST

/* Where a page has lost its header, and a node its page's rest. */
START_TEST(a_node_at_the_end_of_a_page_without_a_header_has_no_value)
{
    uint8_t *node = bytes + 3 * PAGE + PAGE - JN_NODE_HEADER - 8;

    put16(node + 4, JN_NODE_BIG);
    put16(node + 6, 8);
    jn_put_be64(node + JN_NODE_HEADER, 7);
    ck_assert_int_eq(jn_gaps_add(&named, 3, 4), 0);
    run();
    ck_assert_uint_eq(finds.count, 0);
}
END_TEST

static int
end_it(void *context, const struct jn_page *page)
{
    (void)page;
    ++*(unsigned *)context;
    return JOURNAL_TIMEOUT;
}

START_TEST(whoever_is_shown_a_leaf_can_end_it)
{
    unsigned calls = 0;
    int file = open(test_path("pages"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    begin_leaf(3, 3);
    add_entry(3, 7, 7);
    begin_leaf(4, 4);
    add_entry(4, 8, 8);
    ck_assert_int_eq(write(file, bytes, sizeof(bytes)), sizeof(bytes));
    search.file = file;
    search.leaf = end_it;
    search.context = &calls;
    ck_assert_int_eq(jn_search(&search, &finds), JOURNAL_TIMEOUT);
    ck_assert_uint_eq(calls, 1);
    close(file);
}
END_TEST

/* ---- what cannot be read ------------------------------------------------- */

START_TEST(a_file_that_cannot_be_read_is_no_file_without_entries)
{
    int file;

    run(); /* some file systems give a directory no size that is empty */
    file = open(test_dir, O_RDONLY);
    ck_assert_int_ge(file, 0);
    search.file = file;
    ck_assert_int_eq(jn_search(&search, &finds), EISDIR);
    close(file);
    ck_assert_int_eq(jn_search(&search, &finds), EBADF);
    ck_assert_uint_eq(finds.count, 0);
}
END_TEST

START_TEST(what_was_found_is_read_whole_or_not_at_all)
{
    struct jn_find find = {.place = 5000, .size = 100};
    uint8_t out[100] = {0}, expected[100];
    int file = open(test_path("pages"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    memset(expected, 'x', sizeof(expected));
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(jn_search_read(file, &find, out), JOURNAL_CORRUPT);
    ck_assert_int_eq(pwrite(file, expected, 99, 5000), 99);
    ck_assert_int_eq(jn_search_read(file, &find, out), JOURNAL_CORRUPT);
    ck_assert_int_eq(pwrite(file, expected, 100, 5000), 100);
    ck_assert_int_eq(jn_search_read(file, &find, out), 0);
    ck_assert_int_eq(memcmp(out, expected, sizeof(out)), 0);
    close(file);
    ck_assert_int_eq(jn_search_read(file, &find, out), EBADF);
    file = open(test_dir, O_RDONLY);
    ck_assert_int_eq(jn_search_read(file, &find, out), EISDIR);
    close(file);
}
END_TEST

START_TEST(no_bytes_crash_it)
{
    uint64_t chance = test_seed();

    ck_assert_int_eq(jn_gaps_add(&named, 0, PAGES / 2), 0);
    for (int i = 0; i < 40; i++) {
        for (size_t at = 0; at < sizeof(bytes); at++)
            bytes[at] = test_random(&chance) % 3 == 0
                            ? 0
                            : (uint8_t)test_random(&chance);
        for (uint64_t at = 0; at < PAGES; at++) {
            memcpy(bytes + at * PAGE, &at, 8);
            put16(bytes + at * PAGE + 10, JN_PAGE_LEAF);
            put16(bytes + at * PAGE + 12, 500);
            put16(bytes + at * PAGE + 14, 600);
        }
        run();
        ck_assert_uint_eq(finds.count, 0);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("search");
    TCase *tcase = tcase_create("search");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, entries_of_a_leaf_are_found_in_order);
    tcase_add_test(tcase, only_what_is_wanted_is_found);
    tcase_add_test(tcase, the_newest_of_a_number_comes_first_and_copies_once);
    tcase_add_test(tcase, a_flipped_bit_costs_an_entry_or_its_links);
    tcase_add_test(tcase,
                   a_page_of_another_number_is_none_unless_the_tree_names_it);
    tcase_add_test(tcase,
                   without_its_header_a_page_gives_its_entries_if_it_is_named);
    tcase_add_test(tcase, a_leaf_that_is_not_free_is_in_use);
    tcase_add_test(tcase, a_value_on_pages_of_its_own_is_found);
    tcase_add_test(tcase,
                   however_many_values_have_pages_of_their_own_all_are_found);
    tcase_add_test(tcase, a_value_is_looked_at_once_for_each_number_and_size);
    tcase_add_test(tcase, there_is_an_end_to_what_is_read_of_values);
    tcase_add_test(tcase,
                   a_node_at_the_end_of_a_page_without_a_header_has_no_value);
    tcase_add_test(tcase, whoever_is_shown_a_leaf_can_end_it);
    tcase_add_test(tcase,
                   a_file_that_cannot_be_read_is_no_file_without_entries);
    tcase_add_test(tcase, what_was_found_is_read_whole_or_not_at_all);
    tcase_add_test(tcase, no_bytes_crash_it);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
