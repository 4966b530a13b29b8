/* report.c - what went wrong: one line on standard error, and an exit code. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "colour.h"
#include "progress.h"
#include "taken.h"
#include "text.h"

#define KEY_COLUMNS 60u
#define YOUNG_SIZE 65536 /* of data.mdb: an empty journal has less */

const char *report_input_name = "standard input";

/* Of each line; a bar that may be there must not stand in front of it. */
static void
begin(const char *words, enum colour colour)
{
    progress_clear();
    fprintf(stderr, "%s%s:%s ", colour_on(stderr, colour), words,
            colour_on(stderr, COLOUR_NONE));
}

int
report_exit(int result)
{
    switch (result) {
    case 0:
        return CLI_OK;
    case JOURNAL_END:
    case JOURNAL_NOT_FOUND:
    case JOURNAL_PRUNED:
    case JOURNAL_OUT_OF_RANGE:
        return CLI_NOT_FOUND;
    case EINVAL:
    case JOURNAL_TOO_BIG:
        return CLI_USAGE;
    case JOURNAL_CONFLICT:
    case JOURNAL_OUTDATED:
        return CLI_CONFLICT;
    case JOURNAL_BUSY:
    case JOURNAL_TIMEOUT:
    case EAGAIN:
        return CLI_BUSY;
    case JOURNAL_CORRUPT:
    case JOURNAL_FAILED:
    case JOURNAL_UNSUPPORTED:
        return CLI_DAMAGED;
    case JOURNAL_FULL:
        return CLI_FULL;
    default:
        return CLI_OTHER;
    }
}

/* What has happened; what to do is said in the words of the command. */
static int
length_of_words(const char *words)
{
    const char *colon = strchr(words, ':');

    return (int)(colon == NULL ? strlen(words) : (size_t)(colon - words));
}

/* The library's words leave open what is there. */
static void
print_words(const char *path, int result)
{
    const char *words = journal_strerror(result);
    struct taken taken;

    if (result != JOURNAL_EXISTS)
        fprintf(stderr, "%.*s", length_of_words(words), words);
    else if (taken_find(&taken, path))
        fprintf(stderr, "%s exists%s already", taken.what,
                taken.beside ? "" : " there");
    else
        fputs("a journal exists there already", stderr);
}

/* Where there is nothing at the path it looks as if there were room. */
static void
hint_at_partial(const char *path)
{
    struct taken taken;

    if (taken_find(&taken, path) && taken.beside)
        report_hint("it is made there, before it gets its name: move that out "
                    "of the way");
}

/*
 * In a journal that has hardly any pages there is nothing to remove; and where
 * there is none, something else is being made: a backup.
 */
static void
hint_at_room(const char *path)
{
    char file[PATH_MAX];
    struct stat data;
    int length = snprintf(file, sizeof(file), "%s/data.mdb", path);

    if (length < 0 || (size_t)length >= sizeof(file) || stat(file, &data) != 0)
        report_hint("make room on its disk, or choose another");
    else if (data.st_size < YOUNG_SIZE)
        report_hint("make room on its disk: a journal takes %s to begin with",
                    REPORT_FIRST_ROOM);
    else
        report_hint("make room on its disk; in a journal, `journal prune` and "
                    "`journal compact` do");
}

void
report_advice(const char *path, int result)
{
    char word[TEXT_WORD_SIZE];

    switch (result) {
    case JOURNAL_FULL:
        hint_at_room(path);
        break;
    case JOURNAL_CORRUPT:
        text_word(word, path, "");
        report_hint("`journal verify %s` tells what is damaged, and what to do",
                    word);
        break;
    case JOURNAL_FAILED:
        report_hint("a write has failed: end the programs that have it open, "
                    "look at the disk, and begin again");
        break;
    case JOURNAL_UNSUPPORTED:
        report_hint("it should be the directory of a journal, on a disk of "
                    "this machine; `journal --version` tells what this is");
        break;
    case JOURNAL_EXISTS:
        hint_at_partial(path);
        break;
    case ESTALE:
        report_hint("its files have been removed, or others put in their "
                    "place: begin again");
        break;
    case EAGAIN:
        report_hint("too many read it at once, or others write too fast: try "
                    "again");
        break;
    default:
        break;
    }
}

REPORT_PRINTF(3, 0)
static void
print_result(const char *path, int result, const char *what, va_list arguments)
{
    begin("journal", COLOUR_BAD);
    fprintf(stderr, "%s: ", path);
    if (what != NULL) {
        vfprintf(stderr, what, arguments);
        fputs(": ", stderr);
    }
    print_words(path, result);
    fprintf(stderr, " (%s)\n", journal_errname(result));
}

int
report_result(const char *path, int result, const char *what, ...)
{
    va_list arguments;

    va_start(arguments, what);
    print_result(path, result, what, arguments);
    va_end(arguments);
    return report_exit(result);
}

int
report_failure(const char *path, int result, const char *what, ...)
{
    va_list arguments;

    va_start(arguments, what);
    print_result(path, result, what, arguments);
    va_end(arguments);
    report_advice(path, result);
    return report_exit(result);
}

void
report_hint(const char *text, ...)
{
    va_list arguments;

    begin("journal: hint", COLOUR_HINT);
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int
report_input(uint64_t line, const char *text, ...)
{
    va_list arguments;

    begin("journal", COLOUR_BAD);
    fprintf(stderr, "%s: line %" PRIu64 ": ", report_input_name, line);
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return CLI_USAGE;
}

int
report_usage(const char *command, const char *text, ...)
{
    va_list arguments;

    begin(command, COLOUR_BAD);
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return report_try_help(command);
}

void
report_problem(const char *command, const char *text, ...)
{
    va_list arguments;

    begin(command, COLOUR_BAD);
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int
report_try_help(const char *command)
{
    fprintf(stderr, "Try '%s --help'.\n", command);
    return CLI_USAGE;
}

const char *
report_key(const void *key, size_t key_size)
{
    static char text[4 * KEY_COLUMNS + 3];
    size_t end;

    text[0] = '\'';
    text_escape(text + 1, sizeof(text) - 2, KEY_COLUMNS, key, key_size);
    end = strlen(text);
    memcpy(text + end, "'", 2);
    return text;
}
