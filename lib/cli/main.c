/* main.c - the `journal` command: finds out which of its commands is meant. */
#include <fcntl.h>
#include <journal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "output.h"
#include "report.h"

static const struct cli_command *const commands[] = {
    &cmd_append,  &cmd_get,     &cmd_read,    &cmd_at,     &cmd_keys,
    &cmd_history, &cmd_replay,  &cmd_query,   &cmd_follow, &cmd_mark,
    &cmd_stat,    &cmd_prune,   &cmd_compact, &cmd_rewind, &cmd_verify,
    &cmd_backup,  &cmd_salvage,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* To list marks, people say `marks`. */
static const struct cli_command *
command_named(const char *name)
{
    size_t i;

    if (strcmp(name, "marks") == 0)
        return &cmd_mark;
    for (i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static void
print_commands(FILE *file)
{
    size_t i;

    fputs("usage: journal COMMAND [OPTIONS] PATH ...\n\n", file);
    for (i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help       tell more about a command\n\n", file);
}

static void
print_rest(void)
{
    fputs("PATH is the directory of the journal.\n"
          "\n"
          "Exit codes\n"
          "  0  done\n"
          "  1  no such key, entry, mark or journal; pruned, or not appended "
          "yet\n"
          "  2  wrong options, operands or input\n"
          "  3  an expectation did not hold, or a stamp is too old\n"
          "  4  somebody else has the journal open\n"
          "  5  damaged, failed earlier, or not a journal for this version\n"
          "  6  the journal or its disk is full\n"
          "  7  anything else\n"
          "\n"
          "'journal help COMMAND' and 'man journal' tell more;"
          " 'journal --version', which.\n",
          stdout);
}

int
cli_help(const struct cli_command *command)
{
    printf("usage: journal %s %s\n%s", command->name, command->synopsis,
           command->help);
    return output_flush();
}

static int
help(int argc, char **argv)
{
    const struct cli_command *command;

    if (argc > 2)
        return report_usage("journal", "help takes one command");
    if (argc < 2) {
        print_commands(stdout);
        print_rest();
        return output_flush();
    }
    command = command_named(argv[1]);
    if (command == NULL)
        return report_usage("journal", "there is no command '%s'", argv[1]);
    return cli_help(command);
}

static int
version(void)
{
    puts(journal_version_string());
    return output_flush();
}

/* getopt_long() puts argv[0] in front of its messages. */
static int
run(const struct cli_command *command, int argc, char **argv)
{
    char name[32];

    snprintf(name, sizeof(name), "journal %s", command->name);
    argv[0] = name;
    return command->run(argc, argv);
}

/*
 * A file of the journal must not become standard output because that was
 * closed: what is printed would end up in it.  In its place comes what cannot
 * be read or written, so that this is noticed.
 */
static void
occupy_standard_streams(void)
{
    int file;

    for (file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) < 0 &&
            open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(CLI_OTHER);
    }
}

int
main(int argc, char **argv)
{
    const struct cli_command *command;

    occupy_standard_streams();
    if (argc < 2) {
        print_commands(stderr);
        return report_try_help("journal");
    }
    if (strcmp(argv[1], "--version") == 0)
        return version();
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help(argc - 1, argv + 1);
    command = command_named(argv[1]);
    if (command == NULL)
        return report_usage("journal", "there is no command '%s'", argv[1]);
    return run(command, argc - 1, argv + 1);
}
