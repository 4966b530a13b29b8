/*
 * futex.h - a word on which threads of all processes sleep.
 *
 * It lies in memory that the processes share.  Its *turn* rises with every
 * waking.  Whoever waits for something that others bring about
 *
 *     jn_futex_enter(futex);
 *     do {
 *         turn = jn_futex_turn(futex);
 *         if (it has come about)
 *             break;
 *         jn_futex_sleep(futex, turn, ns);
 *     } while (there is time);
 *     jn_futex_leave(futex);
 *
 * and whoever brings it about calls jn_futex_wake() afterwards.  Then no waking
 * is lost: of the two either the one sees what has come about, or the other
 * sees that somebody waits.
 *
 * The futex holds nothing that a killed process could leave locked.  One that
 * is killed while it waits stays counted: until the words are cleared wakings
 * make a system call that wakes nobody.
 */
#ifndef JN_FUTEX_H
#define JN_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/* Each word has a cache line, so that who waits does not slow who wakes. */
struct jn_futex {
    _Atomic uint32_t turn; /* goes round */
    uint8_t space1[60];
    _Atomic uint32_t waiters; /* who wait, or were killed while they did */
    uint8_t space2[60];
};

/* While nobody uses it. */
void jn_futex_clear(struct jn_futex *futex);

/* Be one of the waiters, or no longer. */
void jn_futex_enter(struct jn_futex *futex);
void jn_futex_leave(struct jn_futex *futex);

uint32_t jn_futex_turn(const struct jn_futex *futex);

/*
 * Sleeps until the turn is no longer TURN, NS have passed, a signal comes, or
 * for no reason.  Where processes cannot share a futex, for a millisecond.
 */
void jn_futex_sleep(struct jn_futex *futex, uint32_t turn, uint64_t ns);

/* Begins the next turn, with a system call only if somebody may sleep. */
void jn_futex_wake(struct jn_futex *futex);

/*
 * A word on which a thread waits for another of the same process; it is 0 as
 * long as it has to.  Sleeps until it is not, and returns what it is.
 */
uint32_t jn_futex_await(_Atomic uint32_t *word);

/*
 * Gives WORD a value, not 0.  The thread that waited for it may take the word
 * away then, while this call has still to wake it: that does no harm.
 */
void jn_futex_tell(_Atomic uint32_t *word, uint32_t value);

#endif
