/* help.c - what `journal help` prints, from the tables of the commands. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "output.h"

#define HELP_COLUMN 23 /* where the words on an option begin */
#define NAME_SIZE 64u

void
cli_list(FILE *file)
{
    const struct cli_command *const *command;

    fputs("usage: journal COMMAND [OPTIONS] PATH ...\n\n", file);
    for (command = cli_commands; *command != NULL; command++)
        fprintf(file, "  %-10s %s\n", (*command)->name, (*command)->summary);
    fputs("  help       tell more about a command\n\n", file);
}

int
cli_help_all(void)
{
    cli_list(stdout);
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
          "  8  salvaged, but entries are lost, or may be\n"
          "  128 and more: ended by a signal, as 130 by Ctrl-C, 141 where "
          "nobody reads\n"
          "\n"
          "'journal help COMMAND' and 'man journal' tell more;"
          " 'journal --version', which.\n",
          stdout);
    return output_flush();
}

/* Text that has lines, the first of which goes on where the cursor is. */
static void
print_help(const char *help)
{
    for (; *help != '\0'; help++) {
        putchar(*help);
        if (*help == '\n')
            printf("%*s", HELP_COLUMN, "");
    }
    putchar('\n');
}

static void
print_option(const struct cli_option *option)
{
    char letter[5] = "    ", name[NAME_SIZE];

    if (option->name == NULL)
        printf("\n%s", option->help);
    if (option->name == NULL || option->help == NULL)
        return;
    if (option->value <= UCHAR_MAX)
        snprintf(letter, sizeof(letter), "-%c, ", option->value);
    snprintf(name, sizeof(name), "  %s--%s%s%s", letter, option->name,
             option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    printf("%-*s  ", HELP_COLUMN - 2, name);
    print_help(option->help);
}

static bool
is_last(const struct cli_option *option)
{
    return option->name == NULL && option->help == NULL;
}

/* Other synopses go up to the first line that is empty. */
static int
length_of_synopses(const char *about)
{
    const char *end = *about == '\n' ? about : strstr(about, "\n\n") + 1;

    return (int)(end - about);
}

void
cli_usage(FILE *file, const struct cli_command *command)
{
    fprintf(file, "usage: journal %s %s\n%.*s", command->name,
            command->synopsis, length_of_synopses(command->about),
            command->about);
}

int
cli_help(const struct cli_command *command)
{
    const struct cli_option *option;

    cli_usage(stdout, command);
    printf("%s\n", command->about + length_of_synopses(command->about));
    for (option = command->options; !is_last(option); option++)
        print_option(option);
    if (command->notes != NULL)
        printf("\n%s", command->notes);
    printf("\n'man journal-%s' tells more, with examples.\n", command->name);
    return output_flush();
}
