/* span.h - spans of time: "2 hours", "90m", "1h 30m". */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"

/* Numbers and units, as far as they go, in nanoseconds. */
bool span_read(struct parse *parse, uint64_t *ns);

#endif
