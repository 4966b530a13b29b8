/*
 * board.h - where writers note what they do, in memory that outlives them.
 *
 * A writer notes an operation before it begins and again when the library has
 * acknowledged it.  What is begun and not acknowledged when the writer is
 * killed may have happened or not; what is acknowledged has.
 */
#ifndef TEST_CRASH_BOARD_H
#define TEST_CRASH_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BOARD_WRITERS 5u
#define BOARD_OPERATIONS 2048u

enum operation_kind { APPEND, PRUNE, REWIND };

/* REFUSED: the library has said no, and nothing was done. */
enum outcome { BEGUN, ACKNOWLEDGED, REFUSED };

struct operation {
    enum operation_kind kind;
    _Atomic(enum outcome) outcome;
    uint64_t argument; /* the attempt's number; below which; to which size */
    uint64_t count;    /* of an append's records */
    bool expects;      /* an append expects its first key's latest to be */
    uint64_t expected; /* this */
    uint64_t number;   /* acknowledged: that of an append's first entry */
};

struct writer {
    atomic_uint ready; /* it has opened the journal */
    atomic_uint count;
    struct operation operations[BOARD_OPERATIONS];
    atomic_uint complained;
    char complaint[256]; /* why it has given up */
};

struct board {
    struct writer writers[BOARD_WRITERS];
};

/* Shared with the processes forked from now on. */
struct board *board_make(void);
void board_free(struct board *board);

/* For a new round. */
void board_wipe(struct board *board);

/* NULL when there is no more room. */
struct operation *board_begin(struct writer *writer,
                              const struct operation *operation);

void board_acknowledge(struct operation *operation, uint64_t number);
void board_refuse(struct operation *operation);

void board_complain(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
