/*
 * filling.c - a replay from a language in which a call costs more than an
 * entry: by journal_fill(), and by that language's own module for SQLite.
 *
 * The program that does it is given on the command line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

struct way {
    const char *name; /* as fill.py knows it */
    const char *row;
};

/* The last is SQLite's, and stands beside the one before it. */
static const struct way ways[] = {
    {"handed", "from Python, buffers filled"},
    {"walked", "  and gone through"},
    {"headers", "  and headers taken apart"},
    {"rows", "  and made into tuples"},
    {"sqlite", NULL},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Nanoseconds of reading all entries of PATH; TALLY gets what was found. */
static uint64_t
run(const char *program, const char *way, const char *path, struct tally *tally)
{
    size_t size = strlen(program) + strlen(way) + strlen(path) + 8;
    char *command = bench_resize(NULL, size);
    uint64_t ns = 0;
    FILE *answer;
    int found;

    snprintf(command, size, "%s %s '%s'", program, way, path);
    answer = popen(command, "re");
    if (answer == NULL)
        bench_fail("cannot run %s", command);
    found = fscanf(answer, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &ns,
                   &tally->count, &tally->bytes, &tally->sum);
    if (pclose(answer) != 0 || found != 4)
        bench_fail("%s failed", command);
    free(command);
    return ns;
}

static double
rate(const char *program, const char *way, const char *path, uint64_t entries)
{
    struct tally got = {0};
    uint64_t ns = run(program, way, path, &got);

    if (got.count != entries)
        bench_fail("%s %s: %" PRIu64 " entries instead of %" PRIu64, program,
                   way, got.count, entries);
    return (double)entries * 1e9 / (double)ns;
}

static void
check(const char *program, const struct subject *subject,
      const struct model *model)
{
    struct tally expected = model_tally(model, 0, model->count);
    struct tally got = {0};

    run(program, "check", subject->path, &got);
    tally_check(&got, &expected, subject->engine->name, program);
}

void
measure_filling(struct report *report, const struct settings *settings,
                const struct subjects *subjects, const struct model *model)
{
    struct row *rows[WAYS];

    if (settings->filler == NULL) {
        report_remark(report,
                      "Python is left out: none with ctypes and sqlite3,"
                      " or no --fill.");
        return;
    }
    for (size_t i = 0; i + 1 < WAYS; i++)
        rows[i] = report_row(report, "/s", settings->rounds, "%s", ways[i].row);
    rows[WAYS - 1] = rows[WAYS - 2];
    row_bar(rows[WAYS - 2], BAR_AT_LEAST, ENGINE_OURS, 1e6);
    row_bar(rows[WAYS - 2], BAR_AT_LEAST, ENGINE_SQLITE, 1.1);
    check(settings->filler, subjects_find(subjects, ENGINE_OURS), model);
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("filling from Python", round, settings->rounds);
        for (unsigned i = 0; i < WAYS; i++) {
            unsigned turn = turn_of(i, round, WAYS);
            unsigned engine = turn == WAYS - 1 ? ENGINE_SQLITE : ENGINE_OURS;
            char *path;

            if (engines[engine] == NULL)
                continue;
            path = bench_join(subjects_find(subjects, engine)->path,
                              engine == ENGINE_OURS ? "" : "history.db");
            rows[turn]->values[engine][round] = rate(settings->filler,
                                                     ways[turn].name, path,
                                                     model->count);
            free(path);
        }
    }
}
