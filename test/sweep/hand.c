/* hand.c - uses a journal whose calls fail, by a script of letters. */
#include "hand.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "fault/faults.h"
#include "files.h"
#include "looks.h"
#include "support/mode.h"

struct hand {
    const struct scene *scene;
    struct book *book;
    struct journal *journal;
    bool is_beside; /* it is the process beside one that goes by a script */
    pid_t other;    /* the process beside this one, if the script wants it */
    int requests, answers;
    char home[PATH_MAX];
    char copy[PATH_MAX];
};

/* Reads what there is, in peace. */
static bool
look(const struct hand *hand, struct state *image)
{
    char why[WHY_SIZE];
    bool good;

    faults_pause();
    good = judge_read(hand->journal, image, why);
    faults_resume();
    if (!good)
        book_complain(hand->book, "%s", why);
    return good;
}

/* What a call said; an error must have its reason. */
static int
said(const struct hand *hand, const char *call, int rc)
{
    if (rc == 0)
        return rc;
    hand->book->errors++;
    if (!faults_hit() && !(rc == JOURNAL_FULL && hand->scene->bytes_max > 0))
        book_complain(hand->book, "%s: %s, of itself", call,
                      journal_errname(rc));
    return rc;
}

/* ---- open, close -------------------------------------------------------- */

static int
open_with(struct hand *hand, uint32_t flags, uint32_t durability)
{
    static struct state image;
    const struct scene *scene = hand->scene;
    struct journal_options options;
    int rc;

    journal_options_init(&options);
    options.flags = flags;
    options.durability = durability;
    options.tail_bytes = scene->tail_bytes;
    options.bytes_max = scene->bytes_max;
    options.keep_entries = scene->keep_entries;
    rc = said(hand, "open",
              mode_open_as_is(hand->home, &options, &hand->journal));
    if (rc != 0)
        return rc;
    hand->book->exists = true;
    /* A failure lasts until all have closed it. */
    if (hand->is_beside &&
        (hand->book->failed || hand->book->unsure != BOOK_SURE))
        return 0;
    hand->book->failed = false;
    if (look(hand, &image))
        book_decide(hand->book, &image);
    return 0;
}

static int
open_durable(struct hand *hand)
{
    return open_with(hand, 0, JOURNAL_DURABLE);
}

static int
open_new(struct hand *hand)
{
    return open_with(hand, JOURNAL_OPEN_NEW, JOURNAL_DURABLE);
}

static int
open_relaxed(struct hand *hand)
{
    return open_with(hand, 0, JOURNAL_RELAXED);
}

static int
open_read_only(struct hand *hand)
{
    return open_with(hand, JOURNAL_OPEN_READ_ONLY, JOURNAL_DURABLE);
}

static int
close_journal(struct hand *hand)
{
    journal_close(hand->journal);
    hand->journal = NULL;
    return 0;
}

static int
destroy(struct hand *hand)
{
    struct book *book = hand->book;
    int rc = said(hand, "destroy", journal_destroy(hand->home));

    book->may_be_gone = rc != 0;
    if (rc != 0)
        return rc;
    book->exists = false;
    state_init(&book->now);
    if (files_left(hand->home))
        book_complain(book, "destroyed, and still there");
    return 0;
}

/* ---- deeds -------------------------------------------------------------- */

static int
end_of(struct hand *hand, uint32_t number, uint64_t seq, int rc)
{
    static const char *const calls[] = {"open",  "close",   "sync",   "append",
                                        "prune", "compact", "rewind", "mark"};
    static struct state image;

    said(hand, calls[hand->book->life.deeds[number].kind], rc);
    if (rc == 0)
        book_done(hand->book, number, seq);
    if ((rc != 0 || hand->scene->keep_entries > 0) && look(hand, &image)) {
        if (rc != 0)
            book_failed(hand->book, number, rc, &image);
        else
            book_decide(hand->book, &image);
    }
    return rc;
}

static int
append(struct hand *hand, uint32_t count)
{
    const struct deed deed = {.kind = DEED_APPEND, .count = count};
    struct journal_record records[LIFE_BATCH];
    struct tag tag = {.salt = hand->book->life.salt};
    uint64_t seq = 0;
    int rc;

    tag.deed = book_begin(hand->book, &deed);
    for (; tag.part < count; tag.part++)
        records[tag.part] = life_record(&tag);
    rc = journal_append_batch(hand->journal, records, count, &seq);
    return end_of(hand, tag.deed, seq, rc);
}

static int
append_one(struct hand *hand)
{
    return append(hand, 1);
}

static int
append_some(struct hand *hand)
{
    return append(hand, LIFE_BATCH / 2);
}

static int
append_many(struct hand *hand)
{
    return append(hand, LIFE_BATCH);
}

static int
append_in_threads(struct hand *hand)
{
    static struct state image;
    unsigned before = hand->book->errors;

    crowd_append(hand->book, hand->journal, hand->scene->threads);
    if (look(hand, &image))
        crowd_decide(hand->book, &image);
    return hand->book->errors > before ? JOURNAL_FAILED : 0;
}

static int
prune_as(struct hand *hand, enum deed_kind kind, uint64_t before,
         uint32_t flags)
{
    const struct deed deed = {.kind = kind, .seq = before};
    uint32_t number = book_begin(hand->book, &deed);

    return end_of(hand, number, 0,
                  journal_prune(hand->journal, before,
                                flags | JOURNAL_PRUNE_PAST_MARKS, NULL));
}

static int
prune(struct hand *hand)
{
    const struct state *now = &hand->book->now;
    uint64_t first = state_first(now);

    return prune_as(hand, DEED_PRUNE, first + (now->size - first) / 2, 0);
}

static int
compact(struct hand *hand)
{
    return prune_as(hand, DEED_COMPACT, hand->book->now.size,
                    JOURNAL_PRUNE_KEEP_LATEST);
}

static int
rewind_journal(struct hand *hand)
{
    const struct state *now = &hand->book->now;
    uint64_t entries = now->size - state_first(now);
    const struct deed deed = {.kind = DEED_REWIND,
                              .seq = now->size - (entries + 1) / 2};
    uint32_t number = book_begin(hand->book, &deed);

    return end_of(hand, number, 0, journal_rewind(hand->journal, deed.seq));
}

static int
mark(struct hand *hand)
{
    const struct deed deed = {.kind = DEED_MARK,
                              .mark = hand->book->life.count % LIFE_MARKS,
                              .seq = hand->book->now.size};
    uint32_t number = book_begin(hand->book, &deed);

    return end_of(hand, number, 0,
                  journal_mark(hand->journal, life_marks[deed.mark], deed.seq));
}

static int
unmark(struct hand *hand)
{
    const struct deed deed = {.kind = DEED_MARK, .seq = JOURNAL_NONE};
    bool there = hand->book->now.mark[0] != JOURNAL_NONE;
    uint32_t number;

    if (!there)
        return 0;
    number = book_begin(hand->book, &deed);
    return end_of(hand, number, 0,
                  journal_unmark(hand->journal, life_marks[0]));
}

/* A flush of what is there decides nothing; it may say JOURNAL_FAILED. */
static int
sync_journal(struct hand *hand)
{
    int rc = said(hand, "sync", journal_sync(hand->journal));
    static struct state image;

    if (rc == 0 && hand->book->failed)
        book_complain(hand->book, "a sync succeeds after JOURNAL_FAILED");
    hand->book->failed |= rc == JOURNAL_FAILED;
    if (rc != 0 && look(hand, &image) &&
        !state_equals(&image, &hand->book->now))
        book_complain(hand->book, "a failed sync changed something");
    return rc;
}

static int
read_all_ways(struct hand *hand)
{
    return said(hand, "a read", looks_read(hand->journal, hand->book));
}

/* A page that cannot be read is damaged as far as anybody can tell. */
static int
verify(struct hand *hand)
{
    struct journal_report report = {.struct_size = sizeof(report)};

    return said(hand, "verify",
                journal_verify(hand->journal, &report, NULL, NULL));
}

static int
back_up(struct hand *hand)
{
    struct book *book = hand->book;
    int rc;

    state_copy(&book->copy, &book->now);
    rc = said(hand, "backup",
              journal_backup(hand->journal, hand->copy, 0, NULL, NULL));
    book->is_copied = rc == 0;
    return rc;
}

/* What cannot be read is lost; that has to be said. */
static int
salvage(struct hand *hand)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct book *book = hand->book;
    int rc;

    state_copy(&book->copy, &book->now);
    rc = said(hand, "salvage",
              journal_salvage(hand->home, hand->copy, &report, NULL, NULL));
    book->is_copied = rc == 0;
    book->is_part = rc == 0 && (report.entries_bad > 0 || report.pages_bad > 0);
    if (book->is_part && !faults_hit())
        book_complain(book, "something was lost of itself");
    return rc;
}

/* ---- other processes ---------------------------------------------------- */

static int
end_here(struct hand *hand)
{
    (void)hand;
    _exit(0);
}

/* Opens, appends and closes for each byte that it is sent. */
static void __attribute__((noreturn))
serve(struct hand *hand, int requests, int answers)
{
    char order;

    while (read(requests, &order, 1) == 1) {
        int rc = open_durable(hand);

        if (rc == 0) {
            rc = append_one(hand);
            (void)close_journal(hand);
        }
        if (write(answers, &rc, sizeof(rc)) != sizeof(rc))
            break;
    }
    _exit(0);
}

/* Before this one opens anything: what is open is not inherited. */
static void
start_other(struct hand *hand)
{
    int requests[2], answers[2];

    if (pipe2(requests, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0)
        abort();
    hand->other = fork();
    if (hand->other == 0) {
        (void)close(requests[1]);
        hand->is_beside = true;
        serve(hand, requests[0], answers[1]);
    }
    (void)close(requests[0]);
    (void)close(answers[1]);
    hand->requests = requests[1];
    hand->answers = answers[0];
}

static int
work_beside(struct hand *hand)
{
    int rc;

    if (write(hand->requests, "", 1) != 1 ||
        read(hand->answers, &rc, sizeof(rc)) != sizeof(rc)) {
        book_complain(hand->book, "the other process is gone");
        return EPIPE;
    }
    return rc;
}

static void
stop_other(struct hand *hand)
{
    int status;

    (void)close(hand->requests);
    (void)close(hand->answers);
    if (waitpid(hand->other, &status, 0) != hand->other || status != 0)
        book_complain(hand->book, "the other process: status %d", status);
}

/* ---- scripts ------------------------------------------------------------ */

static const struct step {
    char letter;
    bool is_open; /* needs a journal that is open, or opens one */
    int (*take)(struct hand *hand);
} steps[] = {
    {'O', false, open_durable},
    {'R', false, open_relaxed},
    {'I', false, open_read_only},
    {'N', false, open_new},
    {'a', true, append_one},
    {'b', true, append_some},
    {'B', true, append_many},
    {'t', true, append_in_threads},
    {'g', true, read_all_ways},
    {'p', true, prune},
    {'k', true, compact},
    {'w', true, rewind_journal},
    {'m', true, mark},
    {'v', true, verify},
    {'h', true, back_up},
    {'z', false, salvage},
    {'u', true, unmark},
    {'s', true, sync_journal},
    {'c', true, close_journal},
    {'d', false, destroy},
    {'y', false, work_beside},
    {'x', false, end_here},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static bool
uses_tail(const struct hand *hand)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc;

    if (hand->journal == NULL)
        return false;
    faults_pause();
    rc = journal_stat(hand->journal, &stat);
    faults_resume();
    return rc == 0 && stat.tail_bytes > 0;
}

static void
take(struct hand *hand, const struct step *step)
{
    bool was_hit = faults_hit();
    int rc;

    if (step->is_open && hand->journal == NULL)
        return;
    rc = step->take(hand);
    if (!was_hit && faults_hit()) {
        hand->book->step = step->letter;
        hand->book->step_failed = rc != 0;
        hand->book->without_tail = !uses_tail(hand);
    }
}

static void
follow(struct hand *hand, const char *script)
{
    while (*script != '\0') {
        const struct step *step = steps;
        char *end;
        unsigned long times;

        script += strspn(script, " ");
        while (step < steps + STEPS && step->letter != *script)
            step++;
        if (step == steps + STEPS)
            abort();
        times = strtoul(script + 1, &end, 10);
        times = end == script + 1 ? 1 : times;
        for (script = end; times > 0; times--)
            take(hand, step);
    }
}

/* The handle works, or says that it does not, and reads go on either way. */
static void
finish(struct hand *hand)
{
    static struct state image;
    struct book *book = hand->book;
    int rc;

    if (!look(hand, &image))
        return;
    if (!state_equals(&image, &book->now))
        book_complain(book, "it shows something else at the end");
    rc = append_one(hand);
    if (rc != 0 && rc != JOURNAL_FAILED && rc != JOURNAL_READ_ONLY &&
        !(rc == JOURNAL_FULL && hand->scene->bytes_max > 0))
        book_complain(book, "an append afterwards: %s", journal_errname(rc));
    if (looks_read(hand->journal, book) != 0)
        book_complain(book, "a read afterwards fails");
    rc = journal_verify(hand->journal, NULL, NULL, NULL);
    if (rc != 0)
        book_complain(book, "a verify afterwards: %s", journal_errname(rc));
    (void)close_journal(hand);
}

void
hand_work(const struct scene *scene, const char *script, const char *directory,
          struct book *book)
{
    struct hand hand = {.scene = scene, .book = book};

    book->keeps = scene->keep_entries;
    (void)snprintf(hand.home, sizeof(hand.home), "%s/home", directory);
    (void)snprintf(hand.copy, sizeof(hand.copy), "%s/" FILES_COPY, directory);
    if (strchr(script, 'y') != NULL)
        start_other(&hand);
    follow(&hand, script);
    (void)faults_disarm();
    if (hand.other > 0)
        stop_other(&hand);
    if (hand.journal != NULL)
        finish(&hand);
}
