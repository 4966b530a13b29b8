/* listing.c - the entries of a cursor, printed a line each. */
#include "listing.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli.h"
#include "report.h"
#include "target.h"

int
listing_init(struct listing *listing, struct journal *journal,
             const struct question *question)
{
    struct journal_stat stat;
    int code = target_stat(journal, question->path, &stat);

    if (code != CLI_OK)
        return code;
    *listing = (struct listing){.journal = journal,
                                .question = question,
                                .last = JOURNAL_NONE,
                                .patience = stat.size - stat.first};
    output_list_init(&listing->list, question->common.json, question->meta,
                     stat.size);
    return CLI_OK;
}

bool
listing_is_full(const struct listing *listing)
{
    return listing->printed >= listing->question->count;
}

/*
 * The number of a damaged entry, which the cursor does not tell.  It is the
 * next one if all are listed in order, and if it cannot be read: holes that
 * compaction has left can be in between.
 */
static bool
find_damaged(struct listing *listing, uint64_t *seq)
{
    const struct journal_query *query = &listing->question->query;
    struct journal_entry *entry;
    int rc;

    if (query->match != JOURNAL_MATCH_ALL || query->since > 0 ||
        (query->flags & (JOURNAL_QUERY_REVERSE | JOURNAL_QUERY_LATEST)) != 0)
        return false;
    *seq = query->first;
    if (listing->last != JOURNAL_NONE)
        *seq = listing->last + 1;
    else if (*seq == JOURNAL_NONE) {
        struct journal_stat stat = {.struct_size = sizeof(stat)};

        if (journal_stat(listing->journal, &stat) != 0)
            return false;
        *seq = stat.first;
    }
    rc = journal_read(listing->journal, *seq, &entry);
    if (rc == 0)
        journal_entry_free(entry);
    return rc == JOURNAL_CORRUPT;
}

/* Says what is wrong; true if it makes sense to go on behind it. */
static bool
go_on_after(struct listing *listing, int result)
{
    const struct question *question = listing->question;
    bool reverse = (question->query.flags & JOURNAL_QUERY_REVERSE) != 0;
    uint64_t seq;

    if (result == JOURNAL_CORRUPT && find_damaged(listing, &seq)) {
        listing->code = report_failure(question->path, result, "entry %" PRIu64,
                                       seq);
        listing->last = seq;
    } else if (listing->last != JOURNAL_NONE)
        listing->code = report_failure(question->path, result,
                                       reverse ? "below entry %" PRIu64
                                               : "behind entry %" PRIu64,
                                       listing->last);
    else
        listing->code = report_failure(question->path, result, "at the start");
    if (result == JOURNAL_PRUNED)
        report_hint("while it was being listed; going on with what there is");
    if (result == JOURNAL_CORRUPT)
        return ++listing->damaged <= listing->patience;
    return result == JOURNAL_PRUNED;
}

int
listing_run(struct listing *listing, struct journal_cursor *cursor,
            uint64_t most)
{
    const struct journal_entry *entry;
    int rc;

    while (most > 0 && !listing_is_full(listing)) {
        rc = journal_next(cursor, &entry);
        if (rc == JOURNAL_END)
            return rc;
        if (rc != 0 && !go_on_after(listing, rc))
            return rc;
        if (rc != 0)
            continue;
        listing->last = entry->seq;
        listing->damaged = 0;
        if (listing->question->keys)
            output_list_key(&listing->list, entry);
        else if (listing->question->pairs)
            output_pair(entry);
        else
            output_list_entry(&listing->list, entry);
        listing->printed++;
        most--;
        if (output_failed())
            return 0;
    }
    return 0;
}

int
listing_finish(struct listing *listing, struct journal_cursor *cursor)
{
    int code;

    listing_run(listing, cursor, UINT64_MAX);
    code = output_flush();
    if (listing->code == CLI_DAMAGED)
        report_hint("`journal verify` tells what is damaged, and what to do");
    return code != CLI_OK ? code : listing->code;
}
