/* state.c - what the journal knows about itself: the rows of `meta`. */
#include "format/state.h"

#include <assert.h>

#include "base/checksum.h"
#include "base/error.h"

const char *const jn_own_rows[JN_OWN_ROWS] = {
    "format", "id",      "created",  "next", "first",
    "totals", "rewinds", "removals", "tail",
};

unsigned
jn_own_row(struct jn_span key)
{
    unsigned i = 0;

    while (i < JN_OWN_ROWS &&
           !jn_span_equal(key, jn_span(jn_own_rows[i], strlen(jn_own_rows[i]))))
        i++;
    return i;
}

/* The check of TOTALS, whose last 8 bytes are to hold it. */
static uint64_t
check_of(const uint8_t *next, const uint8_t *first, struct jn_span totals)
{
    uint8_t all[8 + 8 + JN_TOTALS_MAX];

    memcpy(all, next, 8);
    memcpy(all + 8, first, 8);
    memcpy(all + 16, totals.data, totals.size - 8);
    return jn_hash64(jn_span(all, 16 + totals.size - 8), 0);
}

void
jn_state_encode(struct jn_state_rows *rows, const struct jn_state *state)
{
    uint8_t *end = rows->totals;

    assert(state->first <= state->dense && state->dense <= state->next);
    jn_put_be64(rows->next, state->next);
    jn_put_be64(rows->first, state->first);
    jn_put_le64(end, state->last_time);
    jn_put_le64(end + 8, state->tombstones);
    jn_put_le64(end + 16, state->bytes_logical);
    end += 24;
    if (state->dense > state->first) {
        jn_put_le64(end, state->dense);
        end += 8;
        if (jn_state_linked(state) < state->dense) {
            jn_put_le64(end, state->sparse);
            end += 8;
        }
    }
    rows->totals_size = (size_t)(end + 8 - rows->totals);
    jn_put_le64(end, check_of(rows->next, rows->first,
                              jn_span(rows->totals, rows->totals_size)));
}

int
jn_state_decode(struct jn_state *state, struct jn_span next,
                struct jn_span first, struct jn_span totals)
{
    if (next.size != 8 || first.size != 8 || totals.size < JN_TOTALS_MIN ||
        totals.size > JN_TOTALS_MAX || totals.size % 8 != 0)
        return JOURNAL_CORRUPT;
    if (jn_get_le64(totals.data + totals.size - 8) !=
        check_of(next.data, first.data, totals))
        return JOURNAL_CORRUPT;
    state->next = jn_get_be64(next.data);
    state->first = jn_get_be64(first.data);
    state->last_time = jn_get_le64(totals.data);
    state->tombstones = jn_get_le64(totals.data + 8);
    state->bytes_logical = jn_get_le64(totals.data + 16);
    state->dense = totals.size > JN_TOTALS_MIN ? jn_get_le64(totals.data + 24)
                                               : state->first;
    state->holed = totals.size == JN_TOTALS_MAX;
    state->sparse = state->holed ? jn_get_le64(totals.data + 32) : 0;
    if (state->first > state->dense || state->dense > state->next)
        return JOURNAL_CORRUPT;
    return 0;
}

size_t
jn_tail_row_encode(uint8_t out[JN_TAIL_ROW_MAX], const struct jn_tail_row *row)
{
    size_t size = 56;

    jn_put_le32(out, row->open);
    jn_put_le32(out + 4, row->run);
    jn_put_le64(out + 8, row->salt);
    jn_put_le64(out + 16, row->capacity);
    jn_put_le64(out + 24, row->start);
    jn_put_le64(out + 32, row->next);
    jn_put_le64(out + 40, row->last);
    jn_put_le64(out + 48, row->last_check);
    if (jn_tail_row_is_ahead(row)) {
        jn_put_le64(out + 56, row->ahead);
        jn_put_le64(out + 64, row->ahead_end);
        jn_put_le64(out + 72, row->keyed);
        jn_put_le64(out + 80, row->ahead_rows);
        size = 88;
    }
    jn_put_le64(out + size, jn_hash64(jn_span(out, size), 0));
    return size + 8;
}

static void
decode_ahead(struct jn_tail_row *row, const uint8_t *in)
{
    row->ahead = jn_get_le64(in);
    row->ahead_end = jn_get_le64(in + 8);
    row->keyed = jn_get_le64(in + 16);
    row->ahead_rows = jn_get_le64(in + 24);
}

static bool
is_tail_row_possible(const struct jn_tail_row *row)
{
    return row->start % 8 == 0 && row->last % 8 == 0 &&
           row->ahead >= row->next && row->ahead_end >= row->start &&
           row->ahead_end % 8 == 0 && row->ahead_rows <= row->ahead - row->next;
}

int
jn_tail_row_decode(struct jn_tail_row *row, struct jn_span in)
{
    if ((in.size != JN_TAIL_ROW_MIN && in.size != JN_TAIL_ROW_MAX) ||
        jn_get_le64(in.data + in.size - 8) !=
            jn_hash64(jn_span(in.data, in.size - 8), 0))
        return JOURNAL_CORRUPT;
    row->open = jn_get_le32(in.data) != 0;
    row->run = jn_get_le32(in.data + 4);
    row->salt = jn_get_le64(in.data + 8);
    row->capacity = jn_get_le64(in.data + 16);
    row->start = jn_get_le64(in.data + 24);
    row->next = jn_get_le64(in.data + 32);
    row->last = jn_get_le64(in.data + 40);
    row->last_check = jn_get_le64(in.data + 48);
    jn_tail_row_end_ahead(row);
    if (in.size == JN_TAIL_ROW_MAX)
        decode_ahead(row, in.data + 56);
    return is_tail_row_possible(row) ? 0 : JOURNAL_CORRUPT;
}

/*
 * The frame at LAST stays, so gaps that nothing is appended between must not
 * eat up the ring: there are so many at most.
 */
void
jn_tail_row_leave_gap(struct jn_tail_row *row)
{
    if (row->start - row->last < row->capacity / 8)
        row->start += 8;
    jn_tail_row_end_ahead(row);
}

/*
 * Two neighbours become one, of the later number and the lower position: a
 * cursor between them may end early without need.  So they are of the older
 * half, for which few cursors still care; and of these the two that are
 * closest, so that what is far below a cursor stays apart from what concerns
 * it.
 */
static void
merge_two(struct jn_cuts *cuts)
{
    unsigned best = 1;

    for (unsigned i = 2; i <= JN_CUTS_MAX / 2; i++) {
        if (cuts->cut[i].at - cuts->cut[i - 1].at <
            cuts->cut[best].at - cuts->cut[best - 1].at)
            best = i;
    }
    cuts->cut[best].at = cuts->cut[best - 1].at;
    cuts->kept--;
    memmove(cuts->cut + best - 1, cuts->cut + best,
            (cuts->kept - best + 1) * sizeof(cuts->cut[0]));
}

void
jn_cuts_add(struct jn_cuts *cuts, uint64_t at)
{
    cuts->count++;
    while (cuts->kept > 0 && cuts->cut[cuts->kept - 1].at >= at)
        cuts->kept--;
    if (cuts->kept == JN_CUTS_MAX)
        merge_two(cuts);
    cuts->cut[cuts->kept].number = cuts->count;
    cuts->cut[cuts->kept].at = at;
    cuts->kept++;
}

uint64_t
jn_cuts_since(const struct jn_cuts *cuts, uint64_t count)
{
    for (unsigned i = 0; i < cuts->kept; i++) {
        if (cuts->cut[i].number > count)
            return cuts->cut[i].at;
    }
    return UINT64_MAX;
}

size_t
jn_cuts_encode(uint8_t *out, const struct jn_cuts *cuts)
{
    uint8_t *end = out;

    jn_put_le64(end, cuts->count);
    end += 8;
    for (unsigned i = 0; i < cuts->kept; i++) {
        jn_put_le64(end, cuts->cut[i].number);
        jn_put_le64(end + 8, cuts->cut[i].at);
        end += 16;
    }
    jn_put_le64(end, jn_hash64(jn_span(out, (size_t)(end - out)), 0));
    return (size_t)(end + 8 - out);
}

int
jn_cuts_decode(struct jn_cuts *cuts, struct jn_span in)
{
    size_t pairs = in.size - 16;

    if (in.size < 16 || pairs % 16 != 0 || pairs / 16 > JN_CUTS_MAX)
        return JOURNAL_CORRUPT;
    if (jn_get_le64(in.data + in.size - 8) !=
        jn_hash64(jn_span(in.data, in.size - 8), 0))
        return JOURNAL_CORRUPT;
    cuts->count = jn_get_le64(in.data);
    cuts->kept = (unsigned)(pairs / 16);
    for (unsigned i = 0; i < cuts->kept; i++) {
        const uint8_t *pair = in.data + 8 + 16 * i;

        cuts->cut[i].number = jn_get_le64(pair);
        cuts->cut[i].at = jn_get_le64(pair + 8);
    }
    return 0;
}
