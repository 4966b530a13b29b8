/* report.c - prints what was measured, as a table or as JSON. */
#include "report.h"

#include <inttypes.h>
#include <journal.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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
    for (unsigned i = 0; i < ENGINES; i++) {
        for (unsigned round = 0; round < ROUNDS_MAX; round++)
            row->values[i][round] = NAN;
    }
    va_start(arguments, format);
    vsnprintf(row->name, sizeof(row->name), format, arguments);
    va_end(arguments);
    return row;
}

void
row_bar(struct row *row, enum bar_kind kind, unsigned beside, double limit)
{
    if (engines[beside] == NULL)
        return;
    if (row->bar_count == BARS_MAX)
        bench_fail("%s: more bars than BARS_MAX", row->name);
    row->bars[row->bar_count++] = (struct bar){kind, beside, limit};
}

void
report_remark(struct report *report, const char *text)
{
    if (report->remark_count == NOTES_MAX)
        bench_fail("more remarks than NOTES_MAX");
    report->remarks[report->remark_count++] = text;
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

static bool
measured(const struct row *row, unsigned engine)
{
    return !isnan(row->values[engine][0]);
}

/* An engine that was measured nowhere gets no column. */
static bool
shown(const struct report *report, unsigned engine)
{
    for (unsigned i = 0; i < report->row_count; i++) {
        if (measured(&report->rows[i], engine))
            return true;
    }
    return false;
}

/* Of ours to that of ENGINE; both have been measured. */
static struct spread
ratio_of(const struct row *row, unsigned engine)
{
    double ratios[ROUNDS_MAX];

    for (unsigned i = 0; i < row->rounds; i++) {
        double other = row->values[engine][i];

        ratios[i] = other > 0 ? row->values[ENGINE_OURS][i] / other : 0;
    }
    return spread_of(ratios, row->rounds);
}

/* Our value where BESIDE is ours, else its ratio to that one's. */
static struct spread
figure_of(const struct row *row, unsigned beside)
{
    if (beside == ENGINE_OURS)
        return spread_of(row->values[ENGINE_OURS], row->rounds);
    return ratio_of(row, beside);
}

/* Which figure the range is of. */
static unsigned
ranged(const struct row *row)
{
    if (row->bar_count > 0 && measured(row, row->bars[0].beside))
        return row->bars[0].beside;
    return measured(row, ENGINE_OURS) && measured(row, ENGINE_LMDB)
               ? ENGINE_LMDB
               : ENGINE_OURS;
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
reached(const struct row *row, const struct bar *bar)
{
    double figure = figure_of(row, bar->beside).median;

    switch (bar->kind) {
    case BAR_NONE:
        break;
    case BAR_AT_LEAST:
        return figure >= bar->limit;
    case BAR_AT_MOST:
        return figure <= bar->limit;
    case BAR_BELOW:
        return figure < bar->limit;
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

/* "raw LMDB" is LMDB in the head of a column. */
static const char *
short_name(unsigned engine)
{
    const char *space = strrchr(engines[engine]->name, ' ');

    return space != NULL ? space + 1 : engines[engine]->name;
}

static void
print_bar(const struct row *row, const struct bar *bar)
{
    bool ours = bar->beside == ENGINE_OURS;

    printf("  %s %g %s: %s", sign_of(bar->kind), bar->limit,
           ours ? row->unit : short_name(bar->beside),
           reached(row, bar) ? "reached" : "MISSED");
}

static void
print_figures(const struct report *report, const struct row *row)
{
    char text[32];

    for (unsigned i = 0; i < ENGINES; i++) {
        if (shown(report, i))
            printf(" %10s",
                   measured(row, i)
                       ? number(text,
                                spread_of(row->values[i], row->rounds).median)
                       : "-");
    }
    for (unsigned i = ENGINE_OURS + 1; i < ENGINES; i++) {
        if (shown(report, i))
            printf(" %9s", measured(row, ENGINE_OURS) && measured(row, i)
                               ? number(text, ratio_of(row, i).median)
                               : "-");
    }
}

static void
print_row(const struct report *report, const struct row *row)
{
    char least[32], most[32], range[72] = "";

    printf("%-34s%-4s", row->name, row->unit);
    print_figures(report, row);
    if (row->rounds > 1 && measured(row, ENGINE_OURS)) {
        struct spread figure = figure_of(row, ranged(row));

        snprintf(range, sizeof(range), "%s..%s", number(least, figure.least),
                 number(most, figure.most));
    }
    if (range[0] != '\0' || row->bar_count > 0)
        printf(" %14s", range);
    for (unsigned i = 0; i < row->bar_count; i++) {
        if (measured(row, row->bars[i].beside))
            print_bar(row, &row->bars[i]);
    }
    putchar('\n');
}

static void
print_note(const struct note *note)
{
    struct spread spread = spread_of(note->p50_us, note->rounds);
    char text[32], least[32], most[32];

    printf("The disk alone, beside %s: p50 of a pwrite and an fdatasync of a\n"
           "preallocated file %s us (by round %s..%s); the longest %.1f ms.\n",
           note->beside, number(text, spread.median),
           number(least, spread.least), number(most, spread.most),
           note->longest_us / 1e3);
}

/* The file system's type, as statfs() numbers it. */
static long
type_of(const char *path)
{
    struct statfs status;

    return statfs(path, &status) == 0 ? (long)status.f_type : 0;
}

static void
print_head(const struct report *report)
{
    printf("%-38s", "");
    for (unsigned i = 0; i < ENGINES; i++) {
        if (shown(report, i))
            printf(" %10s", engines[i]->name);
    }
    for (unsigned i = ENGINE_OURS + 1; i < ENGINES; i++) {
        if (shown(report, i))
            printf(" / %7s", short_name(i));
    }
    printf(" %14s  %s\n", "range", "bars");
}

void
report_print(const struct report *report, const struct settings *settings)
{
    printf("%s\n", journal_version_string());
    printf("%u-byte keys, %zu-byte values, %" PRIu64 " keys; medians of %u "
           "rounds; then ours\n"
           "over the others'; range: least to most of the first bar's figure, "
           "else of the\n"
           "ratio to %s.\n",
           KEY_SIZE, settings->value_size, settings->keys, settings->rounds,
           engines[ENGINE_LMDB]->name);
    printf("%ld processors.%s\n\n", sysconf(_SC_NPROCESSORS_ONLN),
           type_of(settings->dir) == TMPFS
               ? "  On a tmpfs, where durable figures mean nothing."
               : "");

    print_head(report);
    for (unsigned i = 0; i < report->row_count; i++)
        print_row(report, &report->rows[i]);
    putchar('\n');
    for (unsigned i = 0; i < report->note_count; i++)
        print_note(&report->notes[i]);
    for (unsigned i = 0; i < report->remark_count; i++)
        printf("%s\n", report->remarks[i]);
}

/* ---- JSON --------------------------------------------------------------- */

static void
print_json_spread(const char *name, struct spread spread)
{
    printf("\"%s\": {\"least\": %.6g, \"median\": %.6g, \"most\": %.6g}", name,
           spread.least, spread.median, spread.most);
}

static void
print_json_bar(const struct row *row, const struct bar *bar, const char *before)
{
    printf("%s{\"of\": \"%s%s\", \"sign\": \"%s\", \"limit\": %g, "
           "\"reached\": %s}",
           before, bar->beside == ENGINE_OURS ? "" : "ratio to ",
           engines[bar->beside]->name, sign_of(bar->kind), bar->limit,
           reached(row, bar) ? "true" : "false");
}

/* An indented name goes on that of HEAD, the last row that was not. */
static void
print_json_row(const struct row *row, const struct row *head)
{
    const char *before = "";

    printf("    {\"name\": \"%s%s%s\", \"unit\": \"%s\", \"rounds\": %u",
           row != head ? head->name : "", row != head ? ": " : "",
           row->name + strspn(row->name, " "), row->unit, row->rounds);
    for (unsigned i = 0; i < ENGINES; i++) {
        if (!measured(row, i))
            continue;
        printf(",\n     ");
        print_json_spread(engines[i]->name,
                          spread_of(row->values[i], row->rounds));
    }
    for (unsigned i = ENGINE_OURS + 1; i < ENGINES; i++) {
        char name[64];

        if (!measured(row, ENGINE_OURS) || !measured(row, i))
            continue;
        snprintf(name, sizeof(name), "ratio to %s", engines[i]->name);
        printf(",\n     ");
        print_json_spread(name, ratio_of(row, i));
    }
    printf(",\n     \"bars\": [");
    for (unsigned i = 0; i < row->bar_count; i++) {
        if (!measured(row, row->bars[i].beside))
            continue;
        print_json_bar(row, &row->bars[i], before);
        before = ", ";
    }
    printf("]}");
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
        printf(", \"longest_us\": %.6g", note->longest_us);
        printf("}%s\n", i + 1 < report->note_count ? "," : "");
    }
    printf("  ],\n  \"remarks\": [");
    for (unsigned i = 0; i < report->remark_count; i++)
        printf("%s\n    \"%s\"", i == 0 ? "" : ",", report->remarks[i]);
    printf("\n  ]\n}\n");
}
