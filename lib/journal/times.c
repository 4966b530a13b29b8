/* times.c - numbers by time: append times never fall along the journal. */
#include "journal/times.h"

#include "base/error.h"
#include "base/gallop.h"
#include "journal/view.h"

/* The first entry at or above a number that can be read. */
struct probe {
    uint64_t seq;
    uint64_t time;
};

/* A place from which no way leads to the row with number FROM. */
struct dead_end {
    struct jn_place *place;
    uint64_t from;
};

static int
go_to(struct jn_place *place, uint64_t seq, struct jn_span *key,
      struct jn_span *value)
{
    uint8_t bytes[8];

    jn_put_be64(bytes, seq);
    *key = jn_span(bytes, sizeof(bytes));
    return jn_place_move(place, JN_AT_OR_AFTER, key, value);
}

static bool
can_skip(void *context, uint64_t count)
{
    struct dead_end *end = context;
    struct jn_span key, value;

    return go_to(end->place, end->from + count, &key, &value) !=
           JOURNAL_CORRUPT;
}

/*
 * To the first row from number FROM on that a way leads to: what is on damaged
 * pages is passed over like entries that are damaged.
 */
static int
go_on(struct jn_place *place, uint64_t from, uint64_t limit,
      struct jn_span *key, struct jn_span *value)
{
    struct dead_end end = {place, from};
    int rc = go_to(place, from, key, value);

    if (rc != JOURNAL_CORRUPT)
        return rc;
    from += jn_gallop(limit - from, can_skip, &end);
    return from < limit ? go_to(place, from, key, value) : JOURNAL_NOT_FOUND;
}

/* In the store; JOURNAL_NOT_FOUND if there is none in [FROM, LIMIT). */
static int
probe_store(struct jn_place *place, uint64_t from, uint64_t limit,
            struct probe *probe)
{
    struct jn_stored stored;
    struct jn_span key, value;
    int rc = go_on(place, from, limit, &key, &value);

    while (rc == 0) {
        if (key.size != 8)
            return JOURNAL_CORRUPT;
        probe->seq = jn_get_be64(key.data);
        if (probe->seq >= limit)
            return JOURNAL_NOT_FOUND;
        /* A number that was damaged may have led to before FROM. */
        if (probe->seq >= from &&
            jn_stored_decode(&stored, value, probe->seq) == 0)
            break;
        rc = jn_place_move(place, JN_NEXT, &key, &value);
        if (rc == JOURNAL_CORRUPT)
            rc = go_on(place, probe->seq + 1, limit, &key, &value);
    }
    if (rc == 0)
        probe->time = stored.record.time;
    return rc;
}

/* The same of all entries. */
static int
probe_at(struct jn_txn *txn, struct jn_place *place, uint64_t from,
         uint64_t limit, struct probe *probe)
{
    uint64_t end = jn_view_store_end(txn);
    int rc = JOURNAL_NOT_FOUND;

    if (from < end)
        rc = probe_store(place, from, limit < end ? limit : end, probe);
    if (rc != JOURNAL_NOT_FOUND || limit <= end)
        return rc;
    probe->seq = from < end ? end : from;
    probe->time = jn_recent_at(&txn->look, probe->seq)->time;
    return 0;
}

/*
 * What is below LOW is too old; what is at HIGH or above is not.  Where they
 * meet, whatever is left below the first that is not cannot be read.
 */
static int
search(struct jn_txn *txn, struct jn_place *place, uint64_t time, uint64_t low,
       uint64_t high, struct jn_moment *moment)
{
    moment->high = high;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct probe probe;
        int rc = probe_at(txn, place, middle, high, &probe);

        if (rc != 0 && rc != JOURNAL_NOT_FOUND)
            return rc;
        if (rc == 0 && probe.time < time) {
            low = probe.seq + 1;
            continue;
        }
        high = middle;
        if (rc == 0)
            moment->high = probe.seq;
    }
    moment->low = low;
    return 0;
}

/*
 * In the sparse part there need not be anything between the two, if neither a
 * row is there nor one whose number was damaged.
 */
static int
leave_out_hole(struct jn_place *place, uint64_t dense, struct jn_moment *moment)
{
    uint64_t end = moment->high < dense ? moment->high : dense;
    struct jn_span key, value;
    int rc;

    if (moment->low >= end)
        return 0;
    rc = jn_view_check_gone(place->txn, moment->low);
    if (rc == 0)
        rc = go_to(place, moment->low, &key, &value);
    if (rc != 0 && rc != JOURNAL_NOT_FOUND)
        return rc == JOURNAL_CORRUPT ? 0 : rc;
    if (rc == JOURNAL_NOT_FOUND ||
        (key.size == 8 && jn_get_be64(key.data) >= end))
        moment->low = end;
    return 0;
}

int
jn_times_find(struct jn_txn *txn, const struct jn_state *state, uint64_t time,
              struct jn_moment *moment)
{
    struct jn_place place = {.handle = NULL};
    int rc;

    if (time > state->last_time) {
        moment->low = moment->high = state->next;
        return 0;
    }
    rc = jn_place_open(&place, txn, JN_ENTRIES);
    if (rc == 0)
        rc = search(txn, &place, time, state->first, state->next, moment);
    if (rc == 0)
        rc = leave_out_hole(&place, state->dense, moment);
    jn_place_close(&place);
    return rc;
}
