/* cmd_read.c - `journal read`: an entry by its number. */
#include <getopt.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "output.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_IMMUTABLE = 256, OPTION_JSON };

static const char short_options[] = "hv";
static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, OPTION_IMMUTABLE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"verbose", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0}};

struct request {
    const char *path;
    uint64_t seq;
    enum output_form form;
    bool immutable;
};

static int
read_entry(const struct request *request)
{
    struct journal_entry *entry = NULL;
    struct journal *journal = NULL;
    int rc, code;

    code = target_open_to_read(request->path, request->immutable, &journal);
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
run(int argc, char **argv)
{
    struct request request = {0};
    int option, code;

    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_read);
        if (option == 'v')
            request.form = OUTPUT_VERBOSE;
        else if (option == OPTION_JSON)
            request.form = OUTPUT_JSON;
        else if (option == OPTION_IMMUTABLE)
            request.immutable = true;
        else
            return report_try_help(argv[0]);
    }
    code = args_operands(argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
    request.path = argv[optind];
    code = args_number(argv[0], "N", argv[optind + 1], &request.seq);
    return code == CLI_OK ? read_entry(&request) : code;
}

const struct cli_command cmd_read = {
    .name = "read",
    .synopsis = "[OPTIONS] PATH N",
    .summary = "print the value of the entry numbered N",
    .help =
        "\n"
        "Prints the value of entry N, byte for byte; on a terminal, with a\n"
        "newline behind it.  Exit code 1: pruned, or not appended yet.\n"
        "\n"
        "  -v, --verbose        number, time, key, ... in front of the value\n"
        "      --json           the entry as a JSON object\n"
        "      --immutable      nobody is writing: take no locks\n",
    .run = run,
};
