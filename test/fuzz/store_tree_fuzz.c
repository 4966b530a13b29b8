/*
 * store_tree_fuzz.c - rows looked up in pages that may hold anything.
 *
 * An input is a depth, a root and a count, of one byte each, so many numbers,
 * 8 bytes each, big endian, and then pages of 256 bytes.
 */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "store/store_tree.h"

#define PAGE 256u
#define ROWS 32u
#define HEAD 3u

/* What was found is a row of its number, within the pages. */
static void
check_row(const struct jn_store_tree *tree, const struct jn_numbered *row)
{
    size_t size = tree->pages * tree->page_size, offset;

    if (!row->found)
        return;
    offset = (size_t)(row->value.data - tree->base);
    fuzz_check(offset >= 8 && offset <= size, "a value is in the pages");
    fuzz_check(row->value.size <= size - offset, "all of it is");
    fuzz_check(jn_get_be64(row->value.data - 8) == row->number,
               "it is that of the number");
}

/* One row by a key of any size, as in a table whose keys are bytes. */
static void
try_key(const struct jn_store_tree *tree, struct jn_span key)
{
    size_t size = tree->pages * tree->page_size, offset;
    struct jn_span value;
    int rc = jn_store_tree_get(tree, key, &value);

    if (rc != 0) {
        fuzz_check(rc == JOURNAL_NOT_FOUND || rc == JOURNAL_CORRUPT,
                   "an error of these");
        return;
    }
    offset = (size_t)(value.data - tree->base);
    fuzz_check(offset <= size && value.size <= size - offset,
               "a value is in the pages");
}

/* From KEY on, then back and forth: it ends, and each row is in the pages. */
static void
go_along(const struct jn_store_tree *tree, struct jn_span key)
{
    static const enum jn_move moves[] = {JN_FIRST, JN_LAST, JN_AT_OR_AFTER};
    size_t size = tree->pages * tree->page_size, offset;
    struct jn_store_way way = {.tree = *tree};

    for (unsigned i = 0; i < 3; i++) {
        enum jn_move onward = moves[i] == JN_LAST ? JN_PREV : JN_NEXT;
        struct jn_span at = key, value;
        unsigned steps = 0;
        int rc = jn_store_way_move(&way, moves[i], &at, &value);

        while (rc == 0) {
            offset = (size_t)(value.data - tree->base);
            fuzz_check(offset <= size && value.size <= size - offset,
                       "a value is in the pages");
            fuzz_check(++steps < 100000, "it ends");
            rc = jn_store_way_move(&way, onward, &at, &value);
        }
        fuzz_check(rc == JOURNAL_NOT_FOUND || rc == JOURNAL_CORRUPT,
                   "an error of these");
    }
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct jn_numbered rows[ROWS];
    struct jn_store_tree tree = {.page_size = PAGE};
    size_t count, used;
    uint8_t *pages;

    if (size < HEAD)
        return 0;
    count = data[2] % (ROWS + 1);
    used = HEAD + 8 * count;
    if (size < used)
        return 0;
    tree.depth = data[0];
    tree.root = data[1];
    tree.pages = (size - used) / PAGE;
    /* To the byte, so that a step too far is seen. */
    pages = malloc(tree.pages * PAGE + (tree.pages == 0));
    fuzz_check(pages != NULL, "there is memory");
    memcpy(pages, data + used, tree.pages * PAGE);
    tree.base = pages;
    for (size_t i = 0; i < count; i++)
        rows[i].number = jn_get_be64(data + HEAD + 8 * i);
    jn_store_tree_find(&tree, rows, count);
    for (size_t i = 0; i < count; i++) {
        check_row(&tree, &rows[i]);
        try_key(&tree, jn_span(data + HEAD + 8 * i, 8));
    }
    /* A tree without a page, or too deep to be one, is not gone along. */
    if (tree.depth > 0 && tree.depth < JN_DEPTH_MAX)
        go_along(&tree, jn_span(data + HEAD, used - HEAD));
    for (size_t end = HEAD; end < used; end++)
        try_key(&tree, jn_span(data + HEAD, end - HEAD));
    free(pages);
    return 0;
}
