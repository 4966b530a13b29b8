/*
 * model.h - a journal in memory, simple enough to be right.
 *
 * It is what the library is compared with.  The entries retained are an array,
 * and whatever a call is asked is found by looking through it; there is no
 * index and no state beside it, but for the marks.  All that is known of a key
 * follows from the newest entry that it has there: prunes and compactions take
 * its oldest entries first and a rewind its newest, so that entry is the key's
 * latest unless it has none.
 */
#ifndef TEST_MODEL_MODEL_H
#define TEST_MODEL_MODEL_H

#include <journal.h>
#include <stdbool.h>

/* An entry, with what its key had come to when it was appended. */
struct model_entry {
    struct journal_entry entry;    /* time is filled in by who knows it */
    bool stamped;                  /* the key has a stamp in force */
    struct journal_stamp in_force; /* this one */
    unsigned references;
    uint8_t bytes[]; /* key, value and meta */
};

#define MODEL_MARKS_MAX 32u

struct model_mark {
    char name[JOURNAL_MARK_SIZE];
    uint64_t seq;
};

struct model {
    /* entries[i] has number first + i; NULL: a compaction has removed it. */
    struct model_entry **entries;
    size_t capacity;
    uint64_t first; /* of the oldest entry that is there, or the size */
    uint64_t size;
    struct model_mark marks[MODEL_MARKS_MAX]; /* in no order */
    size_t mark_count;
    uint64_t durable; /* entries below this are, and maybe more */
};

void model_init(struct model *model, uint64_t first_seq);
void model_free(struct model *model);

/* An entry outlives its journal while somebody has a reference. */
struct model_entry *model_entry_ref(struct model_entry *entry);
void model_entry_unref(struct model_entry *entry);

/*
 * Whether RESULT is what an append of RECORDS may return now.  If several
 * records have a fault any of the faults will do.
 */
bool model_allows(const struct model *model,
                  const struct journal_record *records, size_t count,
                  int result);

/* Appends RECORDS, which model_allows() to succeed. */
void model_append(struct model *model, const struct journal_record *records,
                  size_t count);

/* These return what the call of that name does, and set *ENTRY on success. */
int model_get(const struct model *model, const void *key, size_t key_size,
              struct model_entry **entry);
int model_get_at(const struct model *model, const void *key, size_t key_size,
                 uint64_t limit, struct model_entry **entry);
int model_read(const struct model *model, uint64_t seq,
               struct model_entry **entry);
int model_rewind(struct model *model, uint64_t size);

/* What a handle keeps; 0: no limit. */
struct model_limits {
    uint64_t entries, bytes, ns;
};

/*
 * COUNT entries have been appended, whose times are filled in, through a handle
 * with LIMITS: removes what that removes.
 */
void model_retain(struct model *model, const struct model_limits *limits,
                  uint64_t count);

/*
 * Returns the number of entries removed, of which *HIGHEST is the highest
 * number; it is not set if there are none.
 */
uint64_t model_prune(struct model *model, uint64_t before, uint32_t flags,
                     uint64_t *highest);

int model_mark(struct model *model, const char *name, uint64_t seq);
int model_unmark(struct model *model, const char *name);
int model_marked(const struct model *model, const char *name, uint64_t *seq);

/* All that has been appended is durable. */
void model_sync(struct model *model);

/* The mark that sorts next behind NAME; NULL if there is none. */
const struct model_mark *model_next_mark(const struct model *model,
                                         const char *name);

uint64_t model_find_time(const struct model *model, uint64_t time);

/* Entry SEQ of [first, size); NULL if it is not there. */
struct model_entry *model_entry_at(const struct model *model, uint64_t seq);

/* The key's newest entry below LIMIT, tombstone or not; NULL if none. */
struct model_entry *model_newest(const struct model *model, const void *key,
                                 size_t key_size, uint64_t limit);

/* Fills in first, size, entries, keys, tombstones, bytes_logical, marks. */
void model_stat(const struct model *model, struct journal_stat *stat);

/* As stamps are ordered: below, at or above 0. */
int model_stamp_compare(const struct journal_stamp *a,
                        const struct journal_stamp *b);

#endif
