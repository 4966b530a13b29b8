/*
 * deeds.h - the deeds of a life, done as chance has it.
 *
 * In sessions, each a process of its own that opens the journal and closes it
 * at its end, or just ends.  Whoever watches is told where each deed begins and
 * ends: to note it between the writes and flushes that it sees, and to let some
 * calls fail meanwhile.  Of a deed that fails the next session finds out how
 * far it got.
 */
#ifndef TEST_POWER_DEEDS_H
#define TEST_POWER_DEEDS_H

#include <limits.h>

#include "judge.h"
#include "life.h"

/* What the sessions know, one after another. */
struct chronicle {
    struct state now;
    uint32_t unsure; /* a deed that failed; or LIFE_DEEDS */
    char wrong[WHY_SIZE + 100];
};

struct doer;

/* Who watches; WATCHER is the doer's. */
struct watch {
    void (*begins)(struct doer *doer, uint32_t number);

    /* With its result; it calls deed_failed() if that was to be expected. */
    void (*ends)(struct doer *doer, uint32_t number, int rc);
};

struct doer {
    const struct watch *watch;
    void *watcher;
    struct life *life;
    struct chronicle *chronicle;
    struct journal *journal;
    uint64_t chance;
    uint32_t durability;
    uint64_t tail_bytes;
    bool is_beside; /* others append at the same time: it does nothing else */
    char home[PATH_MAX];
};

/* One for the life of the process, which its children share. */
struct chronicle *chronicle_new(void);

/*
 * Has COUNT sessions, in child processes, of the journal in DIRECTORY/home,
 * whose state is BASE; SEED is for chance.  Returns how it went wrong, in
 * words, or NULL.
 */
const char *deeds_sessions(struct doer *doer, const char *directory,
                           const struct state *base, unsigned count,
                           uint64_t seed, void (*session)(struct doer *doer));

/* For a session: it ends, as one in which something is wrong. */
void __attribute__((noreturn))
deed_wrong(const struct doer *doer, const char *what, int rc);

/* Deed NUMBER has failed, as it may: what comes of it is unsure. */
void deed_failed(const struct doer *doer, uint32_t number);

/* A number below LIMIT, or 0. */
uint64_t deed_chance(struct doer *doer, uint64_t limit);

/* Opens the journal, which is no deed. */
int deed_open_beside(const struct doer *doer, struct journal **journal);

void deed_open(struct doer *doer);
void deed_close(struct doer *doer);
void deed_sync(struct doer *doer);
void deed_append(struct doer *doer);
void deed_any(struct doer *doer);

#endif
