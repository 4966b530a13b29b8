/*
 * packed.h - entries in the packed form, which journal.h draws.
 *
 * The packed form is for other languages: what journal_fill() writes and
 * journal_append_packed() reads.  Nothing of it is kept on disk.  It may lie at
 * any address, and what is read is not trusted.
 */
#ifndef JN_PACKED_H
#define JN_PACKED_H

#include <journal.h>

#include "base/bytes.h"

/* The bytes that ENTRY takes. */
size_t jn_packed_size(const struct journal_entry *entry);

/* Writes ENTRY to OUT, which has room for jn_packed_size() bytes. */
void jn_packed_encode(uint8_t *out, const struct journal_entry *entry);

/*
 * Takes an entry off the front of PACKED, as a record to append that points
 * into PACKED.  EINVAL: not in the packed form.  JOURNAL_TOO_BIG: its key, meta
 * or value is over the maximum.
 */
int jn_packed_take(struct journal_record *record, struct jn_span *packed);

/*
 * The number of entries that PACKED consists of; then jn_packed_take() takes
 * each of them.  EINVAL if there are none.
 */
int jn_packed_count(size_t *count, struct jn_span packed);

#endif
