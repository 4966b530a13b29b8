/* cmd_query.c - `journal query`: the entries that match. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "follow.h"
#include "question.h"
#include "report.h"
#include "target.h"

static const char short_options[] = "e:fhk:mn:p:rx";
static const struct option long_options[] = {
    {"count", required_argument, NULL, QUESTION_COUNT},
    {"escaped", no_argument, NULL, QUESTION_ESCAPED},
    {"expr", required_argument, NULL, QUESTION_EXPR},
    {"first", required_argument, NULL, QUESTION_FIRST},
    {"first-revision", required_argument, NULL, QUESTION_FIRST_REVISION},
    {"follow", no_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {"immutable", no_argument, NULL, QUESTION_IMMUTABLE},
    {"json", no_argument, NULL, QUESTION_JSON},
    {"key", required_argument, NULL, QUESTION_KEY},
    {"latest", no_argument, NULL, QUESTION_LATEST},
    {"limit", required_argument, NULL, QUESTION_LIMIT},
    {"live", no_argument, NULL, QUESTION_LIVE},
    {"meta", no_argument, NULL, QUESTION_META},
    {"prefix", required_argument, NULL, QUESTION_PREFIX},
    {"reverse", no_argument, NULL, QUESTION_REVERSE},
    {"since", required_argument, NULL, QUESTION_SINCE},
    {"until", required_argument, NULL, QUESTION_UNTIL},
    {NULL, 0, NULL, 0}};

static bool
is_followed(const struct question *question)
{
    return (question->query.flags & JOURNAL_QUERY_FOLLOW) != 0;
}

static int
follow(struct question *question)
{
    const struct follow following = {.question = question,
                                     .mark_seq = JOURNAL_NONE};
    struct journal *journal = NULL;
    int code = target_open_to_read(question->path, false, &journal);

    if (code == CLI_OK)
        code = follow_journal(journal, &following);
    journal_close(journal);
    return follow_end(code);
}

static int
check(const struct question *question, const char *command)
{
    const struct journal_query *query = &question->query;

    if (!is_followed(question))
        return CLI_OK;
    if ((query->flags & (JOURNAL_QUERY_REVERSE | JOURNAL_QUERY_LATEST)) != 0)
        return report_usage(command, "--follow goes on for ever: not with "
                                     "--reverse or --latest");
    if (query->until != UINT64_MAX)
        return report_usage(command, "--follow goes on for ever: not with "
                                     "--until");
    if (question->immutable)
        return report_usage(command, "nothing is to follow where --immutable "
                                     "says that nobody is writing");
    return CLI_OK;
}

static int
query(struct question *question, int argc, char **argv)
{
    int code = args_operands(argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    question->path = argv[optind];
    code = question_finish(question, argv[0]);
    if (code == CLI_OK)
        code = check(question, argv[0]);
    if (code != CLI_OK)
        return code;
    return is_followed(question) ? follow(question) : question_list(question);
}

static int
run(int argc, char **argv)
{
    struct question question;
    int option, code = CLI_OK;

    question_init(&question);
    while ((option = getopt_long(argc, argv, short_options, long_options,
                                 NULL)) != -1) {
        if (option == 'h')
            return cli_help(&cmd_query);
        if (option == 'f')
            question.query.flags |= JOURNAL_QUERY_FOLLOW;
        else
            code = question_take(&question, argv[0], option);
        if (code != CLI_OK)
            return code;
    }
    code = query(&question, argc, argv);
    question_free(&question);
    return code;
}

const struct cli_command cmd_query = {
    .name = "query",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list the entries that match",
    .help =
        "\n"
        "Prints a line for each entry that matches all of the options, in the\n"
        "order of their numbers.  'journal help replay' tells what the lines\n"
        "look like.\n"
        "\n"
        "  -k, --key KEY        of this key\n"
        "  -p, --prefix BYTES   of keys that begin so\n"
        "  -e, --expr EXPR      of keys that match a key expression: * is one\n"
        "                       chunk between slashes, ** any number of them,\n"
        "                       $* any part of one\n"
        "  -x, --escaped        \\xNN in KEY, BYTES, EXPR is a byte, as "
        "printed\n"
        "      --first N        from entry N on\n"
        "      --limit N        up to entry N, without it\n"
        "      --since TIME     appended at or after TIME\n"
        "      --until TIME     appended before TIME\n"
        "      --first-revision N   with --key: from that revision on\n"
        "      --latest         of each key, its latest entry (below the "
        "limit)\n"
        "      --live           no tombstones\n"
        "  -r, --reverse        newest first\n"
        "  -f, --follow         go on with what is appended later\n"
        "  -n, --count N        at most N lines\n"
        "  -m, --meta           a column for the meta, before the value\n"
        "      --json           a JSON object on each line\n"
        "      --immutable      nobody is writing: take no locks\n"
        "\n"
        "TIME is now; today, yesterday or 2026-11-25, each with 10:30 or\n"
        "10:30:15.5 behind it or without; 10:30 alone; \"2 hours ago\" or 2h;\n"
        "@SECONDS since 1970.  It is local unless Z or +01:00 follows.\n",
    .run = run,
};
