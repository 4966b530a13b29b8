/*
 * inspect.h - what is in a directory, before anything in it is touched.
 *
 * A directory may hold a journal, nothing, or what a creation or a removal
 * left that did not come to its end; anything else is not ours to change.  Of
 * these two data.mdb.new tells, which is there as long as a tail means nothing.
 */
#ifndef JN_INSPECT_H
#define JN_INSPECT_H

#include <stdbool.h>

#define JN_NEW_FILE "data.mdb.new" /* the data file while it is made */

enum jn_content {
    JN_CONTENT_ABSENT,  /* there is no directory */
    JN_CONTENT_NOTHING, /* it is empty, or holds leftovers of a journal */
    JN_CONTENT_REMAINS, /* a tail, whose data file somebody has taken away */
    JN_CONTENT_DATA     /* there is a data file */
};

/* JOURNAL_UNSUPPORTED if it holds something else. */
int jn_inspect_directory(const char *directory, enum jn_content *content);

/*
 * Looks at the data file without changing it: 0 if LMDB may have it.
 * JOURNAL_UNSUPPORTED: no journal, or not one for this build.
 * JOURNAL_CORRUPT: damaged or cut short.  *SIZE is the size it should have,
 * and may be over the one it has.  Not while others may write.
 */
int jn_inspect_file(const char *directory, unsigned long long *size);

#endif
