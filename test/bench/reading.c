/* reading.c - look-ups and replays, with a tail and without. */
#include "lookups.h"
#include "measure.h"
#include "tail.h"

/* ---- look-ups and replays, with a tail and without ---------------------- */

struct read_rows {
    struct row *gets;
    struct row *reads;
    struct row *replays;
    struct row *zipf_gets; /* without a tail only */
    struct row *zipf_reads;
};

static struct read_rows
make_read_rows(struct report *report, unsigned rounds, const char *with)
{
    struct read_rows rows = {0};

    rows.gets = report_row(report, "us", rounds, "get, latest by key%s", with);
    rows.reads = report_row(report, "us", rounds, "read by number%s", with);
    rows.replays = report_row(report, "/s", rounds, "replay of everything%s",
                              with);
    /* In time: 0.65 of LMDB's rate, three times SQLite's. */
    row_bar(rows.gets, BAR_AT_MOST, ENGINE_LMDB, 1.54);
    row_bar(rows.gets, BAR_AT_MOST, ENGINE_SQLITE, 0.33);
    row_bar(rows.reads, BAR_AT_MOST, ENGINE_LMDB, 1.54);
    row_bar(rows.reads, BAR_AT_MOST, ENGINE_SQLITE, 0.33);
    row_bar(rows.replays, BAR_AT_LEAST, ENGINE_LMDB, 0.45);
    return rows;
}

static void
look_up(const struct subjects *subjects, const struct model *model,
        enum draw draw, unsigned count, unsigned round, struct row *gets,
        struct row *reads)
{
    struct lookup_times times = lookups_round(subjects, model, draw, count,
                                              round);

    for (unsigned i = 0; i < subjects->count; i++) {
        unsigned column = subjects->list[i]->column;

        gets->values[column][round] = times.gets[column];
        reads->values[column][round] = times.reads[column];
    }
}

static void
read_round(const struct read_rows *rows, const struct subjects *subjects,
           const struct model *model, unsigned count, unsigned round)
{
    struct tally all = model_tally(model, 0, model->count);

    /* Once without a clock: what is measured is memory, not the disk. */
    for (unsigned i = 0; i < subjects->count; i++)
        lookups_replay(subjects->list[i], &all);
    look_up(subjects, model, DRAW_UNIFORM, count, round, rows->gets,
            rows->reads);
    if (rows->zipf_gets != NULL)
        look_up(subjects, model, DRAW_ZIPF, count, round, rows->zipf_gets,
                rows->zipf_reads);
    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects_turn(subjects, i, round);
        uint64_t ns = lookups_replay(subject, &all);

        rows->replays->values[subject->column][round] = (double)model->count *
                                                        1e9 / (double)ns;
    }
}

void
measure_reads(struct report *report, const struct settings *settings,
              const struct subjects *subjects, struct model *model)
{
    struct read_rows drained = make_read_rows(report, settings->rounds, "");
    struct read_rows tailed = make_read_rows(report, settings->rounds,
                                             ", with a tail");
    struct row *tail = tail_row(report, settings->rounds);

    drained.zipf_gets = report_row(report, "us", settings->rounds,
                                   "get by Zipf, latest by key");
    drained.zipf_reads = report_row(report, "us", settings->rounds,
                                    "read by Zipf, by number");
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("reads", round, settings->rounds);
        read_round(&drained, subjects, model, settings->lookups, round);
        tail_add(subjects, model, settings->tailed);
        tail_note(tail, subjects, round);
        read_round(&tailed, subjects, model, settings->lookups, round);
        tail_end(subjects);
    }
    tail_over(report, "get, over that without", tailed.gets, drained.gets);
    tail_over(report, "read, over that without", tailed.reads, drained.reads);
    tail_over(report, "replay, over that without", tailed.replays,
              drained.replays);
}
