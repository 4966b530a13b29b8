/*
 * group.h - a group of appends enters the journal: the tail, or the store.
 *
 * The tail is the rule.  The store gets what does not fit there, what a limit
 * of retention makes recent ones go for, and the first groups of a process.
 */
#ifndef JN_GROUP_H
#define JN_GROUP_H

#include "write/request.h"
#include "journal/shared.h"

/*
 * Appends the requests of the list FIRST, which have the same limits.  Each has
 * its result then, and what was appended is as durable as these say.
 */
void jn_group_run(struct jn_shared *shared, struct jn_request *first);

#endif
