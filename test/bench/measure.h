/* measure.h - the parts of the benchmark, each of which adds its rows. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>

#include "bench.h"
#include "engine.h"
#include "probe.h"
#include "report.h"
#include "workload.h"

/* Measures those that SETTINGS name, or all; lists them. */
void parts_measure(struct report *report, const struct settings *settings);
void parts_describe(FILE *file);

/* Durable appends of 1, 4, 16 and 64 threads, and the latency of one. */
void measure_appends(struct report *report, const struct settings *settings);

/* Durable batches of 10, of 100 and of 1000. */
void measure_batches(struct report *report, const struct settings *settings);

/* Appends of values of several sizes in some ways; in all ways. */
void measure_sizes(struct report *report, const struct settings *settings);
void measure_grid(struct report *report, const struct settings *settings);

/* Appends that need only survive the process, over few keys, many and none. */
void measure_relaxed(struct report *report, const struct settings *settings);

/* Opens after a close and after a kill. */
void measure_opens(struct report *report, const struct settings *settings);

/* Its space on disk. */
void measure_space(struct report *report, const struct settings *settings,
                   const struct subjects *subjects);

/*
 * Look-ups by key and by number, and a pass over everything, with a tail and
 * without; MODEL and they grow with each round.
 */
void measure_reads(struct report *report, const struct settings *settings,
                   const struct subjects *subjects, struct model *model);

/* Look-ups as of a number among the revisions of one key. */
void measure_history(struct report *report, const struct settings *settings);

/* Keys, prefixes, the state as of a number, times; the newest few. */
void measure_questions(struct report *report, const struct settings *settings);

/* The first entry at or after a time. */
void measure_find_time(struct report *report, const struct settings *settings);

/* Removes the older half, and looks at what is left. */
void measure_prune(struct report *report, const struct settings *settings,
                   const struct subjects *subjects, const struct model *model);

/* Removes of what is left all but the latest of each key. */
void measure_compaction(struct report *report, const struct settings *settings,
                        const struct subjects *subjects,
                        const struct model *model);

/* Durable batches, with a limit to what is kept and without. */
void measure_retention(struct report *report, const struct settings *settings);

/* How soon another process knows of an append. */
void measure_wakeups(struct report *report, const struct settings *settings);

/* A pass over everything by a program in another language. */
void measure_filling(struct report *report, const struct settings *settings,
                     const struct subjects *subjects,
                     const struct model *model);

/*
 * The memory that a replay, or a prune, of everything takes, in a process of
 * its own.  The databases are closed before, and left so.
 */
void measure_memory(struct report *report, const struct subjects *subjects,
                    const char *work, const struct tally *expected);

/* Appends of several processes at once. */
void measure_processes(struct report *report, const struct settings *settings);

/* Look-ups while somebody appends. */
void measure_beside(struct report *report, const struct settings *settings);

/* Appends while another process removes the older half. */
void measure_pruning(struct report *report, const struct settings *settings);

/* What is written for an entry, and the memory that it takes. */
void measure_costs(struct report *report, const struct settings *settings);

/* Small journals and large ones. */
void measure_growth(struct report *report, const struct settings *settings);

/* How soon another process sees what is appended at a fixed rate. */
void measure_offered(struct report *report, const struct settings *settings);

/* What other processes run. */
int replay_probe(struct subject *subject, const struct probe_order *order);
int prune_probe(struct subject *subject, const struct probe_order *order);
int cost_probe(struct subject *subject, const struct probe_order *order);
int share_probe(struct subject *subject, const struct probe_order *order);
int receive_probe(struct subject *subject, const struct probe_order *order);
int beside_probe(struct subject *subject, const struct probe_order *order);
int opening_probe(struct subject *subject, const struct probe_order *order);

#endif
