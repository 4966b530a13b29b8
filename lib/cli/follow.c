/* follow.c - lists entries as they are appended, until somebody says stop. */
#include "follow.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "listing.h"
#include "monotonic.h"
#include "output.h"
#include "report.h"
#include "target.h"

/* How long a signal, or a reader that has gone, may stay unnoticed. */
#define LOOK_NS INT64_C(250000000)

/* The least time between two moves of the mark: each is a flush of the disk. */
#define MARK_NS ((uint64_t)LOOK_NS)

/* Lines between two flushes of the output while there is much to catch up. */
#define BATCH 1000u

struct progress {
    struct journal *journal;
    const struct follow *follow;
    struct listing listing;
    struct journal_cursor *cursor;
    uint64_t handled;   /* what matches below it has been written out */
    uint64_t marked;    /* where the mark stands */
    uint64_t marked_at; /* when it was moved, by a clock that only rises */
    bool caught_up;     /* there was no more when last looked */
    bool idle;          /* nor has anything come since */
};

/* ---- signals ------------------------------------------------------------ */

/* Why to stop: a signal, or nobody reads any more. */
static volatile sig_atomic_t stopped_by;
static bool unread;

static void
note_signal(int number)
{
    stopped_by = number;
}

/* One that is ignored stays so: nohup, and shells in the background. */
static void
catch_signal(int number)
{
    struct sigaction action, old;

    if (sigaction(number, NULL, &old) != 0 || old.sa_handler == SIG_IGN)
        return;
    memset(&action, 0, sizeof(action));
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    sigaction(number, &action, NULL);
}

static void
catch_signals(void)
{
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
}

/* ---- the mark ----------------------------------------------------------- */

/* Whether a rewind has moved it back since; then it is there that it stands. */
static bool
was_moved_back(struct progress *progress)
{
    uint64_t seq;

    if (progress->marked == JOURNAL_NONE ||
        journal_marked(progress->journal, progress->follow->mark, &seq) != 0 ||
        seq >= progress->marked)
        return false;
    progress->marked = seq;
    return true;
}

/*
 * Moves the mark to what has been written.  If the journal has been rewound
 * below that just now, the next look at it will tell; numbers that have been
 * given again since are yet to be written.
 */
static int
move_mark(struct progress *progress)
{
    const struct follow *follow = progress->follow;
    int rc;

    if (follow->mark == NULL || was_moved_back(progress) ||
        progress->marked == progress->handled)
        return CLI_OK;
    rc = journal_mark(progress->journal, follow->mark, progress->handled);
    if (rc == JOURNAL_OUT_OF_RANGE)
        return CLI_OK;
    if (rc != 0)
        return report_failure(follow->question->path, rc, "mark %s at %" PRIu64,
                              report_key(follow->mark, strlen(follow->mark)),
                              progress->handled);
    progress->marked = progress->handled;
    progress->marked_at = monotonic_ns();
    return CLI_OK;
}

static int
move_mark_in_time(struct progress *progress)
{
    if (progress->follow->mark == NULL ||
        (!progress->idle && monotonic_ns() - progress->marked_at < MARK_NS))
        return CLI_OK;
    return move_mark(progress);
}

/* ---- a round ------------------------------------------------------------ */

/*
 * Writes out what there is, at most a batch.  SIZE is what the journal had
 * before: once the cursor has come to its end, nothing below it is left.
 */
static int
write_out(struct progress *progress, uint64_t size)
{
    struct listing *listing = &progress->listing;
    uint64_t printed = listing->printed;
    uint64_t limit = progress->follow->question->query.limit;
    int rc = listing_run(listing, progress->cursor, BATCH);
    int code = output_flush();

    if (code != CLI_OK)
        return code;
    progress->caught_up = rc == JOURNAL_END;
    if (listing->printed > printed)
        progress->handled = listing->last + 1;
    if (progress->caught_up && progress->handled < size)
        progress->handled = size;
    if (progress->handled > limit)
        progress->handled = limit;
    return rc == 0 || rc == JOURNAL_END ? CLI_OK : listing->code;
}

static int
look(struct progress *progress)
{
    const char *path = progress->follow->question->path;
    struct journal_stat stat;
    int code = target_stat(progress->journal, path, &stat);

    if (code != CLI_OK)
        return code;
    if (stat.size < progress->handled) {
        report_hint("%s: has been rewound from %" PRIu64 " to %" PRIu64
                    "; going on there",
                    path, progress->handled, stat.size);
        progress->handled = stat.size;
    }
    progress->listing.patience = stat.size - stat.first;
    return write_out(progress, stat.size);
}

static bool
is_over(const struct progress *progress)
{
    return listing_is_full(&progress->listing) ||
           (progress->caught_up &&
            progress->handled >= progress->follow->question->query.limit);
}

static int
wait_for_more(struct progress *progress)
{
    int rc = JOURNAL_TIMEOUT;

    progress->idle = false;
    if (!progress->caught_up)
        return CLI_OK;
    if (stopped_by == 0)
        rc = journal_wait(progress->journal, progress->handled, LOOK_NS);
    progress->idle = rc == JOURNAL_TIMEOUT;
    if (rc == 0 || rc == JOURNAL_TIMEOUT)
        return CLI_OK;
    return report_failure(progress->follow->question->path, rc, "waiting");
}

/* ---- all rounds --------------------------------------------------------- */

static int
go_round(struct progress *progress)
{
    int code = CLI_OK;

    while (code == CLI_OK && stopped_by == 0) {
        code = look(progress);
        if (code != CLI_OK || is_over(progress))
            break;
        code = wait_for_more(progress);
        if (code == CLI_OK)
            code = move_mark_in_time(progress);
        unread = progress->idle && output_is_unread();
        if (unread)
            break;
    }
    return code;
}

/* A mark that is new says so: it might be a slip of the pen. */
static int
start(struct progress *progress)
{
    const struct follow *follow = progress->follow;
    const struct question *question = follow->question;
    struct journal_stat stat;
    int code;

    code = target_stat(progress->journal, question->path, &stat);
    if (code != CLI_OK)
        return code;
    progress->handled = question->query.first == JOURNAL_NONE
                            ? stat.first
                            : question->query.first;
    progress->marked = follow->mark_seq;
    progress->marked_at = monotonic_ns();
    if (follow->mark == NULL || follow->mark_seq != JOURNAL_NONE)
        return CLI_OK;
    code = move_mark(progress);
    if (code == CLI_OK)
        report_hint("the mark %s is new, and begins at %" PRIu64,
                    report_key(follow->mark, strlen(follow->mark)),
                    progress->handled);
    return code;
}

int
follow_journal(struct journal *journal, const struct follow *follow)
{
    struct progress progress = {.journal = journal, .follow = follow};
    int code, mark_code;

    catch_signals();
    code = listing_init(&progress.listing, journal, follow->question);
    if (code == CLI_OK)
        code = question_ask(journal, follow->question, &progress.cursor);
    if (code == CLI_OK)
        code = start(&progress);
    if (code != CLI_OK)
        goto out;
    code = go_round(&progress);
    listing_advise(&progress.listing);
    mark_code = move_mark(&progress);
    if (code == CLI_OK)
        code = mark_code != CLI_OK ? mark_code : progress.listing.code;
out:
    journal_cursor_close(progress.cursor);
    return code;
}

/* A shell wants to see the signal that it has sent, so as to stop as well. */
int
follow_end(int code)
{
    if (stopped_by != 0) {
        signal(stopped_by, SIG_DFL);
        raise(stopped_by);
    }
    if (unread)
        output_end_unread();
    return code;
}
