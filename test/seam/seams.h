/*
 * seams.h - the calls that the library makes of others fail when told to.
 *
 * A test program of this folder is linked so that the library's calls for
 * memory, of LMDB and of the system come by here.  They are counted while a
 * call of the library is *inside*, and one of them fails.  LMDB's own calls are
 * not: it fails as a whole, with what it could say.
 */
#ifndef TEST_SEAM_SEAMS_H
#define TEST_SEAM_SEAMS_H

#include <stdbool.h>

enum seam {
    SEAM_MEMORY = 1 << 0, /* NULL, and ENOMEM */
    SEAM_SETUP = 1 << 1,  /* LMDB's environment */
    SEAM_BEGIN = 1 << 2,  /* its transactions, and those that are renewed */
    SEAM_LOOK = 1 << 3,   /* its rows */
    SEAM_CHANGE = 1 << 4, /* its changes, and commits */
    SEAM_SYSTEM = 1 << 5  /* the system */
};

/* Lets call N, from 1 on, of KINDS fail with ERROR; or all from that on. */
void seams_arm(int kinds, unsigned n, int error, bool for_ever);

/* Stops it; returns how many calls there were. */
unsigned seams_disarm(void);

/* Whether the call that was to fail has been reached, and its name. */
bool seams_hit(void);
const char *seams_name(void);

void seams_enter(void);
int seams_leave(int result);

/* The result of CALL, during which calls are counted. */
#define INSIDE(call) (seams_enter(), seams_leave(call))

#endif
