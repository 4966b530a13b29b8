/*
 * tail.h - a few newest entries that an engine has not put into its pages yet.
 *
 * Ours keeps such in its tail.  In each round what is read is measured without
 * them, which is after a close and an open, and then with them.
 */
#ifndef BENCH_TAIL_H
#define BENCH_TAIL_H

#include "engine.h"
#include "report.h"

/*
 * Appends COUNT to each of SUBJECTS, so few and in such small batches that they
 * stay where they are, and makes MODEL longer by as much.
 */
void tail_add(const struct subjects *subjects, struct model *model,
              unsigned count);

/* A row of ROW over BEFORE, in which ours may lose a tenth. */
void tail_over(struct report *report, const char *name, const struct row *row,
               const struct row *before);

/* Notes in ROW how much ours has in its tail. */
struct row *tail_row(struct report *report, unsigned rounds);
void tail_note(struct row *row, const struct subjects *subjects,
               unsigned round);

/* Closes and opens each, so that nothing is put off any longer. */
void tail_end(const struct subjects *subjects);

#endif
