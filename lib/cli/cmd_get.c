/* cmd_get.c - `journal get`: the latest entry of a key, now or once. */
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "lookup.h"
#include "report.h"

enum option_name { OPTION_AT = 256 };

static const struct cli_option options[] = {
    {"at", OPTION_AT, "N",
     "as it was when the journal had size N, right\n"
     "before entry N was appended"},
    {"verbose", 'v', NULL, "number, time, key, ... in front of the value"},
    {ARGS_ROW_JSON, "the entry as a JSON object"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

static int
take_option(void *context, const char *command, int option)
{
    struct lookup *lookup = context;

    switch (option) {
    case 'v':
        lookup->form = OUTPUT_VERBOSE;
        return CLI_OK;
    case OPTION_AT:
        return args_number(command, "--at", optarg, &lookup->at);
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct lookup lookup = {.at = JOURNAL_NONE};
    struct args_common common = {false, false, false};
    int code = args_options(&cmd_get, argc, argv, &common, take_option,
                            &lookup);

    if (code == CLI_OK)
        code = args_operands(&cmd_get, argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
    lookup.immutable = common.immutable;
    if (common.json)
        lookup.form = OUTPUT_JSON;
    lookup.path = argv[optind];
    lookup.key = argv[optind + 1];
    lookup.key_size = strlen(argv[optind + 1]);
    if (lookup.key_size == 0)
        return report_usage(argv[0], "KEY is empty");
    return lookup_print(&lookup);
}

const struct cli_command cmd_get = {
    .name = "get",
    .synopsis = "[OPTIONS] PATH KEY",
    .summary = "print the latest value of a key, now or at an earlier size",
    .about =
        "\n"
        "Prints the value of the latest entry of KEY, byte for byte; on a\n"
        "terminal, with a newline behind it.  Exit code 1: the key is not\n"
        "known, or deleted.\n",
    .options = options,
    .run = run,
};
