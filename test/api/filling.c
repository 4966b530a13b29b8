/* filling.c - the steps that tests of journal_fill() are told in. */
#include "filling.h"

#include <stdlib.h>
#include <string.h>

#include "support/packer.h"

#define UNTOUCHED 0xa5

struct filled
fill(struct journal_cursor *cursor, size_t size)
{
    size_t shift = size % 8;
    struct filled filled = {.size = size, .used = 99, .count = 99};

    filled.place = malloc(shift + size + (size == 0));
    ck_assert_ptr_nonnull(filled.place);
    filled.bytes = filled.place + shift;
    memset(filled.bytes, UNTOUCHED, size);
    filled.rc = journal_fill(cursor, filled.bytes, size, &filled.used,
                             &filled.count);
    return filled;
}

static void
assert_untouched_behind(const struct filled *filled, size_t used)
{
    for (size_t i = used; i < filled->size; i++)
        if (filled->bytes[i] != UNTOUCHED)
            ck_abort_msg("byte %zu of %zu is written, %zu are used", i,
                         filled->size, used);
}

void
assert_fill_says(struct journal_cursor *cursor, size_t size, int rc)
{
    struct filled filled = fill(cursor, size);

    ck_assert_msg(filled.rc == rc, "fill says %s, not %s",
                  journal_errname(filled.rc), journal_errname(rc));
    ck_assert_uint_eq(filled.count, 99);
    if (rc != JOURNAL_TOO_BIG)
        ck_assert_uint_eq(filled.used, 99);
    assert_untouched_behind(&filled, 0);
    free(filled.place);
}

/* As journal_read() gives it. */
static void
assert_true(const struct journal_entry *entry)
{
    struct journal_entry *same = entry_at(entry->seq);

    assert_same_entry(entry, same);
    journal_entry_free(same);
}

void
assert_fill(struct journal_cursor *cursor, size_t size, uint64_t first,
            uint64_t last)
{
    struct filled filled = fill(cursor, size);
    uint64_t seq = first;
    size_t count = 0, at = 0;

    ck_assert_msg(filled.rc == 0, "fill: %s", journal_errname(filled.rc));
    ck_assert_uint_le(filled.used, size);
    for (; at < filled.used; count++) {
        struct journal_entry entry;

        at += packer_read(&entry, filled.bytes + at, filled.used - at);
        assert_true(&entry);
        ck_assert_uint_eq(entry.seq, seq);
        seq += first <= last ? 1 : (uint64_t)-1;
    }
    ck_assert_uint_eq(at, filled.used);
    ck_assert_uint_eq(count, filled.count);
    ck_assert_uint_eq(count, (first <= last ? last - first : first - last) + 1);
    assert_untouched_behind(&filled, filled.used);
    free(filled.place);
}

void
assert_needs(struct journal_cursor *cursor, size_t size, size_t needed)
{
    struct filled filled = fill(cursor, size);

    ck_assert_int_eq(filled.rc, JOURNAL_TOO_BIG);
    ck_assert_uint_eq(filled.used, needed);
    ck_assert_uint_eq(filled.count, 99);
    assert_untouched_behind(&filled, 0);
    free(filled.place);
}

size_t
packed_size(uint64_t seq)
{
    struct journal_entry *entry = entry_at(seq);
    struct packer packer = {0};

    packer_add(&packer, entry);
    journal_entry_free(entry);
    free(packer.bytes);
    return packer.size;
}

static struct journal_record
of_kind(unsigned i)
{
    struct journal_record one = record(i % 5 == 0 ? NULL : "key", NULL);

    one.value = "a value of some bytes";
    one.value_size = i % 22;
    one.meta = "me\0ta";
    one.meta_size = i % 6;
    if (i % 3 == 0) {
        one.flags = JOURNAL_STAMPED;
        one.stamp = (struct journal_stamp){i, {(uint8_t)i, 2, 255}};
    }
    if (i % 7 == 0 && one.key_size > 0) {
        one.flags |= JOURNAL_TOMBSTONE;
        one.value_size = 0;
    }
    return one;
}

void
append_kinds(unsigned count)
{
    struct journal_record *records = calloc(count, sizeof(*records));

    ck_assert_ptr_nonnull(records);
    for (unsigned i = 0; i < count; i++)
        records[i] = of_kind(i);
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
    free(records);
}
