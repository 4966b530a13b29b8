/*
 * memory.h - memory that runs out when it is told to, and is counted.
 *
 * The programs of this folder have their own malloc(), which LMDB and the C
 * library use too.  With a sanitizer, which has its own, only the calls from
 * the journal and from the test are seen.
 */
#ifndef TEST_SWEEP_MEMORY_H
#define TEST_SWEEP_MEMORY_H

/* Blocks that were allocated and not freed. */
long memory_live(void);

#endif
