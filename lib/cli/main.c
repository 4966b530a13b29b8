/* main.c - the `journal` command: finds out which of its commands is meant. */
#include <fcntl.h>
#include <journal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "nearest.h"
#include "output.h"
#include "report.h"

static void
suggest(const char *word)
{
    const struct cli_command *const *command;
    struct nearest nearest;

    nearest_init(&nearest, word, strlen(word));
    for (command = cli_commands; *command != NULL; command++)
        nearest_offer(&nearest, (*command)->name);
    nearest_offer(&nearest, "help");
    nearest_offer(&nearest, "--version");
    if (nearest.name != NULL)
        report_hint("did you mean %s?", nearest.name);
    else if (*word == '-' || strchr(word, '/') != NULL)
        report_hint("the command comes first, then options and the journal");
}

static int
refuse(const char *word)
{
    report_problem("journal", "there is no command '%s'", word);
    suggest(word);
    return report_try_help("journal");
}

static int
help(int argc, char **argv)
{
    const struct cli_command *command;

    if (argc > 2)
        return report_usage("journal", "help takes one command");
    if (argc < 2 || strcmp(argv[1], "help") == 0 ||
        strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return cli_help_all();
    command = cli_command_named(argv[1]);
    if (command == NULL)
        return refuse(argv[1]);
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
    int code;

    snprintf(name, sizeof(name), "journal %s", command->name);
    argv[0] = name;
    code = command->run(argc, argv);
    return code == CLI_DONE ? CLI_OK : code;
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
        cli_list(stderr);
        return report_try_help("journal");
    }
    if (strcmp(argv[1], "--version") == 0)
        return version();
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help(argc - 1, argv + 1);
    command = cli_command_named(argv[1]);
    if (command == NULL)
        return refuse(argv[1]);
    return run(command, argc - 1, argv + 1);
}
