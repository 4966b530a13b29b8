/*
 * remains.h - the files of a journal, taken at one moment and put down again.
 *
 * What is on the disk between two calls is what a process leaves that dies
 * there.  A journal is its `data.mdb` and its `tail`; the lock files are made
 * anew.
 */
#ifndef TEST_API_REMAINS_H
#define TEST_API_REMAINS_H

#include "api/steps.h"

/* The smallest tail there is, and what lies in the file before its ring. */
#define REMAINS_TAIL 65536u
#define REMAINS_HEADER 4096u

struct remains {
    struct bytes data;
    struct bytes tail; /* data is NULL: there is no such file */
};

/* The files in home(). */
struct remains remains_take(void);
void remains_free(struct remains *remains);

/* Makes home() hold these files and no others. */
void remains_put(const struct bytes *data, const struct bytes *tail);

/* The files in home() are these, byte for byte. */
void remains_assert(const struct bytes *data, const struct bytes *tail);

/* A handle on home() of exactly this kind, with the smallest tail. */
int remains_open(struct journal **opened, uint32_t durability, uint32_t flags);

/* Runs BODY in a child, which has to end by killing itself. */
void remains_die(process *body, void *context);

/* Where a frame lies in the ring of a tail, counted from its beginning. */
struct frame_place {
    size_t at;
    size_t exact; /* bytes, without padding */
    size_t size;
};

/*
 * Finds the frame of entry SEQ in TAIL, in which it is once at most; or of what
 * is there of it.  False: there is none.
 */
bool remains_find(const struct bytes *tail, uint64_t seq,
                  struct frame_place *place);

#endif
