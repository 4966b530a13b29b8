/* motley.c - entries of all kinds, as chance has it. */
#include "motley.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

size_t
motley_key(char out[MOTLEY_KEY_SIZE], unsigned key)
{
    if (key == MOTLEY_KEYS)
        return 0;
    memset(out, 'k', MOTLEY_KEY_SIZE);
    (void)snprintf(out, 20, "key/%u", key);
    return key % 3 == 2 ? MOTLEY_KEY_SIZE : 5;
}

void
motley_append(struct journal *to, unsigned key, uint64_t *chance)
{
    static char value[30000];
    char bytes[MOTLEY_KEY_SIZE], meta[] = "about it";
    struct journal_record one = {.key = bytes, .value = value, .meta = meta};

    memset(value, 'a' + (int)test_below(chance, 26), sizeof(value));
    one.key_size = motley_key(bytes, key);
    if (key < MOTLEY_KEYS && test_below(chance, 10) == 0)
        one.flags |= JOURNAL_TOMBSTONE;
    if (test_below(chance, 4) == 0) {
        one.flags |= JOURNAL_STAMPED;
        one.stamp.time = 100000 + test_below(chance, 2);
    }
    if ((one.flags & JOURNAL_TOMBSTONE) == 0)
        one.value_size = test_below(chance, 15) == 0
                             ? test_below(chance, sizeof(value))
                             : test_below(chance, 150);
    one.meta_size = test_below(chance, 3) == 0 ? sizeof(meta) : 0;
    if (journal_append_batch(to, &one, 1, NULL) == JOURNAL_OUTDATED) {
        one.stamp.time = 100001;
        ck_assert_int_eq(journal_append_batch(to, &one, 1, NULL), 0);
    }
}

void
motley_append_some(struct journal *to, unsigned count, uint64_t *chance)
{
    for (unsigned i = 0; i < count; i++) {
        bool first = test_below(chance, 3) == 0;

        motley_append(to,
                      first ? 0 : (unsigned)test_below(chance, MOTLEY_KEYS + 1),
                      chance);
    }
}

void
motley_assert_sound(struct journal *journal)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    int rc = journal_verify(journal, &report, NULL, NULL);

    ck_assert_msg(rc == 0,
                  "%s: entries %" PRIu64 ", index %" PRIu64 ", links %" PRIu64
                  ", pages %" PRIu64 ", first %" PRIu64,
                  journal_errname(rc), report.entries_bad, report.index_bad,
                  report.links_bad, report.pages_bad, report.first_bad);
}
