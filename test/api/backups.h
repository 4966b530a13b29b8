/* backups.h - the steps that tests of journal_backup() are told in. */
#ifndef TEST_API_BACKUPS_H
#define TEST_API_BACKUPS_H

#include "api/steps.h"

/* Where most backups go. */
const char *target(void);

/* Makes one of `journal` without more ado; returns the result. */
int back_up(const char *path);

/* Of `journal`; nothing keeps back what is below BEFORE. */
void prune_before(uint64_t before);

/* Of home(), with a small map: a sanitizer may leave no room for two others. */
struct journal *open_small(uint32_t flags);

/*
 * Progress of a snapshot that is lost: CONTEXT is a struct journal *, NULL at
 * first, that opens home() and appends.  The first one to write opens the file
 * anew that a reader had open.
 */
int come_to_write(void *context, uint64_t done, uint64_t total);

#endif
