/*
 * sweep.h - a fault at the first call, then at the second, until there is none.
 *
 * Each is met by a process of its own, on a copy of the same journal.  When it
 * has ended, the journal is opened in peace and held against its book:
 *
 *   - what was acknowledged is there, and nothing else is; what failed is whole
 *     or absent, and stays as it was shown;
 *   - the process was not killed, and did not hang;
 *   - nothing is left over: descriptors, maps, blocks of memory, files;
 *   - the handle worked on, or said JOURNAL_FAILED; its reads went on;
 *   - a flush that failed was not passed over in silence.
 */
#ifndef TEST_SWEEP_SWEEP_H
#define TEST_SWEEP_SWEEP_H

#include "fault/faults.h"
#include "hand.h"

/* What goes wrong. */
struct mishap {
    const char *name;
    struct fault fault; /* but for N */
};

/* Shared by all who sweep at the same time. */
struct tally {
    unsigned runs;  /* with the fault met */
    unsigned told;  /* of these: some call gave an error */
    unsigned pairs; /* of two faults in a run */
    unsigned violations;
    unsigned by_class[FAULT_CLASSES];
};

/*
 * The journal that SCENE's mishaps come to is made once, by sweep_scene(), in
 * DIRECTORY; then sweep_mishap() goes through all calls, or every STRIDEth
 * from a random one on.  Says what went wrong on stdout.
 */
struct sweep;
struct sweep *sweep_scene(const struct scene *scene, const char *directory,
                          struct tally *tally);
void sweep_mishap(struct sweep *sweep, const struct mishap *mishap,
                  unsigned stride, uint64_t *chance);

/* One call only. */
void sweep_one(struct sweep *sweep, const struct mishap *mishap, unsigned n);

/* Two calls, of all classes. */
void sweep_pair(struct sweep *sweep, uint64_t *chance);

void sweep_end(struct sweep *sweep);

#endif
