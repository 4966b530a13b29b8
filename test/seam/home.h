/*
 * home.h - the journal of these tests: made once, copied for each.
 *
 * What an entry is follows from its number, so that each that is found can be
 * told to be right, whoever appended it.  Its last writer was killed: some
 * entries are in the tail alone.
 */
#ifndef TEST_SEAM_HOME_H
#define TEST_SEAM_HOME_H

#include <journal.h>
#include <stdbool.h>

#define HOME_STORED 140u /* entries that are in the store */
#define HOME_ENTRIES 190u
#define HOME_KEYS 11u
#define HOME_OLD 10u /* a key that is in the store alone */
#define HOME_PRUNED 12u

/* An unchecked fixture: makes it in TMPDIR, for all tests of the program. */
void home_make(void);

/* A copy in the test's directory; the one that was there is gone. */
void home_copy(void);
const char *home_path(void);

/* What a disk may have done to the copy. */
enum home_damage {
    HOME_SOUND,
    HOME_ENTRIES_BAD, /* the values of some are others */
    HOME_PAGES_BAD,   /* some pages are none, and frames of the tail */
    HOME_METAS_BAD    /* neither meta page is left */
};

void home_damage(enum home_damage damage);

/* Opens it with FLAGS; the options are the defaults but for these. */
int home_open(struct journal **journal, uint32_t flags, uint64_t bytes_max,
              uint64_t keep_entries);

/* Which key entry SEQ has; HOME_KEYS: none. */
unsigned home_which(uint64_t seq);

/* The record for number SEQ; it points to bytes that stay for eight calls. */
struct journal_record home_record(uint64_t seq);

/* One of [0, HOME_KEYS). */
struct journal_record home_key(unsigned which);

/* Whether ENTRY is what home_record() said. */
bool home_is_right(const struct journal_entry *entry);

/* All that is in JOURNAL is right; how much that is. */
uint64_t home_count_right(struct journal *journal);

/*
 * All that is in JOURNAL is right, and there are no gaps but where some have
 * been COMPACTED; each key's latest entry is the newest that there is.
 */
void home_assert_whole(struct journal *journal, bool compacted);

#endif
