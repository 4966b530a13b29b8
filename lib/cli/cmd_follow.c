/* cmd_follow.c - `journal follow`: entries as they are appended. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "follow.h"
#include "question.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_LAST = 256, OPTION_MARK };

static const struct cli_option options[] = {
    {"mark", OPTION_MARK, "NAME",
     "go on where the mark NAME stands, and move it\n"
     "along behind what has been written; a new one\n"
     "is made where the following options say"},
    {"first", QUESTION_FIRST, "N", "begin with entry N"},
    {"last", OPTION_LAST, "N", "begin with the last N entries"},
    {"since", QUESTION_SINCE, "TIME",
     "begin with what was appended at TIME; 'journal\n"
     "help query' tells how a TIME is written"},
    {"limit", QUESTION_LIMIT, "N", "end in front of entry N"},
    {"count", QUESTION_COUNT, "N", "end after N lines"},
    {"key", QUESTION_KEY, "KEY", "only entries of this key"},
    {"prefix", QUESTION_PREFIX, "BYTES", "of keys that begin so"},
    {"expr", QUESTION_EXPR, "EXPR", "of keys that match a key expression"},
    {"escaped", QUESTION_ESCAPED, NULL,
     "\\xNN in KEY, BYTES, EXPR is a byte, as printed"},
    {"live", QUESTION_LIVE, NULL, "no tombstones"},
    {"meta", QUESTION_META, NULL, "a column for the meta, before the value"},
    {ARGS_ROW_JSON, "a JSON object on each line"},
    {0}};

struct request {
    struct question question;
    const char *mark; /* NULL: none */
    uint64_t last;    /* from so many before the end on; JOURNAL_NONE: not so */
};

/* ---- where to begin ----------------------------------------------------- */

/* From the mark, or where pruning past marks has left the journal. */
static int
begin_at_mark(struct journal *journal, struct request *request, uint64_t seq)
{
    struct question *question = &request->question;
    struct journal_stat stat;
    int code = target_stat(journal, question->path, &stat);

    if (code != CLI_OK)
        return code;
    question->query.first = seq;
    if (seq >= stat.first)
        return CLI_OK;
    report_failure(question->path, JOURNAL_PRUNED, "mark %s at %" PRIu64,
                   report_key(request->mark, strlen(request->mark)), seq);
    report_hint("going on with entry %" PRIu64 ", the oldest there is",
                stat.first);
    question->query.first = JOURNAL_NONE;
    return CLI_OK;
}

/* By the options; without any, at the end. */
static int
begin_at_option(struct journal *journal, struct request *request)
{
    struct question *question = &request->question;
    struct journal_query *query = &question->query;
    struct journal_stat stat;
    int rc, code = target_stat(journal, question->path, &stat);

    if (code != CLI_OK || query->first != JOURNAL_NONE)
        return code;
    if (request->last != JOURNAL_NONE)
        query->first = request->last < stat.size - stat.first
                           ? stat.size - request->last
                           : stat.first;
    else if (query->since > 0) {
        rc = journal_find_time(journal, query->since, &query->first);
        if (rc != 0)
            return report_failure(question->path, rc, "--since");
    } else
        query->first = stat.size;
    return CLI_OK;
}

static int
begin(struct journal *journal, struct request *request, uint64_t *mark_seq)
{
    int rc = JOURNAL_NOT_FOUND;

    *mark_seq = JOURNAL_NONE;
    if (request->mark != NULL)
        rc = journal_marked(journal, request->mark, mark_seq);
    if (rc == 0)
        return begin_at_mark(journal, request, *mark_seq);
    if (rc == JOURNAL_NOT_FOUND)
        return begin_at_option(journal, request);
    return report_failure(request->question.path, rc, "mark %s",
                          report_key(request->mark, strlen(request->mark)));
}

/* ---- the command -------------------------------------------------------- */

static int
follow(struct request *request)
{
    struct follow following = {.question = &request->question,
                               .mark = request->mark};
    struct journal *journal = NULL;
    int code;

    code = target_open(request->question.path,
                       request->mark == NULL ? JOURNAL_OPEN_READ_ONLY
                                             : JOURNAL_OPEN_EXISTING,
                       &journal);
    if (code == CLI_OK)
        code = begin(journal, request, &following.mark_seq);
    if (code == CLI_OK)
        code = follow_journal(journal, &following);
    journal_close(journal);
    return follow_end(code);
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case OPTION_LAST:
        return args_number(command, "--last", optarg, &request->last);
    case OPTION_MARK:
        request->mark = optarg;
        return args_mark(command, optarg);
    default:
        return question_take(&request->question, command, option);
    }
}

static int
check(struct request *request, int argc, char **argv)
{
    struct question *question = &request->question;
    int starts = (question->query.first != JOURNAL_NONE) +
                 (request->last != JOURNAL_NONE) + (question->query.since > 0);
    int code = args_operands(&cmd_follow, argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    if (starts > 1)
        return report_usage(argv[0], "one of --first, --last and --since");
    question->path = argv[optind];
    question->query.flags |= JOURNAL_QUERY_FOLLOW;
    return question_finish(question, argv[0]);
}

static int
run(int argc, char **argv)
{
    struct request request = {.last = JOURNAL_NONE};
    int code;

    question_init(&request.question);
    code = args_options(&cmd_follow, argc, argv, &request.question.common,
                        take_option, &request);
    if (code == CLI_OK)
        code = check(&request, argc, argv);
    if (code == CLI_OK)
        code = follow(&request);
    question_free(&request.question);
    return code;
}

const struct cli_command cmd_follow = {
    .name = "follow",
    .synopsis = "[OPTIONS] PATH",
    .summary = "list entries as they are appended",
    .about =
        "\n"
        "Prints a line for each entry that is appended from now on, until it\n"
        "is interrupted.  'journal help replay' tells what the lines look\n"
        "like.\n",
    .options = options,
    .notes =
        "A mark never stands beyond what has been written: if this is killed,\n"
        "the next run writes some entries again, and leaves none out.\n",
    .run = run,
};
