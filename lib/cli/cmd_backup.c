/* cmd_backup.c - `journal backup`: a journal of all that is in another. */
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
#include "text.h"

static const struct cli_option options[] = {
    {ARGS_ROW_IMMUTABLE},
    {ARGS_ROW_JSON, "the figures of the backup as a JSON object"},
    {ARGS_ROW_QUIET, "don't print them"},
    {0}};

struct request {
    const char *path;
    const char *to;
    struct args_common common;
};

static void
print_json(const struct journal_stat *stat)
{
    struct object json;

    object_begin(&json);
    object_number(&json, "first", stat->first);
    object_number(&json, "size", stat->size);
    object_number(&json, "entries", stat->entries);
    object_number(&json, "bytes_file", stat->bytes_file);
    object_end(&json);
}

static void
print_text(const struct journal_stat *stat)
{
    char size[TEXT_SIZE_SIZE];

    text_size(size, stat->bytes_file);
    printf("%" PRIu64 " %s in %s\n", stat->entries,
           stat->entries == 1 ? "entry" : "entries", size);
}

/* What the backup says of itself: it is opened for that, and left as it is. */
static int
print_result(const struct request *request)
{
    struct journal *journal = NULL;
    struct journal_stat stat;
    int code;

    if (request->common.quiet)
        return CLI_OK;
    code = target_open_to_read(request->to, true, &journal);
    if (code == CLI_OK)
        code = target_stat(journal, request->to, &stat);
    journal_close(journal);
    if (code != CLI_OK)
        return code;
    if (request->common.json)
        print_json(&stat);
    else
        print_text(&stat);
    return output_flush();
}

static void
hint_at(int result, const struct request *request)
{
    if (result == JOURNAL_EXISTS)
        report_hint("a backup goes to where there is nothing, or an empty "
                    "directory");
    if (result == EINVAL)
        report_hint("a backup goes to another directory than its journal");
    if (result == JOURNAL_CORRUPT) {
        report_hint("no backup was made, and those from before are worth the "
                    "more");
        report_advice(request->path, result);
    }
}

static int
back_up(struct journal *journal, const struct request *request)
{
    struct progress progress;
    int rc;

    progress_begin(&progress, "copying");
    rc = journal_backup(journal, request->to, 0, progress_show, &progress);
    progress_end(&progress);
    if (rc == 0)
        return print_result(request);
    if (rc == JOURNAL_CORRUPT)
        report_result(request->path, rc, NULL);
    else
        report_failure(request->to, rc,
                       rc == JOURNAL_BUSY ? "another backup to it is at work"
                                          : NULL);
    hint_at(rc, request);
    return rc == JOURNAL_EXISTS ? CLI_USAGE : report_exit(rc);
}

static int
run(int argc, char **argv)
{
    struct request request = {.path = NULL};
    struct journal *journal = NULL;
    int code = args_options(&cmd_backup, argc, argv, &request.common, NULL,
                            NULL);

    if (code == CLI_OK)
        code = args_operands(&cmd_backup, argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
    request.path = argv[optind];
    request.to = argv[optind + 1];
    code = target_open_to_read(request.path, request.common.immutable,
                               &journal);
    if (code != CLI_OK)
        return code;
    code = back_up(journal, &request);
    journal_close(journal);
    return code;
}

const struct cli_command cmd_backup = {
    .name = "backup",
    .synopsis = "[OPTIONS] PATH TO",
    .summary = "make a journal of all that is in another",
    .about =
        "\n"
        "Makes a journal TO, which must not be there yet, or be an empty\n"
        "directory.  Others may go on to append to the one at PATH.  TO is\n"
        "there when it is whole and on the disk, and takes as little room as\n"
        "can be.  Everything is checked on its way: of a damaged journal no\n"
        "backup is made.\n",
    .options = options,
    .run = run,
};
