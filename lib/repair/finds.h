/*
 * finds.h - entries that were found where no tree leads, and where.
 *
 * Of a number there may be several: pages that are free hold what the journal
 * was earlier, and one that was rewound has had more than one entry of it.
 */
#ifndef JN_FINDS_H
#define JN_FINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where it was found; what comes first says more. */
enum jn_find_kind {
    JN_FIND_NAMED, /* where the journal says that it is */
    JN_FIND_FILE,  /* on some page of the file */
    JN_FIND_TAIL   /* in the tail, among what has been drained */
};

struct jn_find {
    uint64_t seq;
    uint64_t time;
    uint64_t check; /* its record's: with SEQ it tells the entry */
    uint64_t place; /* of the row: in the file, or a position in the tail */
    uint32_t size;  /* of the row */
    uint8_t record; /* where in it the record begins */
    bool linked;    /* the links before it are sound */
    bool in_tail;
    enum jn_find_kind kind;
};

/* Begins as {0}. */
struct jn_finds {
    struct jn_find *list;
    size_t count, capacity;
};

/* Adds FIND, or another copy of what there is. */
int jn_finds_add(struct jn_finds *finds, const struct jn_find *find);
void jn_finds_free(struct jn_finds *finds);

/* In the order of their numbers, of one number the newest first. */
void jn_finds_sort(struct jn_finds *finds);

#endif
