/*
 * expiry.h - what is over the limits of retention goes, beside the tail.
 *
 * An append that passes a limit enters the tail like any other.  What is to go
 * for it lies in the store, as good as always, and is removed there while what
 * is recent stays where it is.
 */
#ifndef JN_EXPIRY_H
#define JN_EXPIRY_H

#include "journal/shared.h"
#include "write/removal.h"

/*
 * Once so much has been ADDED and published: removes what is over LIMITS, by
 * the rules of retention.h, in a commit of its own.
 */
int jn_expiry_run(struct jn_shared *shared, const struct jn_limits *limits,
                  const struct jn_amount *added);

#endif
