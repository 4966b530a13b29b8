/* cmd_read.c - `journal read`: an entry by its number. */
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "output.h"
#include "report.h"
#include "target.h"

static const struct cli_option options[] = {
    {"verbose", 'v', NULL, "number, time, key, ... in front of the value"},
    {ARGS_ROW_JSON, "the entry as a JSON object"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

struct request {
    const char *path;
    uint64_t seq;
    enum output_form form;
    struct args_common common;
};

static int
read_entry(const struct request *request)
{
    struct journal_entry *entry = NULL;
    struct journal *journal = NULL;
    int rc, code;

    code = target_open_to_read(request->path, request->common.immutable,
                               &journal);
    if (code != CLI_OK)
        return code;
    rc = journal_read(journal, request->seq, &entry);
    if (rc != 0) {
        code = target_missing(journal, request->path, rc, request->seq);
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
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case 'v':
        request->form = OUTPUT_VERBOSE;
        return CLI_OK;
    default:
        return report_try_help(command);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {0};
    int code = args_options(&cmd_read, argc, argv, &request.common, take_option,
                            &request);

    if (code == CLI_OK)
        code = args_operands(&cmd_read, argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
    if (request.common.json)
        request.form = OUTPUT_JSON;
    request.path = argv[optind];
    code = args_number(argv[0], "N", argv[optind + 1], &request.seq);
    return code == CLI_OK ? read_entry(&request) : code;
}

const struct cli_command cmd_read = {
    .name = "read",
    .synopsis = "[OPTIONS] PATH N",
    .summary = "print the value of the entry numbered N",
    .about =
        "\n"
        "Prints the value of entry N, byte for byte; on a terminal, with a\n"
        "newline behind it.  Exit code 1: pruned, or not appended yet.\n",
    .options = options,
    .run = run,
};
