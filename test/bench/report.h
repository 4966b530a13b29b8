/*
 * report.h - the table: one row a figure, one column an engine.
 *
 * A row keeps the value of every round.  Shown are the medians, the ratio of
 * ours to the reference's, and the least and most that the figure under test
 * came to in a round: the ratio, or our own value where the bar is set on that.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#include "bench.h"
#include "engine.h"
#include "timing.h"

#define ROWS_MAX 40u
#define NOTES_MAX 4u

enum bar_kind { BAR_NONE, BAR_AT_LEAST, BAR_AT_MOST, BAR_BELOW };

struct bar {
    enum bar_kind kind;
    bool of_value; /* else of the ratio */
    double limit;
};

struct row {
    char name[48];
    const char *unit;
    double values[ENGINE_COUNT][ROUNDS_MAX];
    unsigned rounds;
    struct bar bar;
};

/* How the bare disk did beside a group of rows. */
struct note {
    const char *beside;
    double p50_us[ROUNDS_MAX];
    unsigned rounds;
};

struct report {
    struct row rows[ROWS_MAX];
    unsigned row_count;
    struct note notes[NOTES_MAX];
    unsigned note_count;
};

/* A new row, its values to be set by the caller. */
struct row *report_row(struct report *report, const char *unit, unsigned rounds,
                       const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct note *report_note(struct report *report, const char *beside);

void report_print(const struct report *report, const struct settings *settings);
void report_print_json(const struct report *report,
                       const struct settings *settings);

#endif
