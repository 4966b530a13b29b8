/* target.h - opens the journal that a command is given. */
#ifndef TARGET_H
#define TARGET_H

#include <journal.h>
#include <stdbool.h>
#include <stdint.h>

/* FLAGS are of enum journal_open_flag.  Says what is wrong; enum cli_exit. */
int target_open(const char *path, uint32_t flags, struct journal **journal);

/* For the commands that only read; IMMUTABLE: take no locks. */
int target_open_to_read(const char *path, bool immutable,
                        struct journal **journal);

/* The journal's figures.  Says what is wrong; enum cli_exit. */
int target_stat(struct journal *journal, const char *path,
                struct journal_stat *stat);

/* Says that entry SEQ cannot be had, and which numbers can.  enum cli_exit. */
int target_missing(struct journal *journal, const char *path, int result,
                   uint64_t seq);

#endif
