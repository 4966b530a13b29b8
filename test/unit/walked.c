/* walked.c - a journal's file, to be damaged and walked over. */
#include "unit/walked.h"

#include <fcntl.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/test.h"

#define BATCH 50u

static const char *const names[] = {"meta", "entries", "latest"};

void
walked_make(struct paged *paged, unsigned count)
{
    static const uint8_t value[9000];
    struct journal_record records[BATCH];
    char keys[BATCH][16];
    struct journal *journal;

    memset(records, 0, sizeof(records));
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    for (unsigned n = 0; n < count; n += BATCH) {
        for (unsigned i = 0; i < BATCH; i++) {
            (void)snprintf(keys[i], sizeof(keys[i]), "key %u",
                           (n + i) * 7919 % (count / 2));
            records[i].key = keys[i];
            records[i].key_size = strlen(keys[i]);
            records[i].value = value;
            records[i].value_size = i == 1 ? sizeof(value) : i * 3;
        }
        ck_assert_int_eq(journal_append_batch(journal, records, BATCH, NULL),
                         0);
    }
    ck_assert_int_eq(journal_prune(journal, count / 5, 0, NULL), 0);
    journal_close(journal);
    paged_read(paged);
}

uint64_t
walked_meta_number(const struct paged *paged)
{
    struct jn_meta metas[2];

    for (unsigned i = 0; i < 2; i++)
        memcpy(&metas[i], paged_page(paged, i) + JN_PAGE_HEADER,
               sizeof(metas[i]));
    return metas[1].transaction > metas[0].transaction;
}

struct jn_meta *
walked_meta(const struct paged *paged)
{
    uint8_t *page = paged_page(paged, walked_meta_number(paged));

    /* Pages are as aligned as the memory that they were read into. */
    return (struct jn_meta *)(void *)(page + JN_PAGE_HEADER);
}

uint8_t *
walked_describes(const struct paged *paged, enum walked_table table,
                 uint64_t *page)
{
    uint8_t *bytes;

    *page = walked_meta(paged)->trees[1].root;
    bytes = paged_page(paged, *page);
    for (unsigned i = 0; i < jn_page_count(bytes, paged->page_size); i++) {
        uint8_t *node = paged_node(bytes, i);
        size_t size = jn_node_key_size(node);

        if (size == strlen(names[table]) &&
            memcmp(node + JN_NODE_HEADER, names[table], size) == 0)
            return node + JN_NODE_HEADER + size;
    }
    ck_abort_msg("there is no table %s", names[table]);
}

struct jn_tree
walked_tree(const struct paged *paged, enum walked_table table)
{
    struct jn_tree tree;
    uint64_t page;

    memcpy(&tree, walked_describes(paged, table, &page), sizeof(tree));
    return tree;
}

uint64_t
walked_child(const struct paged *paged, uint64_t page, unsigned i)
{
    return jn_node_child(paged_node(paged_page(paged, page), i));
}

void
walked_set_child(const struct paged *paged, uint64_t page, unsigned i,
                 uint64_t child)
{
    uint8_t *node = paged_node(paged_page(paged, page), i);

    for (unsigned k = 0; k < 6; k += 2) {
        uint16_t part = (uint16_t)(child >> (8 * k));

        memcpy(node + k, &part, sizeof(part));
    }
}

static size_t
get16(const uint8_t *at)
{
    uint16_t number;

    memcpy(&number, at, sizeof(number));
    return number;
}

static void
put16(uint8_t *at, size_t value)
{
    uint16_t number = (uint16_t)value;

    memcpy(at, &number, sizeof(number));
}

/* The node moves to where the page has room. */
void
walked_set_first_key(const struct paged *paged, uint64_t page, const void *key,
                     size_t size)
{
    uint8_t *bytes = paged_page(paged, page);
    size_t lower = get16(bytes + 12), upper = get16(bytes + 14);
    size_t room = (JN_NODE_HEADER + size + 1) & ~(size_t)1;
    uint8_t *node = bytes + upper - room;

    ck_assert_uint_ge(upper - lower, room);
    memcpy(node, paged_node(bytes, 0), JN_NODE_HEADER);
    put16(node + 6, size);
    memcpy(node + JN_NODE_HEADER, key, size);
    put16(bytes + JN_PAGE_HEADER, upper - room);
    put16(bytes + 14, upper - room);
}

uint64_t
walked_first(const struct paged *paged, const struct jn_tree *tree,
             unsigned level)
{
    uint64_t page = tree->root;

    while (--level > 0)
        page = walked_child(paged, page, 0);
    return page;
}

/* ---- a walk ------------------------------------------------------------- */

struct listener {
    struct walked_result *result;
    uint8_t last[512]; /* key of the table's last row */
    size_t last_size;
};

static int
note_row(void *context, unsigned table, struct jn_span key,
         struct jn_span value)
{
    struct listener *listener = context;

    ck_assert_uint_eq(table, listener->result->done);
    ck_assert_uint_le(key.size, sizeof(listener->last));
    ck_assert(value.size == 0 || value.data != NULL);
    ck_assert_int_lt(
        jn_page_compare(jn_span(listener->last, listener->last_size), key), 0);
    memcpy(listener->last, key.data, key.size);
    listener->last_size = key.size;
    listener->result->rows[table]++;
    return 0;
}

static int
note_done(void *context, unsigned table)
{
    struct listener *listener = context;

    ck_assert_uint_eq(table, listener->result->done);
    listener->result->done++;
    listener->last_size = 0;
    return 0;
}

static int
note_bad(void *context, unsigned table, uint64_t page, const char *what)
{
    struct listener *listener = context;
    struct walked_result *result = listener->result;

    ck_assert_uint_le(table, WALKED_TABLES);
    ck_assert_ptr_nonnull(what);
    if (result->count < WALKED_REPORTS)
        result->reports[result->count] = (struct walked_report){table, page,
                                                                what};
    result->count++;
    return 0;
}

static int
note_progress(void *context, uint64_t done, uint64_t pages)
{
    struct listener *listener = context;

    ck_assert_uint_gt(done, listener->result->pages_done);
    listener->result->pages_done = done;
    listener->result->pages = pages;
    return 0;
}

void
walked_walk_pages(const struct jn_pages *pages, struct walked_result *result)
{
    struct listener listener = {.result = result};
    const struct jn_walk_sink sink = {
        .context = &listener,
        .tables = names,
        .count = WALKED_TABLES,
        .row = note_row,
        .done = note_done,
        .bad = note_bad,
        .progress = note_progress,
    };

    memset(result, 0, sizeof(*result));
    result->rc = jn_walk(pages, &sink);
}

void
walked_walk_file(int file, struct walked_result *result)
{
    struct jn_pages *pages = NULL;

    memset(result, 0, sizeof(*result));
    result->rc = jn_pages_open(&pages, file);
    if (result->rc != 0)
        return;
    walked_walk_pages(pages, result);
    jn_pages_close(pages);
}

void
walked_walk(const struct paged *paged, size_t size,
            struct walked_result *result)
{
    int file = memfd_create("walked", MFD_CLOEXEC);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, paged->bytes, size), (ssize_t)size);
    walked_walk_file(file, result);
    close(file);
}
