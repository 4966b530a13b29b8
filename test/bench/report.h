/*
 * report.h - the table: one row a figure, one column an engine.
 *
 * Parts of the benchmark have a section each.  A row keeps the value of every
 * round; an engine that was not measured has none.  Shown are the medians, the
 * ratios of ours to the others', and the least and most that one figure came to
 * in a round: that of the row's first bar, or else the ratio to raw LMDB's.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench.h"
#include "engine.h"
#include "timing.h"

#define ROWS_MAX 400u
#define SECTIONS_MAX 32u
#define NOTES_MAX 64u
#define BARS_MAX 2u

enum bar_kind { BAR_NONE, BAR_AT_LEAST, BAR_AT_MOST, BAR_BELOW };

/* Of the ratio to the engine BESIDE; of our value where that is ENGINE_OURS. */
struct bar {
    enum bar_kind kind;
    unsigned beside;
    double limit;
};

struct row {
    char name[48];
    const char *unit;
    double values[ENGINES][ROUNDS_MAX]; /* NAN: not measured */
    unsigned rounds;
    struct bar bars[BARS_MAX];
    unsigned bar_count;
};

/* How the bare disk did beside a group of rows. */
struct note {
    const char *beside;
    double p50_us[ROUNDS_MAX];
    unsigned rounds;
    double longest_us; /* in all rounds */
    unsigned rests;    /* that it was given */
};

/* What a part of the benchmark has come to: rows from FIRST on. */
struct section {
    const char *name;
    unsigned first;
    unsigned limit;
    uint64_t begun;
    double seconds;
};

struct report {
    struct section sections[SECTIONS_MAX];
    unsigned section_count;
    struct row rows[ROWS_MAX];
    unsigned row_count;
    struct note notes[NOTES_MAX];
    unsigned note_count;
    const char *remarks[NOTES_MAX]; /* whole sentences, below the table */
    unsigned remark_count;
};

/* What is added until the end belongs to the part NAME. */
void report_section(struct report *report, const char *name);
void report_section_end(struct report *report);

/* A new row, its values to be set by the caller. */
struct row *report_row(struct report *report, const char *unit, unsigned rounds,
                       const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ROW has to reach this; not if it is beside an engine that is not here. */
void row_bar(struct row *row, enum bar_kind kind, unsigned beside,
             double limit);

/* TEXT has to outlive the report. */
void report_remark(struct report *report, const char *text);

struct note *report_note(struct report *report, const char *beside);

/* What a row comes to, of engines that have been measured. */
bool row_measured(const struct row *row, unsigned engine);
struct spread row_spread(const struct row *row, unsigned engine);
struct spread row_ratio(const struct row *row, unsigned engine);
bool row_reached(const struct row *row, const struct bar *bar);
const char *bar_sign(const struct bar *bar);

/* The file system's type, as statfs() numbers it. */
long report_file_system(const struct settings *settings);

void report_print(const struct report *report, const struct settings *settings,
                  FILE *file);
void report_print_json(const struct report *report,
                       const struct settings *settings, FILE *file);

#endif
