/* report.c - keeps what was measured, and says what it comes to. */
#include "report.h"

#include <math.h>
#include <stdarg.h>
#include <sys/vfs.h>

void
report_section(struct report *report, const char *name)
{
    if (report->section_count == SECTIONS_MAX)
        bench_fail("more sections than SECTIONS_MAX");
    report->sections[report->section_count++] = (struct section){
        .name = name, .first = report->row_count, .begun = timing_now()};
}

void
report_section_end(struct report *report)
{
    struct section *section = &report->sections[report->section_count - 1];

    section->limit = report->row_count;
    section->seconds = (double)(timing_now() - section->begun) / 1e9;
}

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

bool
row_measured(const struct row *row, unsigned engine)
{
    return !isnan(row->values[engine][0]);
}

struct spread
row_spread(const struct row *row, unsigned engine)
{
    return spread_of(row->values[engine], row->rounds);
}

/* Of ours to that of ENGINE; both have been measured. */
struct spread
row_ratio(const struct row *row, unsigned engine)
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
    return row_ratio(row, beside);
}

const char *
bar_sign(const struct bar *bar)
{
    switch (bar->kind) {
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

bool
row_reached(const struct row *row, const struct bar *bar)
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

long
report_file_system(const struct settings *settings)
{
    struct statfs status;

    return statfs(settings->dir, &status) == 0 ? (long)status.f_type : 0;
}
