/* model.c - a journal in memory, simple enough to be right. */
#include "model.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
model_init(struct model *model, uint64_t first_seq)
{
    memset(model, 0, sizeof(*model));
    model->first = first_seq;
    model->size = first_seq;
}

void
model_free(struct model *model)
{
    for (uint64_t seq = model->first; seq < model->size; seq++)
        model_entry_unref(model->entries[seq - model->first]);
    free(model->entries);
    memset(model, 0, sizeof(*model));
}

struct model_entry *
model_entry_ref(struct model_entry *entry)
{
    entry->references++;
    return entry;
}

void
model_entry_unref(struct model_entry *entry)
{
    if (--entry->references == 0)
        free(entry);
}

/* ---- look --------------------------------------------------------------- */

static bool
has_key(const struct journal_entry *entry, const void *key, size_t key_size)
{
    return entry->key_size == key_size && key_size > 0 &&
           memcmp(entry->key, key, key_size) == 0;
}

struct model_entry *
model_newest(const struct model *model, const void *key, size_t key_size,
             uint64_t limit)
{
    uint64_t seq = limit < model->size ? limit : model->size;

    while (seq > model->first) {
        struct model_entry *one = model->entries[--seq - model->first];

        if (has_key(&one->entry, key, key_size))
            return one;
    }
    return NULL;
}

static const struct model_entry *
oldest(const struct model *model, const void *key, size_t key_size)
{
    for (uint64_t seq = model->first; seq < model->size; seq++) {
        const struct model_entry *one = model->entries[seq - model->first];

        if (has_key(&one->entry, key, key_size))
            return one;
    }
    return NULL;
}

int
model_get(const struct model *model, const void *key, size_t key_size,
          struct model_entry **entry)
{
    return model_get_at(model, key, key_size, model->size, entry);
}

int
model_get_at(const struct model *model, const void *key, size_t key_size,
             uint64_t limit, struct model_entry **entry)
{
    struct model_entry *found = model_newest(model, key, key_size, limit);
    const struct model_entry *start;

    if (limit > model->size)
        return JOURNAL_OUT_OF_RANGE;
    if (found == NULL) {
        start = oldest(model, key, key_size);
        return start != NULL && start->entry.prev != JOURNAL_NONE
                   ? JOURNAL_PRUNED
                   : JOURNAL_NOT_FOUND;
    }
    if ((found->entry.flags & JOURNAL_TOMBSTONE) != 0)
        return JOURNAL_NOT_FOUND;
    *entry = found;
    return 0;
}

int
model_read(const struct model *model, uint64_t seq, struct model_entry **entry)
{
    if (seq >= model->size)
        return JOURNAL_OUT_OF_RANGE;
    if (seq < model->first)
        return JOURNAL_PRUNED;
    *entry = model->entries[seq - model->first];
    return 0;
}

void
model_stat(const struct model *model, struct journal_stat *stat)
{
    stat->first = model->first;
    stat->size = model->size;
    stat->entries = model->size - model->first;
    stat->keys = 0;
    stat->tombstones = 0;
    stat->bytes_logical = 0;
    for (uint64_t seq = model->first; seq < model->size; seq++) {
        struct model_entry *one = model->entries[seq - model->first];
        const struct journal_entry *entry = &one->entry;

        stat->bytes_logical += entry->key_size + entry->value_size +
                               entry->meta_size;
        if (model_newest(model, entry->key, entry->key_size, model->size) !=
            one)
            continue;
        if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
            stat->tombstones++;
        else
            stat->keys++;
    }
}

/* ---- append ------------------------------------------------------------- */

int
model_stamp_compare(const struct journal_stamp *a,
                    const struct journal_stamp *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return memcmp(a->id, b->id, sizeof(a->id));
}

static bool
expectation_holds(const struct model *model,
                  const struct journal_record *records, size_t which)
{
    const struct journal_record *record = &records[which];
    const struct model_entry *latest = model_newest(model, record->key,
                                                    record->key_size,
                                                    model->size);
    uint64_t seq = latest == NULL ? JOURNAL_NONE : latest->entry.seq;

    if ((record->flags & JOURNAL_EXPECT) != 0 && record->expect != seq)
        return false;
    return (record->flags & JOURNAL_EXPECT_SEQ) == 0 ||
           record->expect_seq == model->size + which;
}

/* The stamp that the record's key has when it is its turn; NULL if none. */
static const struct journal_stamp *
stamp_before(const struct model *model, const struct journal_record *records,
             size_t which)
{
    const struct journal_record *record = &records[which];
    const struct model_entry *latest;

    for (size_t i = which; i-- > 0;)
        if ((records[i].flags & JOURNAL_STAMPED) != 0 &&
            records[i].key_size == record->key_size &&
            memcmp(records[i].key, record->key, record->key_size) == 0)
            return &records[i].stamp;
    latest = model_newest(model, record->key, record->key_size, model->size);
    return latest != NULL && latest->stamped ? &latest->in_force : NULL;
}

static bool
is_outdated(const struct model *model, const struct journal_record *records,
            size_t which)
{
    const struct journal_record *record = &records[which];
    const struct journal_stamp *before;

    if ((record->flags & JOURNAL_STAMPED) == 0 || record->key_size == 0)
        return false;
    before = stamp_before(model, records, which);
    return before != NULL && model_stamp_compare(&record->stamp, before) < 0;
}

bool
model_allows(const struct model *model, const struct journal_record *records,
             size_t count, int result)
{
    bool conflict = false, outdated = false;
    bool full = count > JOURNAL_NONE - model->size;

    for (size_t i = 0; i < count; i++) {
        conflict |= !expectation_holds(model, records, i);
        outdated |= is_outdated(model, records, i);
    }
    switch (result) {
    case 0:
        return !conflict && !outdated && !full;
    case JOURNAL_CONFLICT:
        return conflict;
    case JOURNAL_OUTDATED:
        return outdated;
    case JOURNAL_FULL:
        return full;
    default:
        return false;
    }
}

static const void *
put(uint8_t **end, const void *data, size_t size)
{
    uint8_t *start = *end;

    if (size > 0)
        memcpy(start, data, size);
    *end += size;
    return start;
}

/* The entry that RECORD becomes, as far as it doesn't depend on its key. */
static struct model_entry *
make_entry(const struct journal_record *record, uint64_t seq)
{
    const uint32_t stored = JOURNAL_TOMBSTONE | JOURNAL_STAMPED;
    size_t size = record->key_size + record->value_size + record->meta_size;
    struct model_entry *one = calloc(1, sizeof(*one) + size);
    uint8_t *end;

    if (one == NULL)
        abort();
    end = one->bytes;
    one->references = 1;
    one->entry.seq = seq;
    one->entry.prev = JOURNAL_NONE;
    one->entry.flags = record->flags & stored;
    if ((record->flags & JOURNAL_STAMPED) != 0)
        one->entry.stamp = record->stamp;
    one->entry.key = put(&end, record->key, record->key_size);
    one->entry.key_size = record->key_size;
    one->entry.value = put(&end, record->value, record->value_size);
    one->entry.value_size = record->value_size;
    one->entry.meta = put(&end, record->meta, record->meta_size);
    one->entry.meta_size = record->meta_size;
    return one;
}

/* Takes the place behind LATEST, which may be NULL, in the key's history. */
static void
follow(struct model_entry *one, const struct model_entry *latest)
{
    one->entry.revision = 1;
    if (latest != NULL) {
        one->entry.prev = latest->entry.seq;
        one->entry.revision = latest->entry.revision + 1;
        one->stamped = latest->stamped;
        one->in_force = latest->in_force;
    }
    if ((one->entry.flags & JOURNAL_STAMPED) != 0) {
        one->stamped = true;
        one->in_force = one->entry.stamp;
    }
}

static void
add(struct model *model, struct model_entry *one)
{
    size_t count = model->size - model->first;

    if (count == model->capacity) {
        model->capacity = 2 * count + 64;
        model->entries = realloc(model->entries,
                                 model->capacity *
                                     sizeof(struct model_entry *));
        if (model->entries == NULL)
            abort();
    }
    model->entries[count] = one;
    model->size++;
}

void
model_append(struct model *model, const struct journal_record *records,
             size_t count)
{
    assert(model_allows(model, records, count, 0));
    for (size_t i = 0; i < count; i++) {
        struct model_entry *one = make_entry(&records[i], model->size);

        if (one->entry.key_size > 0)
            follow(one, model_newest(model, one->entry.key, one->entry.key_size,
                                     model->size));
        add(model, one);
    }
}

/* ---- maintain ----------------------------------------------------------- */

uint64_t
model_prune(struct model *model, uint64_t before)
{
    uint64_t limit = before < model->size ? before : model->size;
    uint64_t removed = limit > model->first ? limit - model->first : 0;

    for (uint64_t i = 0; i < removed; i++)
        model_entry_unref(model->entries[i]);
    model->first += removed;
    if (removed > 0)
        memmove(model->entries, model->entries + removed,
                (model->size - model->first) * sizeof(struct model_entry *));
    return removed;
}

static uint64_t
bytes_of(const struct model_entry *one)
{
    return one->entry.key_size + one->entry.value_size + one->entry.meta_size;
}

static bool
passes(uint64_t value, uint64_t limit, uint64_t step_max, bool by_a_step)
{
    uint64_t step = limit / 16 < step_max ? limit / 16 : step_max;

    return limit > 0 && value > limit + (by_a_step ? step : 0);
}

/* Whether one of LIMITS is passed if the entries below FIRST are gone. */
static bool
is_over(const struct model *model, const struct model_limits *limits,
        uint64_t first, bool by_a_step)
{
    const struct model_entry *oldest = model->entries[first - model->first];
    const struct model_entry
        *newest = model->entries[model->size - 1 - model->first];
    uint64_t bytes = 0;

    for (uint64_t seq = first; seq < model->size; seq++)
        bytes += bytes_of(model->entries[seq - model->first]);
    return passes(model->size - first, limits->entries, 64, by_a_step) ||
           passes(bytes, limits->bytes, 64 << 10, by_a_step) ||
           passes(newest->entry.time - oldest->entry.time, limits->ns,
                  1000000000, by_a_step);
}

void
model_retain(struct model *model, const struct model_limits *limits,
             uint64_t count)
{
    uint64_t first = model->first;

    if (!is_over(model, limits, first, true))
        return;
    while (first - model->first < 256 + 2 * count && first + 1 < model->size &&
           is_over(model, limits, first, false))
        first++;
    model_prune(model, first);
}

int
model_rewind(struct model *model, uint64_t size)
{
    if (size > model->size)
        return EINVAL;
    if (size < model->first)
        return JOURNAL_PRUNED;
    while (model->size > size)
        model_entry_unref(model->entries[--model->size - model->first]);
    return 0;
}
