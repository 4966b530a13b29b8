/*
 * marks.h - positions with names, as rows of `meta`.
 *
 *     key      "mark/", the name, zeros up to 9 bytes in all: with shorter keys
 *              among long ones LMDB 0.9 can fail to split a page (index.h)
 *     value    8 bytes, big endian: the position
 *              8 bytes, little endian: XXH3-64 of key and position
 */
#ifndef JN_MARKS_H
#define JN_MARKS_H

#include <journal.h>

#include "store/store.h"

/* EINVAL unless NAME is 1 to 255 bytes of UTF-8. */
int jn_marks_check(const char *name);

/*
 * What a row of `meta` says of a mark: JOURNAL_NOT_FOUND if its KEY is not that
 * of one, JOURNAL_CORRUPT if the row is damaged.
 */
int jn_marks_decode(struct jn_span key, struct jn_span value, uint64_t *seq);

/*
 * 0: it is a mark that is sound, or a row of another name that there may be.
 * JOURNAL_CORRUPT: it is neither, and may have had any name.
 */
int jn_marks_check_row(struct jn_span key, struct jn_span value);

/* JOURNAL_NOT_FOUND where there is no mark NAME. */
int jn_marks_get(struct jn_txn *txn, const char *name, uint64_t *seq);
int jn_marks_put(struct jn_txn *txn, const char *name, uint64_t seq);
int jn_marks_remove(struct jn_txn *txn, const char *name);

/*
 * The first mark behind NAME, into NAME, of JOURNAL_MARK_SIZE bytes;
 * JOURNAL_END if there is none.
 */
int jn_marks_next(struct jn_txn *txn, char *name, uint64_t *seq);

/* The lowest position of any mark; JOURNAL_NONE if there are none. */
int jn_marks_lowest(struct jn_txn *txn, uint64_t *seq);

/*
 * The same, remembered: there may be thousands.  What was found in one writing
 * transaction holds in the next one if no other came between and none moved a
 * mark.
 */
struct jn_slowest {
    uint64_t number; /* of the transaction that SEQ holds for; 0: of none */
    uint64_t seq;
};
int jn_marks_slowest(struct jn_txn *txn, struct jn_slowest *slowest,
                     uint64_t *seq);

/* Transaction NUMBER has been committed, and moved no mark. */
void jn_marks_kept(struct jn_slowest *slowest, uint64_t number);

int jn_marks_count(struct jn_txn *txn, uint64_t *count);

/* Moves marks above SEQ back to it. */
int jn_marks_move_back(struct jn_txn *txn, uint64_t seq);

#endif
