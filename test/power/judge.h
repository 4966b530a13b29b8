/*
 * judge.h - is what a crash left a journal, and which?
 *
 * Looks with the public calls only, and trusts none of them: all ways that
 * lead to an entry have to lead to the same one.
 */
#ifndef TEST_POWER_JUDGE_H
#define TEST_POWER_JUDGE_H

#include "life.h"
#include "support/invariants.h"

#define WHY_SIZE INVARIANTS_WHY

/*
 * Opens the journal in DIRECTORY/home, or makes one if MAY_BE_NEW, and reads
 * it into IMAGE.  False, with WHY in words, if it is not sound.
 */
bool judge_open(const char *directory, bool may_be_new,
                struct journal **journal, struct state *image, char *why);

/* Reads JOURNAL, which is open, into IMAGE. */
bool judge_read(struct journal *journal, struct state *image, char *why);

/* The same with one that has been opened to write just now. */
bool judge_opened(struct journal *journal, struct state *image, char *why);

/*
 * Looks at it without a change to it, with FLAGS of journal_open(), before
 * judge_open() does; *FOUND tells whether there is a journal.
 */
bool judge_look(const char *directory, uint32_t flags, bool may_be_new,
                bool *found, struct state *image, char *why);

/*
 * Goes on with it: appends, prunes, closes, opens and reads again, and closes.
 * SALT is that of the new entries.
 */
bool judge_go_on(const char *directory, struct journal *journal,
                 struct state *image, uint64_t salt, char *why);

#endif
