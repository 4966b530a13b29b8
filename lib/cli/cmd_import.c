/* cmd_import.c - `journal import`: JSON lines into a journal. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "import.h"
#include "object.h"
#include "output.h"
#include "report.h"

#define BATCH 1000u
#define BATCH_MAX 1000000u

enum option_name {
    OPTION_APPEND = 256,
    OPTION_BATCH,
    OPTION_FILL,
    OPTION_RENUMBER
};

static const struct cli_option options[] = {
    {"renumber", OPTION_RENUMBER, NULL,
     "give the entries new numbers, without gaps; no\n"
     "marks"},
    {"fill", OPTION_FILL, NULL,
     "where numbers are missing, put empty entries\n"
     "without a key; `journal compact` removes them"},
    {"append", OPTION_APPEND, NULL,
     "also to a journal that has entries, if lines\n"
     "have no numbers or get new ones"},
    {"batch", OPTION_BATCH, "N", "lines in a commit (default: 1000)"},
    {ARGS_ROW_JSON, "print the figures as a JSON object"},
    {ARGS_ROW_QUIET, "don't print them"},
    {0}};

struct request {
    struct import_request import;
    struct args_common common;
};

static void
print_json(const struct import_result *result)
{
    struct object json;

    object_begin(&json);
    object_number(&json, "imported", result->imported);
    object_number(&json, "present", result->present);
    object_number(&json, "filled", result->filled);
    object_number(&json, "marks", result->marks);
    object_end(&json);
}

static void
print_text(const struct import_result *result)
{
    printf("%" PRIu64 " %s imported", result->imported,
           result->imported == 1 ? "entry" : "entries");
    if (result->present > 0)
        printf(", %" PRIu64 " there already", result->present);
    if (result->filled > 0)
        printf(", %" PRIu64 " empty for missing numbers", result->filled);
    if (result->marks > 0)
        printf(", %" PRIu64 " %s made", result->marks,
               result->marks == 1 ? "mark" : "marks");
    putchar('\n');
}

static int
import(const struct request *request)
{
    struct import_result result;
    int code = import_run(&request->import, &result);

    if (code != CLI_OK || request->common.quiet)
        return code;
    if (request->common.json)
        print_json(&result);
    else
        print_text(&result);
    return output_flush();
}

static int
set_batch(struct request *request, const char *command)
{
    uint64_t batch;
    int code = args_number(command, "--batch", optarg, &batch);

    if (code != CLI_OK)
        return code;
    if (batch == 0 || batch > BATCH_MAX)
        return report_usage(command, "--batch: 1 to %u", BATCH_MAX);
    request->import.batch = (size_t)batch;
    return CLI_OK;
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case OPTION_APPEND:
        request->import.append = true;
        return CLI_OK;
    case OPTION_BATCH:
        return set_batch(request, command);
    case OPTION_FILL:
        request->import.fill = true;
        return CLI_OK;
    case OPTION_RENUMBER:
        request->import.renumber = true;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

static int
open_file(const char *name)
{
    errno = 0;
    if (freopen(name, "r", stdin) == NULL)
        return report_failure(name, errno != 0 ? errno : EIO, NULL);
    report_input_name = name;
    return CLI_OK;
}

static int
run(int argc, char **argv)
{
    struct request request = {.import = {.batch = BATCH}};
    int code = args_options(&cmd_import, argc, argv, &request.common,
                            take_option, &request);

    if (code == CLI_OK)
        code = args_operands(&cmd_import, argc, argv, 1, 2);
    if (code != CLI_OK)
        return code;
    if (request.import.renumber && request.import.fill)
        return report_usage(argv[0], "--renumber and --fill");
    request.import.path = argv[optind];
    if (optind + 1 < argc)
        code = open_file(argv[optind + 1]);
    return code == CLI_OK ? import(&request) : code;
}

const struct cli_command cmd_import = {
    .name = "import",
    .synopsis = "[OPTIONS] PATH [FILE]",
    .summary = "take JSON lines into a journal",
    .about =
        "\n"
        "Reads FILE, or standard input: what `journal export` or `replay\n"
        "--json` prints, or other lines that `append --json-lines` takes, as\n"
        "{\"key_b64\":...,\"value_b64\":...}.  Entries keep their numbers if "
        "they\n"
        "have some; those that are there already are compared, and left.  So\n"
        "the same command goes on where an earlier run was stopped, by\n"
        "whatever, and does nothing when all is done.  Times are those of the\n"
        "import: `journal backup` keeps them.  Exit code 3: another entry has\n"
        "the number; 5: the export was cut short.\n",
    .options = options,
    .run = run,
};
