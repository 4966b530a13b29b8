/* args.h - options and operands, taken strictly. */
#ifndef ARGS_H
#define ARGS_H

#include <getopt.h> /* optarg, optind */
#include <journal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

/*
 * Each reads TEXT, given as what NAME says ("--from", "N"), and returns CLI_OK;
 * or says on standard error what is wrong and returns CLI_USAGE.
 */

/* Decimal digits and nothing else; the largest is JOURNAL_NONE - 1. */
int args_number(const char *command, const char *name, const char *text,
                uint64_t *number);

/* TIME or TIME:ID, an even number of up to 32 hexadecimal digits. */
int args_stamp(const char *command, const char *name, const char *text,
               struct journal_stamp *stamp);

/* A moment, by when.h, in nanoseconds since 1970 UTC. */
int args_when(const char *command, const char *name, const char *text,
              uint64_t *ns);

/* A span of time, in nanoseconds; at least 1. */
int args_span(const char *command, const char *name, const char *text,
              uint64_t *ns);

/* Bytes, at least 1: a number, with K, M, G, T or KiB, ... for those units. */
int args_size(const char *command, const char *name, const char *text,
              uint64_t *size);

/*
 * Makes bytes of TEXT, as they are printed: \xNN is one, two backslashes are
 * one.  In place; *SIZE is how many there are.
 */
int args_unescape(const char *command, char *text, size_t *size);

/* What journal_mark() would take: 1 to 255 bytes of UTF-8. */
int args_mark(const char *command, const char *text);

/*
 * Options that many commands have, and that args_options() takes for them.
 * A command's table has a row of those that it knows.
 */
enum args_value { ARGS_QUIET = 'q', ARGS_JSON = 1024, ARGS_IMMUTABLE };

/* What braces begin with: the words of help follow, but for the last one. */
#define ARGS_ROW_QUIET "quiet", ARGS_QUIET, NULL
#define ARGS_ROW_JSON "json", ARGS_JSON, NULL
#define ARGS_ROW_IMMUTABLE                                                     \
    "immutable", ARGS_IMMUTABLE, NULL, "nobody is writing: take no locks"

struct args_common {
    bool quiet;     /* print nothing */
    bool json;      /* print JSON */
    bool immutable; /* take no locks: nobody is writing */
};

/*
 * Takes an option, by the value that its command's table gives it, and optarg.
 * Says what is wrong; enum cli_exit.
 */
typedef int (*args_take)(void *context, const char *command, int option);

/*
 * Sets COMMON by the options that are, and hands all others to TAKE, up to the
 * first that it does not like; NULL: there are none.  The operands are from
 * optind on then.  CLI_OK: go on.  CLI_DONE: --help was among them.  Else what
 * is wrong has been said.
 */
int args_options(const struct cli_command *command, int argc, char **argv,
                 struct args_common *common, args_take take, void *context);

/*
 * Looks whether the operands from optind on are MIN to MAX in number; their
 * names are those of the synopsis.
 */
int args_operands(const struct cli_command *command, int argc, char **argv,
                  int min, int max);

#endif
