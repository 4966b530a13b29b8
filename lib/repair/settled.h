/*
 * settled.h - what the store would be like with all that is recent in it.
 *
 * The rows that a transaction sees beside those of the store, or in their
 * place, as copies: so they can be used when the transaction has ended.  The
 * tail is closed with them, and the store would be the whole journal.
 */
#ifndef JN_SETTLED_H
#define JN_SETTLED_H

#include "format/state.h"
#include "store/store.h"

struct jn_settled_row {
    struct jn_span key, value;
};

/* Rows of a table, in the order of their keys. */
struct jn_settled_rows {
    struct jn_settled_row *list;
    size_t count;
    uint8_t *bytes; /* of them */
};

struct jn_settled {
    struct jn_state state;
    struct jn_settled_rows tables[JN_TABLES];
};

/* As TXN, which has changed nothing, sees it.  After an error there is none. */
int jn_settled_read(struct jn_settled *settled, struct jn_txn *txn);
void jn_settled_free(struct jn_settled *settled);

#endif
