/* cmd_prune.c - `journal prune`: removes the oldest entries. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "object.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "target.h"

/* Entries between two signs of life. */
#define STEP 65536u

enum option_name {
    OPTION_BEFORE = 256,
    OPTION_DRY_RUN,
    OPTION_KEEP,
    OPTION_PAST_MARKS,
    OPTION_UNTIL
};

static const struct cli_option options[] = {
    {"before", OPTION_BEFORE, "N", "remove those below number N"},
    {"keep", OPTION_KEEP, "N", "remove all but the newest N"},
    {"until", OPTION_UNTIL, "TIME",
     "remove what was appended before TIME, as\n"
     "\"30 days ago\"; see 'journal help query'"},
    {"past-marks", OPTION_PAST_MARKS, NULL, "don't stop at marks"},
    {"dry-run", OPTION_DRY_RUN, NULL, "only print how many it would be"},
    {ARGS_ROW_JSON, "print how many as a JSON object"},
    {ARGS_ROW_QUIET, "don't print how many"},
    {0}};

struct request {
    const char *path;
    uint64_t before; /* JOURNAL_NONE: not given */
    uint64_t keep;   /* JOURNAL_NONE: not given */
    uint64_t until;  /* ns since 1970; JOURNAL_NONE: not given */
    uint32_t flags;  /* of enum journal_prune_flag */
    bool dry_run;
    struct args_common common;
};

/*
 * The number of the oldest of the newest KEEP entries, between which numbers
 * may be missing.  One that is damaged is not counted, and so is kept beside.
 */
static int
find_kept(struct journal *journal, const struct request *request,
          const struct journal_stat *stat, uint64_t *seq)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    struct journal_query query;
    uint64_t left = request->keep;
    int rc;

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_REVERSE;
    query.limit = stat->size;
    rc = journal_query(journal, &query, &cursor);
    if (rc != 0)
        return report_failure(request->path, rc, "counting entries");
    *seq = stat->size;
    while (left > 0) {
        rc = journal_next(cursor, &entry);
        if (rc != 0 && rc != JOURNAL_CORRUPT)
            break;
        if (rc == JOURNAL_CORRUPT)
            continue;
        *seq = entry->seq;
        left--;
    }
    journal_cursor_close(cursor);
    return left == 0 || rc == JOURNAL_END
               ? CLI_OK
               : report_failure(request->path, rc, "counting entries");
}

/* The first number to stay, at most the size. */
static int
first_kept(struct journal *journal, const struct request *request,
           const struct journal_stat *stat, uint64_t *before)
{
    bool holes = stat->entries < stat->size - stat->first;
    int rc;

    *before = stat->first;
    if (request->until != JOURNAL_NONE) {
        rc = journal_find_time(journal, request->until, before);
        return rc == 0 ? CLI_OK : report_failure(request->path, rc, "--until");
    }
    if (request->keep == JOURNAL_NONE)
        *before = request->before < stat->size ? request->before : stat->size;
    else if (request->keep < stat->entries && !holes)
        *before = stat->size - request->keep;
    else if (request->keep < stat->entries)
        return find_kept(journal, request, stat, before);
    return CLI_OK;
}

/*
 * Adds to *REMOVED what has gone, also where it fails half way.  ECANCELED: a
 * signal says stop.
 */
static int
prune_steps(struct journal *journal, uint32_t flags, uint64_t first,
            uint64_t before, uint64_t *removed, struct progress *progress)
{
    uint64_t at = first, count;
    int rc;

    while (at < before) {
        at = before - at > STEP ? at + STEP : before;
        rc = journal_prune(journal, at, flags, &count);
        if (rc != 0)
            return rc;
        *removed += count;
        if (progress_show(progress, at - first, before - first) != 0)
            return ECANCELED;
    }
    return 0;
}

static void
print_json(const struct request *request, uint64_t removed)
{
    struct object json;

    object_begin(&json);
    object_number(&json, "removed", removed);
    if (request->dry_run)
        object_true(&json, "dry_run");
    object_end(&json);
}

static int
print_removed(const struct request *request, uint64_t removed)
{
    if (request->common.quiet)
        return CLI_OK;
    if (request->common.json)
        print_json(request, removed);
    else
        printf("%" PRIu64 " %s %sremoved\n", removed,
               removed == 1 ? "entry" : "entries",
               request->dry_run ? "would be " : "");
    return output_flush();
}

static int
prune_journal(struct journal *journal, const struct request *request)
{
    struct journal_stat stat;
    struct progress progress;
    uint64_t before, removed = 0;
    int rc, code;

    code = target_stat(journal, request->path, &stat);
    if (code == CLI_OK)
        code = first_kept(journal, request, &stat, &before);
    if (code == CLI_OK)
        code = target_heed_marks(journal, request->path, request->flags,
                                 &before);
    if (code == CLI_OK && request->dry_run)
        code = target_count(journal, request->path, 0, before, &removed);
    if (code != CLI_OK)
        return code;
    if (request->dry_run)
        return print_removed(request, removed);
    progress_begin(&progress, "pruning");
    rc = prune_steps(journal, request->flags, stat.first, before, &removed,
                     &progress);
    progress_clear();
    code = print_removed(request, removed);
    progress_end(&progress);
    return rc != 0 ? report_failure(request->path, rc, "pruning") : code;
}

static int
prune(const struct request *request)
{
    struct journal *journal = NULL;
    int code;

    code = target_open(request->path,
                       request->dry_run ? JOURNAL_OPEN_READ_ONLY
                                        : JOURNAL_OPEN_EXISTING,
                       &journal);
    if (code != CLI_OK)
        return code;
    code = prune_journal(journal, request);
    journal_close(journal);
    return code;
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case OPTION_BEFORE:
        return args_number(command, "--before", optarg, &request->before);
    case OPTION_DRY_RUN:
        request->dry_run = true;
        return CLI_OK;
    case OPTION_KEEP:
        return args_number(command, "--keep", optarg, &request->keep);
    case OPTION_PAST_MARKS:
        request->flags |= JOURNAL_PRUNE_PAST_MARKS;
        return CLI_OK;
    case OPTION_UNTIL:
        return args_when(command, "--until", optarg, &request->until);
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {.before = JOURNAL_NONE,
                              .keep = JOURNAL_NONE,
                              .until = JOURNAL_NONE};
    int code = args_options(&cmd_prune, argc, argv, &request.common,
                            take_option, &request);

    if (code == CLI_OK)
        code = args_operands(&cmd_prune, argc, argv, 1, 1);
    if (code != CLI_OK)
        return code;
    if ((request.before != JOURNAL_NONE) + (request.keep != JOURNAL_NONE) +
            (request.until != JOURNAL_NONE) !=
        1)
        return report_usage(argv[0],
                            "give either --before or --keep or --until");
    request.path = argv[optind];
    return prune(&request);
}

const struct cli_command cmd_prune = {
    .name = "prune",
    .synopsis = "[OPTIONS] PATH",
    .summary = "remove the oldest entries",
    .about =
        "\n"
        "Removes the oldest entries and prints how many.  Numbers are not\n"
        "used again; a key whose latest entry goes is no longer known.\n"
        "Stops at the slowest mark.  The room is for later entries, the file\n"
        "stays as large as it is; `journal backup` makes a small one.\n",
    .options = options,
    .run = run,
};
