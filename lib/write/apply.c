/* apply.c - a run of requests becomes entries, within one transaction. */
#include "write/apply.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/keysort.h"
#include "base/stamp.h"
#include "journal/view.h"

/* A key that the run changes, and what it is by now. */
struct key {
    struct jn_known known;
    /* The stamp that a batch has given it so far, while it is checked. */
    const struct jn_request *trial;
    struct journal_stamp trial_stamp;
    bool changed;
    bool fresh; /* the store has no row of it */
};

struct run {
    struct jn_txn *txn;
    jn_take take;
    void *context;
    struct jn_state *state;
    uint64_t time;
    size_t count;        /* of records, keyed or not */
    struct key **key_of; /* by order; NULL without a key */
    struct key *keys;    /* sorted as in `latest` */
    size_t key_count;
    bool changed;
    /* What a run of one record needs, which most are. */
    struct key only_key;
    struct key *only_key_of;
};

/* ---- which keys there are ----------------------------------------------- */

/* The keyed records of the run. */
static size_t
list_keyed(const struct jn_request *first, struct jn_keysort *list)
{
    size_t order = 0, count = 0;

    for (; first != NULL; first = first->next) {
        for (size_t i = 0; i < first->count; i++, order++) {
            const struct journal_record *record = first->records[i].record;

            if (record->key_size == 0)
                continue;
            list[count++] = jn_keysort_of(jn_span(record->key,
                                                  record->key_size),
                                          order);
        }
    }
    return count;
}

static int
add_key(struct run *run, struct jn_span key)
{
    struct key *added = &run->keys[run->key_count];
    int rc = jn_view_find(run->txn, key, &added->known);

    if (rc != 0)
        return rc;
    added->trial = NULL;
    added->changed = false;
    added->fresh = added->known.chain.revision == 0;
    run->key_count++;
    return 0;
}

static int
collect_only_key(struct run *run, const struct journal_record *record)
{
    run->keys = &run->only_key;
    run->only_key_of = record->key_size > 0 ? &run->only_key : NULL;
    return record->key_size > 0
               ? add_key(run, jn_span(record->key, record->key_size))
               : 0;
}

static bool
is_another(const struct jn_keysort *list, size_t i)
{
    return i == 0 || !jn_span_equal(list[i].key, list[i - 1].key);
}

/* For as many keys as there are: each takes a lot, and records may be many. */
static int
allocate_keys(struct run *run, const struct jn_keysort *list, size_t count)
{
    size_t keys = 0;

    for (size_t i = 0; i < count; i++)
        keys += is_another(list, i);
    if (keys == 0)
        return 0;
    if (keys > SIZE_MAX / sizeof(*run->keys))
        return ENOMEM;
    run->keys = malloc(keys * sizeof(*run->keys));
    return run->keys == NULL ? ENOMEM : 0;
}

static int
collect_keys(struct run *run, const struct jn_request *first)
{
    struct jn_keysort *list = malloc(run->count * sizeof(*list));
    size_t count;
    int rc;

    if (list == NULL)
        return ENOMEM;
    count = list_keyed(first, list);
    jn_keysort(list, count);
    rc = allocate_keys(run, list, count);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (is_another(list, i))
            rc = add_key(run, list[i].key);
        if (rc == 0)
            run->key_of[list[i].order] = &run->keys[run->key_count - 1];
    }
    free(list);
    return rc;
}

/* ---- what a request expects --------------------------------------------- */

static int
check_stamp(const struct jn_request *request, struct key *key,
            const struct journal_stamp *stamp)
{
    const struct jn_chain *chain = &key->known.chain;
    const struct journal_stamp *in_force = NULL;

    if (key->trial == request)
        in_force = &key->trial_stamp;
    else if (chain->stamped)
        in_force = &chain->stamp;
    if (in_force != NULL && jn_stamp_compare(stamp, in_force) < 0)
        return JOURNAL_OUTDATED;
    key->trial = request;
    key->trial_stamp = *stamp;
    return 0;
}

static int
check_record(const struct jn_request *request,
             const struct journal_record *record, struct key *key, uint64_t seq)
{
    uint64_t latest = JOURNAL_NONE;

    if (key != NULL && key->known.chain.revision > 0)
        latest = key->known.chain.roots[0];
    if ((record->flags & JOURNAL_EXPECT) != 0 && record->expect != latest)
        return JOURNAL_CONFLICT;
    if ((record->flags & JOURNAL_EXPECT_SEQ) != 0 && record->expect_seq != seq)
        return JOURNAL_CONFLICT;
    if ((record->flags & JOURNAL_STAMPED) != 0 && key != NULL)
        return check_stamp(request, key, &record->stamp);
    return 0;
}

static int
check_request(const struct run *run, const struct jn_request *request,
              struct key **key_of)
{
    if (request->count > JOURNAL_NONE - run->state->next)
        return JOURNAL_FULL;
    for (size_t i = 0; i < request->count; i++) {
        int rc = check_record(request, request->records[i].record, key_of[i],
                              run->state->next + i);

        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- entries ------------------------------------------------------------ */

static int
add_record(struct run *run, struct jn_prepared *prepared, struct key *key,
           bool more)
{
    const struct journal_record *record = prepared->record;
    struct jn_state *state = run->state;
    struct jn_links links = {.prev = JOURNAL_NONE, .jump = JOURNAL_NONE};
    struct jn_applied applied = {.seq = state->next,
                                 .time = run->time,
                                 .prepared = prepared,
                                 .links = &links,
                                 .more = more};
    bool tombstone = (record->flags & JOURNAL_TOMBSTONE) != 0;
    bool stamped = (record->flags & JOURNAL_STAMPED) != 0;
    int rc;

    if (key != NULL) {
        applied.chain = &key->known.chain;
        applied.fresh = key->known.chain.revision == 0;
        applied.buried = key->known.chain.tombstone;
        state->tombstones -= key->known.chain.tombstone;
        state->tombstones += tombstone;
        jn_chain_push(&key->known.chain, state->next, tombstone,
                      stamped ? &record->stamp : NULL, &links);
        key->changed = true;
    }
    rc = run->take(run->context, &applied);
    if (rc != 0)
        return rc;
    state->next++;
    state->last_time = run->time;
    state->bytes_logical += prepared->logical;
    return 0;
}

static int
add_request(struct run *run, struct jn_request *request, struct key **key_of)
{
    request->result = check_request(run, request, key_of);
    if (request->result != 0)
        return 0;
    run->changed = true;
    request->first_seq = run->state->next;
    for (size_t i = 0; i < request->count; i++) {
        int rc = add_record(run, &request->records[i], key_of[i],
                            i + 1 < request->count);

        if (rc != 0)
            return rc;
    }
    return 0;
}

/* But for the only key, which is large. */
static void
init_run(struct run *run, struct jn_txn *txn, struct jn_state *state,
         uint64_t now)
{
    run->txn = txn;
    run->state = state;
    run->time = now;
    run->count = run->key_count = 0;
    run->key_of = NULL;
    run->keys = NULL;
    run->changed = false;
}

static int
start_run(struct run *run, const struct jn_request *first)
{
    if (run->time < run->state->last_time)
        run->time = run->state->last_time;
    for (; first != NULL; first = first->next)
        run->count += first->count;
    if (run->count == 1) {
        run->key_of = &run->only_key_of;
        return 0;
    }
    assert(run->count > 0);
    run->key_of = calloc(run->count, sizeof(struct key *));
    return run->key_of == NULL ? ENOMEM : 0;
}

static int
add_requests(struct run *run, struct jn_request *first)
{
    size_t order = 0;
    int rc = start_run(run, first);

    if (rc == 0 && run->count == 1)
        rc = collect_only_key(run, first->records[0].record);
    else if (rc == 0)
        rc = collect_keys(run, first);
    for (; rc == 0 && first != NULL; first = first->next) {
        rc = add_request(run, first, run->key_of + order);
        order += first->count;
    }
    return rc;
}

static void
free_run(struct run *run)
{
    if (run->keys != &run->only_key)
        free(run->keys);
    if (run->key_of != &run->only_key_of)
        free(run->key_of);
}

int
jn_apply(struct jn_txn *txn, struct jn_state *state, struct jn_request *first,
         uint64_t now, jn_take take, void *context, bool *changed)
{
    struct run run;
    int rc;

    init_run(&run, txn, state, now);
    run.take = take;
    run.context = context;
    rc = add_requests(&run, first);
    *changed = run.changed;
    free_run(&run);
    return rc;
}

/* ---- into the store ------------------------------------------------------ */

static int
write_entry(void *context, const struct jn_applied *applied)
{
    struct jn_txn *txn = context;
    struct jn_prepared *prepared = applied->prepared;
    uint8_t key[8], before[JN_LINKS_MAX];
    uint8_t *end = jn_links_encode(before, applied->links, applied->seq);
    struct jn_span links = {before, (size_t)(end - before)};
    uint8_t *value;
    int rc;

    jn_put_be64(key, applied->seq);
    rc = jn_store_append(txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                         links.size + prepared->size, &value);
    if (rc != 0)
        return rc;
    jn_record_seal(prepared->bytes, prepared->body_hash, applied->seq,
                   applied->time);
    value = jn_span_copy(value, links);
    memcpy(value, prepared->bytes, prepared->size);
    return 0;
}

int
jn_apply_claim_row(struct jn_txn *txn, struct jn_index_key *index_key)
{
    struct jn_span row;
    int rc;

    if (!jn_index_is_hashed(jn_index_span(index_key)))
        return 0;
    while ((rc = jn_store_get(txn, JN_LATEST, jn_index_span(index_key),
                              &row)) == 0) {
        unsigned probe = jn_index_probe(jn_index_span(index_key));

        if (probe + 1 == JN_INDEX_PROBES)
            return JOURNAL_FULL;
        jn_index_set_probe(index_key, probe + 1);
    }
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

static int
write_keys(struct run *run)
{
    assert(run->key_count == 0 || run->keys != NULL);
    for (size_t i = 0; i < run->key_count; i++) {
        struct key *key = &run->keys[i];
        int rc = 0;

        if (!key->changed)
            continue;
        if (key->fresh)
            rc = jn_apply_claim_row(run->txn, &key->known.index_key);
        if (rc == 0)
            rc = jn_view_put_chain(run->txn, &key->known);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int
jn_apply_to_store(struct jn_txn *txn, struct jn_request *first, uint64_t now,
                  bool *changed)
{
    struct jn_state state;
    struct run run;
    int rc = jn_view_state(txn, &state);

    *changed = false;
    if (rc != 0)
        return rc;
    init_run(&run, txn, &state, now);
    run.take = write_entry;
    run.context = txn;
    rc = add_requests(&run, first);
    if (rc == 0 && run.changed)
        rc = write_keys(&run);
    if (rc == 0 && run.changed)
        rc = jn_view_put_state(txn, &state);
    *changed = run.changed;
    free_run(&run);
    return rc;
}
