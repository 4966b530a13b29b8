/* calendar.h - days, and what local clocks show. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"

#define CALENDAR_DAY 86400 /* seconds */

/* YYYY-MM-DD, not before 1970, as days since then. */
bool calendar_date(struct parse *parse, int64_t *day);

/* The day of SECONDS since 1970, rounded down. */
int64_t calendar_day(int64_t seconds);

/* Seconds east of UTC that local clocks are at the instant SECONDS. */
int64_t calendar_zone(int64_t seconds);

/*
 * The instant at which local clocks show LOCAL, which is in seconds as if they
 * were at UTC.  False where there is no such instant, or where there are two.
 */
bool calendar_local(struct parse *parse, int64_t local, int64_t *seconds);

/*
 * The first instant at which local clocks show DAY: not midnight where clocks
 * are put forward over it, the earlier one where they are put back.
 */
bool calendar_local_day(struct parse *parse, int64_t day, int64_t *seconds);

#endif
