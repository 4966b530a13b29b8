/* kinds.h - journals of every kind, for what is about all of a journal. */
#ifndef TEST_API_KINDS_H
#define TEST_API_KINDS_H

#include "api/steps.h"

#define KINDS 7

/* Makes `journal`, which is new, one of kind 0 to KINDS - 1. */
void make_kind(int kind);

/*
 * COUNT entries with keys and without, short and long, stamps, metas, deleted
 * ones, and large ones.  What CHOICE they come of decides what they are; 0: a
 * random one.
 */
void append_any(struct journal *to, unsigned count, uint64_t choice);

/* COUNT million bytes, in entries of a tenth. */
void append_megabytes(unsigned count);

#endif
