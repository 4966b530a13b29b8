/* cli.h - the commands that `journal` knows, and how they end. */
#ifndef CLI_H
#define CLI_H

#include <stdio.h>

/* Exit codes are part of the interface: journal(1) lists them for scripts. */
enum cli_exit {
    CLI_OK = 0,
    CLI_NOT_FOUND = 1, /* no such key, entry or journal */
    CLI_USAGE = 2,     /* wrong options, operands or input */
    CLI_CONFLICT = 3,  /* an expectation or a stamp did not hold */
    CLI_BUSY = 4,      /* somebody else has the journal open */
    CLI_DAMAGED = 5,   /* damaged, failed, or not a journal */
    CLI_FULL = 6,      /* the journal or its disk is full */
    CLI_OTHER = 7,     /* anything else */
    CLI_LOST = 8,      /* salvaged, but not all, or nobody can tell */

    CLI_DONE = -1 /* nothing is left to do: help was asked for, and printed */
};

/* A row of a command's table of options, whose last one is empty. */
struct cli_option {
    const char *name;     /* NULL: HELP is a heading, above those that follow */
    int value;            /* by which the command knows it; a letter: also -x */
    const char *argument; /* what help calls it; NULL: it takes none */
    const char *help; /* lines; NULL: an old name, of which help is silent */
};

struct cli_command {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one line */
    const char *about; /* other synopses, an empty line, what it does; lines */
    const struct cli_option *options; /* but for --help, which all have */
    const char *notes;                /* behind them; may be NULL */
    /* argv[0] is "journal NAME"; returns one of enum cli_exit. */
    int (*run)(int argc, char **argv);
};

/* All of them, with a NULL behind the last. */
extern const struct cli_command *const cli_commands[];

/* NULL: there is none. */
const struct cli_command *cli_command_named(const char *name);

/* The commands, a line each. */
void cli_list(FILE *file);

/* How a command is used: the line, or lines, without what it does. */
void cli_usage(FILE *file, const struct cli_command *command);

/*
 * Print what `journal help` and `journal help NAME` do.  Return one of enum
 * cli_exit.
 */
int cli_help_all(void);
int cli_help(const struct cli_command *command);

extern const struct cli_command cmd_append;
extern const struct cli_command cmd_get;
extern const struct cli_command cmd_read;
extern const struct cli_command cmd_replay;
extern const struct cli_command cmd_query;
extern const struct cli_command cmd_history;
extern const struct cli_command cmd_keys;
extern const struct cli_command cmd_at;
extern const struct cli_command cmd_follow;
extern const struct cli_command cmd_stat;
extern const struct cli_command cmd_mark;
extern const struct cli_command cmd_prune;
extern const struct cli_command cmd_compact;
extern const struct cli_command cmd_rewind;
extern const struct cli_command cmd_verify;
extern const struct cli_command cmd_backup;
extern const struct cli_command cmd_salvage;
extern const struct cli_command cmd_export;
extern const struct cli_command cmd_import;
extern const struct cli_command cmd_bench;

#endif
