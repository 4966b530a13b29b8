/*
 * frames.h - which frames of a damaged tail are entries of the journal.
 *
 * All that are sound are found, wherever they lie.  Among them are entries that
 * were drained, some that a rewind has taken back, and what a crash has torn
 * off, which was acknowledged to nobody.  Positions are an order in time: where
 * a frame does not follow on the one before, something between them is damaged
 * if a later one says that more had been flushed, or the index is ahead and
 * leads there, and else there is the end.
 */
#ifndef JN_FRAMES_H
#define JN_FRAMES_H

#include "repair/finds.h"
#include "format/state.h"
#include "tail/tail.h"

struct jn_stray {
    uint64_t position;
    uint64_t flushed;
    uint32_t size;
    uint32_t run;      /* of the frame, */
    uint32_t next_run; /* and of the one behind it */
    uint32_t flags;
    bool follows;        /* it is one of the journal's */
    bool drained;        /* or was */
    struct jn_find find; /* its entry; of a run frame the number alone */
    uint64_t prev;       /* the key's entry before it; JOURNAL_NONE: none */
    uint64_t revision;   /* of its own */
};

/* Begins as {0}. */
struct jn_frames {
    struct jn_stray *list;
    size_t count, capacity;
};

/*
 * Finds all that there are, and which follow on what ROW says; without ROW, or
 * where it is closed, on the first one that lies there.
 */
int jn_frames_find(struct jn_frames *frames, struct jn_tail *tail,
                   const struct jn_tail_row *row);
void jn_frames_free(struct jn_frames *frames);

#endif
