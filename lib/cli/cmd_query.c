/* cmd_query.c - `journal query`: the entries that match. */
#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"
#include "follow.h"
#include "question.h"
#include "report.h"
#include "target.h"

static const struct cli_option options[] = {
    {"key", QUESTION_KEY, "KEY", "of this key"},
    {"prefix", QUESTION_PREFIX, "BYTES", "of keys that begin so"},
    {"expr", QUESTION_EXPR, "EXPR",
     "of keys that match a key expression: * is one\n"
     "chunk between slashes, ** any number of them,\n"
     "$* any part of one"},
    {"escaped", QUESTION_ESCAPED, NULL,
     "\\xNN in KEY, BYTES, EXPR is a byte, as printed"},
    {"first", QUESTION_FIRST, "N", "from entry N on"},
    {"limit", QUESTION_LIMIT, "N", "up to entry N, without it"},
    {"since", QUESTION_SINCE, "TIME", "appended at or after TIME"},
    {"until", QUESTION_UNTIL, "TIME", "appended before TIME"},
    {"first-revision", QUESTION_FIRST_REVISION, "N",
     "with --key: from that revision on"},
    {"latest", QUESTION_LATEST, NULL,
     "of each key, its latest entry (below the limit)"},
    {"live", QUESTION_LIVE, NULL, "no tombstones"},
    {"reverse", QUESTION_REVERSE, NULL, "newest first"},
    {"follow", 'f', NULL, "go on with what is appended later"},
    {"count", QUESTION_COUNT, "N", "at most N lines"},
    {"meta", QUESTION_META, NULL, "a column for the meta, before the value"},
    {ARGS_ROW_JSON, "a JSON object on each line"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

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
    if (question->common.immutable)
        return report_usage(command, "nothing is to follow where --immutable "
                                     "says that nobody is writing");
    return CLI_OK;
}

static int
query(struct question *question, int argc, char **argv)
{
    int code = args_operands(&cmd_query, argc, argv, 1, 1);

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
take_option(void *context, const char *command, int option)
{
    struct question *question = context;

    if (option != 'f')
        return question_take(question, command, option);
    question->query.flags |= JOURNAL_QUERY_FOLLOW;
    return CLI_OK;
}

static int
run(int argc, char **argv)
{
    struct question question;
    int code;

    question_init(&question);
    code = args_options(&cmd_query, argc, argv, &question.common, take_option,
                        &question);
    if (code == CLI_OK)
        code = query(&question, argc, argv);
    question_free(&question);
    return code;
}

const struct cli_command cmd_query = {
    .name = "query",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list the entries that match",
    .about =
        "\n"
        "Prints a line for each entry that matches all of the options, in the\n"
        "order of their numbers.  'journal help replay' tells what the lines\n"
        "look like.\n",
    .options = options,
    .notes =
        "TIME is now; today, yesterday or 2026-11-25, each with 10:30 or\n"
        "10:30:15.5 behind it or without; 10:30 alone; \"2 hours ago\" or 2h;\n"
        "@SECONDS since 1970.  It is local unless Z or +01:00 follows.\n",
    .run = run,
};
