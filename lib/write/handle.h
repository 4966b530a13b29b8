/* handle.h - what a struct journal is. */
#ifndef JN_HANDLE_H
#define JN_HANDLE_H

#include <journal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "write/request.h"
#include "journal/shared.h"

struct journal {
    struct jn_shared *shared;
    _Atomic unsigned references; /* the caller's own, and one a cursor */
    bool read_only;
    bool exclusive;
    struct jn_limits limits;
};

/* One more, one less; with the last it is gone. */
void jn_handle_retain(struct journal *journal);
void jn_handle_release(struct journal *journal);

/* 0, or why JOURNAL cannot be used for a change now. */
int jn_handle_check_write(const struct journal *journal);

#endif
