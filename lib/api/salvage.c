/* salvage.c - journal_salvage(). */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/create.h"
#include "base/error.h"
#include "base/path.h"
#include "repair/graft.h"
#include "write/handle.h"
#include "base/sized.h"
#include "journal/target.h"
#include "repair/wreck.h"

#define MODE_DEFAULT 0600u

struct salvage {
    struct jn_wreck wreck;
    struct jn_target target;
    struct jn_graft *graft; /* NULL: nothing has been found yet */
    struct jn_wreck_progress progress;
    struct journal_report report;
    uint64_t found;    /* entries of those that were missing in a tree */
    uint64_t expected; /* number of the next entry; JOURNAL_NONE: not known */
    bool uncounted;    /* the store had entries that nothing else tells of */
};

/* ---- entries ------------------------------------------------------------- */

static void
miss(struct salvage *salvage, uint64_t seq, uint64_t count)
{
    struct journal_report *report = &salvage->report;

    if (count == 0)
        return;
    report->entries_bad += count;
    if (seq < report->first_bad)
        report->first_bad = seq;
}

/* Numbers from what was expected up to LIMIT are not there. */
static void
miss_up_to(struct salvage *salvage, uint64_t limit)
{
    const struct jn_wreck *wreck = &salvage->wreck;
    uint64_t dense = wreck->adrift ? 0 : wreck->account.state.dense;
    uint64_t from = salvage->expected < dense ? dense : salvage->expected;

    for (size_t i = 0; i < wreck->doubtful.count; i++) {
        const struct jn_gap *gap = &wreck->doubtful.list[i];
        uint64_t low = gap->from > salvage->expected ? gap->from
                                                     : salvage->expected;
        uint64_t high = gap->limit < limit ? gap->limit : limit;

        if (low < high)
            miss(salvage, low, high - low);
    }
    if (from < limit)
        miss(salvage, from, limit - from);
}

/* Of the data file, or else of the tail; nobody else is let in. */
static mode_t
mode_of(const struct jn_wreck *wreck)
{
    struct jn_path path = jn_path_in(wreck->directory, JN_TAIL_FILE);
    struct stat status = {.st_mode = MODE_DEFAULT};

    if (wreck->file >= 0)
        return wreck->status.st_mode & 0777u;
    (void)stat(path.text, &status);
    return status.st_mode & 0777u;
}

/* Until it is done we have to be able to write to it. */
static int
make_journal(struct salvage *salvage)
{
    const struct jn_wreck *wreck = &salvage->wreck;
    mode_t mode = mode_of(wreck) | S_IRUSR | S_IWUSR;
    int rc = jn_create_data(salvage->target.work, mode, 0);

    if (rc == 0)
        rc = jn_graft_open(&salvage->graft, salvage->target.work, mode);
    if (rc == 0 && !wreck->adrift)
        jn_graft_compacted(salvage->graft,
                           jn_state_linked(&wreck->account.state));
    return rc;
}

static int
take_entry(void *context, const struct jn_remnant *remnant)
{
    struct salvage *salvage = context;
    struct journal_report *report = &salvage->report;
    struct jn_span row = remnant->row;
    bool anew = true;
    int rc;

    if (salvage->expected != JOURNAL_NONE)
        miss_up_to(salvage, remnant->seq);
    if (remnant->linked)
        rc = jn_graft_add(salvage->graft, remnant->seq, row, &anew);
    else
        rc = jn_graft_add_record(salvage->graft, remnant->seq,
                                 jn_span(row.data + remnant->record,
                                         row.size - remnant->record),
                                 remnant->revision);
    /* One that no journal can have is not there. */
    if (rc != 0)
        return rc == JOURNAL_OUTDATED ? 0 : rc;
    salvage->expected = remnant->seq + 1;
    report->salvaged++;
    report->links_bad += anew;
    report->tail_records += remnant->from_tail;
    if (anew && remnant->seq < report->first_bad)
        report->first_bad = remnant->seq;
    return 0;
}

/*
 * Below the dense part nothing but its key's row may tell of an entry; what is
 * doubtful there has been counted.
 */
static bool
is_missed_here(const struct salvage *salvage, uint64_t seq)
{
    const struct jn_wreck *wreck = &salvage->wreck;

    return !wreck->adrift && seq >= wreck->account.state.first &&
           seq < wreck->account.state.dense &&
           !jn_gaps_has(&wreck->doubtful, seq);
}

static int
take_latest(void *context, struct jn_span key, struct jn_span value)
{
    struct salvage *salvage = context;
    uint64_t missing;
    int rc = jn_graft_confirm_row(salvage->graft, key, value, &missing);

    if (is_missed_here(salvage, missing))
        miss(salvage, missing, 1);
    salvage->report.index_bad += rc == JOURNAL_CORRUPT;
    return rc == JOURNAL_CORRUPT ? 0 : rc;
}

/* ---- the whole ----------------------------------------------------------- */

/* The size that the new journal gets: no number is used a second time. */
static uint64_t
find_size(struct salvage *salvage)
{
    const struct jn_account *account = &salvage->wreck.account;
    uint64_t next = jn_graft_next(salvage->graft);

    if (salvage->report.salvaged == 0)
        next = 0;
    if (jn_account_size(account) > next)
        next = jn_account_size(account);
    if (salvage->expected != JOURNAL_NONE)
        miss_up_to(salvage, next);
    return next;
}

/*
 * Whether the store had more entries than have been carried over from it or are
 * missed, or fewer: below the dense part not all that are lost are known.  SIZE
 * is of the new journal; from the store's end on its numbers have no gaps.
 */
static bool
has_uncounted(const struct salvage *salvage, uint64_t size)
{
    const struct journal_report *report = &salvage->report;
    const struct jn_wreck *wreck = &salvage->wreck;
    const struct jn_state *state = &wreck->account.state;
    struct jn_tree entries;

    if (wreck->sound || !wreck->sure || state->first == state->dense)
        return false;
    return jn_pages_table(wreck->pages, "entries", &entries) != 0 ||
           entries.entries + (size - state->next) !=
               report->salvaged + report->entries_bad;
}

static int
set_marks(struct salvage *salvage, uint64_t size)
{
    const struct jn_account *account = &salvage->wreck.account;
    int rc = 0;

    for (size_t i = 0; i < account->mark_count && rc == 0; i++) {
        if (account->marks[i].seq <= size)
            rc = jn_graft_mark(salvage->graft, account->marks[i].name,
                               account->marks[i].seq);
    }
    return rc;
}

static int
fill(struct salvage *salvage)
{
    const struct jn_wreck_sink sink = {salvage, take_entry, take_latest};
    const struct jn_account *account = &salvage->wreck.account;
    uint64_t size;
    int rc;

    salvage->expected = account->has_state ? account->state.first
                                           : JOURNAL_NONE;
    rc = jn_wreck_give(&salvage->wreck, &sink, &salvage->progress);
    if (rc == 0 && salvage->report.salvaged == 0 && !account->has_state)
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    size = find_size(salvage);
    salvage->uncounted = has_uncounted(salvage, size);
    rc = jn_graft_end(salvage->graft, size);
    if (rc == 0 && account->mark_count > 0) {
        rc = set_marks(salvage, size);
        if (rc == 0)
            rc = jn_graft_end(salvage->graft, size);
    }
    return rc;
}

static int
salvage_to(struct salvage *salvage, const char *to)
{
    mode_t mode = mode_of(&salvage->wreck);
    int rc = jn_target_open(&salvage->target, to, mode);

    if (rc != 0)
        return rc;
    rc = jn_wreck_survey(&salvage->wreck, &salvage->progress);
    if (rc == 0)
        rc = make_journal(salvage);
    if (rc == 0)
        rc = fill(salvage);
    jn_graft_close(salvage->graft);
    if (rc == 0 && jn_wreck_has_changed(&salvage->wreck))
        rc = JOURNAL_BUSY;
    if (rc == 0)
        (void)chmod(jn_path_in(salvage->target.work, JN_STORE_FILE).text, mode);
    if (rc == 0)
        rc = jn_target_finish(&salvage->target, salvage->wreck.file >= 0
                                                    ? &salvage->wreck.status
                                                    : NULL);
    jn_target_close(&salvage->target);
    return rc;
}

/* REPORT as the caller has set it up: its size, and nothing unknown asked. */
static bool
is_known(const struct journal_report *report)
{
    return report->struct_size >= sizeof(*report) &&
           jn_sized_is_known(report, report->struct_size, sizeof(*report));
}

static void
fill_report(const struct salvage *salvage, struct journal_report *out)
{
    struct journal_report result = salvage->report;

    if (out == NULL)
        return;
    result.struct_size = out->struct_size;
    result.entries_checked = result.salvaged + result.entries_bad;
    result.pages_bad = salvage->wreck.pages_bad;
    result.index_bad += salvage->wreck.account.bad;
    if (!salvage->wreck.sure || salvage->wreck.tail_lost || salvage->uncounted)
        result.flags |= (uint32_t)JOURNAL_REPORT_UNSURE;
    memcpy(out, &result, sizeof(result));
}

int
journal_salvage(const char *from, const char *to, struct journal_report *report,
                journal_progress progress, void *context)
{
    struct salvage *salvage;
    int state, rc;

    if (from == NULL || *from == '\0' || to == NULL || *to == '\0' ||
        (report != NULL && !is_known(report)) || jn_target_is_within(from, to))
        return EINVAL;
    salvage = calloc(1, sizeof(*salvage));
    if (salvage == NULL)
        return ENOMEM;
    salvage->progress = (struct jn_wreck_progress){context, progress};
    salvage->report.first_bad = JOURNAL_NONE;
    /* A thread cancelled here would leave what is begun, and keep TO busy. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    rc = jn_wreck_open(&salvage->wreck, from);
    if (rc == 0 && jn_wreck_has_changed(&salvage->wreck))
        rc = JOURNAL_BUSY;
    if (rc == 0)
        rc = salvage_to(salvage, to);
    if (rc == 0)
        fill_report(salvage, report);
    jn_wreck_close(&salvage->wreck);
    pthread_setcancelstate(state, NULL);
    free(salvage);
    return rc;
}
