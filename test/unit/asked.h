/*
 * asked.h - all that can be asked of a journal, with the right answers.
 *
 * The answers are the model's, and made once.  A journal that may be damaged is
 * asked again and again: it may say JOURNAL_CORRUPT, but nothing that is wrong,
 * and whoever goes through entries is told if one of them is missing.
 */
#ifndef TEST_UNIT_ASKED_H
#define TEST_UNIT_ASKED_H

#include "base/bytes.h"
#include "model/query.h"

/* What must not be. */
enum asked_fault {
    ASKED_WRONG,  /* an answer that is not right */
    ASKED_HIDDEN, /* something is there, and said not to be */
    ASKED_SILENT, /* an entry is missing, and nobody was told */
    ASKED_COUNT,  /* LMDB's number of entries or of keys is wrong */
    ASKED_UNTOLD, /* there was any of this, or damage, and verify found none */
    ASKED_FAULTS
};

struct asked_counts {
    uint64_t questions;
    uint64_t told; /* answers that were JOURNAL_CORRUPT, or had it in them */
    uint64_t faults[ASKED_FAULTS];
    char first[200]; /* what was asked when the first of them was found */
};

/* Takes MODEL, which has to stay, with all KEYS there have been in it. */
void asked_make(const struct model *model, const struct journal_stat *stat,
                const struct jn_span *keys, size_t count);
void asked_free(void);

/* Asks everything of JOURNAL. */
void asked_all(struct journal *journal, struct asked_counts *counts);

#endif
