/*
 * wrecks.h - journals to be damaged and salvaged, and what there was in them.
 */
#ifndef TEST_API_WRECKS_H
#define TEST_API_WRECKS_H

#include <journal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wreck_kind {
    WRECK_CLOSED,    /* data.mdb alone */
    WRECK_TAILED,    /* its writer has died: the newest are in the tail */
    WRECK_AHEAD,     /* the same, and rows of keys lead there already, */
    WRECK_HALFWAY,   /* or did, and some of the entries have been moved since */
    WRECK_COMPACTED, /* pruned, compacted, and gone on */
    WRECK_REWOUND,   /* some numbers have had another entry */
    WRECK_KINDS,
    WRECK_OTHER = WRECK_KINDS /* as WRECK_TAILED, another one */
};

/* Fixtures: the journals are made once for all tests of a program. */
void wreck_make_all(void);
void wreck_remove_all(void);

/* A copy of KIND is what the following is about; ROUND is for chance. */
void wreck_take(enum wreck_kind kind, unsigned round);
/* The same of a journal with other entries of the same numbers. */
void wreck_take_other(void);

/* A number below LIMIT. */
uint64_t wreck_chance(uint64_t limit);

const char *wreck_path(const char *name); /* in its directory, or "" */
const char *wreck_target(void);
uint64_t wreck_entries(void);
uint64_t wreck_size(void);

/* What entry SEQ was; NULL if there was none. */
const struct journal_entry *wreck_entry(uint64_t seq);

/* ---- damage -------------------------------------------------------------- */

struct wreck_file {
    const char *name;
    uint8_t *bytes;
    size_t size;
};
struct wreck_file wreck_read(const char *name);
void wreck_write(struct wreck_file *file); /* and frees its bytes */

void wreck_flip_bit(void);
void wreck_zero_sector(void);
void wreck_damage(void);

/* ---- salvage ------------------------------------------------------------- */

/* It succeeds, and leaves what is damaged as it is. */
struct journal_report wreck_salvage(void);
int wreck_try(struct journal_report *report);

/* Wreck and target are removed. */
void wreck_drop(void);

/*
 * Nothing in the target is wrong: each entry is as it was, the report counts
 * them, lookups in the past give what they gave or that it is gone, and
 * journal_verify() has nothing to say.
 */
void wreck_compare(const struct journal_report *report);

/* It is appended to, and still sound. */
void wreck_assert_goes_on(void);

/* Besides, everything is as it was: index, marks, figures. */
void wreck_assert_same(void);

#endif
