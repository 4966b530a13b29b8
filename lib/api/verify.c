/* verify.c - journal_verify(). */
#include <stddef.h>
#include <string.h>

#include "repair/audit.h"
#include "base/error.h"
#include "write/handle.h"
#include "base/sized.h"
#include "repair/snapshot.h"
#include "pages/walk.h"

/* A snapshot is lost where LMDB has to open anew. */
#define TRIES 100u

/* A verification in progress. */
struct verify {
    struct jn_snapshot snapshot;
    struct jn_audit *audit;
    unsigned pass;
    uint64_t pages_bad;
    journal_progress progress;
    void *context;
};

/*
 * The tables, in the order in which the audit is to be fed: in the first pass,
 * and in the others.
 */
static const enum jn_table orders[2][JN_TABLES] = {
    {JN_META, JN_LATEST, JN_ENTRIES},
    {JN_META, JN_ENTRIES, JN_LATEST},
};

static enum jn_table
table_of(const struct verify *verify, unsigned i)
{
    return orders[verify->pass > 0][i];
}

/* ---- what is recent ------------------------------------------------------ */

static int
feed_recent(struct verify *verify,
            int (*feed)(struct jn_audit *, const struct jn_audit_recent *))
{
    const struct jn_snapshot *snapshot = &verify->snapshot;
    uint64_t position = snapshot->row.start, next = snapshot->row.next;
    struct jn_frame frame;
    bool torn;
    int rc = 0;

    while (rc == 0 && snapshot->row.open &&
           jn_snapshot_frame(snapshot, &position, next, &frame, &torn) == 0) {
        struct jn_audit_recent recent = {
            .seq = frame.seq,
            .row = frame.row,
            .chain = frame.chain,
            .fresh = (frame.flags & JN_FRAME_FRESH) != 0,
            .buried = (frame.flags & JN_FRAME_BURIED) != 0,
        };

        next = frame.seq + 1;
        rc = feed(verify->audit, &recent);
    }
    return rc;
}

/*
 * The size of the journal with all that was published.  How much of it is gone
 * behind the last sound frame cannot be told: at least one entry.
 */
static uint64_t
find_size(const struct jn_snapshot *snapshot)
{
    uint64_t position = snapshot->row.start, next = snapshot->row.next;
    struct jn_frame frame;
    bool torn;

    if (!snapshot->row.open)
        return snapshot->state_known ? snapshot->state.next : JOURNAL_NONE;
    while (jn_snapshot_frame(snapshot, &position, next, &frame, &torn) == 0)
        next = frame.seq + 1;
    if (snapshot->ring == NULL)
        torn = snapshot->published > snapshot->row.start;
    next += torn;
    return next < snapshot->row.ahead ? snapshot->row.ahead : next;
}

/* ---- the store ---------------------------------------------------------- */

static int
on_row(void *context, unsigned table, struct jn_span key, struct jn_span value)
{
    struct verify *verify = context;

    switch (table_of(verify, table)) {
    case JN_ENTRIES:
        return jn_audit_entry(verify->audit, key, value);
    case JN_LATEST:
        return jn_audit_latest(verify->audit, key, value);
    default:
        return jn_audit_meta(verify->audit, key, value);
    }
}

static int
on_bad(void *context, unsigned table, uint64_t page, const char *what)
{
    struct verify *verify = context;

    (void)table;
    (void)page;
    (void)what;
    verify->pages_bad += verify->pass == 0;
    return 0;
}

/* Further passes go over all pages again. */
static int
on_progress(void *context, uint64_t done, uint64_t pages)
{
    struct verify *verify = context;

    if (verify->progress == NULL ||
        verify->progress(verify->context, verify->pass * pages + done,
                         (verify->pass + 1) * pages) == 0)
        return 0;
    return ECANCELED;
}

static int
walk_store(struct verify *verify)
{
    const char *tables[JN_TABLES];
    const struct jn_walk_sink sink = {
        .context = verify,
        .tables = tables,
        .count = JN_TABLES,
        .row = on_row,
        .bad = on_bad,
        .progress = on_progress,
    };
    int rc;

    for (unsigned i = 0; i < JN_TABLES; i++)
        tables[i] = jn_table_names[table_of(verify, i)];
    rc = jn_walk(verify->snapshot.pages, &sink);
    return rc == JOURNAL_CORRUPT ? 0 : rc;
}

/* ---- all of it ---------------------------------------------------------- */

static int
do_pass(struct verify *verify, bool *again)
{
    int rc = feed_recent(verify, jn_audit_expect);

    if (rc == 0)
        rc = walk_store(verify);
    if (rc == 0 && jn_tail_row_is_ahead(&verify->snapshot.row))
        rc = feed_recent(verify, jn_audit_sum_recent);
    if (rc == 0)
        rc = feed_recent(verify, jn_audit_recent);
    if (rc == 0)
        rc = jn_audit_finish(verify->audit, again);
    verify->pass++;
    return rc;
}

/* Without a meta page there is nothing that could be looked at. */
static int
verify_snapshot(struct verify *verify)
{
    const struct jn_snapshot *snapshot = &verify->snapshot;
    bool again = snapshot->pages != NULL;
    int rc = jn_audit_open(&verify->audit,
                           snapshot->state_known ? &snapshot->state : NULL,
                           find_size(snapshot));

    if (rc == 0 && snapshot->row.open && jn_tail_row_is_ahead(&snapshot->row))
        jn_audit_is_ahead(verify->audit, &snapshot->row);
    verify->pass = 0;
    verify->pages_bad = (uint64_t)snapshot->tail_bad + snapshot->meta_bad;
    while (rc == 0 && again)
        rc = do_pass(verify, &again);
    /* It was not read the first time: what it says may have been missed. */
    if (verify->pages_bad == 0)
        verify->pages_bad = snapshot->unread;
    return rc;
}

static bool
is_sound(const struct journal_report *report)
{
    return report->entries_bad == 0 && report->index_bad == 0 &&
           report->links_bad == 0 && report->pages_bad == 0;
}

static void
fill_report(const struct verify *verify, const struct jn_words *words,
            struct journal_report *report)
{
    struct jn_audit_counts counts;

    jn_audit_counts(verify->audit, &counts);
    report->entries_checked = counts.entries_checked;
    report->entries_bad = counts.entries_bad;
    report->index_bad = counts.index_bad;
    report->links_bad = counts.links_bad;
    report->pages_bad = verify->pages_bad;
    report->first_bad = counts.first_bad;
    report->tail_records = jn_word_get(&words->records);
    report->tail_bytes_discarded = jn_word_get(&words->discarded);
}

/* *AGAIN: the snapshot was lost, and nothing is known. */
static int
try_verify(struct verify *verify, struct jn_shared *shared,
           struct journal_report *report, bool *again)
{
    int rc = jn_snapshot_take(&verify->snapshot, shared);

    *again = false;
    if (rc != 0)
        return rc;
    rc = verify_snapshot(verify);
    if (rc == 0)
        fill_report(verify, shared->files.newest.words, report);
    jn_audit_close(verify->audit);
    verify->audit = NULL;
    if (!jn_snapshot_release(&verify->snapshot) && rc != ECANCELED) {
        *again = true;
        rc = EAGAIN;
    }
    return rc;
}

/* The thread may not be cancelled: what pins the snapshot is on its stack. */
static int
verify_all(struct verify *verify, struct jn_shared *shared,
           struct journal_report *report)
{
    bool again = true;
    int state, rc = 0;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    for (unsigned i = 0; i < TRIES && again; i++)
        rc = try_verify(verify, shared, report, &again);
    pthread_setcancelstate(state, NULL);
    return rc;
}

/* REPORT as the caller has set it up: its size, and nothing unknown asked. */
static bool
is_known(const struct journal_report *report)
{
    return report->struct_size >= sizeof(*report) &&
           jn_sized_is_known(report, report->struct_size, sizeof(*report));
}

int
journal_verify(struct journal *journal, struct journal_report *report,
               journal_progress progress, void *context)
{
    struct journal_report result = {.struct_size = sizeof(result)};
    struct verify verify = {.progress = progress, .context = context};
    int rc;

    if (journal == NULL || (report != NULL && !is_known(report)))
        return EINVAL;
    rc = verify_all(&verify, journal->shared, &result);
    if (rc != 0)
        return rc;
    if (report != NULL) {
        result.struct_size = report->struct_size;
        memcpy(report, &result, sizeof(result));
    }
    return is_sound(&result) ? 0 : JOURNAL_CORRUPT;
}
