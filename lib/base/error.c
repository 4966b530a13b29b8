/* error.c - words for codes. */
#define _GNU_SOURCE 1 /* strerrordesc_np() */

#include "base/error.h"

#include <string.h>

int
jn_error_from_errno(int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return JOURNAL_FULL;
    return error;
}

/* What it is, a colon, and what to do next. */
static const char *
text_of(enum journal_error error)
{
    switch (error) {
    case JOURNAL_END:
        return "no more entries: close the cursor, or wait for the next";
    case JOURNAL_NOT_FOUND:
        return "not found: no such key, mark or journal; look at its name, or "
               "make it";
    case JOURNAL_PRUNED:
        return "has been pruned: go on with the oldest entry retained";
    case JOURNAL_OUT_OF_RANGE:
        return "not appended yet: wait for it, or ask below the journal's size";
    case JOURNAL_CONFLICT:
        return "expectation did not hold: read the latest entry and decide "
               "again";
    case JOURNAL_OUTDATED:
        return "stamp is older than the one in force for the key: drop the "
               "update, or read the newer one";
    case JOURNAL_TOO_BIG:
        return "too big: split it, as keys and metas have at most 65535 bytes, "
               "values and batches 1 GiB; or give journal_fill() more room";
    case JOURNAL_FULL:
        return "journal or disk is full: prune, or make room";
    case JOURNAL_READ_ONLY:
        return "journal was opened read-only: open it without that flag to "
               "change it";
    case JOURNAL_BUSY:
        return "somebody else has the journal open: wait until it is closed "
               "there";
    case JOURNAL_CORRUPT:
        return "damage on disk: keep a copy, and look what journal_verify() "
               "says of it";
    case JOURNAL_FAILED:
        return "an earlier write failed: close the journal everywhere and "
               "open it again";
    case JOURNAL_UNSUPPORTED:
        return "not a journal, or one that this build cannot use: check the "
               "path, its file system and the version";
    case JOURNAL_TIMEOUT:
        return "timed out: wait again, or give up";
    case JOURNAL_FORKED:
        return "handle was opened before fork(): close it and open another";
    case JOURNAL_EXISTS:
        return "something exists there already: open it if it is a journal, "
               "or choose another path";
    }
    return "unknown error";
}

static const char *
name_of(enum journal_error error)
{
#define NAME(code)                                                             \
    case code:                                                                 \
        return #code
    switch (error) {
        NAME(JOURNAL_END);
        NAME(JOURNAL_NOT_FOUND);
        NAME(JOURNAL_PRUNED);
        NAME(JOURNAL_OUT_OF_RANGE);
        NAME(JOURNAL_CONFLICT);
        NAME(JOURNAL_OUTDATED);
        NAME(JOURNAL_TOO_BIG);
        NAME(JOURNAL_FULL);
        NAME(JOURNAL_READ_ONLY);
        NAME(JOURNAL_BUSY);
        NAME(JOURNAL_CORRUPT);
        NAME(JOURNAL_FAILED);
        NAME(JOURNAL_UNSUPPORTED);
        NAME(JOURNAL_TIMEOUT);
        NAME(JOURNAL_FORKED);
        NAME(JOURNAL_EXISTS);
    }
    return "UNKNOWN";
#undef NAME
}

const char *
journal_strerror(int result)
{
    const char *text;

    if (result == 0)
        return "success";
    if (result < 0)
        return text_of((enum journal_error)result);
    /* strerror() may share a buffer between threads; this does not. */
    text = strerrordesc_np(result);
    return text != NULL ? text : "unknown error";
}

const char *
journal_errname(int result)
{
    const char *name;

    if (result == 0)
        return "OK";
    if (result < 0)
        return name_of((enum journal_error)result);
    name = strerrorname_np(result);
    return name != NULL ? name : "UNKNOWN";
}
