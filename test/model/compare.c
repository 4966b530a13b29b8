/* compare.c - whether a journal says what the model says. */
#include "compare.h"

#include <string.h>

#include "trace.h"

/* Numbers below the first one that are tried too. */
#define MARGIN 300u

static bool
same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static const char *
difference(const struct journal_entry *a, const struct journal_entry *b)
{
    if (a->seq != b->seq)
        return "number";
    if (a->time != b->time)
        return "time";
    if (a->prev != b->prev)
        return "prev";
    if (a->revision != b->revision)
        return "revision";
    if (a->flags != b->flags || a->reserved != b->reserved)
        return "flags";
    if (model_stamp_compare(&a->stamp, &b->stamp) != 0)
        return "stamp";
    if (b->key == NULL || b->value == NULL || b->meta == NULL)
        return "pointer";
    if (!same_bytes(a->key, a->key_size, b->key, b->key_size))
        return "key";
    if (!same_bytes(a->value, a->value_size, b->value, b->value_size))
        return "value";
    if (!same_bytes(a->meta, a->meta_size, b->meta, b->meta_size))
        return "meta";
    return NULL;
}

void
compare_entries(const struct journal_entry *model,
                const struct journal_entry *journal)
{
    const char *field = difference(model, journal);

    expect(field == NULL,
           "%s differs: expected number %llu, prev %llu, revision %llu, "
           "sizes %zu %zu %zu; got number %llu, prev %llu, revision %llu, "
           "sizes %zu %zu %zu",
           field, (unsigned long long)model->seq,
           (unsigned long long)model->prev, (unsigned long long)model->revision,
           model->key_size, model->value_size, model->meta_size,
           (unsigned long long)journal->seq, (unsigned long long)journal->prev,
           (unsigned long long)journal->revision, journal->key_size,
           journal->value_size, journal->meta_size);
}

/* RC and ENTRY from the journal, WANT_RC and WANT from the model. */
static void
compare_results(const char *call, uint64_t number, int want_rc,
                const struct model_entry *want, int rc,
                struct journal_entry *entry)
{
    expect(rc == want_rc, "%s(%llu): %s instead of %s", call,
           (unsigned long long)number, journal_errname(rc),
           journal_errname(want_rc));
    if (rc == 0)
        compare_entries(&want->entry, entry);
    else
        expect(entry == NULL, "%s set its output on failure", call);
    journal_entry_free(entry);
}

void
compare_get(const struct model *model, struct journal *journal,
            const struct key *key)
{
    struct journal_entry *entry = NULL;
    struct model_entry *want = NULL;
    int want_rc = model_get(model, key->data, key->size, &want);
    int rc = journal_get(journal, key->data, key->size, &entry);

    compare_results("get", model->size, want_rc, want, rc, entry);
}

void
compare_get_at(const struct model *model, struct journal *journal,
               const struct key *key, uint64_t limit)
{
    struct journal_entry *entry = NULL;
    struct model_entry *want = NULL;
    int want_rc = model_get_at(model, key->data, key->size, limit, &want);
    int rc = journal_get_at(journal, key->data, key->size, limit, &entry);

    compare_results("get_at", limit, want_rc, want, rc, entry);
}

void
compare_read(const struct model *model, struct journal *journal, uint64_t seq)
{
    struct journal_entry *entry = NULL;
    struct model_entry *want = NULL;
    int want_rc = model_read(model, seq, &want);
    int rc = journal_read(journal, seq, &entry);

    compare_results("read", seq, want_rc, want, rc, entry);
}

/* What opening a replay at FIRST gives; JOURNAL_NONE is the oldest. */
static int
replay_result(const struct model *model, uint64_t first)
{
    if (first == JOURNAL_NONE)
        return 0;
    if (first > model->size)
        return JOURNAL_OUT_OF_RANGE;
    return first < model->first ? JOURNAL_PRUNED : 0;
}

/* The first number from SEQ on that is there, or the size. */
static uint64_t
next_there(const struct model *model, uint64_t seq)
{
    while (seq < model->size && model_entry_at(model, seq) == NULL)
        seq++;
    return seq;
}

void
compare_replay(const struct model *model, struct journal *journal,
               uint64_t first)
{
    uint64_t seq = first == JOURNAL_NONE ? model->first : first;
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int want_rc = replay_result(model, first);
    int rc = journal_replay(journal, first, &cursor);

    expect(rc == want_rc, "replay(%llu): %s instead of %s",
           (unsigned long long)first, journal_errname(rc),
           journal_errname(want_rc));
    if (rc != 0)
        return;
    while ((rc = journal_next(cursor, &entry)) == 0) {
        seq = next_there(model, seq);
        expect(seq < model->size, "replay goes on after the last entry");
        compare_entries(&model_entry_at(model, seq)->entry, entry);
        seq++;
    }
    expect(rc == JOURNAL_END, "next: %s", journal_errname(rc));
    seq = next_there(model, seq);
    expect(seq == model->size, "replay ends early, at %llu of %llu",
           (unsigned long long)seq, (unsigned long long)model->size);
    expect(journal_next(cursor, &entry) == JOURNAL_END, "no second end");
    journal_cursor_close(cursor);
}

static void
compare_times(const struct model *model, const struct journal_stat *stat)
{
    uint64_t first_time = 0, last_time = 0;

    for (uint64_t seq = model->first; seq < model->size; seq++) {
        const struct model_entry *one = model_entry_at(model, seq);

        if (one == NULL)
            continue;
        first_time = first_time == 0 ? one->entry.time : first_time;
        last_time = one->entry.time;
    }
    expect(stat->first_time == first_time, "first_time is not the first's");
    /* The newest entry ever appended may have been pruned or rewound. */
    expect(stat->last_time >= last_time, "last_time is before the last's");
}

void
compare_stat(const struct model *model, struct journal *journal)
{
    struct journal_stat want;
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(journal, &stat);

    expect(rc == 0, "stat: %s", journal_errname(rc));
    model_stat(model, &want);
#define SAME(field)                                                            \
    expect(stat.field == want.field, "stat says " #field " %llu, not %llu",    \
           (unsigned long long)stat.field, (unsigned long long)want.field)
    SAME(first);
    SAME(size);
    SAME(entries);
    SAME(keys);
    SAME(tombstones);
    SAME(bytes_logical);
    SAME(marks);
#undef SAME
    expect(stat.durable_size >= model->durable &&
               stat.durable_size <= stat.size,
           "durable_size %llu is not in [%llu, %llu]",
           (unsigned long long)stat.durable_size,
           (unsigned long long)model->durable, (unsigned long long)stat.size);
    compare_times(model, &stat);
}

void
compare_find_time(const struct model *model, struct journal *journal,
                  uint64_t time)
{
    uint64_t seq = 77, want = model_find_time(model, time);
    int rc = journal_find_time(journal, time, &seq);

    expect(rc == 0, "find_time(%llu): %s", (unsigned long long)time,
           journal_errname(rc));
    expect(seq == want, "find_time(%llu) is %llu, not %llu",
           (unsigned long long)time, (unsigned long long)seq,
           (unsigned long long)want);
}

void
compare_marked(const struct model *model, struct journal *journal,
               const char *name)
{
    uint64_t seq = 77, want = 77;
    int want_rc = model_marked(model, name, &want);
    int rc = journal_marked(journal, name, &seq);

    expect(rc == want_rc, "marked(%.20s): %s instead of %s", name,
           journal_errname(rc), journal_errname(want_rc));
    expect(seq == want, "mark %.20s is at %llu, not %llu", name,
           (unsigned long long)seq, (unsigned long long)want);
}

void
compare_marks(const struct model *model, struct journal *journal,
              const char *name)
{
    char at[JOURNAL_MARK_SIZE] = "";
    const struct model_mark *want;
    uint64_t seq;
    int rc;

    strcpy(at, name);
    while ((rc = journal_next_mark(journal, at, &seq)) == 0) {
        want = model_next_mark(model, name);
        expect(want != NULL && strcmp(at, want->name) == 0 && seq == want->seq,
               "mark %.20s at %llu is not the next", at,
               (unsigned long long)seq);
        name = want->name;
    }
    expect(rc == JOURNAL_END, "next_mark: %s", journal_errname(rc));
    expect(model_next_mark(model, name) == NULL, "no mark behind %.20s", name);
}

static uint64_t
minus(uint64_t number, uint64_t less)
{
    return number > less ? number - less : 0;
}

/* Of some of the entries, and around them. */
static void
compare_some_times(const struct model *model, struct journal *journal)
{
    uint64_t step = 1 + (model->size - model->first) / 64;

    for (uint64_t seq = model->first; seq < model->size; seq++) {
        const struct model_entry *one = model_entry_at(model, seq);

        if (one == NULL || (seq - model->first) % step != 0)
            continue;
        compare_find_time(model, journal, one->entry.time - 1);
        compare_find_time(model, journal, one->entry.time);
        compare_find_time(model, journal, one->entry.time + 1);
    }
    compare_find_time(model, journal, 0);
    compare_find_time(model, journal, UINT64_MAX);
}

/* Of all that is compared nothing is damaged. */
static void
compare_verify(const struct model *model, struct journal *journal)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_verify(journal, &report, NULL, NULL);

    model_stat(model, &stat);
    expect(rc == 0 && report.entries_checked == stat.entries,
           "verify: %s, %llu of %llu entries, %llu are bad, %llu links, "
           "%llu rows, %llu pages",
           journal_errname(rc), (unsigned long long)report.entries_checked,
           (unsigned long long)stat.entries,
           (unsigned long long)report.entries_bad,
           (unsigned long long)report.links_bad,
           (unsigned long long)report.index_bad,
           (unsigned long long)report.pages_bad);
}

void
compare_all(const struct model *model, struct journal *journal,
            const struct keys *keys)
{
    uint64_t start = minus(model->first, MARGIN);

    compare_stat(model, journal);
    compare_verify(model, journal);
    compare_replay(model, journal, JOURNAL_NONE);
    compare_some_times(model, journal);
    compare_marks(model, journal, "");
    for (uint64_t seq = start; seq < model->size; seq++)
        compare_read(model, journal, seq);
    compare_read(model, journal, 0);
    compare_read(model, journal, model->size);
    compare_read(model, journal, JOURNAL_NONE);
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->keys[i];

        compare_get(model, journal, key);
        compare_get_at(model, journal, key, 0);
        for (uint64_t limit = start; limit < model->size; limit++)
            compare_get_at(model, journal, key, limit);
        compare_get_at(model, journal, key, model->size);
        if (model->size < JOURNAL_NONE)
            compare_get_at(model, journal, key, model->size + 1);
        compare_get_at(model, journal, key, JOURNAL_NONE);
    }
}
