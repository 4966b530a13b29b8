/*
 * clearance.h - room for an append, from entries that need not be kept.
 */
#ifndef JN_CLEARANCE_H
#define JN_CLEARANCE_H

#include "write/request.h"
#include "journal/shared.h"

/*
 * After JOURNAL_FULL: removes a step's worth of what is over LIMITS, in a
 * commit of its own, and says whether it is worth trying again.  Pages that the
 * append's own commit frees would come too late for it.
 */
bool jn_clearance_make(struct jn_shared *shared,
                       const struct jn_limits *limits);

#endif
