/*
 * snapshot.h - a journal as it is at one moment, read without trust.
 *
 * A pin keeps the pages of that moment from being overwritten, and nobody from
 * anything; they are read with plain reads, not through LMDB, which would crash
 * on what is damaged.  What the ring of the tail holds besides is copied at
 * once: it is overwritten before long.
 */
#ifndef JN_SNAPSHOT_H
#define JN_SNAPSHOT_H

#include "pages/pages.h"
#include "journal/shared.h"
#include "format/state.h"
#include "tail/tail.h"

struct jn_snapshot {
    struct jn_pin pin;
    bool pinned;
    uint64_t number;        /* of the transaction */
    struct jn_pages *pages; /* NULL: the meta page of the moment is damaged */
    bool meta_bad;          /* one of the two is */
    bool unread;            /* damage may hide rows that follow */
    struct jn_state state;
    bool state_known;
    struct jn_tail_row row; /* all 0 if there is no tail, or no such row */
    bool tail_bad;          /* its file, apart from what is in the ring */
    uint8_t *ring;          /* bytes from position row.start on */
    uint64_t written;       /* as far as it has been written */
    uint64_t published;     /* as far as it could be read then */
};

/*
 * Whatever is damaged is told by what is filled in; the result is about memory,
 * files and locks.  EAGAIN: others write so fast that none could be taken.
 */
int jn_snapshot_take(struct jn_snapshot *snapshot, struct jn_shared *shared);

/*
 * Whether it was there all the time; if not, what was read may be of another
 * moment, or of none.
 */
bool jn_snapshot_release(struct jn_snapshot *snapshot);

/*
 * The frame of an entry at or behind *POSITION in what was published, in order
 * of numbers, NEXT or above.  *POSITION is where it ends.  JOURNAL_END: there
 * is none.  *TORN, if something lies before it, or before the end, that is no
 * frame.
 */
int jn_snapshot_frame(const struct jn_snapshot *snapshot, uint64_t *position,
                      uint64_t next, struct jn_frame *frame, bool *torn);

#endif
