/*
 * target.h - a place where a journal is to appear: whole, or not at all.
 *
 * A backup, or what was saved of a damaged journal, goes to a path where there
 * is nothing, or an empty directory.  Its data file is made in a directory of
 * its own, NAME.partial/data.mdb.partial beside what is not there yet, or
 * data.mdb.partial in what is; and gets to its place, flushed, at the very end.
 * What a crash leaves before that is no journal, and the next attempt of the
 * same user at the same path takes it away.
 */
#ifndef JN_TARGET_H
#define JN_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#define JN_TARGET_WORK "data.mdb.partial"

/* Empties what an attempt that came to its end has left in DIRECTORY. */
void jn_target_sweep(const char *directory);

/*
 * ENOTEMPTY if DIRECTORY's NAME is a directory that has in it what a sweep does
 * not take.
 */
int jn_target_check_removal(const char *directory, const char *name);

/* Where TO will be is within FROM, or is that; as far as there is anything. */
bool jn_target_is_within(const char *from, const char *to);

struct jn_target {
    char path[PATH_MAX];     /* of the directory that will be the journal, */
    char base[PATH_MAX];     /* as it is called until then, */
    char work[PATH_MAX];     /* and in it, where the data file is made */
    bool new_base, new_work; /* made by this attempt */
    bool made;               /* BASE is ours */
    int lock;                /* open as long as somebody is at work */
};

/*
 * Makes a directory target->work for the data file, and maybe, with MODE, the
 * one around it.  JOURNAL_EXISTS: there is something at PATH.  JOURNAL_BUSY:
 * somebody else is at work for the same one.  Else close it.
 */
int jn_target_open(struct jn_target *target, const char *path, mode_t mode);

/*
 * The data file in target->work, which is flushed, becomes that of a journal at
 * PATH, and both are there durably on return.  What else is in target->work is
 * removed.  What root has made so is given to the owner of LIKE, if not NULL.
 * JOURNAL_EXISTS: there is something at PATH by now.
 */
int jn_target_finish(struct jn_target *target, const struct stat *like);

/* Removes whatever is not finished. */
void jn_target_close(struct jn_target *target);

#endif
