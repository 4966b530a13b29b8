/* wreck_give.c - all that is left of a damaged journal, in order. */
#include <stdlib.h>

#include "base/error.h"
#include "repair/search.h"
#include "pages/walk.h"
#include "repair/wreck.h"

/* The tables that are gone through, in this order. */
enum table { ENTRIES, LATEST, TABLES };
static const char *const tables[TABLES] = {"entries", "latest"};

struct giving {
    struct jn_wreck *wreck;
    const struct jn_wreck_sink *sink;
    const struct jn_wreck_progress *progress;
    size_t at;          /* the next find */
    uint64_t next;      /* above the last number given */
    uint64_t time;      /* of the last entry given, */
    uint64_t tree_time; /* and of the last one that the tree led to */
};

/* ---- one that was found -------------------------------------------------- */

/* The highest size to which the journal was rewound that is not above SEQ. */
static uint64_t
rewound_to(const struct jn_cuts *rewinds, uint64_t seq)
{
    uint64_t highest = JOURNAL_NONE;

    for (unsigned i = 0; i < rewinds->kept; i++)
        if (rewinds->cut[i].at <= seq)
            highest = rewinds->cut[i].at;
    return highest;
}

/*
 * Whether a copy on a free page is of the entry that the journal has now.  What
 * a rewind has taken back was appended before it; so if the entry below came
 * after it, and is not newer, the copy came after it, too.  When there are more
 * rewinds than are kept, where they were is no longer known.  Where no tree
 * leads to anything all there is are copies, and the newest is the best guess.
 */
static bool
is_current(const struct giving *giving, const struct jn_find *find)
{
    const struct jn_account *account = &giving->wreck->account;
    uint64_t size;

    if (giving->wreck->adrift)
        return true;
    if (find->seq < account->state.dense || !account->has_rewinds)
        return false;
    if (giving->wreck->sure && find->seq >= account->state.next)
        return false;
    size = rewound_to(&account->rewinds, find->seq);
    if (size == JOURNAL_NONE)
        return true;
    return account->rewinds.count <= JN_CUTS_MAX && giving->next > size;
}

/* CEILING is the time of the next entry that the tree leads to. */
static bool
is_good(const struct giving *giving, const struct jn_find *find,
        uint64_t ceiling)
{
    const struct jn_account *account = &giving->wreck->account;

    if (find->time < giving->time || find->time > ceiling)
        return false;
    if (account->has_state && find->seq < account->state.first)
        return false;
    if (find->kind != JN_FIND_NAMED)
        return is_current(giving, find);
    return find->in_tail || !giving->wreck->sure ||
           find->seq < account->state.next;
}

static int
give(struct giving *giving, const struct jn_find *find, struct jn_span row)
{
    const struct jn_remnant remnant = {
        .seq = find->seq,
        .row = row,
        .record = find->record,
        .linked = find->linked,
        .revision = find->linked ? 0
                                 : jn_wreck_revision(giving->wreck, find->seq),
        .from_tail = find->in_tail && find->kind == JN_FIND_NAMED,
    };

    giving->next = find->seq + 1;
    giving->time = find->time;
    return giving->sink->entry(giving->sink->context, &remnant);
}

/* Reads and gives it; *GIVEN is false if it is not there any more. */
static int
give_find(struct giving *giving, const struct jn_find *find, bool *given)
{
    struct jn_wreck *wreck = giving->wreck;
    uint8_t *bytes = malloc(find->size);
    struct jn_find again = *find;
    struct jn_span row = {bytes, find->size};
    int rc = ENOMEM;

    *given = false;
    if (bytes != NULL)
        rc = find->in_tail
                 ? jn_tail_read(wreck->tail, find->place, bytes, find->size)
                 : jn_search_read(wreck->file, find, bytes);
    if (rc == 0) {
        *given = jn_search_is_entry(find->seq, row, &again) &&
                 again.check == find->check;
        rc = *given ? give(giving, &again, row) : 0;
    }
    free(bytes);
    return rc == JOURNAL_CORRUPT || rc == EIO ? 0 : rc;
}

/* The best of those from number AT to LIMIT, all of one entry's number. */
static const struct jn_find *
choose(const struct giving *giving, size_t at, size_t limit, uint64_t ceiling)
{
    const struct jn_find *list = giving->wreck->finds.list, *best = NULL;

    for (size_t i = at; i < limit; i++) {
        bool named = list[i].kind == JN_FIND_NAMED;

        if (is_good(giving, &list[i], ceiling) &&
            (best == NULL || (named && best->kind != JN_FIND_NAMED)))
            best = &list[i];
    }
    return best;
}

/* Those below number LIMIT. */
static int
give_finds(struct giving *giving, uint64_t limit, uint64_t ceiling)
{
    const struct jn_finds *finds = &giving->wreck->finds;
    const struct jn_find *list = finds->list;
    int rc = 0;

    while (rc == 0 && giving->at < finds->count &&
           list[giving->at].seq < limit) {
        size_t at = giving->at, end = at;
        const struct jn_find *best;
        bool given;

        while (end < finds->count && list[end].seq == list[at].seq)
            end++;
        best = list[at].seq >= giving->next ? choose(giving, at, end, ceiling)
                                            : NULL;
        if (best != NULL)
            rc = give_find(giving, best, &given);
        giving->at = end;
    }
    return rc;
}

/* ---- what the trees lead to ---------------------------------------------- */

static int
take_row(void *context, unsigned table, struct jn_span key, struct jn_span row)
{
    struct giving *giving = context;
    struct jn_find find = {.seq = 0};
    int rc;

    if (table == LATEST)
        return giving->sink->latest(giving->sink->context, key, row);
    if (!jn_wreck_believes(giving->wreck, giving->tree_time, key, row, &find))
        return 0;
    rc = give_finds(giving, find.seq, find.time);
    if (rc != 0 || find.seq < giving->next)
        return rc;
    giving->tree_time = find.time;
    return give(giving, &find, row);
}

static int
end_table(void *context, unsigned table)
{
    return table == ENTRIES ? give_finds(context, JOURNAL_NONE, UINT64_MAX) : 0;
}

static int
tell(void *context, uint64_t done, uint64_t total)
{
    const struct giving *giving = context;
    const struct jn_wreck_progress *progress = giving->progress;
    uint64_t size = (uint64_t)giving->wreck->status.st_size;

    if (progress->tell == NULL)
        return 0;
    done = total > 0 && done < total
               ? (uint64_t)((double)done / (double)total * (double)size)
               : size;
    return progress->tell(progress->context, 2 * size + done, 3 * size) != 0
               ? ECANCELED
               : 0;
}

int
jn_wreck_give(struct jn_wreck *wreck, const struct jn_wreck_sink *sink,
              const struct jn_wreck_progress *progress)
{
    struct giving giving = {.wreck = wreck, .sink = sink, .progress = progress};
    const struct jn_walk_sink walk = {.context = &giving,
                                      .tables = tables,
                                      .count = TABLES,
                                      .row = take_row,
                                      .done = end_table,
                                      .progress = tell};
    int rc = JOURNAL_CORRUPT;

    if (wreck->pages != NULL)
        rc = jn_walk(wreck->pages, &walk);
    /* Also where the table has no name any more. */
    if (rc == 0 || rc == JOURNAL_CORRUPT)
        rc = end_table(&giving, ENTRIES);
    /* A walk does not come to pages that damaged ones would have led to. */
    return rc == 0 ? tell(&giving, 0, 0) : rc;
}
