/*
 * walked.h - a journal's file, to be damaged and walked over.
 */
#ifndef TEST_UNIT_WALKED_H
#define TEST_UNIT_WALKED_H

#include "unit/paged.h"
#include "pages/walk.h"

#define WALKED_REPORTS 64u

/* The tables, in the order in which they are walked. */
enum walked_table { WALKED_META, WALKED_ENTRIES, WALKED_LATEST, WALKED_TABLES };

struct walked_report {
    unsigned table; /* WALKED_TABLES: none of these */
    uint64_t page;
    const char *what;
};

/* What a walk told. */
struct walked_result {
    int rc;
    uint64_t rows[WALKED_TABLES];
    unsigned done;  /* tables */
    unsigned count; /* of reports; the first of them follow */
    struct walked_report reports[WALKED_REPORTS];
    uint64_t pages_done; /* by the last report of progress */
    uint64_t pages;
};

/*
 * A journal of COUNT entries in the test's directory, the first fifth pruned,
 * some with values on pages of their own; closed, and read.
 */
void walked_make(struct paged *paged, unsigned count);

/* The newer meta page of the pages in memory, and its number. */
struct jn_meta *walked_meta(const struct paged *paged);
uint64_t walked_meta_number(const struct paged *paged);

/* The description of TABLE's tree, in its page, which is *PAGE. */
uint8_t *walked_describes(const struct paged *paged, enum walked_table table,
                          uint64_t *page);
struct jn_tree walked_tree(const struct paged *paged, enum walked_table table);

/* The first page of TREE on LEVEL, 1 at the root. */
uint64_t walked_first(const struct paged *paged, const struct jn_tree *tree,
                      unsigned level);

/* The page that the I-th node of PAGE leads to. */
uint64_t walked_child(const struct paged *paged, uint64_t page, unsigned i);
void walked_set_child(const struct paged *paged, uint64_t page, unsigned i,
                      uint64_t child);

/* Gives the first node of the branch PAGE, which should have none, a key. */
void walked_set_first_key(const struct paged *paged, uint64_t page,
                          const void *key, size_t size);

/* Walks over the first SIZE bytes of the pages in memory, as a file. */
void walked_walk(const struct paged *paged, size_t size,
                 struct walked_result *result);

/* The same, of an open file, and of one whose meta page has been taken. */
void walked_walk_pages(const struct jn_pages *pages,
                       struct walked_result *result);
void walked_walk_file(int file, struct walked_result *result);

#endif
