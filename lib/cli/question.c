/* question.c - what is asked of a history: the options that queries share. */
#include "question.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "listing.h"
#include "report.h"
#include "target.h"

void
question_init(struct question *question)
{
    *question = (struct question){.count = UINT64_MAX};
    journal_query_init(&question->query);
}

void
question_free(struct question *question)
{
    free(question->bytes);
    question->bytes = NULL;
}

/* ---- options ------------------------------------------------------------ */

int
question_match(struct question *question, const char *command,
               enum journal_match match, const char *text)
{
    if (question->text != NULL)
        return report_usage(command, "one of --key, --prefix and --expr, once");
    question->query.match = match;
    question->text = text;
    return CLI_OK;
}

/* Options that say which entries. */
static int
take_range(struct question *question, const char *command, int option)
{
    struct journal_query *query = &question->query;

    switch (option) {
    case QUESTION_AT:
        return args_number(command, "--at", optarg, &query->limit);
    case QUESTION_FIRST:
        return args_number(command, "--first", optarg, &query->first);
    case QUESTION_FROM:
        return args_number(command, "--from", optarg, &query->first);
    case QUESTION_LIMIT:
        return args_number(command, "--limit", optarg, &query->limit);
    case QUESTION_SINCE:
        return args_when(command, "--since", optarg, &query->since);
    case QUESTION_UNTIL:
        return args_when(command, "--until", optarg, &query->until);
    case QUESTION_FIRST_REVISION:
        return args_number(command, "--first-revision", optarg,
                           &query->first_revision);
    default:
        return report_try_help(command);
    }
}

static int
take_filter(struct question *question, const char *command, int option)
{
    switch (option) {
    case QUESTION_EXPR:
        return question_match(question, command, JOURNAL_MATCH_EXPR, optarg);
    case QUESTION_KEY:
        return question_match(question, command, JOURNAL_MATCH_KEY, optarg);
    case QUESTION_PREFIX:
        return question_match(question, command, JOURNAL_MATCH_PREFIX, optarg);
    case QUESTION_ESCAPED:
        question->escaped = true;
        return CLI_OK;
    case QUESTION_LATEST:
        question->query.flags |= JOURNAL_QUERY_LATEST;
        return CLI_OK;
    case QUESTION_LIVE:
        question->query.flags |= JOURNAL_QUERY_LIVE;
        return CLI_OK;
    case QUESTION_REVERSE:
        question->query.flags |= JOURNAL_QUERY_REVERSE;
        return CLI_OK;
    default:
        return take_range(question, command, option);
    }
}

int
question_take(void *context, const char *command, int option)
{
    struct question *question = context;

    switch (option) {
    case QUESTION_COUNT:
        return args_number(command, "--count", optarg, &question->count);
    case QUESTION_META:
        question->meta = true;
        return CLI_OK;
    default:
        return take_filter(question, command, option);
    }
}

/* ---- the query that they make ------------------------------------------- */

/* What the library would call EINVAL, in words. */
static int
check(const struct question *question, const char *command)
{
    const struct journal_query *query = &question->query;

    if (query->match == JOURNAL_MATCH_KEY && query->key_size == 0)
        return report_usage(command, "the key is empty");
    if (query->first_revision > 0 && query->match != JOURNAL_MATCH_KEY)
        return report_usage(command, "--first-revision is of one key: add "
                                     "--key");
    if (query->since > query->until)
        return report_usage(command, "--since is after --until");
    return CLI_OK;
}

/* People need not know which of its forms is the canonical one. */
static int
canonize(struct question *question, const char *command)
{
    if (journal_expr_canonize(question->bytes, &question->query.key_size) == 0)
        return CLI_OK;
    report_problem(command, "--expr: %s is not a key expression",
                   report_key(question->query.key, question->query.key_size));
    report_hint("for example lamp/*/power, lamp/**, lamp/kit$*: chunks between "
                "slashes, none empty");
    return report_try_help(command);
}

int
question_finish(struct question *question, const char *command)
{
    struct journal_query *query = &question->query;
    int code = CLI_OK;

    if (question->text != NULL) {
        question->bytes = strdup(question->text);
        if (question->bytes == NULL)
            return report_failure("memory", ENOMEM, NULL);
        query->key = question->bytes;
        query->key_size = strlen(question->text);
    }
    if (question->text != NULL && question->escaped)
        code = args_unescape(command, question->bytes, &query->key_size);
    if (code == CLI_OK)
        code = check(question, command);
    if (code == CLI_OK && query->match == JOURNAL_MATCH_EXPR)
        code = canonize(question, command);
    return code;
}

/* ---- asking ------------------------------------------------------------- */

int
question_ask(struct journal *journal, const struct question *question,
             struct journal_cursor **cursor)
{
    const struct journal_query *query = &question->query;
    int rc = journal_query(journal, query, cursor);
    struct journal_stat stat;

    if (rc == 0)
        return CLI_OK;
    if (rc == JOURNAL_TOO_BIG)
        return report_failure(question->path, rc, "key %s",
                              report_key(query->key, query->key_size));
    if (rc == JOURNAL_PRUNED)
        return target_missing(journal, question->path, rc, query->first);
    if (rc != JOURNAL_OUT_OF_RANGE)
        return report_failure(question->path, rc, "query");
    if (target_stat(journal, question->path, &stat) != CLI_OK)
        return report_exit(rc);
    if (query->first != JOURNAL_NONE && query->first > stat.size)
        return target_missing(journal, question->path, rc, query->first);
    report_failure(question->path, rc, "limit %" PRIu64, query->limit);
    report_hint("the size is %" PRIu64, stat.size);
    return report_exit(rc);
}

int
question_list(const struct question *question)
{
    struct journal *journal = NULL;
    struct journal_cursor *cursor = NULL;
    struct listing listing;
    int code;

    code = target_open_to_read(question->path, question->common.immutable,
                               &journal);
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
