/* walk_trail.h - what a walk knows on its way, for walk*.c alone. */
#ifndef JN_WALK_TRAIL_H
#define JN_WALK_TRAIL_H

#include "pages/walk.h"

#define JN_WALK_RUN 32u   /* pages that are read at once, as a rule */
#define JN_WALK_TREES 16u /* that have a name; a journal has three */

enum jn_walk_kind {
    JN_WALK_NAMES, /* the table of these */
    JN_WALK_TABLE,
    JN_WALK_FREE /* the list of free pages */
};

/* A tree, and where its description lies. */
struct jn_walk_tree {
    struct jn_tree says;
    enum jn_walk_kind kind;
    unsigned table;
    uint64_t described_on;
};

/* Neighbouring leaves, read at once. */
struct jn_walk_run {
    uint8_t *bytes;
    uint64_t most; /* pages that there is memory for */
    uint64_t first;
    uint64_t count;
};

struct jn_walk {
    const struct jn_pages *pages;
    const struct jn_walk_sink *sink;
    const struct jn_meta *meta;
    size_t page_size;
    uint64_t *met;     /* a bit for each page that was met, or is free */
    uint64_t tracked;  /* of so many pages */
    uint64_t done;     /* pages met, and the two meta pages */
    uint64_t reported; /* of these, when progress was last told of */
    bool corrupt;
    bool edges; /* of most trees no more than these are looked at */
    struct jn_walk_tree trees[JN_WALK_TREES]; /* those that have a name */
    unsigned tree_count;
    uint8_t *branches[JN_DEPTH_MAX]; /* a page for each level, on demand */
    struct jn_walk_run run;
    struct jn_pages_buffer buffer;
};

/* A walk over one tree. */
struct jn_walk_trail {
    struct jn_walk *walk;
    const struct jn_walk_tree *tree;
    struct jn_tree found; /* counts alone */
    bool bad;             /* something of it was not gone through */
    bool edges;           /* nor is anything else */
};

/* Notes the page NUMBER, of the tracked ones; false if it was met before. */
static inline bool
jn_walk_meet(struct jn_walk *walk, uint64_t number)
{
    uint64_t *bits = &walk->met[number / 64];
    uint64_t bit = UINT64_C(1) << (number % 64);

    if ((*bits & bit) != 0)
        return false;
    *bits |= bit;
    walk->done++;
    return true;
}

int jn_walk_report(struct jn_walk *walk, unsigned table, uint64_t page,
                   const char *what);
int jn_walk_progress(struct jn_walk *walk);

/* Reads page NUMBER into the memory that is kept for its LEVEL. */
int jn_walk_read(struct jn_walk *walk, uint64_t number, unsigned level,
                 const uint8_t **bytes);

/* Goes through all pages of the trail's tree, which is not empty. */
int jn_walk_pages(struct jn_walk_trail *trail);

#endif
