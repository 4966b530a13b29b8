/* audited.h - the rows of a journal, to be changed and audited. */
#ifndef TEST_UNIT_AUDITED_H
#define TEST_UNIT_AUDITED_H

#include "repair/audit.h"
#include "write/handle.h"
#include "format/links.h"
#include "format/record.h"

struct audited_row {
    uint8_t *key, *value; /* memory of the row's own */
    size_t key_size, value_size;
};

struct audited_recent {
    struct audited_row row, chain; /* their keys: number; none */
    uint64_t seq;
    bool fresh, buried;
};

/* All rows that a transaction sees. */
struct audited {
    struct audited_row *rows[JN_TABLES];
    size_t counts[JN_TABLES];
    struct audited_recent *recent;
    size_t recent_count;
    uint64_t size;
};

/* How audits are made: with so much memory for keys; of all keys by history. */
extern size_t audited_keys_bytes_max;
extern bool audited_retraces;

void audited_take(struct audited *audited, struct journal *journal);
void audited_free(struct audited *audited);

/* What an audit finds, in how many passes. */
unsigned audited_run(const struct audited *audited,
                     struct jn_audit_counts *counts);

/* The same, and whether that is nothing. */
bool audited_is_sound(const struct audited *audited);

/* Takes a row out, and puts one in by its key. */
void audited_remove(struct audited *audited, enum jn_table table, size_t at);
void audited_add(struct audited *audited, enum jn_table table,
                 struct jn_span key, struct jn_span value);

/* Gives ROW another value. */
void audited_set(struct audited_row *row, struct jn_span value);

/* Where in the table entry SEQ is, or the row of KEY; fails if it is not. */
size_t audited_at(const struct audited *audited, uint64_t seq);
size_t audited_row_of(const struct audited *audited, const char *key);

/* What entry SEQ says, and how it is to say something else, well sealed. */
void audited_entry(const struct audited *audited, uint64_t seq,
                   struct jn_links *links, struct jn_record *record);
void audited_set_links(struct audited *audited, uint64_t seq,
                       const struct jn_links *links);
void audited_set_record(struct audited *audited, uint64_t seq,
                        const struct jn_record *record);

/* The same of the row of KEY, which can be added too, and of the numbers. */
void audited_chain(const struct audited *audited, const char *key,
                   struct jn_chain *chain);
void audited_set_chain(struct audited *audited, const char *key,
                       const struct jn_chain *chain);
void audited_add_chain(struct audited *audited, const char *key,
                       const struct jn_chain *chain);
void audited_state(const struct audited *audited, struct jn_state *state);
void audited_set_state(struct audited *audited, const struct jn_state *state);

/* And of any one row: of a KEY, or of entry SEQ, whose record stays. */
void audited_read_chain(const struct audited_row *row, const char *key,
                        struct jn_chain *chain);
void audited_write_chain(struct audited_row *row, const char *key,
                         const struct jn_chain *chain);
void audited_read_links(const struct audited_row *row, uint64_t seq,
                        struct jn_links *links);
void audited_write_links(struct audited_row *row, uint64_t seq,
                         const struct jn_links *links);

/* And of the row of the tail: all 0, if there is none that is open. */
void audited_tail(const struct audited *audited, struct jn_tail_row *tail);
void audited_set_tail(struct audited *audited, const struct jn_tail_row *tail);

/* The row of `meta` under a NAME. */
struct audited_row *audited_meta(const struct audited *audited,
                                 const char *name);

#endif
