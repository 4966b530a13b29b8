/* entry.h - entries as callers get them. */
#ifndef JN_ENTRY_H
#define JN_ENTRY_H

#include <journal.h>

#include "base/bytes.h"
#include "journal/view.h"

/* Says of ENTRY what STORED, of number SEQ, says; it points where that does. */
void jn_entry_fill(struct journal_entry *entry, uint64_t seq,
                   const struct jn_stored *stored);

/*
 * Copies BYTES, a row of `entries`, for jn_entry_decode(), which may then be
 * called without the transaction.
 */
int jn_entry_copy(struct journal_entry **entry, struct jn_span bytes);

/* Checks what was copied, and fills the entry with it. */
int jn_entry_decode(struct journal_entry *entry, size_t size, uint64_t seq);

#endif
