/* cmd_get.c - `journal get`: the latest entry of a key, now or once. */
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "output.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_AT = 256, OPTION_IMMUTABLE, OPTION_JSON };

static const char short_options[] = "hv";
static const struct option long_options[] = {
    {"at", required_argument, NULL, OPTION_AT},
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, OPTION_IMMUTABLE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0}};

struct request {
    const char *path;
    const char *key;
    uint64_t at; /* JOURNAL_NONE: now */
    enum output_form form;
    bool immutable;
};

static int
fail(struct journal *journal, const struct request *request, int result)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    const char *key = report_key(request->key, strlen(request->key));

    if (request->at == JOURNAL_NONE)
        return report_failure(request->path, result, "key %s", key);
    report_failure(request->path, result, "key %s at %" PRIu64, key,
                   request->at);
    if (result == JOURNAL_OUT_OF_RANGE && journal_stat(journal, &stat) == 0)
        report_hint("the size is %" PRIu64, stat.size);
    return report_exit(result);
}

static int
get(const struct request *request)
{
    struct journal_entry *entry = NULL;
    struct journal *journal = NULL;
    size_t key_size = strlen(request->key);
    int rc, code;

    code = target_open_to_read(request->path, request->immutable, &journal);
    if (code != CLI_OK)
        return code;
    if (request->at == JOURNAL_NONE)
        rc = journal_get(journal, request->key, key_size, &entry);
    else
        rc = journal_get_at(journal, request->key, key_size, request->at,
                            &entry);
    if (rc != 0) {
        code = fail(journal, request, rc);
        goto out;
    }
    output_entry(entry, request->form);
    code = output_flush();
out:
    journal_entry_free(entry);
    journal_close(journal);
    return code;
}

static int
take_option(struct request *request, const char *command, int option)
{
    switch (option) {
    case 'v':
        request->form = OUTPUT_VERBOSE;
        return CLI_OK;
    case OPTION_AT:
        return args_number(command, "--at", optarg, &request->at);
    case OPTION_IMMUTABLE:
        request->immutable = true;
        return CLI_OK;
    case OPTION_JSON:
        request->form = OUTPUT_JSON;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {.at = JOURNAL_NONE};
    int option, code;

    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_get);
        code = take_option(&request, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
    code = args_operands(argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
    request.path = argv[optind];
    request.key = argv[optind + 1];
    if (request.key[0] == '\0')
        return report_usage(argv[0], "KEY is empty");
    return get(&request);
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
