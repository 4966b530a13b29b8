/*
 * golden.h - journals of test/data, and texts that say what is in them.
 */
#ifndef TEST_UNIT_GOLDEN_H
#define TEST_UNIT_GOLDEN_H

#include <journal.h>

#include "support/test.h"

void golden_assert_hex(const uint8_t *bytes, size_t size, const char *expected);

/* The file's bytes and a NUL, for free(). */
char *golden_read(const char *path, size_t *size);
void golden_write(const char *path, const void *bytes, size_t size);

/* Everything in JOURNAL as text, an entry or a mark a line, for free(). */
char *golden_describe(struct journal *journal);

/* JOURNAL holds what the file DESCRIPTION says. */
void golden_assert(struct journal *journal, const char *description);

/* Makes DIRECTORY a copy of what the journal in FROM keeps. */
void golden_copy(const char *directory, const char *from);

#endif
