/*
 * freelist.h - which pages of an LMDB file are free.
 *
 * A leaf that is neither free nor named by a sound branch is in use all the
 * same: a damaged branch leads to it.
 */
#ifndef JN_FREELIST_H
#define JN_FREELIST_H

#include "base/gaps.h"
#include "pages/pages.h"

/*
 * Adds all free pages to FREE; JOURNAL_CORRUPT if some part of the list cannot
 * be read, or says what cannot be.
 */
int jn_freelist_read(const struct jn_pages *pages, struct jn_gaps *free_pages);

#endif
