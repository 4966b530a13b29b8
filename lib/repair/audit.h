/*
 * audit.h - whether the rows of a journal fit together.
 *
 * Is fed the rows of a journal, whoever has read them, and finds out what is
 * wrong with what they mean: records and links that are damaged, numbers that
 * are missing, times that fall, links that do not lead where the history of
 * their key does, rows of the index that say something else than the entries,
 * figures that do not add up.
 *
 * That every entry's links are what its key's history makes them would take a
 * table of all keys.  The first *pass* does without.  An entry says that its
 * key has come to revision r with number s, and how often others are going to
 * say so too: the entry behind it, the jumps that lead to it (links.h), and
 * what is then left of them the row of the key.  Each saying is a hash of key,
 * r and s; what the entry says itself is added to a sum, what others say of it
 * is taken off.  In a sound journal the sum is 0, in whatever order and
 * however many keys there are; if anything differs it is so by chance only, one
 * in 2^64.  There are many sums, by the keys' hashes.  For the keys of those
 * that are not 0, further passes follow each key's history, with a table of
 * bounded size, and say what is wrong.  They also clear what a sum cannot
 * settle: whether a key that has been given stamps with some of its entries
 * only, and has lost the older ones to a prune, has the right one.
 *
 * What the sums cannot see are stamps replaced, of one key, that two entries
 * have got the wrong way round.
 */
#ifndef JN_AUDIT_H
#define JN_AUDIT_H

#include <journal.h>

#include "base/bytes.h"
#include "format/state.h"

struct jn_audit;

/* What was wrong, by kind. */
struct jn_audit_counts {
    uint64_t entries_checked;
    uint64_t entries_bad; /* damaged, missing, or not of their time or place */
    uint64_t index_bad;   /* rows of keys, and of `meta`, wrong or missing */
    uint64_t links_bad;   /* entries that are sound but for their links */
    uint64_t first_bad;   /* lowest number of these, or JOURNAL_NONE */
};

/*
 * STATE is what the store says, NULL if that cannot be made out; SIZE is that
 * of the journal with what is recent, and what should be.
 */
int jn_audit_open(struct jn_audit **audit, const struct jn_state *state,
                  uint64_t size);
void jn_audit_close(struct jn_audit *audit);

/*
 * Before the first pass, where ROW, that of the tail, says that the index is
 * ahead.  What rows lead to that are, is recent: such a row has to be what the
 * frame of the key's newest entry below `ahead` says.
 */
void jn_audit_is_ahead(struct jn_audit *audit, const struct jn_tail_row *row);

/*
 * Each pass is fed, in this order: what is recent, to be expected; the rows of
 * `latest` and of `entries`, in the order of their keys, in the first pass
 * `latest` before `entries` and later behind; what is recent, in the order of
 * numbers, where the index is ahead once for the sums, and then to be followed.
 * That stays where it is as long as the audit is open.  Rows of `meta` may come
 * at any time, and do nothing in passes after the first.  All return 0 or
 * ENOMEM.
 */
struct jn_audit_recent {
    uint64_t seq;
    struct jn_span row;   /* as it will be in `entries` */
    struct jn_span chain; /* of its key, seeded for a probe of 0 */
    bool fresh;           /* said to be of a key that was not known, */
    bool buried;          /* or of one whose latest entry was a tombstone */
};
int jn_audit_expect(struct jn_audit *audit,
                    const struct jn_audit_recent *recent);
int jn_audit_entry(struct jn_audit *audit, struct jn_span key,
                   struct jn_span value);
int jn_audit_latest(struct jn_audit *audit, struct jn_span key,
                    struct jn_span value);
int jn_audit_sum_recent(struct jn_audit *audit,
                        const struct jn_audit_recent *recent);
int jn_audit_recent(struct jn_audit *audit,
                    const struct jn_audit_recent *recent);
int jn_audit_meta(struct jn_audit *audit, struct jn_span key,
                  struct jn_span value);

/* Ends the pass.  *AGAIN: all is to be fed once more. */
int jn_audit_finish(struct jn_audit *audit, bool *again);

/* Whether the first pass is over. */
bool jn_audit_is_retracing(const struct jn_audit *audit);

/* When there is no further pass. */
void jn_audit_counts(const struct jn_audit *audit,
                     struct jn_audit_counts *counts);

#endif
