/* cmd_at.c - `journal at`: the state as of an earlier size. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "listing.h"
#include "lookup.h"
#include "question.h"
#include "report.h"
#include "target.h"

enum option_name { OPTION_TIME = 256 };

static const struct cli_option options[] = {
    {"time", OPTION_TIME, "TIME",
     "right before the first entry that was appended\n"
     "at TIME or later; 'journal help query' tells\n"
     "how a TIME is written"},
    {"prefix", QUESTION_PREFIX, "BYTES", "keys that begin so"},
    {"expr", QUESTION_EXPR, "EXPR", "keys that match a key expression"},
    {"escaped", QUESTION_ESCAPED, NULL,
     "\\xNN in KEY, BYTES, EXPR is a byte, as printed"},
    {"reverse", QUESTION_REVERSE, NULL, "last changed first"},
    {"count", QUESTION_COUNT, "N", "at most N lines"},
    {"meta", QUESTION_META, NULL, "a column for the meta, before the value"},
    {"verbose", 'v', NULL, "with KEY: number, time, ... before the value"},
    {ARGS_ROW_JSON, "a JSON object on each line"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

struct request {
    struct question question; /* query.limit is the size asked about */
    uint64_t time;            /* instead of a size; JOURNAL_NONE: not given */
    bool verbose;
};

/* ---- what is missing ---------------------------------------------------- */

/*
 * Counts the keys that match, have changed since, and of whose state at that
 * size nothing is left.
 */
static int
count_pruned(struct journal *journal, const struct question *question,
             struct journal_cursor *cursor, uint64_t *count)
{
    const struct journal_entry *entry;
    struct journal_entry *then;
    int rc;

    *count = 0;
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        if (rc != 0)
            return report_failure(question->path, rc, "at %" PRIu64,
                                  question->query.limit);
        rc = journal_get_at(journal, entry->key, entry->key_size,
                            question->query.limit, &then);
        if (rc == 0)
            journal_entry_free(then);
        if (rc == JOURNAL_PRUNED)
            ++*count;
    }
    return CLI_OK;
}

/*
 * The state is what is left of it.  Keys of which there are newer entries show
 * by these that there was something; it would be wrong to pass that over.
 */
static int
check_whole(struct journal *journal, const struct question *question)
{
    uint64_t at = question->query.limit, count;
    struct question since = *question;
    struct journal_cursor *cursor = NULL;
    struct journal_stat stat;
    int code;

    code = target_stat(journal, question->path, &stat);
    if (code != CLI_OK || (stat.first == 0 && stat.entries == stat.size))
        return code;
    since.query.flags = JOURNAL_QUERY_LATEST;
    since.query.first = at < stat.first ? JOURNAL_NONE : at;
    since.query.limit = JOURNAL_NONE;
    code = question_ask(journal, &since, &cursor);
    if (code == CLI_OK)
        code = count_pruned(journal, question, cursor, &count);
    journal_cursor_close(cursor);
    if (code != CLI_OK || (count == 0 && at >= stat.first))
        return code;
    code = report_failure(question->path, JOURNAL_PRUNED, "state at %" PRIu64,
                          at);
    if (count > 0)
        report_hint("of %" PRIu64 " key%s nothing is left from then; the "
                    "journal has entries from %" PRIu64 " on",
                    count, count == 1 ? "" : "s", stat.first);
    else
        report_hint("there may have been keys of which nothing is left; the "
                    "journal has entries from %" PRIu64 " on",
                    stat.first);
    return code;
}

/* ---- the command -------------------------------------------------------- */

static int
list_all(const struct question *question)
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
    if (code == CLI_OK)
        code = check_whole(journal, question);
    journal_cursor_close(cursor);
    journal_close(journal);
    return code;
}

static int
print_one(const struct request *request)
{
    const struct question *question = &request->question;
    struct lookup lookup = {.path = question->path,
                            .key = question->query.key,
                            .key_size = question->query.key_size,
                            .at = question->query.limit,
                            .immutable = question->common.immutable};

    if (question->common.json)
        lookup.form = OUTPUT_JSON;
    else if (request->verbose)
        lookup.form = OUTPUT_VERBOSE;
    return lookup_print(&lookup);
}

/* The size that the journal had at the time. */
static int
find_size(struct request *request)
{
    struct question *question = &request->question;
    struct journal *journal = NULL;
    int rc, code;

    code = target_open_to_read(question->path, question->common.immutable,
                               &journal);
    if (code != CLI_OK)
        return code;
    rc = journal_find_time(journal, request->time, &question->query.limit);
    journal_close(journal);
    return rc == 0 ? CLI_OK : report_failure(question->path, rc, "--time");
}

/* Options of lists, and a key, or the other way round. */
static int
check(const struct request *request, const char *command)
{
    const struct question *question = &request->question;
    bool one = question->query.match == JOURNAL_MATCH_KEY;

    if (one && (question->meta || question->count != UINT64_MAX ||
                (question->query.flags & JOURNAL_QUERY_REVERSE) != 0))
        return report_usage(command, "--meta, --count and --reverse are not "
                                     "for a single key");
    if (!one && request->verbose)
        return report_usage(command, "--verbose is for a single key");
    return CLI_OK;
}

/* PATH [SIZE] [KEY], with a size unless there is a time. */
static int
take_operands(struct request *request, int argc, char **argv)
{
    struct question *question = &request->question;
    int sizes = request->time == JOURNAL_NONE ? 1 : 0;
    int code = args_operands(&cmd_at, argc, argv, 1 + sizes, 2 + sizes);

    if (code != CLI_OK)
        return code;
    question->path = argv[optind++];
    if (sizes > 0)
        code = args_number(argv[0], "SIZE", argv[optind++],
                           &question->query.limit);
    if (code == CLI_OK && optind < argc)
        code = question_match(question, argv[0], JOURNAL_MATCH_KEY,
                              argv[optind]);
    if (code == CLI_OK)
        code = question_finish(question, argv[0]);
    return code == CLI_OK ? check(request, argv[0]) : code;
}

static int
take_option(void *context, const char *command, int option)
{
    struct request *request = context;

    switch (option) {
    case 'v':
        request->verbose = true;
        return CLI_OK;
    case OPTION_TIME:
        return args_when(command, "--time", optarg, &request->time);
    default:
        return question_take(&request->question, command, option);
    }
}

static int
run(int argc, char **argv)
{
    struct request request = {.time = JOURNAL_NONE};
    struct question *question = &request.question;
    int code;

    question_init(question);
    question->query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    code = args_options(&cmd_at, argc, argv, &request.question.common,
                        take_option, &request);
    if (code == CLI_OK)
        code = take_operands(&request, argc, argv);
    if (code == CLI_OK && request.time != JOURNAL_NONE)
        code = find_size(&request);
    if (code == CLI_OK)
        code = question->query.match == JOURNAL_MATCH_KEY ? print_one(&request)
                                                          : list_all(question);
    question_free(question);
    return code;
}

const struct cli_command cmd_at = {
    .name = "at",
    .synopsis = "[OPTIONS] PATH SIZE [KEY]",
    .summary = "print the state as of an earlier size or time",
    .about =
        "       journal at [OPTIONS] --time TIME PATH [KEY]\n"
        "\n"
        "Prints a line for each key that was there when the journal had size\n"
        "SIZE, right before entry SIZE was appended: the entry that was its\n"
        "latest then.  'journal help replay' tells what the lines look like.\n"
        "With KEY, prints the value that it had.  Exit code 1: what is asked\n"
        "for has been pruned, wholly or in part, or is yet to come; the key\n"
        "was not known then, or deleted.\n",
    .options = options,
    .run = run,
};
