/*
 * pages.h - an LMDB file read as pages, without LMDB and without trust.
 *
 * LMDB maps its file and follows what it finds there: a file cut short ends
 * the process with SIGBUS, and a foreign one is changed by opening it.  So the
 * file is looked at with plain reads first.  What is read is checked before it
 * is used; nothing here can crash or loop on any bytes at all.
 *
 * One of the file's two meta pages says where the trees are.  While others
 * write, that is one that a read transaction of LMDB keeps from being
 * overwritten: its pages stay as they are for as long.
 */
#ifndef JN_PAGES_H
#define JN_PAGES_H

#include "pages/page.h"

struct jn_pages;

/*
 * Reads the two meta pages of the open FILE, and takes the newer.
 * JOURNAL_UNSUPPORTED: not LMDB's, or of another version, byte order or page
 * size.  JOURNAL_CORRUPT: LMDB's, but damaged.
 */
int jn_pages_open(struct jn_pages **pages, int file);

/* The same, but one of the two may be damaged. */
int jn_pages_open_any(struct jn_pages **pages, int file);

/*
 * Takes the meta page of a TRANSACTION; the other may hold anything.
 * JOURNAL_NOT_FOUND if neither is: two others may have been committed since.
 */
int jn_pages_open_at(struct jn_pages **pages, int file, uint64_t transaction);
void jn_pages_close(struct jn_pages *pages);

/* The meta page that was taken. */
const struct jn_meta *jn_pages_meta(const struct jn_pages *pages);

/* Whether meta page NUMBER, 0 or 1, is good now. */
int jn_pages_check_meta(const struct jn_pages *pages, uint64_t number);

size_t jn_pages_page_size(const struct jn_pages *pages);

/* How many whole pages the file had when it was opened. */
uint64_t jn_pages_count(const struct jn_pages *pages);

/*
 * Reads COUNT pages from FIRST on into OUT, whatever they hold.
 * JOURNAL_CORRUPT if the file does not have them.
 */
int jn_pages_load(const struct jn_pages *pages, uint64_t first, uint64_t count,
                  void *out);

/*
 * Reads the branch or leaf NUMBER into BUFFER, of a page's size; PAGE is in
 * there.  JOURNAL_CORRUPT if it is none.
 */
int jn_pages_read(const struct jn_pages *pages, uint64_t number,
                  uint8_t *buffer, struct jn_page *page);

/* Memory for values on pages of their own; it grows, and is kept for others. */
struct jn_pages_buffer {
    uint8_t *bytes;
    size_t size;
};

/*
 * Reads the value of NODE, which is JN_NODE_BIG; it takes COUNT pages, as the
 * header of the first says.  JOURNAL_CORRUPT if they are not there, or not of a
 * value: no more memory is asked for than the file has bytes.
 */
int jn_pages_read_value(const struct jn_pages *pages,
                        const struct jn_node *node,
                        struct jn_pages_buffer *buffer, struct jn_span *value,
                        uint64_t *count);

/* The COUNT alone, and the same checks. */
int jn_pages_extent(const struct jn_pages *pages, const struct jn_node *node,
                    uint64_t *count);
void jn_pages_buffer_free(struct jn_pages_buffer *buffer);

/* The description of the tree of the named database TABLE. */
int jn_pages_table(const struct jn_pages *pages, const char *table,
                   struct jn_tree *tree);

/*
 * Copies the value under KEY in the named database TABLE to OUT, of CAPACITY
 * bytes.  JOURNAL_NOT_FOUND if the database or the key is not there,
 * JOURNAL_TOO_BIG if it does not fit.
 */
int jn_pages_find(const struct jn_pages *pages, const char *table,
                  const char *key, void *out, size_t capacity, size_t *size);

/* The size in bytes that the file would have with its last pages. */
uint64_t jn_pages_size(const struct jn_pages *pages);

#endif
