/*
 * book.h - what is known of a journal while its calls fail.
 *
 * In memory that outlives the process that writes it.  A deed that succeeded
 * is part of NOW.  One that failed may have been done nevertheless: then NOW is
 * what the journal shows after it, and the deed is noted as *unsure*, which the
 * next success or the next open decides.
 */
#ifndef TEST_SWEEP_BOOK_H
#define TEST_SWEEP_BOOK_H

#include <stdarg.h>
#include <stdbool.h>

#include "power/judge.h"
#include "power/life.h"

#define BOOK_SURE UINT32_MAX

struct book {
    struct life life;
    struct state now;
    uint32_t unsure;   /* a deed of the life's, or BOOK_SURE */
    bool exists;       /* it was opened, and has to be there */
    bool is_copied;    /* a copy was said to be there */
    bool is_part;      /* ... from which something is missing */
    struct state copy; /* what was readable when it was begun */
    bool may_be_gone;  /* somebody has failed to remove it */
    uint32_t crowd;    /* the first append of many at once; or BOOK_SURE */
    struct state before_crowd;
    bool failed;       /* somebody was told JOURNAL_FAILED, and has it open */
    unsigned errors;   /* calls that have said that something was wrong */
    uint64_t keeps;    /* appends may remove all but so many; 0: none */
    char step;         /* in which the fault was met; 0: not yet */
    bool step_failed;  /* ... and which said so */
    bool without_tail; /* ... and which left none in use */
    long blocks;       /* of memory left at the end, more than at the start */
    int files, maps;   /* the same of descriptors, and of the files' maps */
    char wrong[WHY_SIZE]; /* what must not be; "" if all is well */
};

/* Shared with children. */
struct book *book_new(void);
void book_free(struct book *book);

void book_start(struct book *book, uint64_t salt);

/* Only the first complaint is kept. */
void book_complain(struct book *book, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether the journal may turn out to be IMAGE. */
bool book_allows(const struct book *book, const struct state *image);

/* The deed that was unsure has turned out: the journal is IMAGE. */
void book_decide(struct book *book, const struct state *image);

/* Enters a deed that begins; returns its number. */
uint32_t book_begin(struct book *book, const struct deed *deed);

/* It has succeeded; an append of which the first entry has number SEQ. */
void book_done(struct book *book, uint32_t number, uint64_t seq);

/* It has failed with RC, and the journal shows IMAGE now. */
void book_failed(struct book *book, uint32_t number, int rc,
                 const struct state *image);

#endif
