/* cmd_history.c - `journal history`: the entries of one key. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "listing.h"
#include "question.h"
#include "report.h"
#include "target.h"

static const struct cli_option options[] = {
    {"first-revision", QUESTION_FIRST_REVISION, "N", "from that revision on"},
    {"first", QUESTION_FIRST, "N", "from entry N on"},
    {"limit", QUESTION_LIMIT, "N", "up to entry N, without it"},
    {"since", QUESTION_SINCE, "TIME", "appended at or after TIME"},
    {"until", QUESTION_UNTIL, "TIME",
     "appended before TIME; 'journal help query'\n"
     "tells how a TIME is written"},
    {"live", QUESTION_LIVE, NULL, "no tombstones"},
    {"reverse", QUESTION_REVERSE, NULL, "newest first"},
    {"count", QUESTION_COUNT, "N", "at most N lines"},
    {"escaped", QUESTION_ESCAPED, NULL, "\\xNN in KEY is a byte, as printed"},
    {"meta", QUESTION_META, NULL, "a column for the meta, before the value"},
    {ARGS_ROW_JSON, "a JSON object on each line"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

/* Whether there is any entry of the key, one that was not asked for too. */
static bool
is_known(struct journal *journal, const struct question *question)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    struct journal_query query;
    int rc;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = question->query.key;
    query.key_size = question->query.key_size;
    if (journal_query(journal, &query, &cursor) != 0)
        return true;
    rc = journal_next(cursor, &entry);
    journal_cursor_close(cursor);
    return rc != JOURNAL_END;
}

/* No entry at all is like what `get` does not find; not so no match. */
static int
list(struct journal *journal, const struct question *question)
{
    const struct journal_query *query = &question->query;
    struct journal_cursor *cursor = NULL;
    struct listing listing;
    int code;

    code = listing_init(&listing, journal, question);
    if (code == CLI_OK)
        code = question_ask(journal, question, &cursor);
    if (code != CLI_OK)
        return code;
    code = listing_finish(&listing, cursor);
    journal_cursor_close(cursor);
    if (code != CLI_OK || listing.printed > 0 || is_known(journal, question))
        return code;
    return report_failure(question->path, JOURNAL_NOT_FOUND, "key %s",
                          report_key(query->key, query->key_size));
}

static int
history(struct question *question, int argc, char **argv)
{
    struct journal *journal = NULL;
    int code = args_operands(&cmd_history, argc, argv, 2, 2);

    if (code != CLI_OK)
        return code;
    question->path = argv[optind];
    code = question_match(question, argv[0], JOURNAL_MATCH_KEY,
                          argv[optind + 1]);
    if (code == CLI_OK)
        code = question_finish(question, argv[0]);
    if (code == CLI_OK)
        code = target_open_to_read(question->path, question->common.immutable,
                                   &journal);
    if (code == CLI_OK)
        code = list(journal, question);
    journal_close(journal);
    return code;
}

static int
run(int argc, char **argv)
{
    struct question question;
    int code;

    question_init(&question);
    code = args_options(&cmd_history, argc, argv, &question.common,
                        question_take, &question);
    if (code == CLI_OK)
        code = history(&question, argc, argv);
    question_free(&question);
    return code;
}

const struct cli_command cmd_history = {
    .name = "history",
    .synopsis = "[OPTIONS] PATH KEY",
    .summary = "list the entries of one key",
    .about =
        "\n"
        "Prints a line for each entry of KEY, oldest first.  'journal help\n"
        "replay' tells what the lines look like.  Exit code 1: there is no\n"
        "entry of KEY.\n",
    .options = options,
    .run = run,
};
