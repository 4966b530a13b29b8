/* freelist.c - which pages of an LMDB file are free. */
#include "pages/freelist.h"

#include <stdlib.h>

#include "base/error.h"

struct list {
    const struct jn_pages *pages;
    uint64_t left; /* pages that may still be met: a cycle uses them up */
    uint64_t *numbers;
    size_t count, capacity;
    struct jn_pages_buffer buffer;
};

static int
add(struct list *list, uint64_t number)
{
    size_t capacity = list->capacity * 2 + 1024;
    uint64_t *numbers = list->numbers;

    if (list->count == list->capacity) {
        numbers = realloc(numbers, capacity * sizeof(*numbers));
        if (numbers == NULL)
            return ENOMEM;
        list->numbers = numbers;
        list->capacity = capacity;
    }
    numbers[list->count++] = number;
    return 0;
}

/* A row: how many there are, and their numbers. */
static int
take_row(struct list *list, const struct jn_node *node)
{
    uint64_t last = jn_pages_meta(list->pages)->last_page, count;
    struct jn_span value = node->value;
    int rc = 0;

    if ((node->flags & JN_NODE_BIG) != 0)
        rc = jn_pages_read_value(list->pages, node, &list->buffer, &value,
                                 &count);
    if (rc != 0)
        return rc;
    if (value.size < 8)
        return JOURNAL_CORRUPT;
    count = jn_get64(value.data);
    if (count > value.size / 8 - 1)
        return JOURNAL_CORRUPT;
    for (uint64_t i = 1; i <= count && rc == 0; i++) {
        uint64_t number = jn_get64(value.data + 8 * i);

        rc = number < 2 || number > last || list->count > last
                 ? JOURNAL_CORRUPT
                 : add(list, number);
    }
    return rc;
}

static int
walk(struct list *list, uint64_t number, unsigned depth)
{
    uint8_t *bytes = malloc(jn_pages_page_size(list->pages));
    struct jn_page page;
    int rc = bytes == NULL ? ENOMEM : 0;

    if (rc == 0 && (depth == JN_DEPTH_MAX || list->left == 0))
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        rc = jn_pages_read(list->pages, number, bytes, &page);
    for (unsigned i = 0; rc == 0 && i < page.count; i++) {
        struct jn_node node;

        rc = jn_page_node(&page, i, &node);
        if (rc == 0 && page.flags == JN_PAGE_LEAF) {
            rc = take_row(list, &node);
        } else if (rc == 0) {
            list->left--;
            rc = walk(list, node.child, depth + 1);
        }
        if (list->left == 0 && rc == 0)
            rc = JOURNAL_CORRUPT;
    }
    free(bytes);
    return rc;
}

static int
compare(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

int
jn_freelist_read(const struct jn_pages *pages, struct jn_gaps *free_pages)
{
    uint64_t root = jn_pages_meta(pages)->trees[0].root;
    struct list list = {.pages = pages, .left = jn_pages_count(pages) + 1};
    int rc = root == JN_NO_ROOT ? 0 : walk(&list, root, 0);

    if (rc == 0 && list.count > 1)
        qsort(list.numbers, list.count, sizeof(*list.numbers), compare);
    for (size_t i = 0; i < list.count && rc == 0; i++) {
        if (i > 0 && list.numbers[i] == list.numbers[i - 1])
            rc = JOURNAL_CORRUPT;
        else
            rc = jn_gaps_add(free_pages, list.numbers[i], list.numbers[i] + 1);
    }
    jn_pages_buffer_free(&list.buffer);
    free(list.numbers);
    return rc;
}
