/* report.c - violations and figures in words. */
#include "report.h"

#include <stdio.h>

#include "judge.h"

static unsigned long long
ull(uint64_t number)
{
    return number;
}

static const char *
name_of(const struct deed *deed)
{
    static const char *const names[] = {"open",  "close",   "sync",   "append",
                                        "prune", "compact", "rewind", "mark"};

    return names[deed->kind];
}

void
report_plan(const struct plan *plan, const struct limits *limits)
{
    printf("  again: POWER_PLAN='%llu %u %llu %u %u %u %u %u %u %u %u %u'\n",
           ull(plan->seed), plan->durability, ull(plan->tail_bytes),
           plan->sessions, plan->deeds, plan->hands, plan->processes,
           plan->appends, plan->faults, limits->unit, limits->most,
           limits->again);
}

bool
report_plan_of(const char *text, struct plan *plan, struct limits *limits)
{
    unsigned long long seed, tail_bytes;
    unsigned appends, faults;

    if (sscanf(text, "%llu %u %llu %u %u %u %u %u %u %u %u %u", &seed,
               &plan->durability, &tail_bytes, &plan->sessions, &plan->deeds,
               &plan->hands, &plan->processes, &appends, &faults, &limits->unit,
               &limits->most, &limits->again) != 12)
        return false;
    plan->seed = seed;
    plan->tail_bytes = tail_bytes;
    plan->appends = appends != 0;
    plan->faults = faults != 0;
    return true;
}

void
report_violation(const struct plan *plan, const struct limits *limits,
                 const struct claims *claims, const struct event *event,
                 const char *why)
{
    printf("VIOLATION: %s\n", why);
    printf("  plan: seed %llu, %s, tail of %llu, %u sessions of %u deeds, "
           "%u processes of %u hands; units of %u\n",
           ull(plan->seed),
           plan->durability == JOURNAL_DURABLE ? "durable" : "relaxed",
           ull(plan->tail_bytes), plan->sessions, plan->deeds, plan->processes,
           plan->hands, limits->unit);
    report_plan(plan, limits);
    printf("  crash before event %u; %u changes promised, %u possible, of %u\n",
           event->number, claims->promised, claims->possible, claims->count);
    for (uint32_t i = 0; i < claims->life->count; i++) {
        const struct deed *deed = &claims->life->deeds[i];

        if (claims->begun[i] &&
            (i + 6 >= claims->life->count || !claims->begun[i + 6]))
            printf("  deed %u: %s %llu, %u records, %s\n", i, name_of(deed),
                   ull(deed->seq), deed->count,
                   claims->done[i] ? "acknowledged" : "begun");
    }
    printf("  what had got to the disk:\n");
}

void
report_difference(const struct claims *claims, const struct state *image,
                  char *why)
{
    const struct state *state = &claims->state;
    uint64_t seq = 0;

    while (seq < state->size && seq < image->size &&
           state->slot[seq].there == image->slot[seq].there &&
           (!state->slot[seq].there ||
            state->slot[seq].tag.deed == image->slot[seq].tag.deed))
        seq++;
    snprintf(
        why, WHY_SIZE,
        "the journal is [%llu, %llu), marks %lld, %lld; promised is [%llu, "
        "%llu), marks %lld, %lld; they differ from %llu on",
        ull(state_first(image)), ull(image->size), (long long)image->mark[0],
        (long long)image->mark[1], ull(state_first(state)), ull(state->size),
        (long long)state->mark[0], (long long)state->mark[1], ull(seq));
}

static double
rate(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

void
report_figures(const char *title, const struct figures *figures)
{
    printf(
        "%s: %llu images of %llu moments of %llu runs, %llu only read first, "
        "%llu gone on with, %llu of crashes of %llu crashes, %llu after a "
        "failed call; %.0f/s, %.0f/s of a core; %llu violations",
        title, ull(figures->images), ull(figures->moments), ull(figures->runs),
        ull(figures->looked), ull(figures->gone_on), ull(figures->of_crash),
        ull(figures->again), ull(figures->after_failure),
        rate(figures->images, figures->seconds),
        rate(figures->images, figures->core_seconds), ull(figures->violations));
    if (figures->violations > 0)
        printf(" (%llu lost, %llu killed)", ull(figures->lost),
               ull(figures->killed));
    printf("\n");
    fflush(stdout);
}
