/*
 * ring.h - an open tail, and the frames that tests have put into it.
 *
 * One for a test program: a fixture opens it in the test's directory.
 */
#ifndef TEST_UNIT_RING_H
#define TEST_UNIT_RING_H

#include "tail/tail.h"

#define RING_CAPACITY JN_TAIL_MIN
#define RING_SALT UINT64_C(0x1122334455667788)
#define RING_RUN 0x31323334u
#define RING_FIRST 1000u /* number of the first entry */

/* What a frame says, all but its row and chain, which its number tells. */
struct ring_frame {
    uint64_t position;
    uint64_t flushed;
    uint64_t seq;
    size_t row_size;
    size_t chain_size;
    uint32_t flags;
};

struct ring {
    struct jn_tail *tail;
    size_t count;     /* of the frames that ring_add() has put there */
    uint64_t end;     /* where the next one goes */
    uint64_t next;    /* its number */
    uint64_t flushed; /* what every frame that is put there says */
};
extern struct ring ring;

void ring_setup(void);
void ring_teardown(void);

/* Another one takes its place. */
void ring_open(uint64_t capacity, uint64_t salt);

/* Forgets its frames, and goes on at POSITION, which all before is flushed. */
void ring_begin(uint64_t position);

void ring_add(size_t row_size, size_t chain_size, uint32_t flags);

/* Takes the oldest frame to be drained. */
void ring_drop(void);

/* The I-th frame, from the oldest on; what it takes, and without padding. */
const struct ring_frame *ring_frame(size_t i);
size_t ring_size(size_t i);
size_t ring_exact_size(size_t i);

/* Writes frames that are not among those. */
void ring_put(uint64_t position, uint64_t seq, uint32_t run, size_t row_size,
              size_t chain_size);
void ring_put_run(uint64_t position, uint64_t seq, uint32_t old_run,
                  uint32_t run);

/* A walk from the oldest on must find the first COUNT frames, and no more. */
void ring_assert_walk(size_t count, uint64_t limit);

/* How many frames a walk from POSITION, for entry SEQ and RUN, finds. */
unsigned ring_count_at(uint64_t position, uint64_t seq, uint32_t run);

/* What jn_tail_shows_loss() says. */
bool ring_shows_loss(uint64_t from, uint64_t limit);

/* Whether a frame behind the I-th says that this one was flushed. */
bool ring_was_flushed(size_t i);

#endif
