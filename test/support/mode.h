/*
 * mode.h - the durability and the tail that the journals of this run have.
 *
 * Test programs are linked so that journal_open() asks here first.  A handle
 * whose options leave a field at its default gets, instead,
 *
 *     TEST_DURABILITY   durable or relaxed
 *     TEST_TAIL         bytes of the tail
 *
 * of the environment, so that one run of the tests can be about either.  What
 * a test claims of JOURNAL_DURABLE alone, it claims of a handle opened by
 * mode_open_as_is(), or where mode_is_relaxed() says no.
 */
#ifndef TEST_SUPPORT_MODE_H
#define TEST_SUPPORT_MODE_H

#include <journal.h>
#include <stdbool.h>

/* Whether handles are JOURNAL_RELAXED unless they choose. */
bool mode_is_relaxed(void);

/* What handles ask for unless they choose; 0: the library's default. */
uint64_t mode_tail_bytes(void);

/* The library's own journal_open(): the options are those that are given. */
int mode_open_as_is(const char *path, const struct journal_options *options,
                    struct journal **journal);

/* The same with these options, and all others at their defaults; or fails. */
struct journal *mode_open_with(const char *path, uint32_t durability,
                               uint32_t flags, uint64_t tail_bytes);

#endif
