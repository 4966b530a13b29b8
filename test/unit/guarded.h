/*
 * guarded.h - a store with a tree, changed in one transaction, and its pages.
 */
#ifndef TEST_UNIT_GUARDED_H
#define TEST_UNIT_GUARDED_H

#include "store/store_tree_part.h"

#define LONG_KEY 500u

/* In the test's directory, open, with a transaction that writes. */
extern struct jn_store *guarded_store;
extern struct jn_txn guarded_txn;

void guarded_setup(void);
void guarded_teardown(void);

/* Commits what there is, and begins anew. */
void guarded_commit(void);

/* Forgets what there is, and begins anew. */
void guarded_abort(void);

/* A key of SIZE bytes, at most LONG_KEY, that begins with NUMBER. */
struct jn_span guarded_key(unsigned number, size_t size);

/* Puts a row of JN_LATEST, the table that the rest is about. */
int guarded_put(unsigned number, size_t key_size, size_t size);

/* COUNT rows, from number 0 on, committed. */
void guarded_fill(unsigned count, size_t key_size, size_t size);

struct jn_store_tree guarded_tree(void);
const uint8_t *guarded_page(uint64_t number);
unsigned guarded_count(uint64_t page);

/* The I-th child of the branch PAGE; from the end, if I is negative. */
uint64_t guarded_child(uint64_t page, int i);

/* Writes BYTES in place of PAGE in the file. */
void guarded_write(uint64_t page, const uint8_t *bytes);

#endif
