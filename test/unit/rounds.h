/*
 * rounds.h - a journal whose tail is drained step by step, and a model of it.
 *
 * Its store has a history of some keys; its tail has more entries of these, and
 * of new ones: of all kinds, as chance has it.  A step is a commit of a round.
 */
#ifndef TEST_UNIT_ROUNDS_H
#define TEST_UNIT_ROUNDS_H

#include "model/compare.h"
#include "support/test.h"
#include "write/handle.h"

enum rounds_state {
    ROUNDS_NONE,
    ROUNDS_HALF_KEYED,
    ROUNDS_ALL_KEYED,
    ROUNDS_HALF_MOVED,
    ROUNDS_STATES
};

extern struct journal *rounds_journal;
extern struct model rounds_model;
extern struct keys rounds_keys;

/* In the test's directory, with no round begun. */
void rounds_setup(uint32_t durability);
void rounds_teardown(void);

/* The handle is of exactly this kind. */
struct journal *rounds_open(const char *path, uint32_t durability,
                            uint32_t flags);

/* Appends a few entries, to TO and to the model. */
void rounds_append(struct journal *to);

/*
 * Appends entries that were chosen by rounds_setup(), once; and has the model
 * of another process learn that this was done.
 */
void rounds_append_later(struct journal *to);
void rounds_know_later(struct journal *in);

/* RECORDS have been appended: the model knows of them too. */
void rounds_know(struct journal *in, const struct journal_record *records,
                 size_t count);

/* A commit with a few keys or entries; false: there was nothing to do. */
bool rounds_step(struct journal *journal);
void rounds_finish(struct journal *journal);

/* What the row of the tail says.  It counts as moved from where it began on. */
enum rounds_state rounds_state_of(struct journal *journal,
                                  struct jn_tail_row *row);

/* Where the frame of entry SEQ, which is recent, lies in the file. */
struct rounds_place {
    uint64_t start, size;
};
struct rounds_place rounds_place_of(struct journal *journal, uint64_t seq);

/* Puts the files, as they are on the disk now, into the directory PATH. */
void rounds_copy(const char *path);
void rounds_remove_copy(const char *path);

/* JOURNAL says what the model does: all of it, or what chance chooses. */
void rounds_compare(struct journal *journal);
void rounds_compare_some(struct journal *journal);

/* Has a child do WORK, with no handle open; it has to end well. */
void rounds_in_child(void (*work)(void *context), void *context);

#endif
