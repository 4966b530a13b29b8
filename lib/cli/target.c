/* target.c - opens the journal that a command is given. */
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "cli.h"
#include "report.h"

static void
hint_at_open(int result, uint32_t flags)
{
    switch (result) {
    case JOURNAL_NOT_FOUND:
        report_hint("there is no journal; `journal append` makes one");
        break;
    case JOURNAL_BUSY:
        report_hint("wait until whoever has it open has finished");
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        if ((flags & JOURNAL_OPEN_READ_ONLY) != 0 &&
            (flags & JOURNAL_OPEN_IMMUTABLE) == 0)
            report_hint("if nobody is writing to it, --immutable reads it "
                        "without locks");
        break;
    default:
        break;
    }
}

int
target_open(const char *path, uint32_t flags, struct journal **journal)
{
    struct journal_options options;
    int rc;

    journal_options_init(&options);
    options.flags = flags;
    rc = journal_open(path, &options, journal);
    if (rc == 0)
        return CLI_OK;
    report_failure(path, rc, NULL);
    hint_at_open(rc, flags);
    return report_exit(rc);
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
