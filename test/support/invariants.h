/*
 * invariants.h - what holds of every journal, whatever has happened to it.
 *
 * All harnesses hold journals to one list; reliability figures name it.
 *
 *   I1   What was acknowledged as durable is there, with exactly its bytes,
 *        unless a prune or rewind that had begun may have taken it.
 *   I2   Numbers [first, size) have no gap, but below a compaction, no double,
 *        and no other order.
 *   I3   Nothing is invented: each entry is one that somebody had begun to
 *        append, at that place, and was not refused.
 *   I4   Batches are whole, but for those that a rewind has cut.
 *   I5   Entries, links, index and figures agree, both ways.
 *   I6   What a prune or rewind has taken stays away, and it takes no more than
 *        it was asked to.
 *   I7   Of the pages each is reachable once, or free.
 *   I8   Whatever a crash leaves opens, or is not a journal yet; it can be gone
 *        on with, and all of this holds again, after further crashes too.
 *   I9   A call that meets a fault says so, or does its work; a handle goes on
 *        or says that it has failed; the next open gives a definite answer,
 *        which stays.
 *   I10  No fault leads to a crash, a hang or a leak.
 *   I11  No reader sees a durable entry that could still vanish.
 *   I12  Damage never reads as data.
 *   I13  An entry, once seen, is the same for ever, in copies too.
 *   I14  What a loss of power takes of relaxed appends is a suffix, between
 *        batches, of what was not durable.
 *
 * I2 and I5 follow from a journal alone: invariants_hold() is their checker,
 * and that of the part of I12 that public calls can tell: whatever way leads to
 * an entry has to lead to the same one.  The others need to know what was done.
 * A harness says so, entry by entry, in the function that it passes (I1, I3,
 * I4, I13: power/judge.c with power/claims.c, crash/history.c) and by what it
 * holds the whole against (I6, I8, I9: the same, power/deeds.c, sweep/book.c
 * and sweep/crowd.c).  I7 and the rest of I12 are journal_verify()'s, I10 the
 * fault tests', I11 unit/newest_write_test's and those of crash/ that read
 * beside writers.  I14 is power/claims.c's, in power/ and on a file system in
 * blocks/, and api/relaxed_loss_test's; where a process dies and the power
 * stays, as in crash/ and sweep/, relaxed appends lose nothing, and are held to
 * I1.
 */
#ifndef TEST_SUPPORT_INVARIANTS_H
#define TEST_SUPPORT_INVARIANTS_H

#include <journal.h>
#include <stdbool.h>

#define INVARIANTS_WHY 400u

struct invariants_key {
    const void *data;
    size_t size;
};

struct reading {
    struct journal *journal;
    const struct invariants_key *keys; /* all that may be in it */
    unsigned key_count;
    bool sparse;      /* compactions may have left holes */
    bool all_durable; /* all of it has to be */
    unsigned limits;  /* as of so many sizes each key is looked up */
    unsigned queries; /* so many keys are asked for their history */
    uint64_t most;    /* a size over that is wrong */

    /* Is ENTRY right, with key number KEY or KEY_COUNT: none?  If not, WHY. */
    bool (*entry)(void *context, const struct journal_entry *entry,
                  unsigned key, char *why);
    void *context;
};

/*
 * Reads all of a journal that nobody changes meanwhile.  False, with WHY, of
 * INVARIANTS_WHY bytes, in words, if something does not hold.
 */
bool invariants_hold(const struct reading *reading, struct journal_stat *stat,
                     char *why);

/* Writes WHY, and is false. */
__attribute__((format(printf, 2, 3))) bool invariants_wrong(char *why,
                                                            const char *format,
                                                            ...);

#endif
