/*
 * harm.h - a journal's files, damaged by chance where it matters.
 *
 * The pages in use are found by following the trees from the newer meta page,
 * and each kind of them is hit as often as the others, however few they are.
 */
#ifndef TEST_UNIT_HARM_H
#define TEST_UNIT_HARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum harm_kind {
    HARM_PAGE_META,
    HARM_PAGE_NAMES,
    HARM_META,
    HARM_ENTRIES,
    HARM_LATEST,
    HARM_BIG,
    HARM_FREE,
    HARM_TAIL,
    HARM_KINDS
};

#define HARM_PAGES 4096u

struct harm_bytes {
    uint8_t *bytes;
    size_t size;
};

/* The files as they were, and as they are to be. */
struct harm {
    struct harm_bytes data, tail;
    struct harm_bytes data_now, tail_now;
    uint32_t pages[HARM_KINDS][HARM_PAGES];
    unsigned counts[HARM_KINDS];
    uint64_t newer; /* of the meta pages, its number */
    enum harm_kind kind;
    size_t at, end; /* of the tail */
    bool at_open;   /* of pages that are looked at then only, or the tail */
    bool at_names;  /* of the pages of the tables' names */
    bool shortens;  /* where a page says how many rows it has */
    bool misplaces; /* a page has its right number, and is another one */
    char what[300];
};

/* Takes the files of the journal at PATH; there may be no tail. */
void harm_take(struct harm *harm, const char *path);
void harm_free(struct harm *harm);

/*
 * Damages what is to be: bits, runs of bytes or whole pages, and says what.
 * Of the tail, where SIZE bytes from number FROM on are in use, if any.
 */
void harm_some(struct harm *harm, size_t from, size_t size);

/* Writes what was, or what is to be, in place or in a new directory. */
void harm_put_sound(const struct harm *harm, const char *path);
void harm_put(const struct harm *harm, const char *path);
void harm_put_in_place(const struct harm *harm, const char *path);

#endif
