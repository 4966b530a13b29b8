/* cli.c - the commands that `journal` knows, in the order of help. */
#include "cli.h"

#include <string.h>

const struct cli_command *const cli_commands[] = {
    &cmd_append,  &cmd_get,     &cmd_read,    &cmd_at,     &cmd_keys,
    &cmd_history, &cmd_replay,  &cmd_query,   &cmd_follow, &cmd_mark,
    &cmd_stat,    &cmd_prune,   &cmd_compact, &cmd_rewind, &cmd_verify,
    &cmd_backup,  &cmd_salvage, &cmd_export,  &cmd_import, &cmd_bench,
    NULL};

const struct cli_command *
cli_command_named(const char *name)
{
    const struct cli_command *const *command;

    /* To list marks, people say `marks`. */
    if (strcmp(name, "marks") == 0)
        return &cmd_mark;
    for (command = cli_commands; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0)
            return *command;
    }
    return NULL;
}
