/*
 * wreck.h - a damaged journal, and all that can be read of it.
 *
 * It is read with plain reads, nothing in it is trusted, and nothing is
 * written.  A *survey* goes over what the trees lead to, and notes which
 * numbers are missing; these are looked for in every page and in the tail.
 * Then all that is there is handed out, in the order of numbers.
 *
 * What the trees lead to comes first.  What was found elsewhere is believed if
 * it is where the journal has it now: in its tail, or on a page that is in use.
 * A copy on a free page is of an earlier time.  It is the same entry unless a
 * rewind has taken that one back; so its time has to fit those around it, and
 * below what a rewind or a compaction has left nothing else is evidence enough.
 */
#ifndef JN_WRECK_H
#define JN_WRECK_H

#include <limits.h>
#include <sys/stat.h>

#include "repair/account.h"
#include "repair/finds.h"
#include "base/gaps.h"
#include "pages/pages.h"
#include "tail/tail.h"

/* An entry whose links are lost, and what others say of it. */
struct jn_unlinked {
    uint64_t seq;
    uint64_t revision; /* 0: nothing */
};

struct jn_wreck {
    char directory[PATH_MAX];
    int file; /* -1: there is none */
    struct stat status;
    struct jn_pages *pages; /* NULL: no meta page is good */
    size_t page_size;
    bool sure;      /* what the account says is of the newest commit */
    bool adrift;    /* no tree leads to it: it may be of any commit */
    bool sound;     /* nothing is wrong with the file */
    bool tail_lost; /* there was one, and what there is now may not be all */
    struct jn_account account;
    struct jn_tail *tail; /* NULL: none that is of this journal */
    struct jn_gaps wanted;
    struct jn_gaps named; /* bad pages of the entries' tree */
    struct jn_gaps free_pages;
    struct jn_finds finds;
    struct jn_unlinked *unlinked;
    size_t unlinked_count, unlinked_capacity;
    uint64_t *bad_pages;
    size_t bad_count, bad_capacity;
    uint64_t pages_bad, rows_bad; /* rows: of the index, and of `meta` */
    struct jn_gaps doubtful;      /* numbers of bad rows in the sparse part */
};

/*
 * Whether ROW is one of the journal's entries, not of an earlier time than
 * TIME, and what of it is sound.
 */
bool jn_wreck_believes(const struct jn_wreck *wreck, uint64_t time,
                       struct jn_span key, struct jn_span row,
                       struct jn_find *find);

/* Bytes done of a survey, or of what follows: as journal_progress has it. */
struct jn_wreck_progress {
    void *context;
    int (*tell)(void *context, uint64_t done, uint64_t total);
};

/*
 * JOURNAL_NOT_FOUND: DIRECTORY has neither a data file nor a tail.  After an
 * error it is to be closed, too.
 */
int jn_wreck_open(struct jn_wreck *wreck, const char *directory);
void jn_wreck_close(struct jn_wreck *wreck);

int jn_wreck_survey(struct jn_wreck *wreck,
                    const struct jn_wreck_progress *progress);

/* Whether anybody has changed it since it was opened, or may be about to. */
bool jn_wreck_has_changed(const struct jn_wreck *wreck);

/*
 * Of wreck.c and wreck_tail.c: what is known of entry SEQ, whose links are
 * lost, or NULL; and the part of a survey that looks at the tail.
 */
struct jn_unlinked *jn_wreck_find_unlinked(const struct jn_wreck *wreck,
                                           uint64_t seq);
int jn_wreck_search_tail(struct jn_wreck *wreck);

/* What others say of entry SEQ, whose links are lost; 0: nothing. */
uint64_t jn_wreck_revision(const struct jn_wreck *wreck, uint64_t seq);

/* An entry: the row with its links, or the record alone, if they are lost. */
struct jn_remnant {
    uint64_t seq;
    struct jn_span row;
    size_t record;     /* where in it the record begins */
    bool linked;       /* the links before it are sound */
    uint64_t revision; /* if they are not: that the entry has; 0: unknown */
    bool from_tail;
};

struct jn_wreck_sink {
    void *context;
    int (*entry)(void *context, const struct jn_remnant *piece);
    /* Then the rows of `latest`, sound or not. */
    int (*latest)(void *context, struct jn_span key, struct jn_span value);
};

int jn_wreck_give(struct jn_wreck *wreck, const struct jn_wreck_sink *sink,
                  const struct jn_wreck_progress *progress);

#endif
