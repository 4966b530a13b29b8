/* cmd_stat.c - `journal stat`: the journal's figures. */
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
#include "report.h"
#include "target.h"
#include "text.h"

static const struct cli_option options[] = {{ARGS_ROW_JSON, "as a JSON object"},
                                            {ARGS_ROW_IMMUTABLE},
                                            {0}};

struct request {
    const char *path;
    struct args_common common;
};

struct figures {
    struct journal_stat stat;
    char slowest[JOURNAL_MARK_SIZE]; /* name of the mark that stands lowest */
    uint64_t slowest_seq;            /* JOURNAL_NONE: there is none */
    bool damaged;                    /* as far as was looked */
};

/* ---- damage that shows at once ------------------------------------------- */

/* Whether RESULT, of reading what WHAT and SEQ say, is damage: it is told. */
static bool
is_damage(const char *path, int result, const char *what, uint64_t seq)
{
    if (result == JOURNAL_CORRUPT)
        report_result(path, result, "%s %" PRIu64, what, seq);
    return result == JOURNAL_CORRUPT;
}

/*
 * Three reads: of the oldest entry, of the newest, and of its key's latest by
 * way of the index.  That one is not there, pruned meanwhile or never given a
 * key, is not what they look for.
 */
static void
look(struct journal *journal, const char *path, struct figures *figures)
{
    uint64_t oldest = figures->stat.first, newest = figures->stat.size - 1;
    struct journal_entry *entry = NULL, *latest = NULL;
    int rc;

    if (figures->stat.first == figures->stat.size)
        return;
    rc = journal_read(journal, oldest, &entry);
    figures->damaged = is_damage(path, rc, "entry", oldest);
    journal_entry_free(rc == 0 ? entry : NULL);
    if (newest == oldest)
        return;
    rc = journal_read(journal, newest, &entry);
    figures->damaged |= is_damage(path, rc, "entry", newest);
    if (rc != 0)
        return;
    if (entry->key_size > 0) {
        rc = journal_get(journal, entry->key, entry->key_size, &latest);
        figures->damaged |= is_damage(path, rc, "the key of entry", newest);
        journal_entry_free(rc == 0 ? latest : NULL);
    }
    journal_entry_free(entry);
}

static void
print_damage(const struct figures *figures)
{
    colour_label("damage");
    if (figures->damaged)
        printf("%sfound%s\n", colour_on(stdout, COLOUR_BAD),
               colour_on(stdout, COLOUR_NONE));
    else
        puts("none at either end; `journal verify` looks at all");
}

/* ---- the figures --------------------------------------------------------- */

static void
print_count(const char *name, uint64_t count)
{
    colour_label(name);
    printf("%" PRIu64 "\n", count);
}

/* As people read it, and exactly. */
static void
print_size(const char *name, uint64_t size)
{
    char text[TEXT_SIZE_SIZE];

    text_size(text, size);
    colour_label(name);
    fputs(text, stdout);
    if (size >= 1024)
        printf(" (%" PRIu64 " bytes)", size);
    putchar('\n');
}

static void
print_time(const char *name, uint64_t ns)
{
    char text[TEXT_TIME_SIZE] = "-";

    if (ns != 0)
        text_time(text, ns);
    colour_label(name);
    puts(text);
}

static void
print_entries(const struct journal_stat *stat)
{
    colour_label("entries");
    printf("%" PRIu64, stat->entries);
    if (stat->first < stat->size)
        printf(" (%" PRIu64 " to %" PRIu64 ")", stat->first, stat->size - 1);
    putchar('\n');
}

/* Others than these might be lost with power. */
static void
print_durable(const struct journal_stat *stat)
{
    colour_label("durable below");
    printf("%" PRIu64, stat->durable_size);
    if (stat->durable_size < stat->size)
        printf(" (%" PRIu64 " not yet)", stat->size - stat->durable_size);
    putchar('\n');
}

/* How much of it waits to be moved. */
static void
print_tail(const struct journal_stat *stat)
{
    char used[TEXT_SIZE_SIZE], size[TEXT_SIZE_SIZE];

    if (stat->tail_bytes == 0)
        return;
    text_size(used, stat->tail_bytes_used);
    text_size(size, stat->tail_bytes);
    colour_label("tail");
    printf("%s of %s\n", used, size);
}

/* With the one that holds up pruning. */
static void
print_marks(const struct figures *figures)
{
    colour_label("marks");
    printf("%" PRIu64, figures->stat.marks);
    if (figures->slowest_seq != JOURNAL_NONE)
        printf(" (the slowest: %s, at %" PRIu64 ")",
               report_key(figures->slowest, strlen(figures->slowest)),
               figures->slowest_seq);
    putchar('\n');
}

static void
print_text(const char *path, const struct figures *figures)
{
    const struct journal_stat *stat = &figures->stat;
    char id[TEXT_HEX_SIZE];

    text_hex(id, stat->id, sizeof(stat->id));
    colour_label("journal");
    puts(path);
    colour_label("id");
    puts(id);
    print_count("format", stat->format);
    print_entries(stat);
    print_count("next number", stat->size);
    print_durable(stat);
    print_count("live keys", stat->keys);
    print_count("deleted keys", stat->tombstones);
    print_marks(figures);
    print_size("data", stat->bytes_logical);
    print_size("in use", stat->bytes_used);
    print_tail(stat);
    print_size("on disk", stat->bytes_file);
    print_time("oldest entry", stat->first_time);
    print_time("newest entry", stat->last_time);
    print_damage(figures);
}

static void
print_json(const char *path, const struct figures *figures)
{
    const struct journal_stat *stat = &figures->stat;
    char id[TEXT_HEX_SIZE];
    struct object json;

    text_hex(id, stat->id, sizeof(stat->id));
    object_begin(&json);
    object_text(&json, "path", path);
    object_text(&json, "id", id);
    object_number(&json, "format", stat->format);
    object_number(&json, "first", stat->first);
    object_number(&json, "size", stat->size);
    object_number(&json, "durable_size", stat->durable_size);
    object_number(&json, "entries", stat->entries);
    object_number(&json, "keys", stat->keys);
    object_number(&json, "tombstones", stat->tombstones);
    object_number(&json, "bytes_logical", stat->bytes_logical);
    object_number(&json, "bytes_used", stat->bytes_used);
    object_number(&json, "bytes_file", stat->bytes_file);
    object_number(&json, "tail_bytes_used", stat->tail_bytes_used);
    object_number(&json, "tail_bytes", stat->tail_bytes);
    object_number(&json, "first_time", stat->first_time);
    object_number(&json, "last_time", stat->last_time);
    object_number(&json, "marks", stat->marks);
    if (figures->slowest_seq != JOURNAL_NONE) {
        object_open(&json, "slowest_mark");
        object_text(&json, "name", figures->slowest);
        object_number(&json, "seq", figures->slowest_seq);
        object_close(&json);
    }
    if (figures->damaged)
        object_true(&json, "damaged");
    object_end(&json);
}

/* ---- the command --------------------------------------------------------- */

static int
stat_journal(const struct request *request)
{
    const char *path = request->path;
    struct journal *journal = NULL;
    struct figures figures = {.damaged = false};
    int code;

    code = target_open_to_read(path, request->common.immutable, &journal);
    if (code != CLI_OK)
        return code;
    code = target_stat(journal, path, &figures.stat);
    if (code == CLI_OK)
        code = target_slowest_mark(journal, path, figures.slowest,
                                   &figures.slowest_seq);
    if (code == CLI_OK)
        look(journal, path, &figures);
    journal_close(journal);
    if (code != CLI_OK)
        return code;
    if (request->common.json)
        print_json(path, &figures);
    else
        print_text(path, &figures);
    code = output_flush();
    if (figures.damaged)
        report_advice(path, JOURNAL_CORRUPT);
    return code == CLI_OK && figures.damaged ? CLI_DAMAGED : code;
}

static int
run(int argc, char **argv)
{
    struct request request = {0};
    int code = args_options(&cmd_stat, argc, argv, &request.common, NULL, NULL);

    if (code == CLI_OK)
        code = args_operands(&cmd_stat, argc, argv, 1, 1);
    request.path = argv[optind];
    return code == CLI_OK ? stat_journal(&request) : code;
}

const struct cli_command cmd_stat = {
    .name = "stat",
    .synopsis = "[OPTIONS] PATH",
    .summary = "print the journal's figures",
    .about =
        "\n"
        "Prints how many entries, keys and marks the journal has, which\n"
        "are durable, and what room they take.  Of damage it notices only\n"
        "what keeps it from being opened, or is in its first or last entry:\n"
        "exit code 5.  'journal verify' looks at all of it.\n",
    .options = options,
    .run = run,
};
