/*
 * request.h - an append, prepared before any lock is taken.
 *
 * A request is a batch of records that come all or none.  Making it checks the
 * arguments and encodes the records; what depends on the journal is left to
 * the one who applies it.
 */
#ifndef JN_REQUEST_H
#define JN_REQUEST_H

#include <journal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "journal/newest.h"

/* A record on its way. */
struct jn_prepared {
    const struct journal_record *record; /* the caller's */
    uint8_t *bytes;                      /* encoded, not sealed */
    size_t size;
    uint64_t logical; /* bytes of key, meta and value */
    uint64_t body_hash;
};

struct jn_request {
    struct jn_prepared *records;
    size_t count;
    uint64_t bytes; /* of all records, encoded */
    struct jn_limits limits;
    /* What came of it. */
    int result;
    uint64_t first_seq;
    /* Instead of records, a turn at writing: see jn_commit_turn(). */
    int (*work)(void *context);
    void *context;
    /* Its place in the queue. */
    struct jn_request *next;
    _Atomic uint32_t turn; /* 0: its thread waits; else enum jn_request_turn */
};

/* What the thread that waits here is told. */
enum jn_request_turn {
    JN_LEADS = 1, /* it is to work for the others */
    JN_DONE = 2
};

/*
 * Checks COUNT records and prepares a request of them; jn_request_free() gives
 * back what it holds.  EINVAL or JOURNAL_TOO_BIG for what can't be appended.
 */
int jn_request_make(struct jn_request *request,
                    const struct journal_record *records, size_t count);
void jn_request_free(struct jn_request *request);

#endif
