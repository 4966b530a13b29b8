/* target.c - opens the journal that a command is given. */
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "denied.h"
#include "report.h"

/* A journal whose first pages are gone looks like no journal at all. */
static bool
has_been_a_journal(const char *path)
{
    char file[PATH_MAX];
    int length = snprintf(file, sizeof(file), "%s/data.mdb", path);

    return length > 0 && (size_t)length < sizeof(file) &&
           access(file, F_OK) == 0;
}

/* What is denied, and whether it can be done without. */
static void
hint_at_denial(const char *path, int result, uint32_t flags)
{
    struct denied denied = {.locks = true};
    bool found = denied_find(&denied, path, flags);

    if (found && result != EROFS)
        denied_hint(&denied);
    if ((!found || denied.locks) && (flags & JOURNAL_OPEN_READ_ONLY) != 0 &&
        (flags & JOURNAL_OPEN_IMMUTABLE) == 0)
        report_hint("if nobody is writing to it, --immutable reads it "
                    "without locks");
}

static void
hint_at_open(const char *path, int result, uint32_t flags)
{
    switch (result) {
    case JOURNAL_NOT_FOUND:
        report_hint("there is no journal; `journal append` makes one");
        break;
    case JOURNAL_BUSY:
        report_hint("wait until whoever has it open has finished");
        break;
    case JOURNAL_CORRUPT:
        report_hint("it is damaged too much to be opened; `journal salvage` "
                    "carries over what can be read into a new journal");
        report_hint("first keep a copy of the directory, and write nothing "
                    "to it");
        break;
    case JOURNAL_UNSUPPORTED:
        report_advice(path, result);
        if (has_been_a_journal(path))
            report_hint("if it was a journal until now, its head is damaged: "
                        "keep a copy, and see `journal help salvage`");
        break;
    case JOURNAL_FULL:
        if (has_been_a_journal(path))
            report_hint("make room on its disk");
        else
            report_hint("make room on its disk, or choose another: a journal "
                        "takes %s to begin with",
                        REPORT_FIRST_ROOM);
        break;
    case ENOENT:
        if ((flags & (JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_EXISTING)) == 0)
            report_hint("the journal's directory is made, but not those above "
                        "it: `mkdir -p` does");
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        hint_at_denial(path, result, flags);
        break;
    default:
        report_advice(path, result);
        break;
    }
}

int
target_open_with(const char *path, const struct journal_options *options,
                 struct journal **journal)
{
    int rc = journal_open(path, options, journal);

    if (rc == 0)
        return CLI_OK;
    report_result(path, rc, NULL);
    hint_at_open(path, rc, options->flags);
    return report_exit(rc);
}

int
target_open(const char *path, uint32_t flags, struct journal **journal)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    return target_open_with(path, &options, journal);
}

int
target_open_to_read(const char *path, bool immutable, struct journal **journal)
{
    uint32_t flags = JOURNAL_OPEN_READ_ONLY;

    if (immutable)
        flags |= JOURNAL_OPEN_IMMUTABLE;
    return target_open(path, flags, journal);
}

int
target_stat(struct journal *journal, const char *path,
            struct journal_stat *stat)
{
    int rc;

    *stat = (struct journal_stat){.struct_size = sizeof(*stat)};
    rc = journal_stat(journal, stat);
    return rc == 0 ? CLI_OK : report_failure(path, rc, NULL);
}

/* One that is damaged is one, too. */
static int
count_one_by_one(struct journal *journal, const char *path, uint64_t first,
                 uint64_t limit, uint64_t *count)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    struct journal_query query;
    int rc;

    journal_query_init(&query);
    query.first = first;
    query.limit = limit;
    rc = journal_query(journal, &query, &cursor);
    if (rc != 0)
        return report_failure(path, rc, "counting entries");
    *count = 0;
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        if (rc != 0 && rc != JOURNAL_CORRUPT)
            break;
        ++*count;
    }
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? CLI_OK
                             : report_failure(path, rc, "counting entries");
}

int
target_count(struct journal *journal, const char *path, uint64_t first,
             uint64_t limit, uint64_t *count)
{
    struct journal_stat stat;
    int code = target_stat(journal, path, &stat);

    if (code != CLI_OK)
        return code;
    if (first < stat.first)
        first = stat.first;
    if (limit > stat.size)
        limit = stat.size;
    if (first >= limit || stat.entries == stat.size - stat.first) {
        *count = first < limit ? limit - first : 0;
        return CLI_OK;
    }
    return count_one_by_one(journal, path, first, limit, count);
}

int
target_slowest_mark(struct journal *journal, const char *path,
                    char name[JOURNAL_MARK_SIZE], uint64_t *seq)
{
    char at[JOURNAL_MARK_SIZE] = "";
    uint64_t found;
    int rc;

    *seq = JOURNAL_NONE;
    while ((rc = journal_next_mark(journal, at, &found)) == 0) {
        if (found >= *seq)
            continue;
        *seq = found;
        memcpy(name, at, sizeof(at));
    }
    return rc == JOURNAL_END ? CLI_OK : report_failure(path, rc, "marks");
}

int
target_heed_marks(struct journal *journal, const char *path, uint32_t flags,
                  uint64_t *before)
{
    char name[JOURNAL_MARK_SIZE];
    uint64_t slowest;
    int code;

    if ((flags & JOURNAL_PRUNE_PAST_MARKS) != 0)
        return CLI_OK;
    code = target_slowest_mark(journal, path, name, &slowest);
    if (code != CLI_OK || slowest >= *before)
        return code;
    report_hint("the mark %s holds the entries from %" PRIu64 " on; "
                "--past-marks does not stop there",
                report_key(name, strlen(name)), slowest);
    *before = slowest;
    return CLI_OK;
}

int
target_missing(struct journal *journal, const char *path, int result,
               uint64_t seq)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int code = report_failure(path, result, "entry %" PRIu64, seq);

    if (result != JOURNAL_PRUNED && result != JOURNAL_OUT_OF_RANGE)
        return code;
    if (journal_stat(journal, &stat) != 0)
        return code;
    if (stat.first == stat.size)
        report_hint("the journal has no entries; the next gets number %" PRIu64,
                    stat.size);
    else
        report_hint("it has the entries %" PRIu64 " to %" PRIu64, stat.first,
                    stat.size - 1);
    return code;
}
