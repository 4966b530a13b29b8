/* target.h - opens the journal that a command is given. */
#ifndef TARGET_H
#define TARGET_H

#include <journal.h>
#include <stdbool.h>
#include <stdint.h>

/* FLAGS are of enum journal_open_flag.  Says what is wrong; enum cli_exit. */
int target_open(const char *path, uint32_t flags, struct journal **journal);

int target_open_with(const char *path, const struct journal_options *options,
                     struct journal **journal);

/* For the commands that only read; IMMUTABLE: take no locks. */
int target_open_to_read(const char *path, bool immutable,
                        struct journal **journal);

/* The journal's figures.  Says what is wrong; enum cli_exit. */
int target_stat(struct journal *journal, const char *path,
                struct journal_stat *stat);

/*
 * How many entries have numbers in [FIRST, LIMIT): after a compaction, fewer
 * than there are numbers.  Says what is wrong; enum cli_exit.
 */
int target_count(struct journal *journal, const char *path, uint64_t first,
                 uint64_t limit, uint64_t *count);

/*
 * The mark that stands lowest, by which journal_prune() stops.  *SEQ is
 * JOURNAL_NONE where there is no mark.  Says what is wrong; enum cli_exit.
 */
int target_slowest_mark(struct journal *journal, const char *path,
                        char name[JOURNAL_MARK_SIZE], uint64_t *seq);

/*
 * Lowers *BEFORE to the slowest mark, if that is lower and FLAGS, of enum
 * journal_prune_flag, heed marks; and says so: whoever wonders why a journal
 * does not get smaller should find the reason.
 */
int target_heed_marks(struct journal *journal, const char *path, uint32_t flags,
                      uint64_t *before);

/* Says that entry SEQ cannot be had, and which numbers can.  enum cli_exit. */
int target_missing(struct journal *journal, const char *path, int result,
                   uint64_t seq);

#endif
