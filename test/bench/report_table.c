/*
 * report_table.c - what was measured, as tables for people, one a part.
 *
 * Engines that a part has not measured have no column there.
 */
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "workload.h"

#define TMPFS 0x01021994

static bool
shown(const struct report *report, const struct section *section,
      unsigned engine)
{
    for (unsigned i = section->first; i < section->limit; i++) {
        if (row_measured(&report->rows[i], engine))
            return true;
    }
    return false;
}

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

/* Which figure the range is of: ours, or the ratio to that engine's. */
static unsigned
ranged(const struct row *row)
{
    if (row->bar_count > 0 && row_measured(row, row->bars[0].beside))
        return row->bars[0].beside;
    return row_measured(row, ENGINE_LMDB) ? ENGINE_LMDB : ENGINE_OURS;
}

static void
print_range(const struct row *row, FILE *file)
{
    unsigned beside = ranged(row);
    char least[32], most[32], range[72] = "";

    if (row->rounds > 1 && row_measured(row, ENGINE_OURS)) {
        struct spread figure = beside == ENGINE_OURS ? row_spread(row, beside)
                                                     : row_ratio(row, beside);

        snprintf(range, sizeof(range), "%s..%s", number(least, figure.least),
                 number(most, figure.most));
    }
    if (range[0] != '\0' || row->bar_count > 0)
        fprintf(file, " %14s", range);
}

static void
print_bar(const struct row *row, const struct bar *bar, FILE *file)
{
    bool ours = bar->beside == ENGINE_OURS;

    fprintf(file, "  %s %g %s: %s", bar_sign(bar), bar->limit,
            ours ? row->unit : short_name(bar->beside),
            row_reached(row, bar) ? "reached" : "MISSED");
}

/* Of the column of names. */
static int
width_of(const struct report *report, const struct section *section)
{
    size_t width = 33;

    for (unsigned i = section->first; i < section->limit; i++) {
        if (strlen(report->rows[i].name) > width)
            width = strlen(report->rows[i].name);
    }
    return (int)width;
}

static void
print_row(const struct report *report, const struct section *section,
          const struct row *row, FILE *file)
{
    char text[32];

    fprintf(file, "%-*s %-4s", width_of(report, section), row->name, row->unit);
    for (unsigned i = 0; i < ENGINES; i++) {
        if (shown(report, section, i))
            fprintf(file, " %10s",
                    row_measured(row, i)
                        ? number(text, row_spread(row, i).median)
                        : "-");
    }
    for (unsigned i = ENGINE_OURS + 1; i < ENGINES; i++) {
        if (shown(report, section, i))
            fprintf(file, " %9s",
                    row_measured(row, ENGINE_OURS) && row_measured(row, i)
                        ? number(text, row_ratio(row, i).median)
                        : "-");
    }
    print_range(row, file);
    for (unsigned i = 0; i < row->bar_count; i++) {
        if (row_measured(row, row->bars[i].beside))
            print_bar(row, &row->bars[i], file);
    }
    fputc('\n', file);
}

static void
print_section(const struct report *report, const struct section *section,
              FILE *file)
{
    char title[64];

    snprintf(title, sizeof(title), "%s (%.0f s)", section->name,
             section->seconds);
    fprintf(file, "%-*s", width_of(report, section) + 5, title);
    for (unsigned i = 0; i < ENGINES; i++) {
        if (shown(report, section, i))
            fprintf(file, " %10s", engines[i]->name);
    }
    for (unsigned i = ENGINE_OURS + 1; i < ENGINES; i++) {
        if (shown(report, section, i))
            fprintf(file, " / %7s", short_name(i));
    }
    fprintf(file, " %14s  %s\n", "range", "bars");
    for (unsigned i = section->first; i < section->limit; i++)
        print_row(report, section, &report->rows[i], file);
    fputc('\n', file);
}

static void
print_note(const struct note *note, FILE *file)
{
    struct spread spread = spread_of(note->p50_us, note->rounds);
    char text[32], least[32], most[32];

    fprintf(file,
            "The disk alone, beside %s: p50 of a pwrite and an fdatasync of a\n"
            "preallocated file %s us (by round %s..%s); the longest %.1f ms; "
            "%u rests.\n",
            note->beside, number(text, spread.median),
            number(least, spread.least), number(most, spread.most),
            note->longest_us / 1e3, note->rests);
}

void
report_print(const struct report *report, const struct settings *settings,
             FILE *file)
{
    fprintf(file,
            "%s\n%u-byte keys, %zu-byte values, %" PRIu64 " keys of %" PRIu64
            " entries, unless a row says otherwise;\nmedians of %u rounds; then"
            " ours over the others'; range: least to most of the\nfirst bar's "
            "figure, else of the ratio to %s.\n",
            journal_version_string(), KEY_SIZE, settings->value_size,
            settings->keys, settings->entries, settings->rounds,
            engines[ENGINE_LMDB]->name);
    fprintf(file, "%ld processors.%s\n\n", sysconf(_SC_NPROCESSORS_ONLN),
            report_file_system(settings) == TMPFS
                ? "  On a tmpfs, where durable figures mean nothing."
                : "");
    for (unsigned i = 0; i < report->section_count; i++)
        print_section(report, &report->sections[i], file);
    for (unsigned i = 0; i < report->note_count; i++)
        print_note(&report->notes[i], file);
    for (unsigned i = 0; i < report->remark_count; i++)
        fprintf(file, "%s\n", report->remarks[i]);
}
