/* newest_steps.h - what the tests of the newest entries have in common. */
#ifndef TEST_UNIT_NEWEST_STEPS_H
#define TEST_UNIT_NEWEST_STEPS_H

#include "write/handle.h"
#include "support/test.h"

#define VALUE 1000u /* bytes of each value */

extern struct journal *journal;

/* Opens the one of test_dir, relaxed. */
struct journal *open_as(uint32_t flags, uint64_t tail_bytes);
void open_and_close(void);

/* Appends COUNT entries of one key. */
void append(struct journal *to, unsigned count);
uint64_t size_of(struct journal *of);

/* Has another process do WORK, which ends without closing what it has open. */
void in_another(void (*work)(void));

/* Of `journal`. */
struct jn_files *files(void);

void teardown(void);

#endif
