/* copy.c - a journal's snapshot, written anew into a file of its own. */
#define _GNU_SOURCE 1 /* sync_file_range() */

#include "repair/copy.h"

#include <fcntl.h>

#include "pages/build.h"
#include "base/error.h"
#include "journal/view.h"
#include "pages/walk.h"

/* So much is written before the disk is set to work on it. */
#define WRITE_BEHIND (UINT64_C(8) << 20)

struct copy {
    const struct jn_settled *settled;
    const struct jn_copy_progress *progress;
    struct jn_build *build;
    size_t page_size;
    int file;
    uint64_t begun; /* bytes of the file that are on their way to the disk */
    size_t given;   /* settled rows of the table at hand */
    uint64_t next;  /* number that the next entry is not below */
};

/* ---- what rows say ------------------------------------------------------- */

static int
check_entry(struct copy *copy, struct jn_span key, struct jn_span value)
{
    const struct jn_state *state = &copy->settled->state;
    struct jn_stored stored;
    uint64_t seq;

    if (key.size != 8)
        return JOURNAL_CORRUPT;
    seq = jn_get_be64(key.data);
    if (seq < state->first || seq < copy->next || seq >= state->next ||
        (seq > copy->next && seq > state->dense))
        return JOURNAL_CORRUPT;
    copy->next = seq + 1;
    return jn_stored_decode(&stored, value, seq);
}

static int
check_chain(const struct copy *copy, struct jn_span key, struct jn_span value)
{
    struct jn_chain chain;
    int rc = jn_view_chain(&chain, key, value);

    if (rc == 0 && chain.roots[0] >= copy->settled->state.next)
        rc = JOURNAL_CORRUPT;
    return rc;
}

static int
check_row(struct copy *copy, unsigned table, struct jn_span key,
          struct jn_span value)
{
    if (table == JN_ENTRIES)
        return check_entry(copy, key, value);
    return table == JN_LATEST ? check_chain(copy, key, value) : 0;
}

static int
add_row(struct copy *copy, unsigned table, struct jn_span key,
        struct jn_span value)
{
    int rc = check_row(copy, table, key, value);

    return rc == 0 ? jn_build_add(copy->build, key, value) : rc;
}

/* ---- rows of both, in their order ---------------------------------------- */

static int
take_row(void *context, unsigned table, struct jn_span key,
         struct jn_span value)
{
    struct copy *copy = context;
    const struct jn_settled_rows *rows = &copy->settled->tables[table];

    while (copy->given < rows->count) {
        const struct jn_settled_row *row = &rows->list[copy->given];
        int order = jn_page_compare(row->key, key), rc;

        if (order > 0)
            break;
        copy->given++;
        rc = add_row(copy, table, row->key, row->value);
        if (rc != 0 || order == 0)
            return rc;
    }
    return add_row(copy, table, key, value);
}

static int
end_table(void *context, unsigned table)
{
    struct copy *copy = context;
    const struct jn_settled_rows *rows = &copy->settled->tables[table];
    const struct jn_state *state = &copy->settled->state;
    int rc = 0;

    for (; rc == 0 && copy->given < rows->count; copy->given++) {
        const struct jn_settled_row *row = &rows->list[copy->given];

        rc = add_row(copy, table, row->key, row->value);
    }
    copy->given = 0;
    if (rc == 0 && table == JN_ENTRIES && copy->next != state->next &&
        state->dense < state->next)
        rc = JOURNAL_CORRUPT;
    return rc == 0 ? jn_build_end_table(copy->build, jn_table_names[table])
                   : rc;
}

static int
refuse(void *context, unsigned table, uint64_t page, const char *what)
{
    (void)context;
    (void)table;
    (void)page;
    (void)what;
    return JOURNAL_CORRUPT;
}

/*
 * A flush at the end of all there is would keep the disk busy for long, and
 * those who append on it waiting.
 */
static void
write_behind(struct copy *copy)
{
    uint64_t size = jn_build_size(copy->build);

    if (size < copy->begun + WRITE_BEHIND)
        return;
    (void)sync_file_range(copy->file, (off_t)copy->begun,
                          (off_t)(size - copy->begun), SYNC_FILE_RANGE_WRITE);
    copy->begun = size;
}

static int
go_on(void *context, uint64_t done, uint64_t pages)
{
    struct copy *copy = context;
    const struct jn_copy_progress *progress = copy->progress;

    write_behind(copy);
    if (progress->call == NULL)
        return 0;
    return progress->call(progress->context, done * copy->page_size,
                          pages * copy->page_size) == 0
               ? 0
               : ECANCELED;
}

int
jn_copy(const struct jn_pages *pages, const struct jn_settled *settled,
        int file, const struct jn_copy_progress *progress)
{
    struct copy copy = {.settled = settled,
                        .progress = progress,
                        .page_size = jn_pages_page_size(pages),
                        .file = file};
    const struct jn_walk_sink sink = {.context = &copy,
                                      .tables = jn_table_names,
                                      .count = JN_TABLES,
                                      .row = take_row,
                                      .done = end_table,
                                      .bad = refuse,
                                      .progress = go_on};
    uint64_t count = jn_pages_meta(pages)->last_page + 1;
    int rc = jn_build_open(&copy.build, file, copy.page_size);

    if (rc == 0)
        rc = jn_walk(pages, &sink);
    if (rc == 0)
        rc = jn_build_end(copy.build, jn_pages_meta(pages));
    if (rc == 0)
        rc = go_on(&copy, count, count);
    jn_build_free(copy.build);
    return rc;
}
