/* stamp.c - callers' timestamps: their order, and their bytes on disk. */
#include "base/stamp.h"

#include <assert.h>

static_assert(JN_STAMP_SIZE == 8 + sizeof(((struct journal_stamp *)0)->id),
              "a stamp is a time and an id");

int
jn_stamp_compare(const struct journal_stamp *a, const struct journal_stamp *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return memcmp(a->id, b->id, sizeof(a->id));
}

uint8_t *
jn_stamp_encode(uint8_t *out, const struct journal_stamp *stamp)
{
    jn_put_le64(out, stamp->time);
    memcpy(out + 8, stamp->id, sizeof(stamp->id));
    return out + JN_STAMP_SIZE;
}

bool
jn_stamp_decode(struct journal_stamp *stamp, struct jn_span *in)
{
    if (in->size < JN_STAMP_SIZE)
        return false;
    stamp->time = jn_get_le64(in->data);
    memcpy(stamp->id, in->data + 8, sizeof(stamp->id));
    *in = jn_span(in->data + JN_STAMP_SIZE, in->size - JN_STAMP_SIZE);
    return true;
}
