/*
 * paged.h - the pages of a journal's file, for tests that damage them.
 */
#ifndef TEST_UNIT_PAGED_H
#define TEST_UNIT_PAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A copy of the file, and where in it the tree of the entries is. */
struct paged {
    uint8_t *bytes;
    size_t page_size;
    uint64_t pages;
    uint64_t root;
    unsigned depth;
};

/* Of the journal in the test's directory, which nobody has open. */
void paged_read(struct paged *paged);
void paged_write(const struct paged *paged);
void paged_free(struct paged *paged);

uint8_t *paged_page(const struct paged *paged, uint64_t number);

/* The page of LEVEL, 1 at the root, on the way down to entry NUMBER. */
uint8_t *paged_on_the_way(const struct paged *paged, unsigned level,
                          uint64_t number);

/* The I-th node of a PAGE. */
uint8_t *paged_node(uint8_t *page, unsigned i);

#endif
