/* workload.c - a journal is used, on record. */
#include "workload.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge.h"
#include "recorder.h"
#include "support/test.h"

#define NOTHING UINT32_MAX

/* What the sessions know, one after another. */
struct book {
    struct state now;
    uint32_t unsure; /* a deed that failed; or NOTHING */
    char wrong[WHY_SIZE + 100];
};

struct hand {
    const struct plan *plan;
    struct life *life;
    struct book *book;
    struct journal *journal;
    uint64_t chance;
    bool alone;
    bool has_failed; /* some call, since the journal was opened */
};

static char home[PATH_MAX];

static void *
shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

struct life *
life_new(void)
{
    return shared_memory(sizeof(struct life));
}

static void
complain(const struct hand *hand, const char *call, int rc)
{
    snprintf(hand->book->wrong, sizeof(hand->book->wrong), "%s: %s", call,
             journal_errname(rc));
    _exit(1);
}

static uint64_t
below(struct hand *hand, uint64_t limit)
{
    return limit == 0 ? 0 : test_random(&hand->chance) % limit;
}

/* ---- deeds -------------------------------------------------------------- */

/*
 * Some deeds meet a call that fails, once, twice or for ever: the first, or one
 * so late that only a commit has so many.
 */
static void
arm(struct hand *hand)
{
    static const unsigned calls[] = {CALL_FLUSH,
                                     CALL_FLUSH,
                                     CALL_WRITE,
                                     CALL_WRITE,
                                     CALL_SIZE | CALL_RENAME,
                                     CALL_WRITE | CALL_FLUSH | CALL_SIZE |
                                         CALL_RENAME};
    static const unsigned times[] = {0, 0, 1, UINT_MAX};
    static const enum effect effects[] = {EFFECT_NOTHING, EFFECT_PART,
                                          EFFECT_ALL};
    struct fault fault;

    hand->has_failed |= recorder_has_failed();
    recorder_fail(NULL);
    if (!hand->plan->faults || below(hand, 8) > 0)
        return;
    fault.calls = calls[below(hand, 6)];
    fault.n = 1 + (unsigned)below(hand, UINT64_C(1) << below(hand, 5));
    fault.times = times[below(hand, 4)];
    fault.effect = effects[below(hand, 3)];
    fault.error = below(hand, 3) == 0 ? ENOSPC : EIO;
    recorder_fail(&fault);
}

/* Ends the session, as whoever is told to does, with a close or without. */
static void
deed_failed(struct hand *hand, uint32_t number)
{
    struct deed *deed = &hand->life->deeds[number];
    struct journal *journal = hand->journal;

    deed->failed = true;
    if (deed->kind >= DEED_APPEND)
        hand->book->unsure = number;
    recorder_note(EVENT_DEED_DONE, number);
    if (below(hand, 2) == 0)
        recorder_fail(NULL);
    if (below(hand, 2) == 0 && deed->kind != DEED_OPEN)
        journal_close(journal);
    _exit(0);
}

/* Enters a deed into the book, and begins it. */
static uint32_t
begin(struct hand *hand, const struct deed *deed)
{
    uint32_t number = __atomic_fetch_add(&hand->life->count, 1,
                                         __ATOMIC_RELAXED);

    if (number >= LIFE_DEEDS)
        complain(hand, "too many deeds", 0);
    hand->life->deeds[number] = *deed;
    hand->life->deeds[number].asked = deed->seq;
    recorder_note(EVENT_DEED_BEGUN, number);
    if (hand->alone)
        arm(hand);
    return number;
}

static void
done(struct hand *hand, uint32_t number, int rc)
{
    static const char *const calls[] = {"open",  "close",   "sync",   "append",
                                        "prune", "compact", "rewind", "mark"};

    hand->life->deeds[number].result = rc;
    if (rc != 0 && (hand->has_failed || recorder_has_failed()))
        deed_failed(hand, number);
    recorder_note(EVENT_DEED_DONE, number);
    if (rc != 0)
        complain(hand, calls[hand->life->deeds[number].kind], rc);
    if (hand->alone && !state_apply(&hand->book->now, hand->life, number))
        complain(hand, "too many entries", 0);
}

static int
open_it(const struct hand *hand, struct journal **journal)
{
    struct journal_options options;

    journal_options_init(&options);
    options.durability = hand->plan->durability;
    options.tail_bytes = hand->plan->tail_bytes;
    return journal_open(home, &options, journal);
}

/* Whether the deed that failed, done as far as SEQ says, makes IMAGE of it. */
static bool
went_so_far(const struct hand *hand, uint64_t seq, const struct state *image)
{
    static struct state state;
    struct book *book = hand->book;

    hand->life->deeds[book->unsure].seq = seq;
    state_copy(&state, &book->now);
    if (!state_apply(&state, hand->life, book->unsure) ||
        !state_equals(&state, image))
        return false;
    hand->life->deeds[book->unsure].result = 0;
    state_copy(&book->now, image);
    return true;
}

/* Of a prune the oldest entries may be gone, of a rewind the newest. */
static bool
went_somehow(const struct hand *hand, const struct state *image)
{
    const struct deed *deed = &hand->life->deeds[hand->book->unsure];
    uint64_t most = deed->asked;

    if (deed->kind == DEED_REWIND)
        return image->size >= most && went_so_far(hand, image->size, image);
    if (deed->kind != DEED_PRUNE && deed->kind != DEED_COMPACT)
        return went_so_far(hand, most, image);
    for (uint64_t seq = most; seq > state_first(&hand->book->now); seq--)
        if (went_so_far(hand, seq, image))
            return true;
    return false;
}

/* A deed had failed: it turns out now what has become of it. */
static void
be_sure(const struct hand *hand)
{
    static struct state image;
    struct book *book = hand->book;
    char why[WHY_SIZE];
    int said;

    if (!judge_opened(hand->journal, &image, why))
        complain(hand, why, 0);
    if (!state_equals(&image, &book->now)) {
        if (book->unsure == NOTHING)
            complain(hand, "what nothing has changed is changed", 0);
        said = hand->life->deeds[book->unsure].result;
        if (!went_somehow(hand, &image))
            complain(hand, "what a failure left is no part of the deed", said);
        if (said == JOURNAL_FULL &&
            hand->life->deeds[book->unsure].kind == DEED_APPEND)
            complain(hand, "what did not fit is there", said);
    }
    book->unsure = NOTHING;
}

static void
do_open(struct hand *hand)
{
    const struct deed deed = {.kind = DEED_OPEN, .durable = true};
    uint32_t number = begin(hand, &deed);
    int rc = open_it(hand, &hand->journal);

    if (rc == 0 && hand->alone)
        be_sure(hand);
    done(hand, number, rc);
}

static void
do_close(struct hand *hand)
{
    const struct deed deed = {.kind = DEED_CLOSE};
    uint32_t number = begin(hand, &deed);

    journal_close(hand->journal);
    hand->journal = NULL;
    done(hand, number, 0);
}

static void
do_sync(struct hand *hand)
{
    const struct deed deed = {.kind = DEED_SYNC, .durable = true};
    uint32_t number = begin(hand, &deed);

    done(hand, number, journal_sync(hand->journal));
}

static bool
is_durable(const struct hand *hand)
{
    return hand->plan->durability == JOURNAL_DURABLE;
}

static void
do_append(struct hand *hand)
{
    struct journal_record records[LIFE_BATCH];
    struct deed deed = {.kind = DEED_APPEND,
                        .durable = is_durable(hand),
                        .count = 1};
    struct tag tag = {.salt = hand->life->salt};
    int rc;

    if (below(hand, 4) == 0)
        deed.count += (uint32_t)below(hand, below(hand, LIFE_BATCH) + 1);
    tag.deed = begin(hand, &deed);
    for (; tag.part < deed.count; tag.part++)
        records[tag.part] = life_record(&tag);
    rc = journal_append_batch(hand->journal, records, deed.count,
                              &hand->life->deeds[tag.deed].seq);
    done(hand, tag.deed, rc);
}

static uint64_t
slowest_mark(const struct state *state)
{
    uint64_t slowest = JOURNAL_NONE;

    for (unsigned i = 0; i < LIFE_MARKS; i++)
        slowest = state->mark[i] < slowest ? state->mark[i] : slowest;
    return slowest;
}

static void
do_prune(struct hand *hand)
{
    const struct state *now = &hand->book->now;
    uint64_t first = state_first(now), slowest = slowest_mark(now);
    uint64_t before = first + below(hand, now->size - first + 1);
    uint32_t flags = below(hand, 4) == 0 ? 0 : JOURNAL_PRUNE_PAST_MARKS;
    struct deed deed = {.kind = DEED_PRUNE, .seq = before};
    uint64_t removed = 0;
    uint32_t number;
    int rc;

    if (below(hand, 2) == 0) {
        deed.kind = DEED_COMPACT;
        flags |= JOURNAL_PRUNE_KEEP_LATEST;
    }
    if ((flags & JOURNAL_PRUNE_PAST_MARKS) == 0 && slowest < before)
        deed.seq = slowest;
    number = begin(hand, &deed);
    rc = journal_prune(hand->journal, before, flags, &removed);
    /* What has been removed is so for good; else nothing was promised. */
    hand->life->deeds[number].durable = is_durable(hand) || removed > 0;
    done(hand, number, rc);
}

static void
do_rewind(struct hand *hand)
{
    const struct state *now = &hand->book->now;
    uint64_t most = now->size - state_first(now);
    uint64_t size = now->size - below(hand, below(hand, most + 1) + 1);
    const struct deed deed = {.kind = DEED_REWIND,
                              .durable = is_durable(hand) || size < now->size,
                              .seq = size};
    uint32_t number = begin(hand, &deed);

    done(hand, number, journal_rewind(hand->journal, deed.seq));
}

static void
do_mark(struct hand *hand)
{
    const struct deed deed = {.kind = DEED_MARK,
                              .durable = is_durable(hand),
                              .mark = (uint32_t)below(hand, LIFE_MARKS),
                              .seq = below(hand, hand->book->now.size + 1)};
    uint32_t number = begin(hand, &deed);

    done(hand, number,
         journal_mark(hand->journal, life_marks[deed.mark], deed.seq));
}

/* ---- sessions ----------------------------------------------------------- */

static void
do_anything(struct hand *hand)
{
    unsigned what = (unsigned)below(hand, 64);

    if (what < 48)
        do_append(hand);
    else if (what < 53)
        do_sync(hand);
    else if (what < 57)
        do_mark(hand);
    else if (what < 60)
        do_prune(hand);
    else if (what < 62)
        do_rewind(hand);
    else {
        do_close(hand);
        do_open(hand);
    }
}

static void *
append_much(void *context)
{
    struct hand *hand = context;

    for (unsigned i = 0; i < hand->plan->deeds; i++)
        if (below(hand, 12) == 0)
            do_sync(hand);
        else
            do_append(hand);
    return NULL;
}

/* One process of those that append at the same time. */
static void
append_beside(const struct hand *like, unsigned process)
{
    enum { HANDS_MAX = 8 };
    struct hand hands[HANDS_MAX];
    pthread_t threads[HANDS_MAX];
    unsigned count = like->plan->hands;
    struct journal *journal = NULL;
    int rc = open_it(like, &journal);

    if (rc != 0 || count > HANDS_MAX)
        complain(like, "open beside", rc);
    for (unsigned i = 0; i < count; i++) {
        hands[i] = *like;
        hands[i].journal = journal;
        hands[i].chance += 1 + process * HANDS_MAX + i;
        if (pthread_create(&threads[i], NULL, append_much, &hands[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    journal_close(journal);
    _exit(0);
}

static bool
ended_well(pid_t child)
{
    int status = 0;

    return waitpid(child, &status, 0) == child && status == 0;
}

static void
session(struct hand *hand)
{
    const struct plan *plan = hand->plan;
    pid_t children[8] = {0};

    do_open(hand);
    if (hand->alone) {
        for (unsigned i = 0; i < plan->deeds; i++)
            plan->appends ? do_append(hand) : do_anything(hand);
        if (below(hand, 2) == 0)
            do_close(hand);
        _exit(0);
    }
    do_close(hand);
    for (unsigned i = 0; i < plan->processes; i++) {
        children[i] = fork();
        if (children[i] == 0)
            append_beside(hand, i);
    }
    for (unsigned i = 0; i < plan->processes; i++)
        if (!ended_well(children[i]))
            _exit(1);
    do_open(hand);
    do_close(hand);
    _exit(0);
}

void
workload_run(const struct plan *plan, const char *directory,
             const struct state *base, struct trace *trace, struct life *life,
             const char **wrong)
{
    static struct book *book;
    struct hand hand = {.plan = plan,
                        .life = life,
                        .alone = plan->hands * plan->processes == 1};

    if (book == NULL)
        book = shared_memory(sizeof(*book));
    hand.book = book;
    book->wrong[0] = '\0';
    book->unsure = NOTHING;
    state_copy(&book->now, base);
    *wrong = NULL;
    life->count = 0;
    life->salt = plan->seed;
    snprintf(home, sizeof(home), "%s/home", directory);
    for (unsigned i = 0; i < plan->sessions && *wrong == NULL; i++) {
        pid_t child;

        hand.chance = plan->seed + i * 1000;
        child = fork();
        if (child == 0) {
            recorder_start(trace, directory);
            session(&hand);
        }
        if (!ended_well(child))
            *wrong = book->wrong[0] != '\0' ? book->wrong : "it was killed";
    }
}
