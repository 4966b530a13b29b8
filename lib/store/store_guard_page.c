/* store_guard_page.c - one page, looked at once in a transaction. */
#include <stdlib.h>

#include "base/error.h"
#include "store/store_guard_part.h"

/* Each has two bits. */
#define PAGES_A_WORD 32u

/* ---- what has been looked at -------------------------------------------- */

void
jn_guard_free(struct jn_guard *guard)
{
    free(guard->marks);
    free(guard->marked);
    memset(guard, 0, sizeof(*guard));
}

void
jn_guard_reset(struct jn_guard *guard)
{
    for (size_t i = 0; i < guard->marked_count; i++)
        guard->marks[guard->marked[i]] = 0;
    guard->marked_count = 0;
    guard->begun = false;
}

/*
 * The memory at *WORDS, with room for COUNT words where there was for *ROOM;
 * what is new is 0.  At any moment it may be freed by a child of fork().
 */
static int
enlarge(uint64_t **words, size_t *room, size_t count)
{
    uint64_t *old = *words, *larger;

    if (count <= *room)
        return 0;
    count += count / 4 + 64;
    larger = calloc(count, sizeof(*larger));
    if (larger == NULL)
        return ENOMEM;
    if (*room > 0)
        memcpy(larger, old, *room * sizeof(*larger));
    *words = larger;
    *room = count;
    free(old);
    return 0;
}

enum jn_guard_known
jn_guard_known(const struct jn_guard *guard, uint64_t page)
{
    return (enum jn_guard_known)(
        guard->marks[page / PAGES_A_WORD] >> page % PAGES_A_WORD * 2 & 3);
}

int
jn_guard_note(struct jn_guard *guard, uint64_t page, enum jn_guard_known known)
{
    uint64_t word = page / PAGES_A_WORD;
    unsigned shift = page % PAGES_A_WORD * 2;

    if (guard->marks[word] == 0) {
        int rc = enlarge(&guard->marked, &guard->marked_room,
                         guard->marked_count + 1);

        if (rc != 0)
            return rc;
        guard->marked[guard->marked_count++] = word;
    }
    guard->marks[word] &= ~((uint64_t)3 << shift);
    guard->marks[word] |= (uint64_t)known << shift;
    return 0;
}

int
jn_guard_reach(struct jn_guard *guard, uint64_t pages)
{
    return enlarge(&guard->marks, &guard->words, pages / PAGES_A_WORD + 1);
}

/* ---- one page ----------------------------------------------------------- */

/*
 * The pages of a value that does not lie in its leaf.  They are as many as it
 * needs, for no row of a table is written twice in a transaction; a row of the
 * list of free pages may have become smaller then, and has more.
 */
static int
look_at_value(const struct jn_store_tree *tree, const struct jn_node *node,
              bool exactly)
{
    uint64_t size = tree->page_size, first = node->first_page, count;
    uint64_t needed = (node->value_size + JN_PAGE_HEADER + size - 1) / size;
    const uint8_t *page;

    if (first < 2 || first >= tree->pages)
        return JOURNAL_CORRUPT;
    page = tree->base + first * size;
    count = jn_page_extent(page);
    return jn_page_number(page) == first &&
                   jn_page_flags(page) == JN_PAGE_BIG &&
                   count <= tree->pages - first &&
                   (exactly ? count == needed : count >= needed)
               ? 0
               : JOURNAL_CORRUPT;
}

/* Of a leaf whose nodes lie in it. */
static int
look_at_values(const struct jn_store_tree *tree, const struct jn_page *page,
               bool exactly)
{
    struct jn_node node;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < page->count; i++) {
        size_t at = jn_page_offset(page->data, i);

        if ((jn_node_flags(page->data + at) & JN_NODE_BIG) == 0)
            continue;
        rc = jn_page_node(page, i, &node);
        if (rc == 0)
            rc = look_at_value(tree, &node, exactly);
    }
    return rc;
}

int
jn_guard_look(struct jn_guard *guard, const struct jn_store_tree *tree,
              struct jn_spot *spot)
{
    enum jn_guard_known known;
    struct jn_page page;
    int rc;

    if (spot->number < 2 || spot->number >= tree->pages)
        return JOURNAL_CORRUPT;
    spot->page = tree->base + spot->number * tree->page_size;
    rc = jn_page_open(&page, spot->page, tree->page_size, spot->number);
    known = jn_guard_known(guard, spot->number);
    if (rc != 0 || page.flags != spot->kind || known == JN_GUARD_FREE)
        return JOURNAL_CORRUPT;
    spot->count = page.count;
    /* A branch that has been written over may lead to another's child. */
    if (known != JN_GUARD_NOTHING)
        return jn_page_check_place(&page, &spot->rule) == NULL
                   ? 0
                   : JOURNAL_CORRUPT;
    if (jn_page_check(&page, &spot->rule) != NULL)
        return JOURNAL_CORRUPT;
    if (page.flags == JN_PAGE_LEAF)
        rc = look_at_values(tree, &page, !spot->rule.numbers);
    return rc == 0 ? jn_guard_note(guard, spot->number, JN_GUARD_SEEN) : rc;
}

/* ---- ways down ---------------------------------------------------------- */

struct jn_spot
jn_spot_root(const struct jn_store_tree *tree)
{
    return (struct jn_spot){.number = tree->root,
                            .kind = tree->depth == 1 ? JN_PAGE_LEAF
                                                     : JN_PAGE_BRANCH};
}

struct jn_spot
jn_spot_below(const struct jn_spot *spot, unsigned i, bool leaf)
{
    const uint8_t *node = spot->page + jn_page_offset(spot->page, i);
    struct jn_spot child = {.number = jn_node_child(node),
                            .kind = leaf ? JN_PAGE_LEAF : JN_PAGE_BRANCH,
                            .rule = spot->rule};

    if (i > 0)
        child.rule.low = jn_tree_key(node);
    if (i + 1 < spot->count)
        child.rule.high = jn_tree_key(spot->page +
                                      jn_page_offset(spot->page, i + 1));
    return child;
}
