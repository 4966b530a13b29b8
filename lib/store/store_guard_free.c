/* store_guard_free.c - the list of free pages, looked at before it is used. */
#include "base/error.h"
#include "store/store_guard_part.h"

/*
 * So many leaves of the list are looked at from its beginning on, where LMDB
 * takes pages from, and deletes rows; and the last one, where it adds one.  Of
 * their numbers so many, and of the rows behind those the first and the last.
 */
#define FREE_LEAVES_MAX 256u
#define FREE_NUMBERS_MAX 16384u

struct free_list {
    struct jn_store_tree tree;
    unsigned leaves_left;
    uint64_t numbers_left;
};

/*
 * COUNT numbers of pages, the largest first.  One that is given to LMDB twice
 * ends the process, and what is put into one that a tree has is lost.
 */
static int
look_at_numbers(struct jn_guard *guard, const struct jn_store_tree *tree,
                const uint8_t *numbers, uint64_t count)
{
    uint64_t before = tree->pages;
    int rc = 0;

    for (uint64_t i = 0; rc == 0 && i < count; i++) {
        uint64_t number = jn_get64(numbers + i * sizeof(number));

        if (number < 2 || number >= before ||
            jn_guard_known(guard, number) != JN_GUARD_NOTHING)
            return JOURNAL_CORRUPT;
        rc = jn_guard_note(guard, number, JN_GUARD_FREE);
        before = number;
    }
    return rc;
}

/* A row of the list: how many numbers, and these. */
static int
look_at_row(struct jn_guard *guard, struct free_list *list,
            const struct jn_node *node)
{
    const struct jn_store_tree *tree = &list->tree;
    struct jn_span row = node->value;
    uint64_t count, some;

    if ((node->flags & JN_NODE_BIG) != 0)
        row = jn_span(tree->base + node->first_page * tree->page_size +
                          JN_PAGE_HEADER,
                      node->value_size);
    count = row.size >= sizeof(count) ? jn_get64(row.data) : UINT64_MAX;
    if (count > row.size / sizeof(count) - 1)
        return JOURNAL_CORRUPT;
    if (count > 0 && (jn_get64(row.data + sizeof(count)) >= tree->pages ||
                      jn_get64(row.data + count * sizeof(count)) < 2))
        return JOURNAL_CORRUPT;
    some = count < list->numbers_left ? count : list->numbers_left;
    list->numbers_left -= some;
    return look_at_numbers(guard, tree, row.data + sizeof(count), some);
}

static int
look_at_rows(struct jn_guard *guard, struct free_list *list,
             const struct jn_spot *spot)
{
    struct jn_page page;
    struct jn_node node;
    int rc = jn_page_open(&page, spot->page, list->tree.page_size,
                          spot->number);

    for (unsigned i = 0; rc == 0 && i < page.count; i++) {
        rc = jn_page_node(&page, i, &node);
        if (rc == 0)
            rc = look_at_row(guard, list, &node);
    }
    return rc;
}

/* What of the list is below SPOT, which is on LEVEL. */
static int
look_at_list(struct jn_guard *guard, struct free_list *list,
             struct jn_spot spot, unsigned level)
{
    const struct jn_store_tree *tree = &list->tree;
    int rc = jn_guard_look(guard, tree, &spot);

    if (rc == 0 && level == tree->depth) {
        list->leaves_left -= list->leaves_left > 0;
        return look_at_rows(guard, list, &spot);
    }
    for (unsigned i = 0; rc == 0 && i < spot.count; i++) {
        if (list->leaves_left == 0 && i + 1 < spot.count)
            continue;
        rc = look_at_list(guard, list,
                          jn_spot_below(&spot, i, level + 1 == tree->depth),
                          level + 1);
    }
    return rc;
}

int
jn_guard_look_at_free(struct jn_guard *guard, const struct jn_store_tree *like,
                      const struct jn_meta *meta)
{
    struct free_list list = {.tree = *like,
                             .leaves_left = FREE_LEAVES_MAX,
                             .numbers_left = FREE_NUMBERS_MAX};
    struct jn_spot root;

    if (meta->trees[0].root == JN_NO_ROOT)
        return 0;
    list.tree.root = meta->trees[0].root;
    list.tree.depth = meta->trees[0].depth;
    if (list.tree.depth == 0 || list.tree.depth >= JN_DEPTH_MAX)
        return JOURNAL_CORRUPT;
    root = jn_spot_root(&list.tree);
    root.rule.numbers = true;
    root.rule.small = true;
    return look_at_list(guard, &list, root, 1);
}
