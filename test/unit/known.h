/*
 * known.h - a journal whose rows are known, for tests of audits.
 *
 * Entries 0 to 79: of `a` those that are 0 in four, of `b` 1 in four, with a
 * stamp; of `c` 2 in four, each fifth of them a tombstone; the others without a
 * key.
 */
#ifndef TEST_UNIT_KNOWN_H
#define TEST_UNIT_KNOWN_H

#include "audited.h"

#define ENTRIES 80u

extern struct journal *known_journal;
extern struct audited known;

/* Fixtures: an empty journal, and one with these entries, all in the store. */
void known_setup(void);
void known_setup_full(void);
void known_teardown(void);

/* All that there is is in the store then. */
void known_reopen(void);

/* Takes the rows as they are now; and says whether the index is ahead then. */
void known_take(void);
bool known_is_ahead(void);

/* Appends what belongs there, also from number 80 on. */
void known_append(uint64_t seq);

/* Entry SEQ as it was taken, which is to be a recent one. */
struct audited_recent *known_recent(uint64_t seq);

/* From one of many to the next: LEAST, or more where the scale is small. */
size_t known_step(size_t least);

/* What an audit finds in `known`; and one that takes all keys by history. */
void assert_counts(uint64_t entries, uint64_t index, uint64_t links,
                   uint64_t first);
void assert_both(uint64_t entries, uint64_t index, uint64_t links,
                 uint64_t first);
void assert_sound(void);

/*
 * Bits of ROW's value from number FROM on, by known_step(): with each of them
 * flipped an audit finds, as ASSERT_FOUND says, one bad row of the index.
 */
void assert_flips_found(struct audited_row *row, size_t from, size_t least,
                        void (*assert_found)(uint64_t, uint64_t, uint64_t,
                                             uint64_t));

/* What may be wrong with the row of a key. */
void known_spoil_tombstone(struct jn_chain *chain);
void known_spoil_newest(struct jn_chain *chain);
void known_spoil_last_root(struct jn_chain *chain);
void known_spoil_stamp(struct jn_chain *chain);

#endif
