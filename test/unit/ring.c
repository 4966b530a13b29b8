/* ring.c - an open tail, and the frames that tests have put into it. */
#include "unit/ring.h"

#include <journal.h>
#include <stdlib.h>

#include "support/test.h"

#define FRAMES_MAX 4096u

struct ring ring;

/* The frames, round and round; the oldest is here. */
static struct ring_frame frames[FRAMES_MAX];
static size_t oldest;

void
ring_setup(void)
{
    test_setup();
    ring_open(RING_CAPACITY, RING_SALT);
}

void
ring_teardown(void)
{
    jn_tail_close(ring.tail);
    ring.tail = NULL;
    test_teardown();
}

void
ring_open(uint64_t capacity, uint64_t salt)
{
    struct jn_tail_name name = {.salt = salt, .capacity = capacity};

    jn_tail_close(ring.tail);
    ring.tail = NULL;
    ck_assert_int_eq(jn_tail_create(test_dir, &name, 0600), 0);
    ck_assert_int_eq(jn_tail_open(&ring.tail, test_dir, &name, false), 0);
}

void
ring_begin(uint64_t position)
{
    oldest = 0;
    ring.count = 0;
    ring.end = position;
    ring.flushed = position;
    ring.next = RING_FIRST;
}

/* ---- frames -------------------------------------------------------------- */

const struct ring_frame *
ring_frame(size_t i)
{
    return &frames[(oldest + i) % FRAMES_MAX];
}

size_t
ring_exact_size(size_t i)
{
    return JN_FRAME_HEADER + ring_frame(i)->row_size +
           ring_frame(i)->chain_size;
}

size_t
ring_size(size_t i)
{
    return jn_frame_size(ring_frame(i)->row_size, ring_frame(i)->chain_size);
}

/* A byte of row and chain: not 0, nor what the next number has there. */
static uint8_t
byte_of(uint64_t seq, size_t i)
{
    return (uint8_t)(seq * 30 + i + (i >> 8)) | 1;
}

static void
write_frame(const struct ring_frame *said, uint32_t run)
{
    size_t size = jn_frame_size(said->row_size, said->chain_size);
    uint8_t *bytes = malloc(size);
    struct jn_frame frame = {.flushed = said->flushed,
                             .seq = said->seq,
                             .run = run,
                             .flags = said->flags};

    for (size_t i = 0; i < said->row_size + said->chain_size; i++)
        bytes[JN_FRAME_HEADER + i] = byte_of(said->seq, i);
    frame.row = jn_span(bytes + JN_FRAME_HEADER, said->row_size);
    frame.chain = jn_span(bytes + JN_FRAME_HEADER + said->row_size,
                          said->chain_size);
    jn_frame_seal(bytes, &frame, RING_SALT, said->position);
    ck_assert_int_eq(jn_tail_write(ring.tail, said->position, bytes, size), 0);
    free(bytes);
}

void
ring_add(size_t row_size, size_t chain_size, uint32_t flags)
{
    struct ring_frame *frame = &frames[(oldest + ring.count) % FRAMES_MAX];

    ck_assert_uint_lt(ring.count, FRAMES_MAX);
    *frame = (struct ring_frame){ring.end, ring.flushed, ring.next,
                                 row_size, chain_size,   flags};
    write_frame(frame, RING_RUN);
    ring.end += jn_frame_size(row_size, chain_size);
    ring.next++;
    ring.count++;
}

void
ring_drop(void)
{
    oldest++;
    ring.count--;
}

void
ring_put(uint64_t position, uint64_t seq, uint32_t run, size_t row_size,
         size_t chain_size)
{
    struct ring_frame frame = {position, ring.flushed, seq,
                               row_size, chain_size,   0};

    write_frame(&frame, run);
}

void
ring_put_run(uint64_t position, uint64_t seq, uint32_t old_run, uint32_t run)
{
    uint8_t bytes[JN_FRAME_HEADER + 8];
    struct jn_frame frame = {.flushed = ring.flushed,
                             .seq = seq,
                             .run = old_run,
                             .flags = JN_FRAME_RUN,
                             .chain = {bytes + JN_FRAME_HEADER, 4}};

    jn_put_le32(bytes + JN_FRAME_HEADER, run);
    jn_frame_seal(bytes, &frame, RING_SALT, position);
    ck_assert_int_eq(jn_tail_write(ring.tail, position, bytes, sizeof(bytes)),
                     0);
}

/* ---- what is found ------------------------------------------------------- */

static bool
is_frame(const struct jn_frame *frame, struct jn_span bytes, size_t i)
{
    const struct ring_frame *wanted = ring_frame(i);

    if (bytes.size != ring_size(i) || frame->seq != wanted->seq ||
        frame->flushed != wanted->flushed || frame->run != RING_RUN ||
        frame->flags != wanted->flags || frame->row.size != wanted->row_size ||
        frame->chain.size != wanted->chain_size ||
        frame->row.data != bytes.data + JN_FRAME_HEADER ||
        frame->chain.data != frame->row.data + frame->row.size)
        return false;
    for (size_t at = 0; at < wanted->row_size + wanted->chain_size; at++)
        if (frame->row.data[at] != byte_of(wanted->seq, at))
            return false;
    return true;
}

void
ring_assert_walk(size_t count, uint64_t limit)
{
    struct jn_tail_walk walk;
    struct jn_frame frame;
    struct jn_span bytes;
    size_t i = 0;

    jn_tail_walk_start(&walk, ring.tail, ring_frame(0)->position, limit,
                       ring_frame(0)->seq, RING_RUN);
    while (i < count && jn_tail_walk_next(&walk, &frame, &bytes) == 0 &&
           is_frame(&frame, bytes, i))
        i++;
    ck_assert_uint_eq(i, count);
    ck_assert_int_eq(jn_tail_walk_next(&walk, &frame, &bytes), JOURNAL_END);
    ck_assert_int_eq(jn_tail_walk_next(&walk, &frame, &bytes), JOURNAL_END);
    ck_assert_uint_eq(walk.position, count < ring.count
                                         ? ring_frame(count)->position
                                         : ring.end);
    jn_tail_walk_free(&walk);
}

unsigned
ring_count_at(uint64_t position, uint64_t seq, uint32_t run)
{
    struct jn_tail_walk walk;
    struct jn_frame frame;
    struct jn_span bytes;
    unsigned count = 0;

    jn_tail_walk_start(&walk, ring.tail, position, UINT64_MAX, seq, run);
    while (jn_tail_walk_next(&walk, &frame, &bytes) == 0)
        count++;
    /* No size that a header claims takes more memory than the ring does. */
    ck_assert_uint_le(walk.capacity, jn_tail_capacity(ring.tail));
    jn_tail_walk_free(&walk);
    return count;
}

bool
ring_shows_loss(uint64_t from, uint64_t limit)
{
    bool loss;

    ck_assert_int_eq(jn_tail_shows_loss(ring.tail, from, limit, &loss), 0);
    return loss;
}

bool
ring_was_flushed(size_t i)
{
    const uint64_t position = ring_frame(i)->position;

    for (; i < ring.count; i++)
        if (ring_frame(i)->flushed > position)
            return true;
    return false;
}
