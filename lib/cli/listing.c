/* listing.c - the entries of a cursor, printed a line each. */
#include "listing.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

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

/* ---- what cannot be had ------------------------------------------------- */

/* "behind entry 119", and HOW it is there. */
static int
report_place(const struct listing *listing, int result, const char *how)
{
    const struct question *question = listing->question;
    bool reverse = (question->query.flags & JOURNAL_QUERY_REVERSE) != 0;

    if (listing->last == JOURNAL_NONE)
        return report_result(question->path, result, "at the start%s", how);
    return report_result(question->path, result,
                         reverse ? "below entry %" PRIu64 "%s"
                                 : "behind entry %" PRIu64 "%s",
                         listing->last, how);
}

/* Of those in a row one line: a damaged page has many. */
static void
tell_damage(struct listing *listing)
{
    const char *path = listing->question->path;
    uint64_t count = listing->damaged, first = listing->first_damaged;
    char how[40] = "";

    if (count == 0)
        return;
    if (count > 1)
        snprintf(how, sizeof(how), ", %" PRIu64 " in a row", count);
    if (first == JOURNAL_NONE)
        report_place(listing, JOURNAL_CORRUPT, how);
    else if (count == 1)
        report_result(path, JOURNAL_CORRUPT, "entry %" PRIu64, first);
    else
        report_result(path, JOURNAL_CORRUPT,
                      "entries %" PRIu64 " to %" PRIu64 " (%" PRIu64 ")", first,
                      listing->last, count);
    listing->damaged = 0;
}

/* Counts it; false if so many make no sense any more. */
static bool
note_damage(struct listing *listing)
{
    uint64_t seq = JOURNAL_NONE;
    bool known = find_damaged(listing, &seq);

    if (known != (listing->first_damaged != JOURNAL_NONE))
        tell_damage(listing);
    if (listing->damaged++ == 0)
        listing->first_damaged = known ? seq : JOURNAL_NONE;
    if (known)
        listing->last = seq;
    listing->code = CLI_DAMAGED;
    return listing->damaged <= listing->patience;
}

/* Of what else can be wrong: says it; true if there is more behind it. */
static bool
go_on_after(struct listing *listing, int result)
{
    int code = report_place(listing, result, "");

    if (listing->code != CLI_DAMAGED)
        listing->code = code;
    if (result == JOURNAL_PRUNED)
        report_hint("while it was being listed; going on with what there is");
    else
        report_advice(listing->question->path, result);
    return result == JOURNAL_PRUNED;
}

void
listing_advise(const struct listing *listing)
{
    if (listing->code == CLI_DAMAGED)
        report_advice(listing->question->path, JOURNAL_CORRUPT);
}

/* ---- entries ------------------------------------------------------------ */

static void
print(struct listing *listing, const struct journal_entry *entry)
{
    if (listing->question->keys)
        output_list_key(&listing->list, entry);
    else if (listing->question->pairs)
        output_pair(entry);
    else
        output_list_entry(&listing->list, entry);
    listing->last = entry->seq;
    listing->printed++;
}

int
listing_run(struct listing *listing, struct journal_cursor *cursor,
            uint64_t most)
{
    const struct journal_entry *entry;
    int rc;

    while (most > 0 && !listing_is_full(listing)) {
        rc = journal_next(cursor, &entry);
        if (rc == JOURNAL_CORRUPT && note_damage(listing))
            continue;
        tell_damage(listing);
        if (rc == JOURNAL_END || rc == JOURNAL_CORRUPT)
            return rc;
        if (rc != 0 && !go_on_after(listing, rc))
            return rc;
        if (rc != 0)
            continue;
        print(listing, entry);
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
    listing_advise(listing);
    return code != CLI_OK ? code : listing->code;
}
