/* state.c - what the journal knows about itself: the rows of `meta`. */
#include "state.h"

#include <assert.h>

#include "checksum.h"
#include "error.h"

#define CHECK_OFFSET 24u

static uint64_t
check_of(const uint8_t *next, const uint8_t *first, const uint8_t *totals)
{
    uint8_t all[8 + 8 + CHECK_OFFSET];

    memcpy(all, next, 8);
    memcpy(all + 8, first, 8);
    memcpy(all + 16, totals, CHECK_OFFSET);
    return jn_hash64(jn_span(all, sizeof(all)), 0);
}

void
jn_state_encode(struct jn_state_rows *rows, const struct jn_state *state)
{
    assert(state->first <= state->next);
    jn_put_be64(rows->next, state->next);
    jn_put_be64(rows->first, state->first);
    jn_put_le64(rows->totals, state->last_time);
    jn_put_le64(rows->totals + 8, state->tombstones);
    jn_put_le64(rows->totals + 16, state->bytes_logical);
    jn_put_le64(rows->totals + CHECK_OFFSET,
                check_of(rows->next, rows->first, rows->totals));
}

int
jn_state_decode(struct jn_state *state, struct jn_span next,
                struct jn_span first, struct jn_span totals)
{
    if (next.size != 8 || first.size != 8 || totals.size != JN_TOTALS_SIZE)
        return JOURNAL_CORRUPT;
    if (jn_get_le64(totals.data + CHECK_OFFSET) !=
        check_of(next.data, first.data, totals.data))
        return JOURNAL_CORRUPT;
    state->next = jn_get_be64(next.data);
    state->first = jn_get_be64(first.data);
    state->last_time = jn_get_le64(totals.data);
    state->tombstones = jn_get_le64(totals.data + 8);
    state->bytes_logical = jn_get_le64(totals.data + 16);
    return state->first <= state->next ? 0 : JOURNAL_CORRUPT;
}

void
jn_rewinds_add(struct jn_rewinds *rewinds, uint64_t size)
{
    rewinds->count++;
    while (rewinds->kept > 0 && rewinds->rewind[rewinds->kept - 1].size >= size)
        rewinds->kept--;
    if (rewinds->kept == JN_REWINDS_MAX) {
        /*
         * The two oldest become one, of the later number and the smaller
         * size: a cursor between them may end early without need.
         */
        rewinds->rewind[1].size = rewinds->rewind[0].size;
        rewinds->kept--;
        memmove(rewinds->rewind, rewinds->rewind + 1,
                rewinds->kept * sizeof(rewinds->rewind[0]));
    }
    rewinds->rewind[rewinds->kept].number = rewinds->count;
    rewinds->rewind[rewinds->kept].size = size;
    rewinds->kept++;
}

uint64_t
jn_rewinds_since(const struct jn_rewinds *rewinds, uint64_t count)
{
    for (unsigned i = 0; i < rewinds->kept; i++) {
        if (rewinds->rewind[i].number > count)
            return rewinds->rewind[i].size;
    }
    return UINT64_MAX;
}

size_t
jn_rewinds_encode(uint8_t *out, const struct jn_rewinds *rewinds)
{
    uint8_t *end = out;

    jn_put_le64(end, rewinds->count);
    end += 8;
    for (unsigned i = 0; i < rewinds->kept; i++) {
        jn_put_le64(end, rewinds->rewind[i].number);
        jn_put_le64(end + 8, rewinds->rewind[i].size);
        end += 16;
    }
    jn_put_le64(end, jn_hash64(jn_span(out, (size_t)(end - out)), 0));
    return (size_t)(end + 8 - out);
}

int
jn_rewinds_decode(struct jn_rewinds *rewinds, struct jn_span in)
{
    size_t pairs = in.size - 16;

    if (in.size < 16 || pairs % 16 != 0 || pairs / 16 > JN_REWINDS_MAX)
        return JOURNAL_CORRUPT;
    if (jn_get_le64(in.data + in.size - 8) !=
        jn_hash64(jn_span(in.data, in.size - 8), 0))
        return JOURNAL_CORRUPT;
    rewinds->count = jn_get_le64(in.data);
    rewinds->kept = (unsigned)(pairs / 16);
    for (unsigned i = 0; i < rewinds->kept; i++) {
        const uint8_t *pair = in.data + 8 + 16 * i;

        rewinds->rewind[i].number = jn_get_le64(pair);
        rewinds->rewind[i].size = jn_get_le64(pair + 8);
    }
    return 0;
}
