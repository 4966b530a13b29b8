/*
 * verify_flips_test.c - each bit of each live entry, flipped in the files.
 *
 * The journal is open and known to be sound; then one bit changes, where an
 * entry lies: in a page of data.mdb, with the header of its node and its key,
 * or in a frame of the tail.  A verification notices every one of them, and no
 * read returns what was not appended.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "write/handle.h"
#include "pages/page.h"
#include "pages/pages.h"
#include "support/fast_dir.h"
#include "support/mode.h"
#include "support/test.h"

#define ENTRIES 200u
#define STEP 16.0 /* at scale 1 one bit in so many */

/* Where an entry lies. */
struct place {
    uint64_t seq;
    off_t offset; /* of all that belongs to it, */
    size_t size;
    off_t row; /* and of its row, behind which it ends */
};

static struct journal *journal;
static struct place places[ENTRIES];
static unsigned place_count;
static int file;

/* ---- the journal --------------------------------------------------------- */

static void
make_value(uint64_t seq, char value[32])
{
    (void)snprintf(value, 32, "value %u", (unsigned)seq);
}

static void
append(uint64_t seq)
{
    char key[16], value[32];
    struct journal_record record = {.key = key, .value = value, .meta = "m"};

    make_value(seq, value);
    record.key_size = (size_t)snprintf(key, sizeof(key), "k%u",
                                       (unsigned)(seq % 7));
    record.value_size = strlen(value);
    record.meta_size = seq % 2;
    if (seq % 7 == 6)
        record.key_size = 0;
    else if (seq % 11 == 0)
        record.flags = JOURNAL_TOMBSTONE;
    if (seq % 7 == 1) {
        record.flags |= JOURNAL_STAMPED;
        record.stamp.time = seq;
    }
    if ((record.flags & JOURNAL_TOMBSTONE) != 0)
        record.value_size = 0;
    ck_assert_int_eq(journal_append_batch(journal, &record, 1, NULL), 0);
}

static void
open_journal(void)
{
    ck_assert_int_eq(mode_open_as_is(test_path("journal"), NULL, &journal), 0);
}

static void
setup(void)
{
    test_setup();
    place_count = 0;
    open_journal();
}

static void
teardown(void)
{
    journal_close(journal);
    close(file);
    test_teardown();
}

/* It is refused, or as it was appended. */
static void
assert_not_wrong(uint64_t seq)
{
    struct journal_entry *entry;
    char value[32];
    int rc = journal_read(journal, seq, &entry);

    if (rc != 0) {
        ck_assert_int_eq(rc, JOURNAL_CORRUPT);
        return;
    }
    make_value(seq, value);
    if ((entry->flags & JOURNAL_TOMBSTONE) == 0) {
        ck_assert_uint_eq(entry->value_size, strlen(value));
        ck_assert_mem_eq(entry->value, value, entry->value_size);
    }
    ck_assert_uint_eq(entry->seq, seq);
    ck_assert_int_eq((entry->flags & JOURNAL_TOMBSTONE) != 0,
                     seq % 11 == 0 && seq % 7 != 6);
    ck_assert_uint_eq(entry->key_size, seq % 7 == 6 ? 0 : 2);
    ck_assert_uint_eq(entry->stamp.time, seq % 7 == 1 ? seq : 0);
    journal_entry_free(entry);
}

/* ---- in the store -------------------------------------------------------- */

static void
find_in_page(const struct jn_pages *pages, uint64_t number)
{
    uint8_t *buffer = malloc(jn_pages_page_size(pages));
    off_t at = (off_t)(number * jn_pages_page_size(pages));
    struct jn_page page;

    ck_assert_int_eq(jn_pages_read(pages, number, buffer, &page), 0);
    for (unsigned i = 0; i < page.count; i++) {
        struct place *place = &places[place_count];
        struct jn_node node;

        ck_assert_int_eq(jn_page_node(&page, i, &node), 0);
        if (page.flags == JN_PAGE_BRANCH) {
            find_in_page(pages, node.child);
            continue;
        }
        ck_assert_uint_lt(place_count++, ENTRIES);
        place->seq = jn_get_be64(node.key.data);
        place->offset = at + (node.key.data - buffer) - JN_NODE_HEADER;
        place->row = at + (node.value.data - buffer);
        place->size = JN_NODE_HEADER + node.key.size + node.value.size;
    }
    free(buffer);
}

static void
find_in_store(void)
{
    struct jn_pages *pages;
    struct jn_tree tree;

    file = open(test_path("journal/data.mdb"), O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    ck_assert_int_eq(jn_pages_table(pages, "entries", &tree), 0);
    find_in_page(pages, tree.root);
    jn_pages_close(pages);
    ck_assert_uint_eq(place_count, ENTRIES);
}

/* ---- in the tail --------------------------------------------------------- */

static void
add_frame(const struct jn_recent_item *item, uint64_t capacity)
{
    struct place *place = &places[place_count++];
    size_t used = JN_FRAME_HEADER + item->row.size + item->chain.size;

    ck_assert_uint_le(item->start % capacity + used, capacity);
    place->seq = item->seq;
    place->offset = (off_t)(JN_TAIL_HEADER + item->start % capacity);
    place->row = place->offset + JN_FRAME_HEADER;
    place->size = used;
}

/* All but the first two, which went into the store at once. */
static void
find_in_tail(void)
{
    struct jn_txn txn;
    uint64_t capacity;

    file = open(test_path("journal/tail"), O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_ptr_nonnull(txn.look.recent);
    capacity = atomic_load(&journal->shared->files.newest.ring);
    for (uint64_t seq = txn.look.low; seq < txn.look.high; seq++)
        add_frame(jn_recent_at(&txn.look, seq), capacity);
    jn_store_end_read(&txn);
    ck_assert_uint_ge(place_count, ENTRIES - 2);
}

/* ---- flips --------------------------------------------------------------- */

static void
flip(off_t offset, unsigned bit)
{
    uint8_t byte;

    ck_assert_int_eq(pread(file, &byte, 1, offset), 1);
    byte ^= (uint8_t)(1u << bit);
    ck_assert_int_eq(pwrite(file, &byte, 1, offset), 1);
}

static void
assert_noticed(const struct place *place, size_t at, unsigned bit)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    off_t offset = place->offset + (off_t)at;
    int rc;

    flip(offset, bit);
    rc = journal_verify(journal, &report, NULL, NULL);
    if (rc != JOURNAL_CORRUPT)
        ck_abort_msg("entry %u, byte %zu, bit %u: %s", (unsigned)place->seq, at,
                     bit, journal_errname(rc));
    /* In a row that is all there is to it; LMDB can read the others. */
    if (offset >= place->row) {
        ck_assert_uint_eq(report.entries_bad + report.links_bad, 1);
        ck_assert_uint_eq(report.first_bad, place->seq);
        ck_assert_uint_eq(report.pages_bad + report.index_bad, 0);
        assert_not_wrong(place->seq);
    }
    flip(offset, bit);
}

/* All bits, or as many of them as the scale allows for, all over. */
static void
flip_all(void)
{
    uint64_t state = test_seed();
    unsigned step = test_scale() >= STEP ? 1 : (unsigned)(STEP / test_scale());
    unsigned skip = (unsigned)(test_random(&state) % step), count = 0;

    for (unsigned i = 0; i < place_count; i++) {
        for (size_t bit = 0; bit < 8 * places[i].size; bit++) {
            if (skip-- > 0)
                continue;
            skip = step - 1;
            assert_noticed(&places[i], bit / 8, bit % 8);
            count++;
        }
    }
    printf("%u of the bits flipped, one in %u\n", count, step);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
}

START_TEST(any_flipped_bit_of_an_entry_in_the_store_is_noticed)
{
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        append(seq);
    journal_close(journal);
    open_journal();
    find_in_store();
    flip_all();
}
END_TEST

START_TEST(any_flipped_bit_of_an_entry_in_the_tail_is_noticed)
{
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        append(seq);
    find_in_tail();
    flip_all();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("verify_flips");
    TCase *tcase = tcase_create("flips");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, any_flipped_bit_of_an_entry_in_the_store_is_noticed);
    tcase_add_test(tcase, any_flipped_bit_of_an_entry_in_the_tail_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
