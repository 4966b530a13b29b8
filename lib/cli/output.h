/* output.h - entries on standard output. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <journal.h>
#include <stdbool.h>

enum output_form {
    OUTPUT_VALUE,   /* the bytes of the value, nothing else */
    OUTPUT_VERBOSE, /* a line for each thing known, then the value */
    OUTPUT_JSON     /* one object on a line */
};

void output_entry(const struct journal_entry *entry, enum output_form form);

/* What a list of entries looks like, found out once. */
struct output_list {
    bool json;
    bool meta;       /* a column for it */
    bool aligned;    /* standard output is a terminal */
    int seq_columns; /* when aligned */
    size_t columns;  /* of the terminal */
};

/* SIZE is that of the journal: no number listed is larger. */
void output_list_init(struct output_list *list, bool json, bool meta,
                      uint64_t size);

/* One line. */
void output_list_entry(const struct output_list *list,
                       const struct journal_entry *entry);

/* One line about the key of its latest ENTRY: whether that is deleted. */
void output_list_key(const struct output_list *list,
                     const struct journal_entry *entry);

/* A JSON object of key and value, both in base 64. */
void output_pair(const struct journal_entry *entry);

/* One line of a list of marks: a name, and a number. */
void output_mark(const char *name, uint64_t seq);

/* Something else than writing has failed, with an errno, to the same effect. */
void output_fail(int error);

/* Whether writing has failed, so that it is no use going on. */
bool output_failed(void);

/*
 * Whether standard output is a pipe or a socket that nobody reads any more,
 * which else shows only when something is written.
 */
bool output_is_unread(void);

/* Ends the process as SIGPIPE does. */
_Noreturn void output_end_unread(void);

/*
 * Hands everything written so far to the system.  Returns CLI_OK, or says what
 * is wrong.  Does not return where nobody reads any more: ends the process as
 * SIGPIPE would.
 */
int output_flush(void);

#endif
