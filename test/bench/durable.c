/*
 * durable.c - appends that wait for the disk: of many threads, and in
 * batches.
 */
#include "contest.h"
#include "measure.h"

/* ---- single appends ----------------------------------------------------- */

/* By number of threads. */
static const struct way singles[] = {{1, 1}, {4, 1}, {16, 1}, {64, 1}};

#define SINGLES (sizeof(singles) / sizeof(singles[0]))

/* Where a thousandth counts, all rounds are taken together. */
struct append_rows {
    struct row *rates[SINGLES];
    struct row *p50;
    struct row *p99;
    struct row *p999;
    struct row *longest;
    struct row *over_disk;
    struct row *speedup;
    struct note *note;
};

static struct append_rows
make_append_rows(struct report *report, unsigned rounds)
{
    struct append_rows rows;

    rows.rates[0] = report_row(report, "/s", rounds,
                               "durable append, 1 thread");
    rows.p50 = report_row(report, "us", rounds, "  p50");
    rows.p99 = report_row(report, "us", rounds, "  p99");
    rows.p999 = report_row(report, "us", 1, "  p99.9");
    rows.longest = report_row(report, "ms", 1, "  longest");
    rows.over_disk = report_row(report, "x", rounds,
                                "  p50 over the disk's alone");
    for (unsigned i = 1; i < SINGLES; i++)
        rows.rates[i] = report_row(report, "/s", rounds,
                                   "durable append, %u threads",
                                   singles[i].threads);
    rows.speedup = report_row(report, "x", rounds, "  over that of 1 thread");
    row_bar(rows.longest, BAR_AT_MOST, ENGINE_OURS, 25);
    row_bar(rows.over_disk, BAR_AT_MOST, ENGINE_OURS, 1.25);
    row_bar(rows.rates[2], BAR_AT_LEAST, ENGINE_LEVELDB, 1);
    row_bar(rows.rates[3], BAR_AT_LEAST, ENGINE_LEVELDB, 1);
    rows.note = report_note(report, "single appends");
    return rows;
}

static void
set_append_rows(struct append_rows *rows, struct contest *contest,
                unsigned round)
{
    double disk = control_note(&contest->control, rows->note, round);

    for (unsigned way = 0; way < SINGLES; way++)
        contest_rates(contest, way, rows->rates[way], round);
    for (unsigned i = 0; i < contest->subjects.count; i++) {
        unsigned column = contest->subjects.list[i]->column;
        struct contender *one = contest_of(contest, 0, i);
        struct contender *most = contest_of(contest, SINGLES - 1, i);
        double p50 = samples_percentile_us(&one->round, 50);

        rows->p50->values[column][round] = p50;
        rows->p99->values[column][round] = samples_percentile_us(&one->round,
                                                                 99);
        rows->p999->values[column][0] = samples_percentile_us(&one->all, 99.9);
        rows->longest->values[column][0] = samples_percentile_us(&one->all,
                                                                 100) /
                                           1e3;
        rows->over_disk->values[column][round] = p50 / disk;
        rows->speedup->values[column][round] = contender_rate(most) /
                                               contender_rate(one);
    }
}

void
measure_appends(struct report *report, const struct settings *settings)
{
    struct append_rows rows = make_append_rows(report, settings->rounds);
    struct contest contest = {.name = "appends",
                              .way_count = SINGLES,
                              .slices = settings->slices,
                              .slice_ns = settings->slice_ns};

    memcpy(contest.ways, singles, sizeof(singles));
    contest_open(&contest, settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        contest_round(&contest, settings, round);
        set_append_rows(&rows, &contest, round);
    }
    contest_check(&contest);
    contest_close(&contest);
}

/* ---- batches ------------------------------------------------------------ */

/*
 * One long slice a round: work put off, as a drain of our tail or a compaction
 * of LevelDB's, has to fall into it.
 */
void
measure_batches(struct report *report, const struct settings *settings)
{
    static const double bars[] = {0, 1.5, 1}; /* over LevelDB's rate */
    struct contest contest = {.name = "batches",
                              .ways = {{1, 10}, {1, 100}, {1, 1000}},
                              .way_count = 3,
                              .slices = 1,
                              .slice_ns = 2 * settings->slices *
                                          settings->slice_ns};
    struct note *note = report_note(report, "batches");
    struct row *rates[3], *longest[3];

    for (unsigned way = 0; way < 3; way++) {
        rates[way] = report_row(report, "/s", settings->rounds,
                                "durable batches of %zu",
                                contest.ways[way].batch);
        longest[way] = report_row(report, "ms", 1, "  longest");
        if (bars[way] != 0)
            row_bar(rates[way], BAR_AT_LEAST, ENGINE_LEVELDB, bars[way]);
    }
    contest_open(&contest, settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        contest_round(&contest, settings, round);
        control_note(&contest.control, note, round);
        for (unsigned way = 0; way < 3; way++)
            contest_rates(&contest, way, rates[way], round);
    }
    for (unsigned i = 0; i < contest.contender_count - 1; i++) {
        struct contender *contender = &contest.contenders[1 + i];
        double us = samples_percentile_us(&contender->all, 100);

        longest[i / contest.subjects.count]
            ->values[contender->subject->column][0] = us / 1e3;
    }
    contest_check(&contest);
    contest_close(&contest);
}
