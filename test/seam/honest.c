/* honest.c - what a call may answer when calls of its own fail. */
#include "seam/honest.h"

#include <check.h>
#include <errno.h>
#include <journal.h>

#include "seam/seams.h"

bool
honest_is(int result)
{
    switch (result) {
    case JOURNAL_END:
    case JOURNAL_NOT_FOUND:
    case JOURNAL_PRUNED:
    case JOURNAL_OUT_OF_RANGE:
    case JOURNAL_CONFLICT:
    case JOURNAL_OUTDATED:
    case JOURNAL_TOO_BIG:
    case JOURNAL_READ_ONLY:
    case JOURNAL_TIMEOUT:
    case JOURNAL_FORKED:
    case JOURNAL_EXISTS:
    case EINVAL:
        return false;
    default:
        return true;
    }
}

bool
honest_went_well(int result, const char *what)
{
    ck_assert_msg(honest_is(result), "%s: %s, after %s failed", what,
                  journal_errname(result), seams_name());
    ck_assert_msg(result == 0 || seams_hit(), "%s: %s", what,
                  journal_errname(result));
    return result == 0;
}
