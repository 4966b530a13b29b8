/* batch.c - records to append, made at random for what the model holds. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "support/chance.h"
#include "support/packer.h"
#include "trace.h"

#define POOL_SIZE ((size_t)256 << 10)
#define BIG_MIN 3000u
#define BIG_MAX 100000u
#define META_BIG 5000u

static uint8_t pool[POOL_SIZE];

void
batch_start(void)
{
    fill_randomly(pool, sizeof(pool));
}

static const void *
bytes(size_t size)
{
    return pool + below(POOL_SIZE - size);
}

/* Small as a rule, now and then about as large as half a page, or a page. */
static size_t
value_size(const struct taste *taste)
{
    if (one_in(taste->big))
        return between(BIG_MIN, BIG_MAX);
    if (one_in(30))
        return between(1850, 2150);
    if (one_in(60))
        return between(3900, 4300);
    return one_in(6) ? 0 : below(120);
}

static size_t
meta_size(void)
{
    if (one_in(80))
        return below(META_BIG);
    return one_in(3) ? below(50) : 0;
}

/* A stamp about as old as the one in force, if there is one. */
static struct journal_stamp
stamp_near(const struct model_entry *latest, bool old)
{
    struct journal_stamp stamp = {.time = 1000};
    size_t byte = below(sizeof(stamp.id));

    if (latest != NULL && latest->stamped)
        stamp = latest->in_force;
    if (old && one_in(2) && stamp.time > 0)
        stamp.time -= between(1, stamp.time < 10 ? stamp.time : 10);
    else if (old)
        stamp.id[byte] = 0;
    else if (one_in(2))
        stamp.time += below(5);
    else
        stamp.id[byte] = UINT8_MAX;
    return stamp;
}

static void
add_expectation(struct journal_record *record, uint64_t seq,
                const struct model_entry *latest, bool wrong)
{
    if (record->key_size == 0 || one_in(3)) {
        record->flags |= JOURNAL_EXPECT_SEQ;
        record->expect_seq = wrong ? seq + between(1, 3) - 2 : seq;
        return;
    }
    record->flags |= JOURNAL_EXPECT;
    record->expect = latest == NULL ? JOURNAL_NONE : latest->entry.seq;
    if (wrong && latest != NULL)
        record->expect = one_in(3) ? JOURNAL_NONE : latest->entry.prev;
    else if (wrong)
        record->expect = below(seq + 1);
}

static void
make_record(struct journal_record *record, uint64_t seq,
            const struct taste *taste, const struct keys *keys,
            const struct model *model)
{
    const struct key *key = keys_any(keys);
    const struct model_entry *latest = NULL;

    memset(record, 0, sizeof(*record));
    if (!one_in(taste->keyless)) {
        record->key = key->data;
        record->key_size = key->size;
        latest = model_newest(model, key->data, key->size, model->size);
    }
    record->meta_size = meta_size();
    record->meta = bytes(record->meta_size);
    if (record->key_size > 0 && one_in(taste->deleted)) {
        record->flags |= JOURNAL_TOMBSTONE;
    } else {
        record->value_size = value_size(taste);
        record->value = bytes(record->value_size);
    }
    if (one_in(taste->stamped)) {
        record->flags |= JOURNAL_STAMPED;
        record->stamp = stamp_near(latest, one_in(taste->old));
    }
    if (one_in(taste->expects))
        add_expectation(record, seq, latest, one_in(taste->wrong));
}

void
batch_make(struct batch *batch, size_t count, const struct taste *taste,
           const struct keys *keys, const struct model *model)
{
    batch->count = count;
    for (size_t i = 0; i < count; i++)
        make_record(&batch->records[i], model->size + i, taste, keys, model);
}

void
batch_trace(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count && i < 8; i++) {
        const struct journal_record *record = &batch->records[i];

        trace_more(" %zu/%zu/%zu", record->key_size, record->value_size,
                   record->meta_size);
        if ((record->flags & JOURNAL_TOMBSTONE) != 0)
            trace_more("T");
        if ((record->flags & JOURNAL_STAMPED) != 0)
            trace_more("S%llu", (unsigned long long)record->stamp.time);
        if ((record->flags & JOURNAL_EXPECT) != 0)
            trace_more("E%lld", (long long)record->expect);
        if ((record->flags & JOURNAL_EXPECT_SEQ) != 0)
            trace_more("#%lld", (long long)record->expect_seq);
    }
}

bool
batch_can_be_packed(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if ((batch->records[i].flags &
             ((uint32_t)JOURNAL_EXPECT | (uint32_t)JOURNAL_EXPECT_SEQ)) != 0)
            return false;
    }
    return true;
}

int
batch_append_packed(const struct batch *batch, struct journal *journal,
                    uint64_t *first_seq)
{
    struct packer packer = {0};
    size_t count = 0;
    int rc;

    for (size_t i = 0; i < batch->count; i++) {
        const struct journal_record *record = &batch->records[i];
        const struct journal_entry entry = {
            .seq = below(UINT64_MAX), /* is ignored, as is what follows it */
            .revision = below(10),
            .flags = record->flags,
            .stamp = record->stamp,
            .key = record->key,
            .key_size = record->key_size,
            .value = record->value,
            .value_size = record->value_size,
            .meta = record->meta,
            .meta_size = record->meta_size,
        };

        packer_add(&packer, &entry);
    }
    rc = journal_append_packed(journal, packer.bytes, packer.size, &count,
                               first_seq);
    expect(rc != 0 || count == batch->count, "%zu of %zu appended", count,
           batch->count);
    free(packer.bytes);
    return rc;
}
