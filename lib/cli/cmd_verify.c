/* cmd_verify.c - `journal verify`: says what is damaged, and what to do. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "colour.h"
#include "object.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "target.h"
#include "text.h"

static const struct cli_option options[] = {
    {ARGS_ROW_JSON, "print a JSON object"},
    {ARGS_ROW_IMMUTABLE},
    {ARGS_ROW_QUIET, "print nothing: the exit code tells"},
    {0}};

struct request {
    const char *path;
    struct args_common common;
};

/* ---- what was found ------------------------------------------------------ */

static const char *
plural(uint64_t count, const char *one, const char *more)
{
    return count == 1 ? one : more;
}

static void
print_entries(const struct journal_report *report)
{
    uint64_t bad = report->entries_bad;

    colour_label("entries");
    printf("%" PRIu64 " looked at, ", report->entries_checked);
    if (bad == 0)
        puts("all sound");
    else
        printf("%" PRIu64 " %s damaged or missing\n", bad,
               plural(bad, "is", "are"));
}

/* NAME, and that all is well or that COUNT of WHAT are not. */
static void
print_kind(const char *name, uint64_t count, const char *what)
{
    colour_label(name);
    if (count == 0)
        puts("sound");
    else
        printf("%" PRIu64 " %s\n", count, what);
}

static void
print_tail(const struct journal_report *report)
{
    if (report->tail_records == 0 && report->tail_bytes_discarded == 0)
        return;
    colour_label("last open");
    printf("%" PRIu64 " %s recovered from the tail", report->tail_records,
           plural(report->tail_records, "entry", "entries"));
    if (report->tail_bytes_discarded > 0)
        printf(", %" PRIu64 " bytes of unfinished appends left out",
               report->tail_bytes_discarded);
    putchar('\n');
}

static void
print_found(const char *path, const struct journal_report *report)
{
    colour_label("journal");
    puts(path);
    print_kind("pages", report->pages_bad, "damaged");
    print_entries(report);
    print_kind("links", report->links_bad,
               plural(report->links_bad, "entry is linked wrong",
                      "entries are linked wrong"));
    print_kind("index", report->index_bad,
               plural(report->index_bad, "row is damaged, wrong or missing",
                      "rows are damaged, wrong or missing"));
    if (report->first_bad != JOURNAL_NONE) {
        colour_label("first bad");
        printf("%" PRIu64 "\n", report->first_bad);
    }
    print_tail(report);
}

/* ---- what to do ---------------------------------------------------------- */

static void
print_command(const char *words, const char *path, const char *suffix,
              const char *other)
{
    char word[TEXT_WORD_SIZE];

    text_word(word, path, suffix);
    printf("    %s %s", words, word);
    if (other != NULL) {
        text_word(word, path, other);
        printf(" %s", word);
    }
    putchar('\n');
}

static void
print_what_is_left(const struct journal_report *report)
{
    if (report->pages_bad > 0)
        puts("Pages of the file are damaged, and what was on them is counted "
             "as missing.\nAppending to it now may destroy more.");
    else if (report->entries_bad > 0)
        puts("What is damaged is refused when it is read; everything else can "
             "be read.");
    else
        puts("Every entry is sound and nothing is lost; but what is found by "
             "key, and\nfigures, may be wrong.");
}

static void
print_what_to_do(const char *path, const struct journal_report *report)
{
    printf("\n%sThis journal is DAMAGED.%s\n", colour_on(stdout, COLOUR_BAD),
           colour_on(stdout, COLOUR_NONE));
    print_what_is_left(report);
    puts("\nWhat to do:\n"
         "1. Stop the programs that write to it.\n"
         "2. Keep a copy of it as it is, on another disk if this one may be "
         "failing:");
    print_command("cp -a", path, "", ".damaged");
    puts("3. Carry over all that is sound into a new journal, with the same "
         "numbers;\n   it says what is lost:");
    print_command("journal salvage", path, "", ".salvaged");
    print_command("journal verify", path, ".salvaged", NULL);
    puts("4. Put that, or a backup that holds what was lost, in its place, and "
         "start the\n   programs again.\n"
         "5. Find out why: the system's log, the disk's own (smartctl -a), "
         "memory.");
}

static void
print_text(const char *path, const struct journal_report *report, bool sound)
{
    print_found(path, report);
    if (sound)
        printf("\n%sAll is well.%s\n", colour_on(stdout, COLOUR_GOOD),
               colour_on(stdout, COLOUR_NONE));
    else
        print_what_to_do(path, report);
}

static void
print_json(const char *path, const struct journal_report *report, bool sound)
{
    struct object json;

    object_begin(&json);
    object_text(&json, "path", path);
    object_text(&json, "result", sound ? "sound" : "damaged");
    object_number(&json, "entries_checked", report->entries_checked);
    object_number(&json, "entries_bad", report->entries_bad);
    object_number(&json, "index_bad", report->index_bad);
    object_number(&json, "links_bad", report->links_bad);
    object_number(&json, "pages_bad", report->pages_bad);
    if (report->first_bad == JOURNAL_NONE)
        object_null(&json, "first_bad");
    else
        object_number(&json, "first_bad", report->first_bad);
    object_number(&json, "tail_records", report->tail_records);
    object_number(&json, "tail_bytes_discarded", report->tail_bytes_discarded);
    object_end(&json);
}

/* ---- the command --------------------------------------------------------- */

static int
verify_journal(struct journal *journal, const struct request *request)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct progress progress;
    int rc, code;

    progress_begin(&progress, "verifying");
    rc = journal_verify(journal, &report, progress_show, &progress);
    progress_end(&progress);
    if (rc != 0 && rc != JOURNAL_CORRUPT)
        return report_failure(request->path, rc, "verifying");
    if (request->common.json)
        print_json(request->path, &report, rc == 0);
    else if (!request->common.quiet)
        print_text(request->path, &report, rc == 0);
    code = output_flush();
    return code == CLI_OK ? report_exit(rc) : code;
}

static int
verify(const struct request *request)
{
    struct journal *journal = NULL;
    int code = target_open_to_read(request->path, request->common.immutable,
                                   &journal);

    if (code == CLI_OK)
        code = verify_journal(journal, request);
    journal_close(journal);
    return code;
}

static int
run(int argc, char **argv)
{
    struct request request = {.path = NULL};
    int code = args_options(&cmd_verify, argc, argv, &request.common, NULL,
                            NULL);

    if (code == CLI_OK)
        code = args_operands(&cmd_verify, argc, argv, 1, 1);
    request.path = argv[optind];
    return code == CLI_OK ? verify(&request) : code;
}

const struct cli_command cmd_verify = {
    .name = "verify",
    .synopsis = "[OPTIONS] PATH",
    .summary = "look for damage, and say what to do",
    .about = "\n"
             "Reads all of the journal and says what is damaged, what is not,\n"
             "and what to do next.  Changes nothing; other programs go on.\n"
             "Exit code 0: all is well; 5: it is damaged.\n",
    .options = options,
    .run = run,
};
