/*
 * build.h - a new LMDB file, written from rows in order, without LMDB.
 *
 * Rows come table by table, each in the order of its keys, and are written once
 * and in order: leaves filled to the end, branches as they fill up, values on
 * pages of their own before the leaf that leads to them.  No page is free.  As
 * long as it is not ended the file begins with zeros, so it is none of LMDB's.
 */
#ifndef JN_BUILD_H
#define JN_BUILD_H

#include "pages/layout.h"

struct jn_build;

/* Writes to FILE, which is empty, in pages of PAGE_SIZE bytes. */
int jn_build_open(struct jn_build **build, int file, size_t page_size);
void jn_build_free(struct jn_build *build);

/*
 * Adds a row to the table at hand.  JOURNAL_CORRUPT unless KEY is over the one
 * before, and of 1 to JN_KEY_MAX bytes; EFBIG where files may not be as large.
 */
int jn_build_add(struct jn_build *build, struct jn_span key,
                 struct jn_span value);

/* The table at hand has all its rows, and this NAME; names ascend too. */
int jn_build_end_table(struct jn_build *build, const char *name);

/*
 * Writes the rest.  LIKE is the meta page of another file, from which it takes
 * what is not of pages; its transactions go on from there.  Nothing is flushed.
 */
int jn_build_end(struct jn_build *build, const struct jn_meta *like);

/* Bytes that the file has by now. */
uint64_t jn_build_size(const struct jn_build *build);

#endif
