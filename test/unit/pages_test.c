/* pages_test.c - LMDB files of any bytes at all, read without LMDB. */
#include "pages/pages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "support/test.h"
#include "pages/walk.h"

#define PAGE 4096u

static uint8_t *file_bytes;
static size_t file_size;

static const char *
data_path(void)
{
    return test_path("journal/data.mdb");
}

/* A journal with trees of two levels and values on pages of their own. */
static void
make_file(void)
{
    static char value[20000];
    struct journal *journal;
    struct stat status;
    FILE *in;

    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    for (unsigned i = 0; i < 60; i++) {
        struct journal_record records[4];
        char keys[4][16];

        for (unsigned k = 0; k < 4; k++) {
            snprintf(keys[k], sizeof(keys[k]), "key %u", i * 4 + k);
            records[k] = (struct journal_record){
                .key = keys[k],
                .key_size = strlen(keys[k]),
                .value = value,
                .value_size = i % 20 == 0 ? sizeof(value) : 200};
        }
        ck_assert_int_eq(journal_append_batch(journal, records, 4, NULL), 0);
    }
    journal_close(journal);
    in = fopen(data_path(), "rb");
    ck_assert_int_eq(fstat(fileno(in), &status), 0);
    file_size = (size_t)status.st_size;
    file_bytes = malloc(file_size);
    ck_assert_uint_eq(fread(file_bytes, 1, file_size, in), file_size);
    fclose(in);
}

static void
drop_file(void)
{
    free(file_bytes);
    test_teardown();
}

/* What an open looks at is damaged only if something is. */
static int
walk_over(const struct jn_pages *pages)
{
    const struct jn_walk_sink sink = {.count = 0};
    int edges = jn_walk_edges(pages, "meta");
    int all = jn_walk(pages, &sink);

    ck_assert(all == 0 || all == JOURNAL_CORRUPT);
    ck_assert(edges == 0 || edges == all);
    return all;
}

/* Everything that can be asked of a file of these bytes; the first error. */
static int
examine(const uint8_t *bytes, size_t size)
{
    int file = open(test_path("file"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct jn_pages *pages = NULL;
    uint8_t format[8];
    size_t found;
    int rc;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, size), (ssize_t)size);
    rc = jn_pages_open(&pages, file);
    if (rc == 0)
        rc = jn_pages_find(pages, "meta", "format", format, sizeof(format),
                           &found);
    if (rc == 0)
        rc = walk_over(pages);
    jn_pages_close(pages);
    close(file);
    return rc;
}

START_TEST(a_whole_file_is_found_whole)
{
    uint8_t small[4];
    struct jn_pages *pages;
    size_t size;
    int file;

    ck_assert_int_eq(examine(file_bytes, file_size), 0);
    file = open(data_path(), O_RDONLY);
    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    ck_assert_int_eq(jn_pages_find(pages, "meta", "absent", small, 4, &size),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_pages_find(pages, "absent", "id", small, 4, &size),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_pages_find(pages, "meta", "id", small, 4, &size),
                     JOURNAL_TOO_BIG);
    jn_pages_close(pages);
    close(file);
}
END_TEST

/* A journal of what is left opens only if nothing of it is missing. */
static void
assert_cut_is_safe(size_t size)
{
    struct journal *journal = NULL;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned count = 0;
    int expected = examine(file_bytes, size), rc;

    ck_assert_int_eq(truncate(data_path(), (off_t)size), 0);
    rc = journal_open(test_path("journal"), NULL, &journal);
    ck_assert_int_eq(rc, expected);
    if (rc != 0) {
        struct stat status;

        ck_assert(rc == JOURNAL_CORRUPT || rc == JOURNAL_UNSUPPORTED);
        ck_assert_int_eq(stat(data_path(), &status), 0);
        ck_assert_uint_eq((size_t)status.st_size, size);
        return;
    }
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0)
        count++;
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(count, 240);
    journal_cursor_close(cursor);
    journal_close(journal);
}

START_TEST(a_file_cut_short_anywhere_is_an_error_and_never_a_signal)
{
    unsigned cuts = 0;

    for (size_t size = file_size - 1;
         size<file_size; size -= size> 2 * PAGE ? PAGE / 2 + 1 : 511) {
        cuts += examine(file_bytes, size) != 0;
        assert_cut_is_safe(size);
    }
    ck_assert_uint_gt(cuts, 20);
}
END_TEST

START_TEST(any_byte_of_a_meta_page_may_be_wrong)
{
    for (size_t i = 0; i < 2 * PAGE; i += i % PAGE < 160 ? 1 : 97) {
        uint8_t kept = file_bytes[i];

        for (unsigned k = 0; k < 4; k++) {
            static const uint8_t wrong[] = {0x00, 0x01, 0x80, 0xff};
            int rc;

            file_bytes[i] = wrong[k];
            rc = examine(file_bytes, file_size);
            ck_assert(rc == 0 || rc == JOURNAL_CORRUPT ||
                      rc == JOURNAL_UNSUPPORTED || rc == JOURNAL_NOT_FOUND);
        }
        file_bytes[i] = kept;
    }
}
END_TEST

START_TEST(any_bytes_of_the_pages_may_be_wrong)
{
    uint64_t state = test_seed();
    uint8_t *bytes = malloc(file_size);
    size_t rounds = (size_t)(3000 * test_scale()) + 100;

    for (size_t round = 0; round < rounds; round++) {
        size_t edits = 1 + test_random(&state) % 8;
        int rc;

        memcpy(bytes, file_bytes, file_size);
        for (size_t i = 0; i < edits; i++) {
            size_t page = 2 + test_random(&state) % (file_size / PAGE - 2);
            size_t at = page * PAGE + test_random(&state) % 64;

            bytes[at] = (uint8_t)test_random(&state);
        }
        rc = examine(bytes, file_size - PAGE);
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT || rc == JOURNAL_NOT_FOUND ||
                  rc == JOURNAL_TOO_BIG);
    }
    free(bytes);
}
END_TEST

/* In a tree of two levels: the rows of the index, under their keys. */
START_TEST(rows_are_found_by_key_and_what_is_none_is_not)
{
    static const char *const none[] = {"\1",          "\1key 050\7",
                                       "\1key 100\6", "\1key 100\7x",
                                       "\1key 999\7", "\1zzz zzz\7",
                                       "\2"};
    int file = open(data_path(), O_RDONLY);
    struct jn_pages *pages = NULL;
    struct jn_tree tree;
    uint8_t bytes[100];
    size_t size;

    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    ck_assert_int_eq(jn_pages_table(pages, "latest", &tree), 0);
    ck_assert_uint_eq(tree.depth, 2);
    for (unsigned i = 100; i < 240; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "\1key %u\7", i);
        ck_assert_int_eq(jn_pages_find(pages, "latest", key, bytes,
                                       sizeof(bytes), &size),
                         0);
        ck_assert_uint_gt(size, 0);
    }
    for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        ck_assert_int_eq(jn_pages_find(pages, "latest", none[i], bytes,
                                       sizeof(bytes), &size),
                         JOURNAL_NOT_FOUND);
    jn_pages_close(pages);
    close(file);
}
END_TEST

START_TEST(a_tree_that_leads_back_to_itself_has_an_end)
{
    /* Every branch node of every page leads to page 2, or to its own. */
    for (size_t page = 2; page < file_size / PAGE; page++) {
        uint8_t *start = file_bytes + page * PAGE;
        uint16_t flags, lower;

        memcpy(&flags, start + 10, 2);
        memcpy(&lower, start + 12, 2);
        if (flags != 1 || lower > PAGE)
            continue;
        for (size_t at = 16; at < lower; at += 2) {
            uint16_t offset;

            memcpy(&offset, start + at, 2);
            if (offset <= PAGE - 8) {
                uint16_t low = (uint16_t)page;

                memcpy(start + offset, &low, 2);
                memset(start + offset + 2, 0, 4);
            }
        }
    }
    ck_assert_int_eq(examine(file_bytes, file_size - PAGE), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(the_other_byte_order_is_not_supported)
{
    for (size_t page = 0; page < 2; page++) {
        static const uint8_t magic[] = {0xbe, 0xef, 0xc0, 0xde};

        memcpy(file_bytes + page * PAGE + 16, magic, 4);
    }
    ck_assert_int_eq(examine(file_bytes, file_size), JOURNAL_UNSUPPORTED);
}
END_TEST

/* ---- which meta page ---------------------------------------------------- */

static struct jn_meta
meta_at(unsigned number)
{
    struct jn_meta meta;

    memcpy(&meta, file_bytes + number * PAGE + JN_PAGE_HEADER, sizeof(meta));
    return meta;
}

static int
write_file(const uint8_t *bytes, size_t size)
{
    int file = open(test_path("file"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, bytes, size), (ssize_t)size);
    return file;
}

START_TEST(a_meta_page_is_chosen_by_its_transaction)
{
    int file = write_file(file_bytes, file_size);
    struct jn_pages *pages = NULL;

    for (unsigned i = 0; i < 2; i++) {
        struct jn_meta meta = meta_at(i);

        ck_assert_int_eq(jn_pages_open_at(&pages, file, meta.transaction), 0);
        ck_assert_mem_eq(jn_pages_meta(pages), &meta, sizeof(meta));
        jn_pages_close(pages);
    }
    ck_assert_int_eq(jn_pages_open_at(&pages, file, 1), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_pages_open_at(&pages, file, 0), JOURNAL_NOT_FOUND);
    /* The other may be bad, or be written at the moment. */
    ck_assert_int_eq(pwrite(file, "", 1, PAGE + JN_PAGE_HEADER), 1);
    ck_assert_int_eq(jn_pages_open_at(&pages, file, meta_at(0).transaction), 0);
    jn_pages_close(pages);
    ck_assert_int_eq(jn_pages_open_at(&pages, file, meta_at(1).transaction),
                     JOURNAL_NOT_FOUND);
    close(file);
}
END_TEST

/* Then the older of two commits would be shown, or what never was the newer. */
START_TEST(a_transaction_out_of_turn_is_damage)
{
    static const int64_t by[] = {2, 4, -2, 1 << 20};
    struct jn_pages *pages = NULL;

    for (unsigned i = 0; i < 2 * 4; i++) {
        uint8_t *place = file_bytes + i / 4 * PAGE + JN_PAGE_HEADER +
                         offsetof(struct jn_meta, transaction);
        struct jn_meta meta = meta_at(i / 4), other = meta_at(1 - i / 4);
        uint64_t number = meta.transaction + (uint64_t)by[i % 4];
        int file;

        if (number + 1 == other.transaction || other.transaction + 1 == number)
            continue; /* it takes turns with it, too */
        memcpy(place, &number, sizeof(number));
        file = write_file(file_bytes, file_size);
        ck_assert_int_eq(jn_pages_open(&pages, file), JOURNAL_CORRUPT);
        close(file);
        memcpy(place, &meta.transaction, sizeof(number));
    }
}
END_TEST

START_TEST(one_good_meta_page_will_do_if_asked)
{
    for (unsigned bad = 0; bad < 2; bad++) {
        struct jn_meta other = meta_at(1 - bad);
        struct jn_pages *pages = NULL;
        uint8_t kept = file_bytes[bad * PAGE + JN_PAGE_HEADER];
        int file;

        file_bytes[bad * PAGE + JN_PAGE_HEADER] ^= 1;
        file = write_file(file_bytes, file_size);
        ck_assert_int_eq(jn_pages_open(&pages, file), JOURNAL_CORRUPT);
        ck_assert_int_eq(jn_pages_open_any(&pages, file), 0);
        ck_assert_mem_eq(jn_pages_meta(pages), &other, sizeof(other));
        ck_assert_int_eq(jn_pages_check_meta(pages, bad), JOURNAL_CORRUPT);
        ck_assert_int_eq(jn_pages_check_meta(pages, 1 - bad), 0);
        jn_pages_close(pages);
        close(file);
        file_bytes[bad * PAGE + JN_PAGE_HEADER] = kept;
    }
}
END_TEST

START_TEST(without_a_good_meta_page_there_is_nothing)
{
    struct jn_pages *pages = NULL;
    int file;

    /* What follows the magic is bad, so it was LMDB's. */
    for (unsigned i = 0; i < 2; i++)
        file_bytes[i * PAGE] = 9;
    file = write_file(file_bytes, file_size);
    ck_assert_int_eq(jn_pages_open_any(&pages, file), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_pages_open_at(&pages, file, meta_at(0).transaction),
                     JOURNAL_NOT_FOUND);
    close(file);
    for (unsigned i = 0; i < 2; i++)
        file_bytes[i * PAGE + JN_PAGE_HEADER] ^= 1;
    file = write_file(file_bytes, file_size);
    ck_assert_int_eq(jn_pages_open_any(&pages, file), JOURNAL_UNSUPPORTED);
    close(file);
}
END_TEST

START_TEST(a_meta_page_in_the_place_of_the_other_is_damaged)
{
    struct jn_meta meta = meta_at(0);

    /* The next commit would write over the newest one. */
    meta.transaction += 3;
    memcpy(file_bytes + JN_PAGE_HEADER, &meta, sizeof(meta));
    ck_assert_int_eq(examine(file_bytes, file_size), JOURNAL_CORRUPT);
}
END_TEST

/* ---- values on pages of their own --------------------------------------- */

/* The first page of some value, and how many it takes. */
static uint64_t
find_value(uint64_t *count)
{
    for (uint64_t i = 2; i < file_size / PAGE; i++) {
        const uint8_t *page = file_bytes + i * PAGE;

        if (jn_page_number(page) == i && jn_page_flags(page) == JN_PAGE_BIG) {
            *count = jn_page_extent(page);
            return i;
        }
    }
    ck_abort_msg("there are no big values");
}

START_TEST(a_big_value_is_read_whole_if_the_file_has_it)
{
    int file = write_file(file_bytes, file_size);
    uint64_t pages_of_it, count, first = find_value(&pages_of_it);
    struct jn_node node = {.flags = JN_NODE_BIG, .first_page = first};
    struct jn_pages_buffer buffer = {0};
    struct jn_pages *pages;
    struct jn_span value;

    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    for (node.value_size = 1; node.value_size < pages_of_it * PAGE - 16;
         node.value_size += 4321) {
        ck_assert_int_eq(jn_pages_read_value(pages, &node, &buffer, &value,
                                             &count),
                         0);
        ck_assert_uint_eq(count, pages_of_it);
        ck_assert_uint_eq(value.size, node.value_size);
        ck_assert_mem_eq(value.data, file_bytes + first * PAGE + 16,
                         value.size);
    }
    /* More than it has pages for, or than the file has, or than memory. */
    for (node.value_size = pages_of_it * PAGE - 15;
         node.value_size < UINT32_MAX; node.value_size *= 3) {
        ck_assert_int_eq(jn_pages_extent(pages, &node, &count),
                         JOURNAL_CORRUPT);
        ck_assert_int_eq(jn_pages_read_value(pages, &node, &buffer, &value,
                                             &count),
                         JOURNAL_CORRUPT);
    }
    ck_assert_uint_le(buffer.size, file_size);
    jn_pages_buffer_free(&buffer);
    jn_pages_close(pages);
    close(file);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tcase = tcase_create("pages");

    tcase_add_checked_fixture(tcase, make_file, drop_file);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_whole_file_is_found_whole);
    tcase_add_test(tcase,
                   a_file_cut_short_anywhere_is_an_error_and_never_a_signal);
    tcase_add_test(tcase, any_byte_of_a_meta_page_may_be_wrong);
    tcase_add_test(tcase, any_bytes_of_the_pages_may_be_wrong);
    tcase_add_test(tcase, rows_are_found_by_key_and_what_is_none_is_not);
    tcase_add_test(tcase, a_tree_that_leads_back_to_itself_has_an_end);
    tcase_add_test(tcase, the_other_byte_order_is_not_supported);
    tcase_add_test(tcase, a_meta_page_is_chosen_by_its_transaction);
    tcase_add_test(tcase, a_transaction_out_of_turn_is_damage);
    tcase_add_test(tcase, one_good_meta_page_will_do_if_asked);
    tcase_add_test(tcase, without_a_good_meta_page_there_is_nothing);
    tcase_add_test(tcase, a_meta_page_in_the_place_of_the_other_is_damaged);
    tcase_add_test(tcase, a_big_value_is_read_whole_if_the_file_has_it);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
