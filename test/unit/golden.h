/*
 * golden.h - journals of test/data, and texts that say what is in them.
 */
#ifndef TEST_UNIT_GOLDEN_H
#define TEST_UNIT_GOLDEN_H

#include <journal.h>

#include "format/state.h"
#include "support/test.h"

void golden_assert_hex(const uint8_t *bytes, size_t size, const char *expected);

/* Some row of a tail, as format 2 has it, and its bytes. */
extern const struct jn_tail_row golden_tail_row;
extern const char golden_tail_bytes[];
void golden_assert_tail(const struct jn_tail_row *row, const char *expected);

/* The file's bytes and a NUL, for free(). */
char *golden_read(const char *path, size_t *size);
void golden_write(const char *path, const void *bytes, size_t size);

/* Everything in JOURNAL as text, an entry or a mark a line, for free(). */
char *golden_describe(struct journal *journal);

/* JOURNAL holds what the file DESCRIPTION says. */
void golden_assert(struct journal *journal, const char *description);

/* The file DESCRIPTION says what GOLDEN says, but for the times. */
void golden_assert_alike(const char *description, const char *golden);

/* Each key's latest entry is where the last one of the journal is. */
void golden_assert_latest(struct journal *journal);

/* Makes DIRECTORY a copy of what the journal in FROM keeps. */
void golden_copy(const char *directory, const char *from);

/* Puts a copy of that in PATH into DIRECTORY, by NAME, and NAME.txt beside. */
void golden_put(const char *directory, const char *name, const char *path);

/* What golden journals are made with: with the smallest tail, */
struct journal *golden_open(const char *path, uint32_t durability);

/* and COUNT records as one batch, of a few keys, and of all kinds. */
void golden_add(struct journal *journal, unsigned first, unsigned count);

/* How a life begins: twelve entries, and a mark. */
struct journal *golden_begin(const char *path);

/* What LIVE does with the one in PATH, by a process that is killed then. */
void golden_live_and_die(const char *path, uint32_t durability,
                         void (*live)(struct journal *journal));

/* Four entries more, which get the numbers that follow. */
void golden_go_on(struct journal *journal);

#endif
