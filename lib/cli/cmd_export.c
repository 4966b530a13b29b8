/* cmd_export.c - `journal export`: all of a journal as JSON lines. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "import.h"
#include "listing.h"
#include "object.h"
#include "output.h"
#include "progress.h"
#include "question.h"
#include "report.h"
#include "target.h"
#include "text.h"

#define VERSION 1u /* of what the lines look like */
#define STEP 1000u /* entries between two looks at the time */

enum option_name { OPTION_PLAIN = 256 };

static const struct cli_option options[] = {
    {"first", QUESTION_FIRST, "N", "from entry N on"},
    {"limit", QUESTION_LIMIT, "N", "up to entry N, without it, and no marks"},
    {"plain", OPTION_PLAIN, NULL,
     "not the history, but keys and their values:\n"
     "{\"key_b64\":...,\"value_b64\":...} on each line"},
    {"prefix", QUESTION_PREFIX, "BYTES", "with --plain: keys that begin so"},
    {"expr", QUESTION_EXPR, "EXPR",
     "with --plain: keys that match a key expression"},
    {"escaped", QUESTION_ESCAPED, NULL,
     "\\xNN in BYTES, EXPR is a byte, as printed"},
    {ARGS_ROW_IMMUTABLE},
    {0}};

/* ---- the lines around the entries --------------------------------------- */

static void
print_begin(const struct journal_stat *stat, const struct journal_query *query)
{
    uint64_t first = query->first, limit = query->limit;
    char id[TEXT_HEX_SIZE];
    struct object json;

    text_hex(id, stat->id, sizeof(stat->id));
    object_begin(&json);
    object_number(&json, "export", VERSION);
    object_text(&json, "id", id);
    object_number(&json, "first", first == JOURNAL_NONE ? stat->first : first);
    object_number(&json, "size", limit);
    object_end(&json);
}

/*
 * None beyond SIZE: what is above that is not among the entries.  That of an
 * import which has not finished means nothing elsewhere.
 */
static int
print_marks(struct journal *journal, const char *path, uint64_t size)
{
    char name[JOURNAL_MARK_SIZE] = "";
    struct object json;
    uint64_t seq;
    int rc;

    while ((rc = journal_next_mark(journal, name, &seq)) == 0) {
        if (strcmp(name, IMPORT_MARK) == 0)
            continue;
        object_begin(&json);
        object_text(&json, "mark", name);
        object_number(&json, "seq", seq < size ? seq : size);
        object_end(&json);
    }
    return rc == JOURNAL_END ? CLI_OK : report_failure(path, rc, "marks");
}

/* Who does not find this line has not got all. */
static void
print_end(uint64_t entries)
{
    struct object json;

    object_begin(&json);
    object_true(&json, "end");
    object_number(&json, "entries", entries);
    object_end(&json);
}

/* ---- the entries -------------------------------------------------------- */

/* Whoever sees the lines go by needs no bar between them. */
static void
begin_progress(struct progress *progress)
{
    progress_begin(progress, "exporting");
    if (isatty(STDOUT_FILENO) == 1)
        progress->visible = false;
}

/* CLI_DONE: a signal says stop. */
static int
print_entries(struct listing *listing, struct journal_cursor *cursor,
              uint64_t total, struct progress *progress)
{
    int rc = 0;

    while (rc == 0 && !output_failed()) {
        rc = listing_run(listing, cursor, STEP);
        if (progress_show(progress, listing->printed, total) != 0)
            return CLI_DONE;
    }
    return listing->code;
}

static int
export_entries(struct journal *journal, const struct question *question,
               const struct journal_stat *stat, struct progress *progress)
{
    struct journal_cursor *cursor = NULL;
    struct listing listing;
    int code = listing_init(&listing, journal, question);

    if (code == CLI_OK)
        code = question_ask(journal, question, &cursor);
    if (code != CLI_OK)
        return code;
    if (!question->pairs)
        print_begin(stat, &question->query);
    code = print_entries(&listing, cursor,
                         question->pairs ? stat->keys : stat->entries,
                         progress);
    listing_advise(&listing);
    journal_cursor_close(cursor);
    if (output_failed())
        return code; /* a disk may have room again for the line that says all */
    if (code == CLI_OK && !question->pairs &&
        question->query.limit == stat->size)
        code = print_marks(journal, question->path, stat->size);
    if (code == CLI_OK && !question->pairs)
        print_end(listing.printed);
    return code;
}

/* ---- the command -------------------------------------------------------- */

static int
export_journal(struct question *question)
{
    struct journal *journal = NULL;
    struct progress progress;
    struct journal_stat stat;
    int code, end;

    code = target_open_to_read(question->path, question->common.immutable,
                               &journal);
    if (code == CLI_OK)
        code = target_stat(journal, question->path, &stat);
    if (code == CLI_OK) {
        if (question->query.limit == JOURNAL_NONE)
            question->query.limit = stat.size;
        begin_progress(&progress);
        code = export_entries(journal, question, &stat, &progress);
        progress_clear();
        end = output_flush();
        progress_end(&progress);
        code = code == CLI_OK ? end : code;
    }
    journal_close(journal);
    return code == CLI_DONE ? CLI_OTHER : code;
}

static int
take_option(void *context, const char *command, int option)
{
    struct question *question = context;

    if (option != OPTION_PLAIN)
        return question_take(question, command, option);
    question->pairs = true;
    question->query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    return CLI_OK;
}

static int
check(struct question *question, int argc, char **argv)
{
    int code = args_operands(&cmd_export, argc, argv, 1, 1);

    if (code != CLI_OK)
        return code;
    if (question->pairs && question->query.first != JOURNAL_NONE)
        return report_usage(argv[0], "--first is not for --plain");
    if (!question->pairs && question->text != NULL)
        return report_usage(argv[0], "--prefix and --expr are for --plain; "
                                     "`journal query --json` lists some "
                                     "entries");
    question->path = argv[optind];
    return question_finish(question, argv[0]);
}

static int
run(int argc, char **argv)
{
    struct question question;
    int code;

    question_init(&question);
    question.common.json = true;
    code = args_options(&cmd_export, argc, argv, &question.common, take_option,
                        &question);
    if (code == CLI_OK)
        code = check(&question, argc, argv);
    if (code == CLI_OK)
        code = export_journal(&question);
    question_free(&question);
    return code;
}

const struct cli_command cmd_export = {
    .name = "export",
    .synopsis = "[OPTIONS] PATH",
    .summary = "print all of a journal as JSON lines",
    .about =
        "\n"
        "Prints a line that says which journal it is, one for each entry, as\n"
        "replay --json does, one for each mark, and one that says how many\n"
        "entries there were.  Others may go on to append meanwhile: the "
        "entries\n"
        "are those of the moment when it began.  Of all that is kept by\n"
        "`journal import`, but for times, which are those of the import.\n"
        "`journal backup` is faster, and keeps those too.\n",
    .options = options,
    .run = run,
};
