/*
 * tail_fuzz.c - a ring of frames and of what else may lie there, read by the
 * library and by a reader that is as simple as the words of tail.h.
 *
 * An input is where the ring begins and how far it is read, of 2 bytes each,
 * little endian, and then deeds that fill it, told by their first byte.
 */
#include <errno.h>
#include <journal.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "fuzz.h"
#include "tail/tail.h"

#define CAPACITY JN_TAIL_MIN
#define SALT UINT64_C(0x1122334455667788)
#define RUN 7u
#define FIRST 1000u
#define STEP 8u

/* What is in the ring, as far as this file knows. */
static uint8_t shadow[CAPACITY];
static struct jn_tail *tail;

/* What a deed knows of those before. */
struct writer {
    uint64_t end; /* of what was written last */
    uint64_t seq;
    uint32_t run;
};

/* ---- input --------------------------------------------------------------- */

/* Takes a number of SIZE bytes off the front; 0 for what is not there. */
static uint64_t
take(struct jn_span *in, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < size && in->size > 0; i++) {
        number |= (uint64_t)in->data[0] << (8 * i);
        *in = jn_span(in->data + 1, in->size - 1);
    }
    return number;
}

static void
put(uint64_t position, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        shadow[(position + i) % CAPACITY] = bytes[i];
    fuzz_check(jn_tail_write(tail, position, bytes, size) == 0, "it is there");
}

/* A frame behind what was written last, right but for what the input says. */
static void
put_frame(struct writer *writer, struct jn_span *in)
{
    static uint8_t bytes[JN_FRAME_HEADER + 255 * 64 + 255 + 8];
    size_t row = (size_t)(1 + take(in, 1)) * (1 + take(in, 1) % 63);
    size_t chain = (size_t)take(in, 1);
    struct jn_frame frame = {.seq = writer->seq + take(in, 1) / 250,
                             .run = writer->run + (uint32_t)take(in, 1) / 250,
                             .flags = (uint32_t)take(in, 1) % 8};
    uint64_t back = take(in, 1) * 16;

    row = row > 255 * 63 ? 255 * 63 : row;
    frame.flushed = back < writer->end ? writer->end - back : 0;
    memset(bytes, (int)(writer->seq & 0xff) | 1, sizeof(bytes));
    frame.row = jn_span(bytes + JN_FRAME_HEADER, row);
    frame.chain = jn_span(frame.row.data + row, chain);
    jn_frame_seal(bytes, &frame, SALT, writer->end);
    put(writer->end, bytes, jn_frame_size(row, chain));
    writer->end += jn_frame_size(row, chain);
    writer->seq++;
}

static void
put_run(struct writer *writer, struct jn_span *in)
{
    uint8_t bytes[JN_RUN_FRAME];
    struct jn_frame frame = {.flushed = writer->end,
                             .seq = writer->seq,
                             .run = writer->run};

    writer->run = (uint32_t)take(in, 1);
    jn_frame_seal_run(bytes, &frame, writer->run, SALT, writer->end);
    put(writer->end, bytes, sizeof(bytes));
    writer->end += sizeof(bytes);
}

static void
fill(struct writer *writer, struct jn_span in)
{
    uint64_t begin = writer->end;

    while (in.size > 0) {
        uint8_t deed = (uint8_t)take(&in, 1), byte;

        if (deed < 160) {
            put_frame(writer, &in);
        } else if (deed < 192) {
            put_run(writer, &in);
        } else if (deed < 224) {
            uint64_t at = begin + take(&in, 2);

            byte = (uint8_t)take(&in, 1);
            put(at, &byte, 1);
        } else {
            writer->end = begin + take(&in, 2) / STEP * STEP;
        }
    }
}

/* ---- the simple reader --------------------------------------------------- */

struct frame {
    uint64_t flushed, seq, size;
    uint32_t run, flags, next_run;
    uint8_t bytes[CAPACITY];
};

static uint64_t
number_at(uint64_t position, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < size; i++)
        number |= (uint64_t)shadow[(position + i) % CAPACITY] << (8 * i);
    return number;
}

/* The frame at POSITION, if a sound one lies there that ends by LIMIT. */
static bool
read_frame(struct frame *frame, uint64_t position, uint64_t limit)
{
    uint64_t row = number_at(position + 28, 4);
    uint64_t chain = number_at(position + 32, 2);
    uint64_t exact = JN_FRAME_HEADER + row + chain;

    frame->flags = (uint32_t)number_at(position + 34, 2);
    /* First what most places are refused for. */
    if (frame->flags > 15 ||
        (frame->flags < 8 ? row == 0
                          : frame->flags != 8 || row != 0 || chain != 4))
        return false;
    frame->flushed = number_at(position + 8, 8);
    if (position + (exact + 7) / 8 * 8 > limit || frame->flushed > position)
        return false;
    frame->seq = number_at(position + 16, 8);
    frame->run = (uint32_t)number_at(position + 24, 4);
    frame->next_run = (uint32_t)number_at(position + JN_FRAME_HEADER, 4);
    frame->size = (exact + 7) / 8 * 8;
    for (uint64_t i = 0; i < exact; i++)
        frame->bytes[i] = shadow[(position + i) % CAPACITY];
    return number_at(position, 8) ==
               jn_hash64(jn_span(frame->bytes + 8, (size_t)exact - 8),
                         SALT + position) &&
           (uint32_t)number_at(position + 36, 4) ==
               (uint32_t)jn_hash64(jn_span(frame->bytes + 8, 28),
                                   SALT + position);
}

/* Moves *POSITION, *NEXT, *RUN over the frame that follows on; false: none. */
static bool
read_next(struct frame *frame, uint64_t *position, uint64_t limit,
          uint64_t *next, uint32_t *run)
{
    while (read_frame(frame, *position, limit) && frame->run == *run &&
           frame->seq == *next) {
        *position += frame->size;
        if (frame->flags < 8) {
            ++*next;
            return true;
        }
        *run = frame->next_run;
    }
    return false;
}

static bool
was_flushed(uint64_t from, uint64_t limit)
{
    static struct frame frame;
    uint64_t position = from;

    while (position + JN_FRAME_HEADER <= limit) {
        bool sound = read_frame(&frame, position, limit);

        if (sound && frame.flushed > from)
            return true;
        position += sound ? frame.size : STEP;
    }
    return false;
}

/* ---- both ---------------------------------------------------------------- */

static void
check_walk(uint64_t begin, uint64_t limit)
{
    static struct frame wanted;
    struct jn_tail_walk walk;
    struct jn_frame frame;
    struct jn_span bytes;
    uint64_t position = begin, next = FIRST, far = begin + CAPACITY;
    uint32_t run = RUN;
    bool loss;
    int rc;

    far = limit < far ? limit : far;
    jn_tail_walk_start(&walk, tail, begin, limit, FIRST, RUN);
    while ((rc = jn_tail_walk_next(&walk, &frame, &bytes)) == 0) {
        fuzz_check(read_next(&wanted, &position, far, &next, &run),
                   "there is a frame");
        fuzz_check(bytes.size == wanted.size && frame.seq == wanted.seq &&
                       frame.flags == wanted.flags,
                   "it is that one");
        fuzz_check(memcmp(bytes.data, wanted.bytes,
                          JN_FRAME_HEADER + frame.row.size +
                              frame.chain.size) == 0,
                   "it has its bytes");
    }
    fuzz_check(rc == JOURNAL_END, "it comes to an end");
    fuzz_check(!read_next(&wanted, &position, far, &next, &run), "so it is");
    fuzz_check(walk.position == position, "and there it is");
    fuzz_check(walk.capacity <= CAPACITY, "no more memory than the ring");
    jn_tail_walk_free(&walk);
    fuzz_check(jn_tail_shows_loss(tail, position, far, &loss) == 0 &&
                   loss == was_flushed(position, far),
               "it knows what was flushed");
}

static void
open_once(void)
{
    const struct jn_tail_name name = {.salt = SALT, .capacity = CAPACITY};
    char directory[512], path[528];

    fuzz_directory(directory, sizeof(directory), "tail-fuzz");
    fuzz_check(jn_tail_create(directory, &name, 0600) == 0, "there is a tail");
    fuzz_check(jn_tail_open(&tail, directory, &name, false) == 0, "it opens");
    /* It stays open, and leaves no trace. */
    (void)snprintf(path, sizeof(path), "%s/%s", directory, JN_TAIL_FILE);
    fuzz_check(unlink(path) == 0 && rmdir(directory) == 0, "it is hidden");
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct jn_span in = jn_span(data, size);
    struct writer writer = {.seq = FIRST, .run = RUN};
    uint64_t begin, limit;

    if (tail == NULL)
        open_once();
    memset(shadow, 0, sizeof(shadow));
    fuzz_check(jn_tail_write(tail, 0, shadow, sizeof(shadow)) == 0, "clean");
    begin = take(&in, 2) * STEP;
    limit = take(&in, 2);
    limit = limit == UINT16_MAX ? UINT64_MAX : begin + limit * STEP;
    writer.end = begin;
    fill(&writer, in);
    check_walk(begin, limit);
    return 0;
}
