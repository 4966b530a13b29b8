/* files.h - directories of journals, and what a process has open. */
#ifndef TEST_SWEEP_FILES_H
#define TEST_SWEEP_FILES_H

#include <stdbool.h>

/* The name of a backup beside home. */
#define FILES_COPY "copy"

/* An empty directory. */
void files_make(const char *directory);

/* Makes TO with a copy of the journal in FROM/home, if there is one. */
void files_copy(const char *from, const char *to);

void files_remove(const char *directory);

/* Whether there is anything in DIRECTORY. */
bool files_left(const char *directory);

/* Whether there is a data file in DIRECTORY/home. */
bool files_journal(const char *directory);

/*
 * Moves DIRECTORY/copy to become home of the new directory DIRECTORY/aside,
 * whose path it returns; NULL if there is no copy.
 */
const char *files_set_aside(const char *directory);

/*
 * Whether there is nothing but the files of a journal in DIRECTORY/home, and
 * nothing else but a copy in DIRECTORY; HOME: home has to be there.
 */
bool files_are_known(const char *directory, bool home);

/* The last one that was not. */
const char *files_unknown(void);

/* Descriptors of this process. */
int files_open(void);

/* Maps of this process of files below DIRECTORY. */
int files_mapped(const char *directory);

#endif
