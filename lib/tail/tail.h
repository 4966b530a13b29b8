/*
 * tail.h - the file `tail`: a ring of frames, written before the store is.
 *
 * What is appended lies here first, where one write and one flush of blocks
 * that the file has already make it durable; it is moved to the store later.
 * A *position* counts bytes and only grows; it lies in the file at
 *
 *     JN_TAIL_HEADER + position % capacity
 *
 * so that a frame may run over the end of the ring and go on at its beginning.
 * Frames begin at multiples of 8.  Numbers are little endian.
 *
 *     header    0  "libjournal tail, format 2\n", and zeros
 *              32  id         16 bytes: of the journal
 *              48  salt        8 bytes: random, of this tail alone
 *              56  capacity    8 bytes
 *              64  check       8 bytes: XXH3-64 of the 64 bytes before it
 *              72  zeros
 *
 *     frame     0  check       8 bytes: XXH3-64 of what follows but padding,
 *                              seeded by salt + position
 *               8  flushed     8 bytes: position below which all was known to
 *                              be on the disk, or was drained, when this frame
 *                              was written; at most the frame's own
 *              16  seq         8 bytes: number of the entry
 *              24  run         4 bytes: of frames without a crash between them
 *              28  row size    4 bytes: not 0
 *              32  chain size  2 bytes
 *              34  flags       2 bytes: enum jn_frame_flag
 *              36  mark        4 bytes: low half of the XXH3-64 of the bytes
 *                              from `flushed` on, seeded by salt + position
 *              40  row         the entry's row of the store
 *                  chain       of the entry's key, with this entry
 *                  padding     zeros, up to a multiple of 8
 *
 * A *run frame* has the flag RUN alone, no row, and in place of the chain the
 * 4 bytes of the run that begins behind it.  Its own run is the one that ends
 * there, and its seq that of the entry to come.  It is put behind what a crash
 * has left: what lies farther on, and was not whole then, is of the old run
 * and never follows on again, even where new frames end where old ones began.
 *
 * Nothing is ever wiped out.  The check tells a frame from what else may lie
 * there: zeros, a part of a frame, one of another tail (the salt), one of an
 * earlier time round the ring (the position).  So what is in the tail is the
 * longest sequence, from a position that the store knows, of sound frames of
 * the current run whose numbers follow one another: the *prefix*.
 *
 * A frame behind the prefix whose `flushed` is above the prefix's end proves
 * that flushed bytes are damaged, where otherwise a crash has cut off what
 * nobody was told of.  To look for one at every multiple of 8 there is the
 * mark: a header shows to be one without its row being hashed, and no value
 * that somebody appends can look like many headers, as the salt is random.
 */
#ifndef JN_TAIL_H
#define JN_TAIL_H

#include <sys/stat.h>

#include "base/bytes.h"

#define JN_TAIL_FILE "tail"
#define JN_TAIL_NEW_FILE "tail.new"
#define JN_TAIL_HEADER 4096u /* bytes before the ring */
#define JN_TAIL_ID 16u
#define JN_TAIL_MIN (UINT64_C(64) << 10) /* capacity; a multiple of 4096 */
#define JN_TAIL_MAX (UINT64_C(1) << 30)

#define JN_FRAME_HEADER 40u
#define JN_FRAME_RUN_SIZE 4u /* what a run frame has in place of the chain */
#define JN_RUN_FRAME 48u     /* bytes that it takes */

enum jn_frame_flag {
    JN_FRAME_MORE = 1u << 0,   /* the batch goes on with the next frame */
    JN_FRAME_FRESH = 1u << 1,  /* neither store nor tail had the key before */
    JN_FRAME_BURIED = 1u << 2, /* the key's latest entry was a tombstone */
    JN_FRAME_RUN = 1u << 3     /* a run frame */
};

/* What makes a tail this journal's, and this one of its tails. */
struct jn_tail_name {
    uint8_t id[JN_TAIL_ID];
    uint64_t salt;
    uint64_t capacity;
};

/* A frame; spans point to bytes of somebody else. */
struct jn_frame {
    uint64_t flushed;
    uint64_t seq;
    uint32_t run;
    uint32_t flags;
    struct jn_span row;   /* empty for a run frame, and only then */
    struct jn_span chain; /* of a run frame: 4 bytes, the run that begins */
};

/* Bytes that a frame with these takes, padding included. */
static inline size_t
jn_frame_size(size_t row_size, size_t chain_size)
{
    return (JN_FRAME_HEADER + row_size + chain_size + 7) & ~(size_t)7;
}

/*
 * Completes the frame at OUT, whose row and chain are there already, behind
 * JN_FRAME_HEADER bytes of room: header, check and padding.
 */
void jn_frame_seal(uint8_t *out, const struct jn_frame *frame, uint64_t salt,
                   uint64_t position);

/* A run frame, of what FRAME says: RUN begins behind it. */
void jn_frame_seal_run(uint8_t out[JN_RUN_FRAME], const struct jn_frame *frame,
                       uint32_t run, uint64_t salt, uint64_t position);

/*
 * JOURNAL_CORRUPT unless the first bytes of BYTES are a whole sound frame, for
 * POSITION; *SIZE is what it takes.
 */
int jn_frame_decode(struct jn_frame *frame, struct jn_span bytes, uint64_t salt,
                    uint64_t position, size_t *size);

/* ---- the file ------------------------------------------------------------ */

/*
 * An open tail does not change: threads may use it at once.  In a child of
 * fork() it may be closed, which touches nothing on the disk.
 */
struct jn_tail;

/*
 * Makes DIRECTORY's tail anew, whole and on the disk on return: zeros behind a
 * header that says NAME.  It takes the place of one that is there only when it
 * is ready.  JOURNAL_FULL: no room; nothing is left of it then.
 *
 * The zeros are really written, so that the file's blocks are there and known
 * as written: a flush has only data to bring to the disk, and a store through
 * the mapping finds its block, where it could not be told that there is none.
 */
int jn_tail_create(const char *directory, const struct jn_tail_name *name,
                   mode_t mode);

/*
 * Opens the tail, which must be named NAME and whole: JOURNAL_NOT_FOUND if
 * there is no file, JOURNAL_CORRUPT if it is not that one, or no file at all.
 */
int jn_tail_open(struct jn_tail **tail, const char *directory,
                 const struct jn_tail_name *name, bool read_only);

/* Gives it to the user and the group of LIKE, as far as the process may. */
void jn_tail_give(struct jn_tail *tail, const struct stat *like);

/* There is nothing to flush; TAIL may be NULL. */
void jn_tail_close(struct jn_tail *tail);

uint64_t jn_tail_capacity(const struct jn_tail *tail);
uint64_t jn_tail_salt(const struct jn_tail *tail);

/* Bytes on the disk; the same of what bears the name in DIRECTORY, or 0. */
uint64_t jn_tail_file_size(const struct jn_tail *tail);
uint64_t jn_tail_size_there(const char *directory);

/* Whether the file that is open has no name any more. */
bool jn_tail_is_removed(const struct jn_tail *tail);

/*
 * Writes SIZE bytes, at most the capacity, at POSITION: with a system call...
 * What is there after an error is not known.
 */
int jn_tail_write(struct jn_tail *tail, uint64_t position, const uint8_t *bytes,
                  size_t size);

/* ... or through the mapping, which the death of the process can't undo. */
void jn_tail_store(struct jn_tail *tail, uint64_t position,
                   const uint8_t *bytes, size_t size);

/*
 * Flushes all that has been written; or only the page(s) of [from, to).  Fails
 * with an errno: be it for want of room, what was written may be there, which
 * is not what JOURNAL_FULL says of it.
 */
int jn_tail_flush(struct jn_tail *tail);
int jn_tail_flush_part(struct jn_tail *tail, uint64_t from, uint64_t to);

/*
 * Lets the system begin to bring to the disk what has been written, so that a
 * flush has less to wait for.  It promises nothing, and cannot fail.
 */
void jn_tail_begin_flush(struct jn_tail *tail);

/* Reads SIZE bytes at POSITION, with a system call: no SIGBUS. */
int jn_tail_read(struct jn_tail *tail, uint64_t position, uint8_t *bytes,
                 size_t size);

/* ---- going over frames --------------------------------------------------- */

/*
 * Reads frames one after the other, from position on, below limit, through a
 * buffer of its own.  It checks frames, runs and numbers, and knows nothing of
 * batches.
 */
struct jn_tail_walk {
    struct jn_tail *tail;
    uint64_t position; /* of the next frame */
    uint64_t limit;    /* no frame reaches over it */
    uint64_t next;     /* number that the next entry must have */
    uint32_t run;      /* that it must be of */
    /* What has been read ahead. */
    uint8_t *buffer;
    size_t capacity;
    uint64_t buffered; /* position of the buffer's first byte */
    size_t buffered_size;
};

/* A LIMIT farther than the capacity is taken to be as far as that. */
void jn_tail_walk_start(struct jn_tail_walk *walk, struct jn_tail *tail,
                        uint64_t position, uint64_t limit, uint64_t next,
                        uint32_t run);
void jn_tail_walk_free(struct jn_tail_walk *walk);

/*
 * The next frame of an entry, and where it lies as one piece of *BYTES, until
 * the next call; run frames are gone over on the way.  JOURNAL_END: no sound
 * frame that follows on is at position, where the next one is to be written.
 */
int jn_tail_walk_next(struct jn_tail_walk *walk, struct jn_frame *frame,
                      struct jn_span *bytes);

/*
 * Whether some frame in [FROM, LIMIT), of any run, sound in itself, says that
 * more than FROM had been flushed: what is missing at FROM was acknowledged.
 */
int jn_tail_shows_loss(struct jn_tail *tail, uint64_t from, uint64_t limit,
                       bool *loss);

/* Whether the header of a frame is at POSITION, of whatever run and number. */
int jn_tail_has_frame(struct jn_tail *tail, uint64_t position, bool *has);

/* ---- one that is damaged ------------------------------------------------- */

/*
 * What the header of DIRECTORY's tail says; JOURNAL_CORRUPT if that is not
 * sound, JOURNAL_NOT_FOUND if there is no tail.
 */
int jn_tail_look(const char *directory, struct jn_tail_name *name);

/*
 * Opens to read only what there is of the tail NAME, whatever its header says.
 * What is not there, or cannot be read, is read as zeros.
 */
int jn_tail_open_any(struct jn_tail **tail, const char *directory,
                     const struct jn_tail_name *name);

/*
 * Hands every sound frame that lies in the ring to MEET, wherever the journal
 * says that it begins, until that returns something else than 0.  SIZE is what
 * it takes at POSITION.
 */
typedef int (*jn_tail_meet)(void *context, uint64_t position, size_t size,
                            const struct jn_frame *frame);
int jn_tail_hunt(struct jn_tail *tail, jn_tail_meet meet, void *context);

#endif
