/* paged.c - the pages of a journal's file, for tests that damage them. */
#include "unit/paged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pages/layout.h"
#include "support/test.h"

#define FILE_NAME "journal/data.mdb"

/* The entries' tree, whose description follows its name in the names' root. */
static void
find_tree(struct paged *paged)
{
    struct jn_meta metas[2];
    struct jn_tree found;
    const uint8_t *page, *name;

    for (unsigned i = 0; i < 2; i++)
        memcpy(&metas[i], paged_page(paged, i) + JN_PAGE_HEADER,
               sizeof(metas[i]));
    page = paged_page(
        paged,
        metas[metas[1].transaction > metas[0].transaction].trees[1].root);
    name = memmem(page, paged->page_size, "entries", 7);
    ck_assert_ptr_nonnull(name);
    memcpy(&found, name + 7, sizeof(found));
    paged->root = found.root;
    paged->depth = found.depth;
}

void
paged_read(struct paged *paged)
{
    FILE *from = fopen(test_path(FILE_NAME), "rb");
    long size;

    ck_assert_ptr_nonnull(from);
    ck_assert_int_eq(fseek(from, 0, SEEK_END), 0);
    size = ftell(from);
    rewind(from);
    paged->page_size = (size_t)sysconf(_SC_PAGESIZE);
    paged->pages = (uint64_t)size / paged->page_size;
    paged->bytes = malloc(paged->pages * paged->page_size);
    ck_assert_ptr_nonnull(paged->bytes);
    ck_assert_uint_eq(fread(paged->bytes, paged->page_size, paged->pages, from),
                      paged->pages);
    (void)fclose(from);
    find_tree(paged);
}

void
paged_write(const struct paged *paged)
{
    FILE *to = fopen(test_path(FILE_NAME), "r+b");

    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(fwrite(paged->bytes, paged->page_size, paged->pages, to),
                      paged->pages);
    ck_assert_int_eq(fclose(to), 0);
}

void
paged_free(struct paged *paged)
{
    free(paged->bytes);
}

uint8_t *
paged_page(const struct paged *paged, uint64_t number)
{
    ck_assert_uint_lt(number, paged->pages);
    return paged->bytes + number * paged->page_size;
}

uint8_t *
paged_node(uint8_t *page, unsigned i)
{
    return page + jn_page_offset(page, i);
}

uint8_t *
paged_on_the_way(const struct paged *paged, unsigned level, uint64_t number)
{
    uint8_t *page = paged_page(paged, paged->root);

    for (unsigned i = 1; i < level; i++) {
        unsigned at = jn_page_count(page, paged->page_size) - 1;

        ck_assert_uint_eq(jn_page_flags(page), JN_PAGE_BRANCH);
        while (at > 0 &&
               jn_get_be64(paged_node(page, at) + JN_NODE_HEADER) > number)
            at--;
        page = paged_page(paged, jn_node_child(paged_node(page, at)));
    }
    return page;
}
