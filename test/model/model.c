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
    model->durable = first_seq;
}

struct model_entry *
model_entry_at(const struct model *model, uint64_t seq)
{
    return model->entries[seq - model->first];
}

static void
drop(struct model *model, uint64_t seq)
{
    struct model_entry **place = &model->entries[seq - model->first];

    if (*place != NULL)
        model_entry_unref(*place);
    *place = NULL;
}

void
model_free(struct model *model)
{
    for (uint64_t seq = model->first; seq < model->size; seq++)
        drop(model, seq);
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
        struct model_entry *one = model_entry_at(model, --seq);

        if (one != NULL && has_key(&one->entry, key, key_size))
            return one;
    }
    return NULL;
}

static const struct model_entry *
oldest(const struct model *model, const void *key, size_t key_size)
{
    for (uint64_t seq = model->first; seq < model->size; seq++) {
        const struct model_entry *one = model_entry_at(model, seq);

        if (one != NULL && has_key(&one->entry, key, key_size))
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
    if (seq < model->first || model_entry_at(model, seq) == NULL)
        return JOURNAL_PRUNED;
    *entry = model_entry_at(model, seq);
    return 0;
}

/* Whether ONE, of a key, is its latest entry. */
static bool
is_latest(const struct model *model, const struct model_entry *one)
{
    return model_newest(model, one->entry.key, one->entry.key_size,
                        model->size) == one;
}

static void
count(const struct model *model, const struct model_entry *one,
      struct journal_stat *stat)
{
    const struct journal_entry *entry = &one->entry;

    stat->entries++;
    stat->bytes_logical += entry->key_size + entry->value_size +
                           entry->meta_size;
    if (!is_latest(model, one))
        return;
    if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
        stat->tombstones++;
    else
        stat->keys++;
}

void
model_stat(const struct model *model, struct journal_stat *stat)
{
    memset(stat, 0, sizeof(*stat));
    stat->first = model->first;
    stat->size = model->size;
    stat->marks = model->mark_count;
    for (uint64_t seq = model->first; seq < model->size; seq++) {
        const struct model_entry *one = model_entry_at(model, seq);

        if (one != NULL)
            count(model, one, stat);
    }
}

uint64_t
model_find_time(const struct model *model, uint64_t time)
{
    uint64_t seq = model->first;

    while (seq < model->size && (model_entry_at(model, seq) == NULL ||
                                 model_entry_at(model, seq)->entry.time < time))
        seq++;
    return seq;
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

static bool
is_to_go(const struct model *model, const struct model_entry *one,
         uint32_t flags)
{
    if ((flags & JOURNAL_PRUNE_KEEP_LATEST) == 0)
        return true;
    return one->entry.key_size == 0 || !is_latest(model, one) ||
           (one->entry.flags & JOURNAL_TOMBSTONE) != 0;
}

/* The oldest entry that is left becomes the first of the array. */
static void
move_up(struct model *model)
{
    uint64_t first = model->first;

    while (first < model->size && model_entry_at(model, first) == NULL)
        first++;
    if (first == model->first)
        return;
    memmove(model->entries, model->entries + (first - model->first),
            (model->size - first) * sizeof(struct model_entry *));
    model->first = first;
}

uint64_t
model_prune(struct model *model, uint64_t before, uint32_t flags,
            uint64_t *highest)
{
    uint64_t limit = before < model->size ? before : model->size;
    uint64_t removed = 0;

    for (size_t i = 0; i < model->mark_count; i++)
        if ((flags & JOURNAL_PRUNE_PAST_MARKS) == 0 &&
            model->marks[i].seq < limit)
            limit = model->marks[i].seq;
    for (uint64_t seq = model->first; seq < limit; seq++) {
        const struct model_entry *one = model_entry_at(model, seq);

        if (one == NULL || !is_to_go(model, one, flags))
            continue;
        drop(model, seq);
        *highest = seq;
        removed++;
    }
    move_up(model);
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
    uint64_t count = 0, bytes = 0, time = 0, age = 0;

    for (uint64_t seq = model->size; seq-- > first;) {
        const struct model_entry *one = model_entry_at(model, seq);

        if (one == NULL)
            continue;
        time = time == 0 ? one->entry.time : time;
        age = time - one->entry.time;
        bytes += bytes_of(one);
        count++;
    }
    return passes(count, limits->entries, 1024, by_a_step) ||
           passes(bytes, limits->bytes, 1 << 20, by_a_step) ||
           passes(age, limits->ns, 1000000000, by_a_step);
}

void
model_retain(struct model *model, const struct model_limits *limits,
             uint64_t count)
{
    uint64_t first = model->first, removed = 0, highest;

    if (!is_over(model, limits, first, true))
        return;
    while (removed < 1024 + 2 * count && first + 1 < model->size &&
           is_over(model, limits, first, false))
        removed += model_entry_at(model, first++) != NULL;
    model_prune(model, first, 0, &highest);
}

int
model_rewind(struct model *model, uint64_t size)
{
    if (size > model->size)
        return EINVAL;
    if (size < model->first)
        return JOURNAL_PRUNED;
    if (model->size == size)
        return 0;
    while (model->size > size)
        drop(model, --model->size);
    for (size_t i = 0; i < model->mark_count; i++)
        if (model->marks[i].seq > size)
            model->marks[i].seq = size;
    model_sync(model);
    return 0;
}

void
model_sync(struct model *model)
{
    model->durable = model->size;
}

/* ---- marks -------------------------------------------------------------- */

/* Where the mark NAME is, or would be. */
static size_t
find_mark(const struct model *model, const char *name)
{
    size_t i = 0;

    while (i < model->mark_count && strcmp(model->marks[i].name, name) != 0)
        i++;
    return i;
}

int
model_mark(struct model *model, const char *name, uint64_t seq)
{
    size_t i = find_mark(model, name);

    if (seq > model->size)
        return JOURNAL_OUT_OF_RANGE;
    assert(i < MODEL_MARKS_MAX);
    strcpy(model->marks[i].name, name);
    model->marks[i].seq = seq;
    model->mark_count += i == model->mark_count;
    return 0;
}

int
model_unmark(struct model *model, const char *name)
{
    size_t i = find_mark(model, name);

    if (i == model->mark_count)
        return JOURNAL_NOT_FOUND;
    model->marks[i] = model->marks[--model->mark_count];
    return 0;
}

int
model_marked(const struct model *model, const char *name, uint64_t *seq)
{
    size_t i = find_mark(model, name);

    if (i == model->mark_count)
        return JOURNAL_NOT_FOUND;
    *seq = model->marks[i].seq;
    return 0;
}

const struct model_mark *
model_next_mark(const struct model *model, const char *name)
{
    const struct model_mark *next = NULL;

    for (size_t i = 0; i < model->mark_count; i++) {
        const struct model_mark *one = &model->marks[i];

        if (strcmp(one->name, name) > 0 &&
            (next == NULL || strcmp(one->name, next->name) < 0))
            next = one;
    }
    return next;
}
