/* cmd_compact.c - `journal compact`: keeps the latest entry of each key. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "object.h"
#include "output.h"
#include "report.h"
#include "target.h"
#include "text.h"

enum option_name { OPTION_BEFORE = 256, OPTION_PAST_MARKS, OPTION_UNTIL };

static const struct cli_option options[] = {
    {"before", OPTION_BEFORE, "N", "leave the entries from number N on alone"},
    {"until", OPTION_UNTIL, "TIME",
     "leave what was appended at TIME or later alone;\n"
     "'journal help query' tells how it is written"},
    {"past-marks", OPTION_PAST_MARKS, NULL, "don't stop at marks"},
    {ARGS_ROW_JSON, "the figures as a JSON object"},
    {ARGS_ROW_QUIET, "don't print them"},
    {0}};

struct request {
    const char *path;
    uint64_t before; /* JOURNAL_NONE: the size */
    uint64_t until;  /* ns since 1970; JOURNAL_NONE: not given */
    uint32_t flags;  /* of enum journal_prune_flag */
    struct args_common common;
};

static void
print_json(uint64_t removed, const struct journal_stat *before,
           const struct journal_stat *after)
{
    struct object json;

    object_begin(&json);
    object_number(&json, "removed", removed);
    object_number(&json, "entries", after->entries);
    object_number(&json, "bytes_logical_before", before->bytes_logical);
    object_number(&json, "bytes_logical", after->bytes_logical);
    object_end(&json);
}

static void
print_text(uint64_t removed, const struct journal_stat *before,
           const struct journal_stat *after)
{
    char was[TEXT_SIZE_SIZE], is[TEXT_SIZE_SIZE];

    text_size(was, before->bytes_logical);
    text_size(is, after->bytes_logical);
    printf("%" PRIu64 " %s removed, %" PRIu64 " left; data was %s, is %s\n",
           removed, removed == 1 ? "entry" : "entries", after->entries, was,
           is);
}

static int
print_result(struct journal *journal, const struct request *request,
             uint64_t removed, const struct journal_stat *before)
{
    struct journal_stat after;
    int code;

    if (request->common.quiet)
        return CLI_OK;
    code = target_stat(journal, request->path, &after);
    if (code != CLI_OK)
        return code;
    if (request->common.json)
        print_json(removed, before, &after);
    else
        print_text(removed, before, &after);
    return output_flush();
}

static int
compact_journal(struct journal *journal, const struct request *request)
{
    uint64_t before = request->before, removed = 0;
    struct journal_stat stat;
    int rc = 0, code;

    code = target_stat(journal, request->path, &stat);
    if (code != CLI_OK)
        return code;
    if (request->until != JOURNAL_NONE)
        rc = journal_find_time(journal, request->until, &before);
    if (rc != 0)
        return report_failure(request->path, rc, "--until");
    if (before > stat.size)
        before = stat.size;
    code = target_heed_marks(journal, request->path, request->flags, &before);
    if (code != CLI_OK)
        return code;
    rc = journal_prune(journal, before,
                       request->flags | JOURNAL_PRUNE_KEEP_LATEST, &removed);
    if (rc != 0)
        return report_failure(request->path, rc, "compacting");
    return print_result(journal, request, removed, &stat);
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case OPTION_BEFORE:
        return args_number(command, "--before", optarg, &request->before);
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
    struct request request = {.before = JOURNAL_NONE, .until = JOURNAL_NONE};
    struct journal *journal = NULL;
    int code = args_options(&cmd_compact, argc, argv, &request.common,
                            take_option, &request);

    if (code == CLI_OK)
        code = args_operands(&cmd_compact, argc, argv, 1, 1);
    if (code != CLI_OK)
        return code;
    if (request.before != JOURNAL_NONE && request.until != JOURNAL_NONE)
        return report_usage(argv[0], "--before and --until");
    request.path = argv[optind];
    code = target_open(request.path, JOURNAL_OPEN_EXISTING, &journal);
    if (code != CLI_OK)
        return code;
    code = compact_journal(journal, &request);
    journal_close(journal);
    return code;
}

const struct cli_command cmd_compact = {
    .name = "compact",
    .synopsis = "[OPTIONS] PATH",
    .summary = "keep only the latest entry of each key",
    .about =
        "\n"
        "Removes every entry that is not the latest of its key, those of\n"
        "deleted keys altogether, and those without a key; prints how many.\n"
        "What is left keeps its number.  Stops at the slowest mark.  The room\n"
        "is for later entries, the file stays as large as it is; `journal\n"
        "backup` makes a small one.\n",
    .options = options,
    .run = run,
};
