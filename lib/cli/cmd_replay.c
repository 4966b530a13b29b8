/* cmd_replay.c - `journal replay`: entries in the order of their numbers. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "listing.h"
#include "question.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_LAST = 256 };

static const char short_options[] = "hk:mn:";
static const struct option long_options[] = {
    {"count", required_argument, NULL, QUESTION_COUNT},
    {"first", required_argument, NULL, QUESTION_FIRST},
    {"from", required_argument, NULL, QUESTION_FROM},
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, QUESTION_IMMUTABLE},
    {"json", no_argument, NULL, QUESTION_JSON},
    {"key", required_argument, NULL, QUESTION_KEY},
    {"last", required_argument, NULL, OPTION_LAST},
    {"limit", required_argument, NULL, QUESTION_LIMIT},
    {"meta", no_argument, NULL, QUESTION_META},
    {NULL, 0, NULL, 0}};

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

    code = target_open_to_read(question->path, question->immutable, &journal);
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
    int code = args_operands(argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    if (question->query.first != JOURNAL_NONE && request->last != JOURNAL_NONE)
        return report_usage(argv[0], "--first and --last");
    question->path = argv[optind];
    return question_finish(question, argv[0]);
}

static int
run(int argc, char **argv)
{
    struct request request = {.last = JOURNAL_NONE};
    int option, code;

    question_init(&request.question);
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_replay);
        if (option == OPTION_LAST)
            code = args_number(argv[0], "--last", optarg, &request.last);
        else
            code = question_take(&request.question, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
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
    .help =
        "\n"
        "Prints a line for each entry: number, time of the append (UTC),\n"
        "key, revision of the key, flags (D deleted, S stamped, M has a\n"
        "meta), value.  On a terminal the columns are aligned, and long keys\n"
        "and values cut; elsewhere tabs separate them, and nothing is cut.\n"
        "Bytes that don't print are shown as \\xNN.\n"
        "\n"
        "      --first N        from entry N on (default: the oldest one);\n"
        "                       or --from N\n"
        "      --last N         from N entries before the end on\n"
        "      --limit N        up to entry N, without it\n"
        "  -n, --count N        at most N lines\n"
        "  -k, --key KEY        only the entries of KEY\n"
        "  -m, --meta           a column for the meta, before the value\n"
        "      --json           a JSON object on each line\n"
        "      --immutable      nobody is writing: take no locks\n",
    .run = run,
};
