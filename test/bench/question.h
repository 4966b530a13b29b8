/*
 * question.h - what can be asked of a history, whatever keeps it.
 *
 * Answers come in the order of numbers, rising, or falling where the newest are
 * asked for; an engine that finds one out of turn says ENGINE_DISORDER.
 */
#ifndef BENCH_QUESTION_H
#define BENCH_QUESTION_H

#include <stddef.h>
#include <stdint.h>

enum question_kind {
    ASK_KEY,    /* the entries of KEY */
    ASK_PREFIX, /* those of keys that begin with KEY */
    ASK_SCAN,   /* the same, found by looking at every entry */
    ASK_LATEST, /* of each key its newest entry below LIMIT */
    ASK_TIMES   /* entries appended in [SINCE, UNTIL) */
};

struct question {
    enum question_kind kind;
    const unsigned char *key;
    size_t key_size;
    uint64_t limit; /* UINT64_MAX: as of now */
    uint64_t since;
    uint64_t until;
    unsigned newest; /* with KEY, PREFIX: so many, newest first; 0: all */
};

#endif
