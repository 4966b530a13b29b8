/* cmd_get.c - `journal get`: the latest entry of a key, now or once. */
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "lookup.h"
#include "report.h"

enum option_name { OPTION_AT = 256, OPTION_IMMUTABLE, OPTION_JSON };

static const char short_options[] = "hv";
static const struct option long_options[] = {
    {"at", required_argument, NULL, OPTION_AT},
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, OPTION_IMMUTABLE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0}};

static int
take_option(struct lookup *lookup, const char *command, int option)
{
    switch (option) {
    case 'v':
        lookup->form = OUTPUT_VERBOSE;
        return CLI_OK;
    case OPTION_AT:
        return args_number(command, "--at", optarg, &lookup->at);
    case OPTION_IMMUTABLE:
        lookup->immutable = true;
        return CLI_OK;
    case OPTION_JSON:
        lookup->form = OUTPUT_JSON;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct lookup lookup = {.at = JOURNAL_NONE};
    int option, code;

    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_get);
        code = take_option(&lookup, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
    code = args_operands(argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
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
    .help =
        "\n"
        "Prints the value of the latest entry of KEY, byte for byte; on a\n"
        "terminal, with a newline behind it.  Exit code 1: the key is not\n"
        "known, or deleted.\n"
        "\n"
        "      --at N           as it was when the journal had size N, right\n"
        "                       before entry N was appended\n"
        "  -v, --verbose        number, time, key, ... in front of the value\n"
        "      --json           the entry as a JSON object\n"
        "      --immutable      nobody is writing: take no locks\n",
    .run = run,
};
