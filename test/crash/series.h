/*
 * series.h - rounds of writers that are killed and held to what they noted.
 *
 * A round starts writers, kills them some 0 to 4 ms later, and holds the
 * journal against what they have noted (history.h).  In some rounds this
 * process, or a reader, has the journal open all the time; in others the first
 * open afterwards finds what the dead have left.  Journals are given up now
 * and then, so creation is killed too.  A series is a hundred rounds on a
 * directory of its own; TEST_SCALE decides how many rounds there are.
 */
#ifndef TEST_CRASH_SERIES_H
#define TEST_CRASH_SERIES_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#define SERIES_WRITERS_MAX 3u /* processes */

/* What there is to kill. */
struct kind {
    const char *name;
    unsigned processes;
    unsigned threads;
    bool prunes;
    bool rewinds;
    bool reader;
    bool deep;     /* removes so much at once that it takes several steps */
    bool mixed;    /* each process durable or relaxed, as chance has it */
    bool replaced; /* one is killed first, and another comes in its place */
    uint64_t tail_bytes; /* if mixed */
};

/* A case of SUITE, for series in a file system in memory, or on the disk. */
TCase *series_case(Suite *suite, const char *name, bool in_memory);

/* TEST calls series_run() for each series of COUNT rounds, scaled. */
void series_add(TCase *tcase, const TTest *test, unsigned count);

/* Number NUMBER of these, _i of the test. */
void series_run(const struct kind *kind, unsigned count, int number);

#endif
