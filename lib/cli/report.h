/* report.h - what went wrong: one line on standard error, and an exit code. */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>
#include <stdint.h>

/* What a journal and its first entry need, measured, and rounded up. */
#define REPORT_FIRST_ROOM "half a MiB"

#define REPORT_PRINTF(text, rest) __attribute__((format(printf, text, rest)))

/* The exit code for a result of the library: enum cli_exit. */
int report_exit(int result);

/*
 * "journal: PATH: WHAT: has been pruned (JOURNAL_PRUNED)", where WHAT, as of
 * printf(), may be NULL; and what to do, where that is always the same.
 * Returns report_exit(RESULT).
 */
int report_failure(const char *path, int result, const char *what, ...)
    REPORT_PRINTF(3, 4);

/* The same line alone: what to do depends on what was tried. */
int report_result(const char *path, int result, const char *what, ...)
    REPORT_PRINTF(3, 4);

/* What to do, where that is always the same. */
void report_advice(const char *path, int result);

/* "journal: hint: TEXT": what may be done about the line before. */
void report_hint(const char *text, ...) REPORT_PRINTF(1, 2);

/* What report_input() calls the input: "standard input", until it is a file. */
extern const char *report_input_name;

/* "journal: standard input: line LINE: TEXT".  Returns CLI_USAGE. */
int report_input(uint64_t line, const char *text, ...) REPORT_PRINTF(2, 3);

/* "COMMAND: TEXT", and where to read how it is done.  Returns CLI_USAGE. */
int report_usage(const char *command, const char *text, ...)
    REPORT_PRINTF(2, 3);

/* The first of these lines alone: more is to follow. */
void report_problem(const char *command, const char *text, ...)
    REPORT_PRINTF(2, 3);

/* Only where to read it, behind a message of getopt's.  Returns CLI_USAGE. */
int report_try_help(const char *command);

/* KEY between quotes, escaped, shortened; valid until the next call. */
const char *report_key(const void *key, size_t key_size);

#endif
