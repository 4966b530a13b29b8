/*
 * question.h - what is asked of a history: the options that queries share.
 *
 * A command puts those that it takes into its own table of options, with these
 * values, and hands them on.
 */
#ifndef QUESTION_H
#define QUESTION_H

#include <journal.h>
#include <stdbool.h>
#include <stdint.h>

#include "args.h"

/* Letters where there is a short option, numbers where there is none. */
enum question_option {
    QUESTION_COUNT = 'n',
    QUESTION_ESCAPED = 'x',
    QUESTION_EXPR = 'e',
    QUESTION_KEY = 'k',
    QUESTION_META = 'm',
    QUESTION_PREFIX = 'p',
    QUESTION_REVERSE = 'r',
    QUESTION_AT = 512, /* as LIMIT */
    QUESTION_FIRST,
    QUESTION_FIRST_REVISION,
    QUESTION_FROM, /* as FIRST */
    QUESTION_LATEST,
    QUESTION_LIMIT,
    QUESTION_LIVE,
    QUESTION_SINCE,
    QUESTION_UNTIL
};

struct question {
    const char *path;
    struct journal_query query;
    const char *text; /* key, prefix or expression, as it was given */
    bool escaped;     /* \xNN in it stands for a byte */
    void *bytes;      /* what query.key points to; question_free() */
    uint64_t count;   /* at most so many lines */
    bool keys;        /* not of entries, but of their keys, */
    bool pairs;       /* or of keys and values alone */
    bool meta;
    struct args_common common;
};

/* Everything, and no end. */
void question_init(struct question *question);

/* An args_take, whose context is the struct question. */
int question_take(void *context, const char *command, int option);

/* MATCH, of enum journal_match, with TEXT.  Only one may be given. */
int question_match(struct question *question, const char *command,
                   enum journal_match match, const char *text);

/*
 * Once all options have been taken: makes the query of them.  Says what does
 * not go together; enum cli_exit.
 */
int question_finish(struct question *question, const char *command);

void question_free(struct question *question);

/*
 * Opens a cursor.  Says why there is none, and which numbers there are; enum
 * cli_exit.
 */
int question_ask(struct journal *journal, const struct question *question,
                 struct journal_cursor **cursor);

/* Opens the journal and a cursor, and lists it all; enum cli_exit. */
int question_list(const struct question *question);

#endif
