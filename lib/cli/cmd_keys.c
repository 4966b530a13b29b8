/* cmd_keys.c - `journal keys`: the keys that there are. */
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "question.h"
#include "report.h"

enum option_name { OPTION_DELETED = 256 };

static const struct cli_option options[] = {
    {"deleted", OPTION_DELETED, NULL,
     "deleted keys too, with that word behind them"},
    {"prefix", QUESTION_PREFIX, "BYTES", "keys that begin so"},
    {"expr", QUESTION_EXPR, "EXPR", "keys that match a key expression"},
    {"escaped", QUESTION_ESCAPED, NULL,
     "\\xNN in BYTES, EXPR is a byte, as printed"},
    {"since", QUESTION_SINCE, "TIME", "last changed at or after TIME"},
    {"until", QUESTION_UNTIL, "TIME",
     "last changed before TIME; 'journal help query'\n"
     "tells how a TIME is written"},
    {"at", QUESTION_AT, "SIZE", "as it was when the journal had that size"},
    {"reverse", QUESTION_REVERSE, NULL, "newest first"},
    {"count", QUESTION_COUNT, "N", "at most N keys"},
    {ARGS_ROW_JSON, "a JSON object on each line: the key, and\n"
                    "number, time, revision and size of its latest"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

static int
keys(struct question *question, int argc, char **argv)
{
    int code = args_operands(&cmd_keys, argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    question->path = argv[optind];
    question->keys = true;
    code = question_finish(question, argv[0]);
    return code == CLI_OK ? question_list(question) : code;
}

static int
take_option(void *context, const char *command, int option)
{
    struct question *question = context;

    if (option != OPTION_DELETED)
        return question_take(question, command, option);
    question->query.flags &= ~(uint32_t)JOURNAL_QUERY_LIVE;
    return CLI_OK;
}

static int
run(int argc, char **argv)
{
    struct question question;
    int code;

    question_init(&question);
    question.query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    code = args_options(&cmd_keys, argc, argv, &question.common, take_option,
                        &question);
    if (code == CLI_OK)
        code = keys(&question, argc, argv);
    question_free(&question);
    return code;
}

const struct cli_command cmd_keys = {
    .name = "keys",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list the keys",
    .about =
        "\n"
        "Prints a line for each key that is not deleted, in the order in\n"
        "which they were last changed.  Bytes that don't print are shown as\n"
        "\\xNN.\n",
    .options = options,
    .run = run,
};
