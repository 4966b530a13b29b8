/* deeds.c - the deeds of a life, done as chance has it. */
#include "deeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/mode.h"
#include "support/test.h"

#define NOTHING LIFE_DEEDS

struct chronicle *
chronicle_new(void)
{
    return test_shared(sizeof(struct chronicle));
}

void
deed_wrong(const struct doer *doer, const char *what, int rc)
{
    (void)snprintf(doer->chronicle->wrong, sizeof(doer->chronicle->wrong),
                   "%s: %s", what, journal_errname(rc));
    _exit(1);
}

void
deed_failed(const struct doer *doer, uint32_t number)
{
    struct deed *deed = &doer->life->deeds[number];

    deed->failed = true;
    if (deed->kind >= DEED_APPEND)
        doer->chronicle->unsure = number;
}

uint64_t
deed_chance(struct doer *doer, uint64_t limit)
{
    return test_below(&doer->chance, limit);
}

/* Enters a deed into the life, and begins it. */
static uint32_t
begin(struct doer *doer, const struct deed *deed)
{
    uint32_t number = __atomic_fetch_add(&doer->life->count, 1,
                                         __ATOMIC_RELAXED);

    if (number >= LIFE_DEEDS)
        deed_wrong(doer, "too many deeds", 0);
    doer->life->deeds[number] = *deed;
    doer->life->deeds[number].asked = deed->seq;
    doer->watch->begins(doer, number);
    return number;
}

static void
done(struct doer *doer, uint32_t number, int rc)
{
    static const char *const calls[] = {"open",  "close",   "sync",   "append",
                                        "prune", "compact", "rewind", "mark"};

    doer->life->deeds[number].result = rc;
    doer->watch->ends(doer, number, rc);
    if (rc != 0)
        deed_wrong(doer, calls[doer->life->deeds[number].kind], rc);
    if (!doer->is_beside &&
        !state_apply(&doer->chronicle->now, doer->life, number))
        deed_wrong(doer, "too many entries", 0);
}

/* ---- how one that failed has turned out --------------------------------- */

/* Whether it, done as far as SEQ says, makes IMAGE of the journal. */
static bool
went_so_far(const struct doer *doer, uint64_t seq, const struct state *image)
{
    static struct state state;
    struct chronicle *chronicle = doer->chronicle;

    doer->life->deeds[chronicle->unsure].seq = seq;
    state_copy(&state, &chronicle->now);
    if (!state_apply(&state, doer->life, chronicle->unsure) ||
        !state_equals(&state, image))
        return false;
    doer->life->deeds[chronicle->unsure].result = 0;
    state_copy(&chronicle->now, image);
    return true;
}

/* Of a prune the oldest entries may be gone, of a rewind the newest. */
static bool
went_somehow(const struct doer *doer, const struct state *image)
{
    const struct deed *deed = &doer->life->deeds[doer->chronicle->unsure];
    uint64_t most = deed->asked;

    if (deed->kind == DEED_REWIND)
        return image->size >= most && went_so_far(doer, image->size, image);
    if (deed->kind != DEED_PRUNE && deed->kind != DEED_COMPACT)
        return went_so_far(doer, most, image);
    for (uint64_t seq = most; seq > state_first(&doer->chronicle->now); seq--)
        if (went_so_far(doer, seq, image))
            return true;
    return false;
}

/* A deed had failed: it turns out now what has become of it. */
static void
be_sure(const struct doer *doer)
{
    static struct state image;
    struct chronicle *chronicle = doer->chronicle;
    char why[WHY_SIZE];
    int said;

    if (!judge_opened(doer->journal, &image, why))
        deed_wrong(doer, why, 0);
    if (!state_equals(&image, &chronicle->now)) {
        if (chronicle->unsure == NOTHING)
            deed_wrong(doer, "what nothing has changed is changed", 0);
        said = doer->life->deeds[chronicle->unsure].result;
        if (!went_somehow(doer, &image))
            deed_wrong(doer, "what a failure left is no part of the deed",
                       said);
        if (said == JOURNAL_FULL &&
            doer->life->deeds[chronicle->unsure].kind == DEED_APPEND)
            deed_wrong(doer, "what did not fit is there", said);
    }
    chronicle->unsure = NOTHING;
}

/* ---- deeds -------------------------------------------------------------- */

int
deed_open_beside(const struct doer *doer, struct journal **journal)
{
    struct journal_options options;

    journal_options_init(&options);
    options.durability = doer->durability;
    options.tail_bytes = doer->tail_bytes;
    return mode_open_as_is(doer->home, &options, journal);
}

void
deed_open(struct doer *doer)
{
    const struct deed deed = {.kind = DEED_OPEN, .durable = true};
    uint32_t number = begin(doer, &deed);
    int rc = deed_open_beside(doer, &doer->journal);

    if (rc == 0 && !doer->is_beside)
        be_sure(doer);
    done(doer, number, rc);
}

void
deed_close(struct doer *doer)
{
    const struct deed deed = {.kind = DEED_CLOSE};
    uint32_t number = begin(doer, &deed);

    journal_close(doer->journal);
    doer->journal = NULL;
    done(doer, number, 0);
}

void
deed_sync(struct doer *doer)
{
    const struct deed deed = {.kind = DEED_SYNC, .durable = true};
    uint32_t number = begin(doer, &deed);

    done(doer, number, journal_sync(doer->journal));
}

static bool
is_durable(const struct doer *doer)
{
    return doer->durability == JOURNAL_DURABLE;
}

void
deed_append(struct doer *doer)
{
    struct journal_record records[LIFE_BATCH];
    struct deed deed = {.kind = DEED_APPEND,
                        .durable = is_durable(doer),
                        .count = 1};
    struct tag tag = {.salt = doer->life->salt};
    int rc;

    if (deed_chance(doer, 4) == 0)
        deed.count += (uint32_t)deed_chance(doer,
                                            deed_chance(doer, LIFE_BATCH) + 1);
    tag.deed = begin(doer, &deed);
    for (; tag.part < deed.count; tag.part++)
        records[tag.part] = life_record(&tag);
    rc = journal_append_batch(doer->journal, records, deed.count,
                              &doer->life->deeds[tag.deed].seq);
    done(doer, tag.deed, rc);
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
prune(struct doer *doer)
{
    const struct state *now = &doer->chronicle->now;
    uint64_t first = state_first(now), slowest = slowest_mark(now);
    uint64_t before = first + deed_chance(doer, now->size - first + 1);
    uint32_t flags = deed_chance(doer, 4) == 0 ? 0 : JOURNAL_PRUNE_PAST_MARKS;
    struct deed deed = {.kind = DEED_PRUNE, .seq = before};
    uint64_t removed = 0;
    uint32_t number;
    int rc;

    if (deed_chance(doer, 2) == 0) {
        deed.kind = DEED_COMPACT;
        flags |= JOURNAL_PRUNE_KEEP_LATEST;
    }
    if ((flags & JOURNAL_PRUNE_PAST_MARKS) == 0 && slowest < before)
        deed.seq = slowest;
    number = begin(doer, &deed);
    rc = journal_prune(doer->journal, before, flags, &removed);
    /* What has been removed is so for good; else nothing was promised. */
    doer->life->deeds[number].durable = is_durable(doer) || removed > 0;
    done(doer, number, rc);
}

static void
rewind_journal(struct doer *doer)
{
    const struct state *now = &doer->chronicle->now;
    uint64_t most = now->size - state_first(now);
    uint64_t size = now->size -
                    deed_chance(doer, deed_chance(doer, most + 1) + 1);
    const struct deed deed = {.kind = DEED_REWIND,
                              .durable = is_durable(doer) || size < now->size,
                              .seq = size};
    uint32_t number = begin(doer, &deed);

    done(doer, number, journal_rewind(doer->journal, deed.seq));
}

static void
mark(struct doer *doer)
{
    uint64_t size = doer->chronicle->now.size;
    const struct deed deed = {.kind = DEED_MARK,
                              .durable = is_durable(doer),
                              .mark = (uint32_t)deed_chance(doer, LIFE_MARKS),
                              .seq = deed_chance(doer, size + 1)};
    uint32_t number = begin(doer, &deed);

    done(doer, number,
         journal_mark(doer->journal, life_marks[deed.mark], deed.seq));
}

void
deed_any(struct doer *doer)
{
    unsigned what = (unsigned)deed_chance(doer, 64);

    if (what < 48)
        deed_append(doer);
    else if (what < 53)
        deed_sync(doer);
    else if (what < 57)
        mark(doer);
    else if (what < 60)
        prune(doer);
    else if (what < 62)
        rewind_journal(doer);
    else {
        deed_close(doer);
        deed_open(doer);
    }
}

/* ---- sessions ----------------------------------------------------------- */

/* In a child process. */
static bool
has_session(struct doer *doer, void (*session)(struct doer *doer))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        session(doer);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

const char *
deeds_sessions(struct doer *doer, const char *directory,
               const struct state *base, unsigned count, uint64_t seed,
               void (*session)(struct doer *doer))
{
    struct chronicle *chronicle = doer->chronicle;

    chronicle->wrong[0] = '\0';
    chronicle->unsure = NOTHING;
    state_copy(&chronicle->now, base);
    doer->life->count = 0;
    doer->life->salt = seed;
    (void)snprintf(doer->home, sizeof(doer->home), "%s/home", directory);
    for (unsigned i = 0; i < count; i++) {
        doer->chance = seed + i * 1000;
        if (!has_session(doer, session))
            return chronicle->wrong[0] != '\0' ? chronicle->wrong
                                               : "it was killed";
    }
    return NULL;
}
