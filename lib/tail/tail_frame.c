/* tail_frame.c - frames: sealed, decoded, read one after the other. */
#include "tail/tail.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/error.h"

#define STEP 8u                  /* frames begin at multiples of it */
#define PIECE ((size_t)64 << 10) /* read at a time, if frames are smaller */

/* Where in a frame its fields are. */
enum field {
    CHECK = 0,
    FLUSHED = 8,
    SEQ = 16,
    RUN = 24,
    ROW_SIZE = 28,
    CHAIN_SIZE = 32, /* 2 bytes, and 2 of flags: 4 that are put as one */
    MARK = 36
};

#define FLAGS_SHIFT 16u
#define FLAGS (JN_FRAME_MORE | JN_FRAME_FRESH | JN_FRAME_BURIED | JN_FRAME_RUN)

static_assert(JN_FRAME_HEADER == MARK + 4, "the header has no gaps");

/* ---- one frame ----------------------------------------------------------- */

/* Run frames have nothing else, and all others have a row. */
static bool
sizes_suit(uint64_t row_size, uint64_t chain_size, uint32_t flags)
{
    if ((flags & JN_FRAME_RUN) == 0)
        return row_size > 0;
    return flags == JN_FRAME_RUN && row_size == 0 &&
           chain_size == JN_FRAME_RUN_SIZE;
}

static uint64_t
check_of(const uint8_t *bytes, size_t size, uint64_t seed)
{
    return jn_hash64(jn_span(bytes + FLUSHED, size - FLUSHED), seed);
}

static uint32_t
mark_of(const uint8_t *header, uint64_t seed)
{
    return (uint32_t)check_of(header, MARK, seed);
}

void
jn_frame_seal(uint8_t *out, const struct jn_frame *frame, uint64_t salt,
              uint64_t position)
{
    size_t size = JN_FRAME_HEADER + frame->row.size + frame->chain.size;
    uint64_t seed = salt + position;

    assert(frame->row.size <= UINT32_MAX && frame->chain.size <= UINT16_MAX);
    assert((frame->flags & ~FLAGS) == 0);
    assert(sizes_suit(frame->row.size, frame->chain.size, frame->flags));
    assert(position % STEP == 0 && frame->flushed <= position);
    jn_put_le64(out + FLUSHED, frame->flushed);
    jn_put_le64(out + SEQ, frame->seq);
    jn_put_le32(out + RUN, frame->run);
    jn_put_le32(out + ROW_SIZE, (uint32_t)frame->row.size);
    jn_put_le32(out + CHAIN_SIZE,
                (uint32_t)frame->chain.size | frame->flags << FLAGS_SHIFT);
    jn_put_le32(out + MARK, mark_of(out, seed));
    memset(out + size, 0,
           jn_frame_size(frame->row.size, frame->chain.size) - size);
    jn_put_le64(out + CHECK, check_of(out, size, seed));
}

void
jn_frame_seal_run(uint8_t out[JN_RUN_FRAME], const struct jn_frame *given,
                  uint32_t run, uint64_t salt, uint64_t position)
{
    struct jn_frame frame = *given;
    uint8_t *chain = out + JN_FRAME_HEADER;

    jn_put_le32(chain, run);
    frame.flags = JN_FRAME_RUN;
    frame.row = jn_span(chain, 0);
    frame.chain = jn_span(chain, JN_FRAME_RUN_SIZE);
    jn_frame_seal(out, &frame, salt, position);
}

/*
 * The bytes that the frame with this header takes without padding; 0 if it is
 * none for POSITION.  Cheap questions come first.
 */
static uint64_t
size_in_header(const uint8_t *header, uint64_t salt, uint64_t position)
{
    uint32_t others = jn_get_le32(header + CHAIN_SIZE);
    uint32_t flags = others >> FLAGS_SHIFT, chain_size = others & UINT16_MAX;
    uint64_t row_size = jn_get_le32(header + ROW_SIZE);

    if ((flags & ~FLAGS) != 0 || !sizes_suit(row_size, chain_size, flags) ||
        jn_get_le64(header + FLUSHED) > position ||
        jn_get_le32(header + MARK) != mark_of(header, salt + position))
        return 0;
    return JN_FRAME_HEADER + row_size + chain_size;
}

static uint64_t
padded(uint64_t size)
{
    return (size + STEP - 1) / STEP * STEP;
}

int
jn_frame_decode(struct jn_frame *frame, struct jn_span bytes, uint64_t salt,
                uint64_t position, size_t *size)
{
    const uint8_t *in = bytes.data;
    uint64_t exact = 0;
    uint32_t others;
    size_t row_size;

    if (bytes.size >= JN_FRAME_HEADER)
        exact = size_in_header(in, salt, position);
    if (exact == 0 || padded(exact) > bytes.size ||
        jn_get_le64(in + CHECK) != check_of(in, (size_t)exact, salt + position))
        return JOURNAL_CORRUPT;
    others = jn_get_le32(in + CHAIN_SIZE);
    row_size = jn_get_le32(in + ROW_SIZE);
    frame->flushed = jn_get_le64(in + FLUSHED);
    frame->seq = jn_get_le64(in + SEQ);
    frame->run = jn_get_le32(in + RUN);
    frame->flags = others >> FLAGS_SHIFT;
    frame->row = jn_span(in + JN_FRAME_HEADER, row_size);
    frame->chain = jn_span(in + JN_FRAME_HEADER + row_size,
                           others & UINT16_MAX);
    *size = (size_t)padded(exact);
    return 0;
}

/* ---- one after the other ------------------------------------------------- */

void
jn_tail_walk_start(struct jn_tail_walk *walk, struct jn_tail *tail,
                   uint64_t position, uint64_t limit, uint64_t next,
                   uint32_t run)
{
    uint64_t room = limit > position ? limit - position : 0;
    uint64_t capacity = jn_tail_capacity(tail);

    assert(position % STEP == 0);
    room = room < capacity ? room : capacity;
    *walk = (struct jn_tail_walk){.tail = tail,
                                  .position = position,
                                  .limit = position + room,
                                  .next = next,
                                  .run = run};
}

void
jn_tail_walk_free(struct jn_tail_walk *walk)
{
    free(walk->buffer);
    walk->buffer = NULL;
    walk->capacity = 0;
    walk->buffered_size = 0;
}

/* Room for SIZE bytes, and for a piece, of which there are no more AHEAD. */
static int
enlarge(struct jn_tail_walk *walk, size_t size, uint64_t ahead)
{
    size_t piece = ahead < PIECE ? (size_t)ahead : PIECE;
    size_t capacity = size > piece ? size : piece;

    if (capacity <= walk->capacity)
        return 0;
    jn_tail_walk_free(walk);
    walk->buffer = malloc(capacity);
    if (walk->buffer == NULL)
        return ENOMEM;
    walk->capacity = capacity;
    return 0;
}

/* SIZE bytes at the walk's position; the limit is not nearer. */
static int
look(struct jn_tail_walk *walk, size_t size, const uint8_t **bytes)
{
    uint64_t skipped = walk->position - walk->buffered;
    uint64_t ahead = walk->limit - walk->position;
    int rc;

    if (skipped <= walk->buffered_size &&
        size <= walk->buffered_size - skipped) {
        *bytes = walk->buffer + skipped;
        return 0;
    }
    rc = enlarge(walk, size, ahead);
    if (rc != 0)
        return rc;
    ahead = ahead < walk->capacity ? ahead : walk->capacity;
    walk->buffered_size = 0;
    rc = jn_tail_read(walk->tail, walk->position, walk->buffer, (size_t)ahead);
    if (rc != 0)
        return rc;
    walk->buffered = walk->position;
    walk->buffered_size = (size_t)ahead;
    *bytes = walk->buffer;
    return 0;
}

/*
 * The frame at the walk's position, if there is a sound one: JOURNAL_END if
 * not.  No more is read than fits below the limit.
 */
static int
frame_here(struct jn_tail_walk *walk, struct jn_frame *frame,
           struct jn_span *bytes)
{
    uint64_t ahead = walk->limit - walk->position, size;
    const uint8_t *data;
    int rc;

    if (ahead < JN_FRAME_HEADER)
        return JOURNAL_END;
    rc = look(walk, JN_FRAME_HEADER, &data);
    if (rc != 0)
        return rc;
    size = padded(
        size_in_header(data, jn_tail_salt(walk->tail), walk->position));
    if (size == 0 || size > ahead)
        return JOURNAL_END;
    rc = look(walk, (size_t)size, &data);
    if (rc != 0)
        return rc;
    *bytes = jn_span(data, (size_t)size);
    rc = jn_frame_decode(frame, *bytes, jn_tail_salt(walk->tail),
                         walk->position, &bytes->size);
    return rc == JOURNAL_CORRUPT ? JOURNAL_END : rc;
}

int
jn_tail_walk_next(struct jn_tail_walk *walk, struct jn_frame *frame,
                  struct jn_span *bytes)
{
    int rc;

    while ((rc = frame_here(walk, frame, bytes)) == 0) {
        if (frame->run != walk->run || frame->seq != walk->next)
            return JOURNAL_END;
        walk->position += bytes->size;
        if ((frame->flags & JN_FRAME_RUN) == 0) {
            walk->next++;
            return 0;
        }
        walk->run = jn_get_le32(frame->chain.data);
    }
    return rc;
}

/* ---- what should not be missing ------------------------------------------ */

/* Moves on to where a header of a frame is; JOURNAL_END: there is none. */
static int
find_header(struct jn_tail_walk *walk)
{
    uint64_t salt = jn_tail_salt(walk->tail);

    while (walk->limit - walk->position >= JN_FRAME_HEADER) {
        const uint8_t *header;
        int rc = look(walk, JN_FRAME_HEADER, &header);

        if (rc != 0)
            return rc;
        if (size_in_header(header, salt, walk->position) != 0)
            return 0;
        walk->position += STEP;
    }
    return JOURNAL_END;
}

int
jn_tail_shows_loss(struct jn_tail *tail, uint64_t from, uint64_t limit,
                   bool *loss)
{
    struct jn_tail_walk walk;
    struct jn_frame frame;
    struct jn_span bytes;
    int rc = 0;

    *loss = false;
    jn_tail_walk_start(&walk, tail, from, limit, 0, 0);
    while (!*loss && (rc = find_header(&walk)) == 0) {
        rc = frame_here(&walk, &frame, &bytes);
        if (rc != 0 && rc != JOURNAL_END)
            break;
        /* Within a sound frame no other begins, whatever its row says. */
        walk.position += rc == 0 ? bytes.size : STEP;
        *loss = rc == 0 && frame.flushed > from;
    }
    jn_tail_walk_free(&walk);
    return *loss || rc == JOURNAL_END ? 0 : rc;
}

int
jn_tail_has_frame(struct jn_tail *tail, uint64_t position, bool *has)
{
    uint8_t header[JN_FRAME_HEADER];
    int rc = jn_tail_read(tail, position, header, sizeof(header));

    *has = rc == 0 && size_in_header(header, jn_tail_salt(tail), position) != 0;
    return rc;
}

/* ---- all that there is --------------------------------------------------- */

/*
 * The position that the header at the walk's place in the ring is for, if it is
 * one of a frame.  It is not below what the frame says was flushed, and at most
 * once round the ring above.
 */
static bool
tell_position(const struct jn_tail_walk *walk, const uint8_t *header,
              uint64_t *position, uint64_t *size)
{
    uint64_t salt = jn_tail_salt(walk->tail), flushed;
    uint64_t capacity = jn_tail_capacity(walk->tail);

    flushed = jn_get_le64(header + FLUSHED);
    if (flushed > UINT64_MAX / 2)
        return false;
    *position = flushed +
                (walk->position + capacity - flushed % capacity) % capacity;
    for (unsigned i = 0; i < 2; i++, *position += capacity) {
        *size = padded(size_in_header(header, salt, *position));
        if (*size != 0)
            return *size <= capacity;
    }
    return false;
}

/* The frame at the walk's place; *SIZE is 0 if there is none. */
static int
hunt_here(struct jn_tail_walk *walk, struct jn_frame *frame, uint64_t *position,
          size_t *size)
{
    const uint8_t *bytes;
    uint64_t claimed;
    int rc = look(walk, JN_FRAME_HEADER, &bytes);

    *size = 0;
    if (rc != 0 || !tell_position(walk, bytes, position, &claimed))
        return rc;
    rc = look(walk, (size_t)claimed, &bytes);
    if (rc == 0 &&
        jn_frame_decode(frame, jn_span(bytes, (size_t)claimed),
                        jn_tail_salt(walk->tail), *position, size) != 0)
        *size = 0;
    return rc;
}

int
jn_tail_hunt(struct jn_tail *tail, jn_tail_meet meet, void *context)
{
    uint64_t capacity = jn_tail_capacity(tail);
    struct jn_tail_walk walk = {.tail = tail, .limit = 2 * capacity};
    int rc = 0;

    while (rc == 0 && walk.position < capacity) {
        struct jn_frame frame;
        uint64_t position;
        size_t size;

        rc = hunt_here(&walk, &frame, &position, &size);
        if (rc == 0 && size > 0)
            rc = meet(context, position, size, &frame);
        walk.position += size > 0 ? size : STEP;
    }
    jn_tail_walk_free(&walk);
    return rc;
}
