/* report.c - prints what was measured, as a table or as JSON. */
#include "report.h"

#include <inttypes.h>
#include <journal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TMPFS 0x01021994

struct row *
report_row(struct report *report, const char *unit, unsigned rounds,
           const char *format, ...)
{
    struct row *row;
    va_list arguments;

    if (report->row_count == ROWS_MAX)
        bench_fail("more rows than ROWS_MAX");
    row = &report->rows[report->row_count++];
    row->unit = unit;
    row->rounds = rounds;
    va_start(arguments, format);
    vsnprintf(row->name, sizeof(row->name), format, arguments);
    va_end(arguments);
    return row;
}

struct note *
report_note(struct report *report, const char *beside)
{
    struct note *note;

    if (report->note_count == NOTES_MAX)
        bench_fail("more notes than NOTES_MAX");
    note = &report->notes[report->note_count++];
    note->beside = beside;
    return note;
}

/* ---- what a row comes to ------------------------------------------------ */

static struct spread
ratio_of(const struct row *row)
{
    double ratios[ROUNDS_MAX];

    for (unsigned i = 0; i < row->rounds; i++) {
        double reference = row->values[ENGINE_REFERENCE][i];

        ratios[i] = reference > 0 ? row->values[ENGINE_OURS][i] / reference : 0;
    }
    return spread_of(ratios, row->rounds);
}

/* What the row's bar looks at. */
static struct spread
figure_of(const struct row *row)
{
    if (row->bar.of_value)
        return spread_of(row->values[ENGINE_OURS], row->rounds);
    return ratio_of(row);
}

static const char *
sign_of(enum bar_kind kind)
{
    switch (kind) {
    case BAR_NONE:
        break;
    case BAR_AT_LEAST:
        return ">=";
    case BAR_AT_MOST:
        return "<=";
    case BAR_BELOW:
        return "<";
    }
    return "";
}

static bool
reached(const struct row *row)
{
    double figure = figure_of(row).median;

    switch (row->bar.kind) {
    case BAR_NONE:
        break;
    case BAR_AT_LEAST:
        return figure >= row->bar.limit;
    case BAR_AT_MOST:
        return figure <= row->bar.limit;
    case BAR_BELOW:
        return figure < row->bar.limit;
    }
    return true;
}

/* ---- the table ---------------------------------------------------------- */

/* Three digits or more, and no more behind the point than that takes. */
static const char *
number(char text[32], double value)
{
    int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;

    snprintf(text, 32, "%.*f", digits, value);
    return text;
}

static void
print_bar(const struct row *row)
{
    if (row->bar.kind == BAR_NONE)
        return;
    printf("  %s %g%s%s: %s", sign_of(row->bar.kind), row->bar.limit,
           row->bar.of_value ? " " : "", row->bar.of_value ? row->unit : "",
           reached(row) ? "reached" : "MISSED");
}

static void
print_row(const struct row *row)
{
    struct spread figure = figure_of(row);
    char text[32], least[32], most[32], range[72];

    printf("%-31s%-4s", row->name, row->unit);
    for (unsigned i = 0; i < ENGINE_COUNT; i++)
        printf(" %10s",
               number(text, spread_of(row->values[i], row->rounds).median));
    printf(" %6s", number(text, ratio_of(row).median));
    if (row->rounds > 1)
        snprintf(range, sizeof(range), "%s..%s", number(least, figure.least),
                 number(most, figure.most));
    if (row->rounds > 1 || row->bar.kind != BAR_NONE)
        printf(" %12s", row->rounds > 1 ? range : "");
    print_bar(row);
    putchar('\n');
}

static void
print_note(const struct note *note)
{
    struct spread spread = spread_of(note->p50_us, note->rounds);
    char text[32], least[32], most[32];

    printf("The disk alone, beside %s: p50 of a pwrite and an fdatasync of a\n"
           "preallocated file %s us (by round %s..%s).\n",
           note->beside, number(text, spread.median),
           number(least, spread.least), number(most, spread.most));
}

/* The file system's type, as statfs() numbers it. */
static long
type_of(const char *path)
{
    struct statfs status;

    return statfs(path, &status) == 0 ? (long)status.f_type : 0;
}

void
report_print(const struct report *report, const struct settings *settings)
{
    printf("%s\n", journal_version_string());
    printf("%u-byte keys, %u-byte values, %" PRIu64 " keys; medians of %u "
           "rounds; ratio: ours to %s's;\n"
           "range: the ratio's (or our figure's, where the bar is on that) "
           "from least to most.\n",
           KEY_SIZE, VALUE_SIZE, settings->keys, settings->rounds,
           engines[ENGINE_REFERENCE]->name);
    printf("%ld processors.%s\n\n", sysconf(_SC_NPROCESSORS_ONLN),
           type_of(settings->dir) == TMPFS
               ? "  On a tmpfs, where durable figures mean nothing."
               : "");

    printf("%-35s", "");
    for (unsigned i = 0; i < ENGINE_COUNT; i++)
        printf(" %10s", engines[i]->name);
    printf(" %6s %12s  %s\n", "ratio", "range", "bar");
    for (unsigned i = 0; i < report->row_count; i++)
        print_row(&report->rows[i]);
    putchar('\n');
    for (unsigned i = 0; i < report->note_count; i++)
        print_note(&report->notes[i]);
}

/* ---- JSON --------------------------------------------------------------- */

static void
print_json_spread(const char *name, struct spread spread)
{
    printf("\"%s\": {\"least\": %.6g, \"median\": %.6g, \"most\": %.6g}", name,
           spread.least, spread.median, spread.most);
}

/* An indented name goes on that of HEAD, the last row that was not. */
static void
print_json_row(const struct row *row, const struct row *head)
{
    printf("    {\"name\": \"%s%s%s\", \"unit\": \"%s\", \"rounds\": %u",
           row != head ? head->name : "", row != head ? ": " : "",
           row->name + strspn(row->name, " "), row->unit, row->rounds);
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        printf(",\n     ");
        print_json_spread(engines[i]->name,
                          spread_of(row->values[i], row->rounds));
    }
    printf(",\n     ");
    print_json_spread("ratio", ratio_of(row));
    if (row->bar.kind != BAR_NONE)
        printf(",\n     \"bar\": {\"of\": \"%s\", \"sign\": \"%s\", "
               "\"limit\": %g, \"reached\": %s}",
               row->bar.of_value ? engines[ENGINE_OURS]->name : "ratio",
               sign_of(row->bar.kind), row->bar.limit,
               reached(row) ? "true" : "false");
    putchar('}');
}

void
report_print_json(const struct report *report, const struct settings *settings)
{
    const struct row *head = report->rows;

    printf("{\n  \"version\": \"%s\",\n  \"processors\": %ld,\n"
           "  \"file_system\": \"0x%lx\",\n  \"keys\": %" PRIu64 ",\n"
           "  \"entries\": %" PRIu64 ",\n  \"rows\": [\n",
           journal_version_string(), sysconf(_SC_NPROCESSORS_ONLN),
           type_of(settings->dir), settings->keys, settings->entries);
    for (unsigned i = 0; i < report->row_count; i++) {
        if (report->rows[i].name[0] != ' ')
            head = &report->rows[i];
        print_json_row(&report->rows[i], head);
        printf("%s\n", i + 1 < report->row_count ? "," : "");
    }
    printf("  ],\n  \"disk\": [\n");
    for (unsigned i = 0; i < report->note_count; i++) {
        const struct note *note = &report->notes[i];

        printf("    {\"beside\": \"%s\", ", note->beside);
        print_json_spread("p50_us", spread_of(note->p50_us, note->rounds));
        printf("}%s\n", i + 1 < report->note_count ? "," : "");
    }
    printf("  ]\n}\n");
}
