/* tail.c - the newest entries, and what they do to whoever reads. */
#include "tail.h"

#include <string.h>

#include "bench.h"

#define BATCH 100u

void
tail_add(const struct subjects *subjects, struct model *model, unsigned count)
{
    uint64_t first = model->count;
    uint64_t keys = model->keys;

    size_t value_size = model->value_size;

    model_free(model);
    model_make(model, keys, first + count, value_size);
    for (unsigned i = 0; i < subjects->count; i++)
        subject_append(subjects->list[i], keys, first, model->count, BATCH);
}

void
tail_over(struct report *report, const char *name, const struct row *row,
          const struct row *before)
{
    struct row *over = report_row(report, "x", row->rounds, "%s", name);

    for (unsigned i = 0; i < ENGINES; i++) {
        for (unsigned round = 0; round < row->rounds; round++)
            over->values[i][round] = row->values[i][round] /
                                     before->values[i][round];
    }
    /*
     * Minutes lie between the two, and a machine does not stay what it is: what
     * LMDB, which has no tail, makes of the same entries is the measure.
     */
    if (strcmp(row->unit, "us") == 0)
        row_bar(over, BAR_AT_MOST, ENGINE_LMDB, 1.1);
    else
        row_bar(over, BAR_AT_LEAST, ENGINE_LMDB, 0.9);
}

struct row *
tail_row(struct report *report, unsigned rounds)
{
    return report_row(report, "KiB", rounds, "  in the tail then");
}

void
tail_note(struct row *row, const struct subjects *subjects, unsigned round)
{
    struct subject *subject = subjects_find(subjects, ENGINE_OURS);
    struct engine_state state;

    engine_check(subject->engine, "state",
                 subject->engine->state(subject->db, &state));
    row->values[ENGINE_OURS][round] = (double)state.tail_used / 1024;
}

void
tail_end(const struct subjects *subjects)
{
    for (unsigned i = 0; i < subjects->count; i++) {
        subject_close(subjects->list[i]);
        subject_open(subjects->list[i]);
    }
}
