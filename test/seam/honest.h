/*
 * honest.h - what a call of the library may answer when calls of its own fail.
 */
#ifndef TEST_SEAM_HONEST_H
#define TEST_SEAM_HONEST_H

#include <stdbool.h>

/* RESULT is success, or says that something went wrong. */
bool honest_is(int result);

/* True if WHAT has succeeded; fails if RESULT has no reason, or a wrong one. */
bool honest_went_well(int result, const char *what);

#endif
