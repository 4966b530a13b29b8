/* cmd_salvage.c - `journal salvage`: what can be read of a damaged journal. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "denied.h"
#include "object.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "target.h"
#include "text.h"

#define RANGES_SHOWN 20u

static const struct cli_option options[] = {{ARGS_ROW_JSON,
                                             "the figures as a JSON object"},
                                            {ARGS_ROW_QUIET,
                                             "don't print them"},
                                            {0}};

struct request {
    const char *from;
    const char *to;
    struct args_common common;
};

/* ---- what is missing ----------------------------------------------------- */

static const char *
plural(uint64_t count, const char *one, const char *more)
{
    return count == 1 ? one : more;
}

/* Ranges of numbers that are not there. */
struct ranges {
    struct object *json; /* NULL: people get some, and the count goes on */
    uint64_t numbers;
    unsigned count;
};

/* Numbers [FIRST, LIMIT) are not there. */
static void
print_range(struct ranges *ranges, uint64_t first, uint64_t limit)
{
    if (first >= limit)
        return;
    ranges->numbers += limit - first;
    if (ranges->json != NULL)
        object_range(ranges->json, first, limit - 1);
    else if (++ranges->count > RANGES_SHOWN)
        return;
    else if (limit - first == 1)
        printf("    %" PRIu64 "\n", first);
    else
        printf("    %" PRIu64 " to %" PRIu64 "\n", first, limit - 1);
}

/* Goes over what is there, from the first that is lost on. */
static int
print_ranges(struct journal *journal, struct ranges *ranges, uint64_t next,
             uint64_t size)
{
    struct journal_query query;
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int rc;

    journal_query_init(&query);
    query.first = next;
    rc = journal_query(journal, &query, &cursor);
    if (rc == JOURNAL_PRUNED) {
        query.first = JOURNAL_NONE;
        rc = journal_query(journal, &query, &cursor);
    }
    while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0) {
        print_range(ranges, next, entry->seq);
        next = entry->seq + 1;
    }
    if (rc == JOURNAL_END) {
        print_range(ranges, next, size);
        rc = 0;
    }
    if (ranges->count > RANGES_SHOWN)
        puts("    and others");
    journal_cursor_close(cursor);
    return rc;
}

/* NUMBERS are not there: those of a compaction are among them. */
static void
print_others(const struct journal_report *report, uint64_t numbers)
{
    bool unsure = (report->flags & JOURNAL_REPORT_UNSURE) != 0;

    if (numbers > report->entries_bad)
        printf("%s%" PRIu64 " of these had been compacted away before, or lost "
               "by an earlier salvage.\n",
               unsure ? "Up to " : "", numbers - report->entries_bad);
}

/* To people where JSON is NULL. */
static int
print_missing(const struct request *request,
              const struct journal_report *report, struct object *json)
{
    struct ranges ranges = {.json = json};
    struct journal *journal = NULL;
    struct journal_stat stat;
    int code, rc = 0;

    code = target_open_to_read(request->to, true, &journal);
    if (code == CLI_OK)
        code = target_stat(journal, request->to, &stat);
    if (code == CLI_OK)
        rc = print_ranges(journal, &ranges, report->first_bad, stat.size);
    if (code == CLI_OK && rc == 0 && json == NULL)
        print_others(report, ranges.numbers);
    journal_close(journal);
    if (rc != 0)
        report_failure(request->to, rc, NULL);
    return rc != 0 ? report_exit(rc) : code;
}

/* ---- the report ---------------------------------------------------------- */

/* Who goes on with what was carried over should know what was not. */
static int
code_of(const struct journal_report *report)
{
    bool unsure = (report->flags & JOURNAL_REPORT_UNSURE) != 0;

    return report->entries_bad > 0 || unsure ? CLI_LOST : CLI_OK;
}

static int
print_json(const struct request *request, const struct journal_report *report)
{
    struct object json;
    int code = CLI_OK;

    object_begin(&json);
    object_number(&json, "salvaged", report->salvaged);
    object_number(&json, "entries_bad", report->entries_bad);
    if (report->first_bad != JOURNAL_NONE)
        object_number(&json, "first_bad", report->first_bad);
    object_number(&json, "links_bad", report->links_bad);
    object_number(&json, "index_bad", report->index_bad);
    object_number(&json, "pages_bad", report->pages_bad);
    object_number(&json, "tail_records", report->tail_records);
    object_list(&json, "missing");
    if (report->entries_bad > 0)
        code = print_missing(request, report, &json);
    object_list_close(&json);
    object_number(&json, "unsure",
                  (report->flags & JOURNAL_REPORT_UNSURE) != 0);
    object_end(&json);
    return code;
}

/* Nobody says that nothing is lost where that cannot be told. */
static void
print_lost(const struct journal_report *report)
{
    bool unsure = (report->flags & JOURNAL_REPORT_UNSURE) != 0;

    if (report->entries_bad > 0)
        printf("%" PRIu64 " %s lost%s\n", report->entries_bad,
               plural(report->entries_bad, "entry is", "entries are"),
               unsure ? ", and maybe more" : "");
    else if (unsure)
        puts("entries may be lost: how many cannot be told");
    else
        puts("no entry is lost, as far as can be told");
}

static void
print_figures(const struct request *request,
              const struct journal_report *report)
{
    printf("%" PRIu64 " %s carried over to %s", report->salvaged,
           plural(report->salvaged, "entry", "entries"), request->to);
    if (report->tail_records > 0)
        printf(", %" PRIu64 " of them from the tail", report->tail_records);
    putchar('\n');
    print_lost(report);
    if (report->links_bad > 0)
        printf(
            "%" PRIu64
            " %s whole, but had lost what links %s to older ones of its key\n",
            report->links_bad,
            plural(report->links_bad, "entry is", "entries are"),
            plural(report->links_bad, "it", "them"));
    if (report->pages_bad + report->index_bad > 0)
        printf("%" PRIu64 " damaged %s, %" PRIu64 " damaged %s of the index\n",
               report->pages_bad, plural(report->pages_bad, "page", "pages"),
               report->index_bad, plural(report->index_bad, "row", "rows"));
}

/* A journal without damage can be salvaged, too. */
static bool
is_damaged(const struct journal_report *report)
{
    return code_of(report) != CLI_OK || report->pages_bad > 0 ||
           report->index_bad > 0 || report->links_bad > 0;
}

static void
print_advice(const struct request *request, const struct journal_report *report)
{
    char from[TEXT_WORD_SIZE], aside[TEXT_WORD_SIZE], to[TEXT_WORD_SIZE];

    text_word(from, request->from, "");
    text_word(aside, request->from, ".damaged");
    text_word(to, request->to, "");
    if ((report->flags & JOURNAL_REPORT_UNSURE) != 0)
        puts("What tells which entries there were is lost: a meta page, the "
             "tail that had the\nnewest, or a page below a compaction.  "
             "Entries may be missing without being\ncounted, the newest most "
             "likely, and some be back that had been pruned or\nrewound.");
    puts("\nWhat to do next");
    printf("  - look whether it is sound:   journal verify %s\n"
           "  - look at the newest entries: journal query --reverse --count 10 "
           "%s\n",
           to, to);
    if (code_of(report) != CLI_OK)
        puts("  - a backup may have what is lost: it has the same numbers");
    printf("  - keep %s as it is until all is well; then put the other in "
           "its place:\n"
           "      mv %s %s && mv %s %s\n",
           from, from, aside, to, from);
    if (is_damaged(report))
        puts("  - find out why: a disk that lost this will lose more");
}

static int
print_text(const struct request *request, const struct journal_report *report)
{
    int code = CLI_OK;

    print_figures(request, report);
    if (report->entries_bad > 0) {
        puts("Numbers that are not there:");
        code = print_missing(request, report, NULL);
    }
    if (code == CLI_OK)
        print_advice(request, report);
    return code;
}

static int
print_result(const struct request *request, const struct journal_report *report)
{
    int code, end;

    if (request->common.quiet)
        return CLI_OK;
    code = request->common.json ? print_json(request, report)
                                : print_text(request, report);
    end = output_flush();
    return code == CLI_OK ? end : code;
}

/* ---- the command --------------------------------------------------------- */

/* Of the two the one that it was; the old one is read without locks. */
static const char *
path_of(const struct request *request, int result)
{
    struct denied denied;

    switch (result) {
    case JOURNAL_EXISTS:
    case JOURNAL_FULL:
    case ENOENT: /* for the other there is JOURNAL_NOT_FOUND */
    case EROFS:
        return request->to;
    case EACCES:
    case EPERM:
        return denied_find(&denied, request->from,
                           JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE)
                   ? request->from
                   : request->to;
    default:
        return request->from;
    }
}

static void
hint_at_denial(const struct request *request)
{
    struct denied denied;

    if (denied_find(&denied, request->from,
                    JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE) ||
        denied_find(&denied, request->to, 0))
        denied_hint(&denied);
}

static void
hint_at(int result)
{
    if (result == JOURNAL_EXISTS)
        report_hint("what is salvaged goes to where there is nothing, or an "
                    "empty directory");
    if (result == EINVAL)
        report_hint("what is salvaged goes to another directory than the "
                    "damaged journal");
    if (result == JOURNAL_BUSY)
        report_hint("somebody has it open to write, or is salvaging to the "
                    "same place: stop that, and try again");
}

static int
salvage(const struct request *request)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct progress progress;
    int rc, code;

    progress_begin(&progress, "salvaging");
    rc = journal_salvage(request->from, request->to, &report, progress_show,
                         &progress);
    progress_end(&progress);
    if (rc == 0) {
        code = print_result(request, &report);
        return code == CLI_OK ? code_of(&report) : code;
    }
    if (rc == JOURNAL_CORRUPT)
        report_result(request->from, rc, "nothing in it can be read");
    else
        report_failure(path_of(request, rc), rc, NULL);
    hint_at(rc);
    if (rc == EACCES || rc == EPERM)
        hint_at_denial(request);
    return rc == JOURNAL_EXISTS ? CLI_USAGE : report_exit(rc);
}

static int
run(int argc, char **argv)
{
    struct request request = {.from = NULL};
    int code = args_options(&cmd_salvage, argc, argv, &request.common, NULL,
                            NULL);

    if (code == CLI_OK)
        code = args_operands(&cmd_salvage, argc, argv, 2, 2);
    if (code != CLI_OK)
        return code;
    request.from = argv[optind];
    request.to = argv[optind + 1];
    return salvage(&request);
}

const struct cli_command cmd_salvage = {
    .name = "salvage",
    .synopsis = "[OPTIONS] FROM TO",
    .summary = "make a journal of what can be read of a damaged one",
    .about =
        "\n"
        "Reads whatever is sound in the journal at FROM, be its files "
        "damaged,\n"
        "cut short or missing, into a journal TO, which must not be there "
        "yet,\n"
        "or be an empty directory.  Entries keep their numbers.  FROM is left\n"
        "as it is; nobody may have it open to write.  Says what was carried\n"
        "over, what is lost, and what to do next.  Exit code 8: entries are\n"
        "lost, or may be.\n",
    .options = options,
    .run = run,
};
