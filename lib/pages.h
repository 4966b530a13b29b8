/*
 * pages.h - an LMDB file read as pages, without LMDB and without trust.
 *
 * LMDB maps its file and follows what it finds there: a file cut short ends
 * the process with SIGBUS, and a foreign one is changed by opening it.  So the
 * file is looked at with plain reads first.  What is read is checked before it
 * is used; nothing here can crash or loop on any bytes at all.
 */
#ifndef JN_PAGES_H
#define JN_PAGES_H

#include "bytes.h"

struct jn_pages;

/*
 * Reads the two meta pages of the open FILE.  JOURNAL_UNSUPPORTED: not LMDB's,
 * or of another version, byte order or page size.  JOURNAL_CORRUPT: LMDB's,
 * but damaged.
 */
int jn_pages_open(struct jn_pages **pages, int file);
void jn_pages_close(struct jn_pages *pages);

/*
 * Copies the value under KEY in the named database TABLE to OUT, of CAPACITY
 * bytes.  JOURNAL_NOT_FOUND if the database or the key is not there,
 * JOURNAL_TOO_BIG if it does not fit.
 */
int jn_pages_find(struct jn_pages *pages, const char *table, const char *key,
                  void *out, size_t capacity, size_t *size);

/*
 * JOURNAL_CORRUPT if a page in use lies beyond the end of the file.  Takes
 * constant time if the file is as long as its meta page says; reads all pages
 * of the trees where it is shorter, as it may be if the last pages are free.
 */
int jn_pages_complete(struct jn_pages *pages);

/* The size in bytes that the file would have with its last pages. */
uint64_t jn_pages_size(const struct jn_pages *pages);

#endif
