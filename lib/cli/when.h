/*
 * when.h - moments and spans of time as people write them.
 *
 * A moment is one of
 *
 *     now
 *     DAY [CLOCK] [ZONE]     DAY is YYYY-MM-DD, today, yesterday, tomorrow;
 *     CLOCK [ZONE]           today
 *     SPAN, SPAN ago, -SPAN  so long before now
 *     +SPAN                  so long after it
 *     @SECONDS               since 1970 UTC; decimals are allowed
 *     NANOSECONDS            the same in at least 19 digits
 *
 * CLOCK is HH:MM, HH:MM:SS or HH:MM:SS.FRACTION; between DAY and CLOCK is a
 * blank or a T.  A day without a clock is its first instant.  ZONE is Z, UTC,
 * or hours and minutes east of it, +HH:MM or +HHMM; without one, a moment is
 * in the local time zone, by TZ.  SPAN is numbers and units, as in "2 hours",
 * "90m" or "1h 30m"; decimals are allowed.
 *
 * What might mean two things is not guessed at but refused.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"

#define WHEN_PROBLEM_SIZE PARSE_PROBLEM_SIZE

/* For messages: what a moment may look like, a span. */
extern const char when_examples[];
extern const char when_span_examples[];

/*
 * Both read TEXT as a whole into *NS; or return false and write to PROBLEM, in
 * words, what of it is not understood.  NOW and moments are nanoseconds since
 * 1970 UTC.
 */
bool when_parse(const char *text, uint64_t now, uint64_t *ns,
                char problem[WHEN_PROBLEM_SIZE]);
bool when_parse_span(const char *text, uint64_t *ns,
                     char problem[WHEN_PROBLEM_SIZE]);

#endif
