/* mixture.c - a journal of many entries, and the same in plain arrays. */
#include "mixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 256u

void
mixture_init(struct mixture *mixture)
{
    memset(mixture, 0, sizeof(*mixture));
}

void
mixture_free(struct mixture *mixture)
{
    for (uint32_t i = 0; i < mixture->key_count; i++)
        free(mixture->keys[i].data);
    free(mixture->keys);
    free(mixture->entries);
    free(mixture->key_of);
    mixture_init(mixture);
}

uint32_t
mixture_add_key(struct mixture *mixture, const void *data, size_t size)
{
    uint32_t number = mixture->key_count++;
    struct mixture_key *key;

    /* Room doubles whenever the number is a power of two. */
    if ((number & (number - 1)) == 0)
        mixture->keys = realloc(mixture->keys, (number == 0 ? 1 : 2 * number) *
                                                   sizeof(*mixture->keys));
    ck_assert_ptr_nonnull(mixture->keys);
    key = &mixture->keys[number];
    *key = (struct mixture_key){malloc(size), size, JOURNAL_NONE, 0, false};
    ck_assert_ptr_nonnull(key->data);
    memcpy(key->data, data, size);
    return number;
}

void
mixture_add_keys(struct mixture *mixture, const char *start, unsigned count,
                 const char *end)
{
    char text[800];

    for (unsigned i = 0; i < count; i++) {
        int size = snprintf(text, sizeof(text), "%s%u%s", start, i, end);

        ck_assert_uint_lt((size_t)size, sizeof(text));
        (void)mixture_add_key(mixture, text, (size_t)size);
    }
}

/* ---- append ------------------------------------------------------------- */

static void
make_room(struct mixture *mixture)
{
    if (mixture->count < mixture->room)
        return;
    mixture->room = 2 * mixture->room + 1024;
    mixture->entries = realloc(mixture->entries,
                               mixture->room * sizeof(*mixture->entries));
    mixture->key_of = realloc(mixture->key_of,
                              mixture->room * sizeof(*mixture->key_of));
    ck_assert(mixture->entries != NULL && mixture->key_of != NULL);
}

void
mixture_append(struct mixture *mixture, uint32_t number, bool deleted)
{
    struct journal_entry entry = {.seq = mixture->size++,
                                  .prev = JOURNAL_NONE,
                                  .flags = deleted ? JOURNAL_TOMBSTONE : 0};
    struct mixture_key *key;

    make_room(mixture);
    if (number != NO_KEY) {
        key = &mixture->keys[number];
        entry.key = key->data;
        entry.key_size = key->size;
        entry.prev = key->latest;
        entry.revision = ++key->revision;
        key->latest = entry.seq;
        key->deleted = deleted;
    }
    mixture->key_of[mixture->count] = number;
    mixture->entries[mixture->count++] = entry;
}

static void
make_record(struct journal_record *record, const struct journal_entry *entry)
{
    memset(record, 0, sizeof(*record));
    record->key = entry->key;
    record->key_size = entry->key_size;
    record->flags = entry->flags;
    record->value = &entry->seq;
    if (entry->flags == 0)
        record->value_size = sizeof(entry->seq);
}

/* The clock is the journal's. */
static void
learn_times(struct mixture *mixture, size_t from)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    if (from == mixture->count)
        return;
    ck_assert_int_eq(journal_replay(journal, mixture->entries[from].seq,
                                    &cursor),
                     0);
    for (; from < mixture->count; from++) {
        if (journal_next(cursor, &entry) != 0)
            ck_abort_msg("entries are missing");
        mixture->entries[from].time = entry->time;
    }
    journal_cursor_close(cursor);
}

void
mixture_flush(struct mixture *mixture)
{
    struct journal_record records[BATCH];
    uint64_t size = figures(journal).size;
    size_t from = mixture->count - (size_t)(mixture->size - size), done = from;

    while (done < mixture->count) {
        size_t some = mixture->count - done;
        uint64_t seq = JOURNAL_NONE;

        some = some < BATCH ? some : BATCH;
        for (size_t i = 0; i < some; i++)
            make_record(&records[i], &mixture->entries[done + i]);
        ck_assert_int_eq(journal_append_batch(journal, records, some, &seq), 0);
        ck_assert_uint_eq(seq, mixture->entries[done].seq);
        done += some;
    }
    learn_times(mixture, from);
}

/* ---- prune -------------------------------------------------------------- */

static bool
stays(const struct mixture *mixture, size_t i, uint64_t before, bool compacts)
{
    const struct journal_entry *entry = &mixture->entries[i];
    uint32_t key = mixture->key_of[i];

    if (entry->seq >= before)
        return true;
    return compacts && key != NO_KEY && entry->flags == 0 &&
           mixture->keys[key].latest == entry->seq;
}

/* A key is known until its latest entry has gone. */
static void
forget_keys(struct mixture *mixture, uint64_t before, bool compacts)
{
    for (uint32_t i = 0; i < mixture->key_count; i++) {
        struct mixture_key *key = &mixture->keys[i];

        if (key->latest >= before || (compacts && !key->deleted))
            continue;
        key->latest = JOURNAL_NONE;
        key->revision = 0;
    }
}

void
mixture_prune(struct mixture *mixture, uint64_t before, uint32_t flags)
{
    bool compacts = (flags & JOURNAL_PRUNE_KEEP_LATEST) != 0;
    size_t count = mixture->count, left = 0;
    uint64_t removed = JOURNAL_NONE;

    for (size_t i = 0; i < count; i++) {
        if (!stays(mixture, i, before, compacts))
            continue;
        mixture->key_of[left] = mixture->key_of[i];
        mixture->entries[left++] = mixture->entries[i];
    }
    forget_keys(mixture, before, compacts);
    mixture->count = left;
    mixture->first = left > 0 ? mixture->entries[0].seq : mixture->size;
    ck_assert_int_eq(journal_prune(journal, before, flags, &removed), 0);
    ck_assert_uint_eq(removed, count - left);
    ck_assert_uint_eq(figures(journal).first, mixture->first);
    ck_assert_uint_eq(figures(journal).entries, left);
}

/* ---- ask ---------------------------------------------------------------- */

/* What went wrong, and the query that did. */
static void __attribute__((noreturn))
complain(const struct journal_query *query, const char *what, uint64_t expected,
         uint64_t got)
{
    ck_abort_msg("%s: %llu instead of %llu; TEST_SEED=%llu; match %u of "
                 "%.*s (%zu), flags %x, [%lld, %lld), times [%llu, %llu), from "
                 "revision %llu",
                 what, (unsigned long long)got, (unsigned long long)expected,
                 (unsigned long long)test_seed(), query->match,
                 (int)(query->key_size < 60 ? query->key_size : 60),
                 (const char *)query->key, query->key_size, query->flags,
                 (long long)query->first, (long long)query->limit,
                 (unsigned long long)query->since,
                 (unsigned long long)query->until,
                 (unsigned long long)query->first_revision);
    abort();
}

static bool
is_same(const struct journal_entry *a, const struct journal_entry *b)
{
    size_t value_size = a->flags == 0 ? sizeof(a->seq) : 0;

    return a->seq == b->seq && a->time == b->time && a->prev == b->prev &&
           a->revision == b->revision && a->flags == b->flags &&
           a->key_size == b->key_size && b->value_size == value_size &&
           (a->key_size == 0 || memcmp(a->key, b->key, a->key_size) == 0) &&
           memcmp(&a->seq, b->value, value_size) == 0;
}

static void
compare(const struct oracle *oracle, const struct journal_query *query,
        const struct journal_entry **answers)
{
    size_t count = oracle_answers(oracle, query, answers);
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int rc = journal_query(journal, query, &cursor);

    if (rc != 0)
        complain(query, "query", 0, (uint64_t)rc);
    for (size_t i = 0; i < count; i++) {
        rc = journal_next(cursor, &entry);
        if (rc != 0 || !is_same(answers[i], entry))
            complain(query, "next", answers[i]->seq,
                     rc == 0 ? entry->seq : (uint64_t)rc);
    }
    rc = journal_next(cursor, &entry);
    if (rc != JOURNAL_END)
        complain(query, "end", count, rc == 0 ? entry->seq : (uint64_t)rc);
    journal_cursor_close(cursor);
}

void
mixture_ask(const struct mixture *mixture, const struct journal_query *query)
{
    const struct journal_entry **lists = calloc(2 * mixture->count + 2,
                                                sizeof(*lists));
    struct oracle oracle = {lists, mixture->count, mixture->first,
                            mixture->size};
    int expected, rc;

    ck_assert_ptr_nonnull(lists);
    for (size_t i = 0; i < mixture->count; i++)
        lists[i] = &mixture->entries[i];
    expected = oracle_result(&oracle, query);
    if (expected == 0) {
        compare(&oracle, query, lists + mixture->count + 1);
    } else {
        struct journal_cursor *cursor = NULL;

        rc = journal_query(journal, query, &cursor);
        if (rc != expected || cursor != NULL)
            complain(query, "query", (uint64_t)expected, (uint64_t)rc);
    }
    free(lists);
}
