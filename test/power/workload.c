/* workload.c - a journal is used, on record. */
#include "workload.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deeds.h"
#include "recorder.h"

/* Whoever does the deeds, or one of those who append at the same time. */
struct hand {
    struct doer doer;
    const struct plan *plan;
    struct trace *trace;
    const char *directory; /* that is on record */
    bool has_failed;       /* some call, since the session began */
};

static struct hand *
hand_of(struct doer *doer)
{
    return doer->watcher;
}

/* ---- calls that fail ---------------------------------------------------- */

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
    if (!hand->plan->faults || deed_chance(&hand->doer, 8) > 0)
        return;
    fault.calls = calls[deed_chance(&hand->doer, 6)];
    fault.n = 1 +
              (unsigned)deed_chance(&hand->doer,
                                    UINT64_C(1) << deed_chance(&hand->doer, 5));
    fault.times = times[deed_chance(&hand->doer, 4)];
    fault.effect = effects[deed_chance(&hand->doer, 3)];
    fault.error = deed_chance(&hand->doer, 3) == 0 ? ENOSPC : EIO;
    recorder_fail(&fault);
}

/* Ends the session, as whoever is told to does, with a close or without. */
static void
end_failed(struct hand *hand, uint32_t number)
{
    struct doer *doer = &hand->doer;

    deed_failed(doer, number);
    recorder_note(EVENT_DEED_DONE, number);
    if (deed_chance(doer, 2) == 0)
        recorder_fail(NULL);
    if (deed_chance(doer, 2) == 0 &&
        doer->life->deeds[number].kind != DEED_OPEN)
        journal_close(doer->journal);
    _exit(0);
}

static void
begins(struct doer *doer, uint32_t number)
{
    recorder_note(EVENT_DEED_BEGUN, number);
    if (!doer->is_beside)
        arm(hand_of(doer));
}

static void
ends(struct doer *doer, uint32_t number, int rc)
{
    struct hand *hand = hand_of(doer);

    if (rc != 0 && (hand->has_failed || recorder_has_failed()))
        end_failed(hand, number);
    recorder_note(EVENT_DEED_DONE, number);
}

/* ---- sessions ----------------------------------------------------------- */

static void *
append_much(void *context)
{
    struct hand *hand = context;

    for (unsigned i = 0; i < hand->plan->deeds; i++)
        if (deed_chance(&hand->doer, 12) == 0)
            deed_sync(&hand->doer);
        else
            deed_append(&hand->doer);
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
    int rc = deed_open_beside(&like->doer, &journal);

    if (rc != 0 || count > HANDS_MAX)
        deed_wrong(&like->doer, "open beside", rc);
    for (unsigned i = 0; i < count; i++) {
        hands[i] = *like;
        hands[i].doer.watcher = &hands[i];
        hands[i].doer.journal = journal;
        hands[i].doer.chance += 1 + process * HANDS_MAX + i;
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
work_alone(struct doer *doer, const struct plan *plan)
{
    deed_open(doer);
    for (unsigned i = 0; i < plan->deeds; i++)
        plan->appends ? deed_append(doer) : deed_any(doer);
    if (deed_chance(doer, 2) == 0)
        deed_close(doer);
}

static void
work_beside(struct doer *doer, const struct plan *plan)
{
    pid_t children[8] = {0};

    deed_open(doer);
    deed_close(doer);
    for (unsigned i = 0; i < plan->processes; i++) {
        children[i] = fork();
        if (children[i] == 0)
            append_beside(hand_of(doer), i);
    }
    for (unsigned i = 0; i < plan->processes; i++)
        if (!ended_well(children[i]))
            _exit(1);
    deed_open(doer);
    deed_close(doer);
}

static void
session(struct doer *doer)
{
    const struct hand *hand = hand_of(doer);

    recorder_start(hand->trace, hand->directory);
    if (doer->is_beside)
        work_beside(doer, hand->plan);
    else
        work_alone(doer, hand->plan);
}

void
workload_run(const struct plan *plan, const char *directory,
             const struct state *base, struct trace *trace, struct life *life,
             const char **wrong)
{
    static const struct watch watch = {.begins = begins, .ends = ends};
    static struct chronicle *chronicle;
    struct hand hand = {.plan = plan, .trace = trace, .directory = directory};
    struct doer *doer = &hand.doer;

    if (chronicle == NULL)
        chronicle = chronicle_new();
    doer->watch = &watch;
    doer->watcher = &hand;
    doer->life = life;
    doer->chronicle = chronicle;
    doer->durability = plan->durability;
    doer->tail_bytes = plan->tail_bytes;
    doer->is_beside = plan->hands * plan->processes > 1;
    *wrong = deeds_sessions(doer, directory, base, plan->sessions, plan->seed,
                            session);
}
