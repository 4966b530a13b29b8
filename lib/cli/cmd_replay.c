/* cmd_replay.c - `journal replay`: entries in the order of their numbers. */
#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "listing.h"
#include "question.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_LAST = 256 };

static const struct cli_option options[] = {
    {"first", QUESTION_FIRST, "N",
     "from entry N on (default: the oldest one);\n"
     "or --from N"},
    {"last", OPTION_LAST, "N", "from N entries before the end on"},
    {"limit", QUESTION_LIMIT, "N", "up to entry N, without it"},
    {"count", QUESTION_COUNT, "N", "at most N lines"},
    {"key", QUESTION_KEY, "KEY", "only the entries of KEY"},
    {"meta", QUESTION_META, NULL, "a column for the meta, before the value"},
    {ARGS_ROW_JSON, "a JSON object on each line"},
    {ARGS_ROW_IMMUTABLE},
    {"from", QUESTION_FROM, "N", NULL},
    {0}};

struct request {
    struct question question;
    uint64_t last; /* from that many before the end; JOURNAL_NONE: not so */
};

/*
 * --last counts from the end, as far as there are entries; a limit beyond the
 * end is the end.
 */
static int
set_range(struct journal *journal, struct request *request)
{
    struct journal_query *query = &request->question.query;
    struct journal_stat stat;
    int code = target_stat(journal, request->question.path, &stat);

    if (code != CLI_OK)
        return code;
    if (query->limit > stat.size)
        query->limit = stat.size;
    if (request->last < stat.size - stat.first)
        query->first = stat.size - request->last;
    return CLI_OK;
}

static int
replay(struct request *request)
{
    struct question *question = &request->question;
    struct journal *journal = NULL;
    struct journal_cursor *cursor = NULL;
    struct listing listing;
    int code;

    code = target_open_to_read(question->path, question->common.immutable,
                               &journal);
    if (code == CLI_OK)
        code = set_range(journal, request);
    if (code == CLI_OK)
        code = listing_init(&listing, journal, question);
    if (code == CLI_OK)
        code = question_ask(journal, question, &cursor);
    if (code == CLI_OK)
        code = listing_finish(&listing, cursor);
    journal_cursor_close(cursor);
    journal_close(journal);
    return code;
}

static int
check(struct request *request, int argc, char **argv)
{
    struct question *question = &request->question;
    int code = args_operands(&cmd_replay, argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    if (question->query.first != JOURNAL_NONE && request->last != JOURNAL_NONE)
        return report_usage(argv[0], "--first and --last");
    question->path = argv[optind];
    return question_finish(question, argv[0]);
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    if (option == OPTION_LAST)
        return args_number(command, "--last", optarg, &request->last);
    return question_take(&request->question, command, option);
}

static int
run(int argc, char **argv)
{
    struct request request = {.last = JOURNAL_NONE};
    int code;

    question_init(&request.question);
    code = args_options(&cmd_replay, argc, argv, &request.question.common,
                        take_option, &request);
    if (code == CLI_OK)
        code = check(&request, argc, argv);
    if (code == CLI_OK)
        code = replay(&request);
    question_free(&request.question);
    return code;
}

const struct cli_command cmd_replay = {
    .name = "replay",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list entries, oldest first",
    .about =
        "\n"
        "Prints a line for each entry: number, time of the append (UTC),\n"
        "key, revision of the key, flags (D deleted, S stamped, M has a\n"
        "meta), value.  On a terminal the columns are aligned, and long keys\n"
        "and values cut; elsewhere tabs separate them, and nothing is cut.\n"
        "Bytes that don't print are shown as \\xNN.\n",
    .options = options,
    .run = run,
};
