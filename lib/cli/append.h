/* append.h - what `journal append` was asked for. */
#ifndef APPEND_H
#define APPEND_H

#include <journal.h>
#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "cli.h"

enum append_column {
    COLUMN_KEY,
    COLUMN_VALUE,
    COLUMN_META,
    COLUMN_OP,
    COLUMN_COUNT
};

struct append_request {
    const char *path;
    const char *value;            /* NULL: not given */
    struct journal_record record; /* what the entries have in common */
    bool no_key;                  /* an entry may be without one */
    struct journal_options options;
    struct args_common common;

    /* Lines of standard input; neither of these: a single entry. */
    bool json_lines;
    /* Split at tabs. */
    enum append_column columns[COLUMN_COUNT];
    size_t column_count;
    size_t batch;  /* lines in a commit */
    int delimiter; /* what ends a line */
};

extern const struct cli_option append_options[];

/* Says what is wrong with the arguments; enum cli_exit. */
int append_parse(struct append_request *request, int argc, char **argv);

/* Whether entries come from lines. */
bool append_is_of_lines(const struct append_request *request);

bool append_has_column(const struct append_request *request,
                       enum append_column column);

/* Appends standard input line by line.  Says what is wrong; enum cli_exit. */
int append_lines(struct journal *journal, const struct append_request *request);

/* Prints the numbers from FIRST on, COUNT of them, unless quiet. */
int append_print(const struct append_request *request, uint64_t first,
                 size_t count);

#endif
