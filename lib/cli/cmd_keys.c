/* cmd_keys.c - `journal keys`: the keys that there are. */
#include <getopt.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "question.h"
#include "report.h"

enum option_name { OPTION_DELETED = 256 };

static const char short_options[] = "e:hn:p:rx";
static const struct option long_options[] = {
    {"at", required_argument, NULL, QUESTION_AT},
    {"count", required_argument, NULL, QUESTION_COUNT},
    {"deleted", no_argument, NULL, OPTION_DELETED},
    {"escaped", no_argument, NULL, QUESTION_ESCAPED},
    {"expr", required_argument, NULL, QUESTION_EXPR},
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, QUESTION_IMMUTABLE},
    {"json", no_argument, NULL, QUESTION_JSON},
    {"prefix", required_argument, NULL, QUESTION_PREFIX},
    {"reverse", no_argument, NULL, QUESTION_REVERSE},
    {"since", required_argument, NULL, QUESTION_SINCE},
    {"until", required_argument, NULL, QUESTION_UNTIL},
    {NULL, 0, NULL, 0}};

static int
keys(struct question *question, int argc, char **argv)
{
    int code = args_operands(argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    question->path = argv[optind];
    question->keys = true;
    code = question_finish(question, argv[0]);
    return code == CLI_OK ? question_list(question) : code;
}

static int
run(int argc, char **argv)
{
    struct question question;
    int option, code = CLI_OK;

    question_init(&question);
    question.query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_keys);
        if (option == OPTION_DELETED)
            question.query.flags &= ~(uint32_t)JOURNAL_QUERY_LIVE;
        else
            code = question_take(&question, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
    code = keys(&question, argc, argv);
    question_free(&question);
    return code;
}

const struct cli_command cmd_keys = {
    .name = "keys",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list the keys",
    .help =
        "\n"
        "Prints a line for each key that is not deleted, in the order in\n"
        "which they were last changed.  Bytes that don't print are shown as\n"
        "\\xNN.\n"
        "\n"
        "      --deleted        deleted keys too, with that word behind them\n"
        "  -p, --prefix BYTES   keys that begin so\n"
        "  -e, --expr EXPR      keys that match a key expression\n"
        "  -x, --escaped        \\xNN in BYTES, EXPR is a byte, as printed\n"
        "      --since TIME     last changed at or after TIME\n"
        "      --until TIME     last changed before TIME; 'journal help "
        "query'\n"
        "                       tells how a TIME is written\n"
        "      --at SIZE        as it was when the journal had that size\n"
        "  -r, --reverse        newest first\n"
        "  -n, --count N        at most N keys\n"
        "      --json           a JSON object on each line: the key, and\n"
        "                       number, time, revision and size of its latest\n"
        "      --immutable      nobody is writing: take no locks\n",
    .run = run,
};
