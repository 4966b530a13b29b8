/* looks.h - reads in every way, and believes nothing. */
#ifndef TEST_SWEEP_LOOKS_H
#define TEST_SWEEP_LOOKS_H

#include "book.h"

/*
 * Reads entries of JOURNAL by each call that gives some; what comes has to be
 * what BOOK says is there.  Returns the first error.
 */
int looks_read(struct journal *journal, struct book *book);

#endif
