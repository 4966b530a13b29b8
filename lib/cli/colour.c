/* colour.c - what is to catch the eye, on a terminal. */
#include "colour.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_wanted(int file)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(file) == 1 && (no_color == NULL || *no_color == '\0') &&
           term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

/* Asked for with every entry, so it is found out once. */
static bool
is_on(FILE *file)
{
    static int on[2] = {-1, -1};
    int *known = &on[file == stderr];

    if (*known < 0)
        *known = is_wanted(fileno(file));
    return *known > 0;
}

const char *
colour_on(FILE *file, enum colour colour)
{
    static const char *const codes[] = {
        [COLOUR_NONE] = "\033[0m",  [COLOUR_SEQ] = "\033[33m",
        [COLOUR_SIDE] = "\033[2m",  [COLOUR_KEY] = "\033[36m",
        [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[1;31m",
        [COLOUR_HINT] = "\033[1m",
    };

    return is_on(file) ? codes[colour] : "";
}

void
colour_label(const char *name)
{
    printf("%s%-14s%s ", colour_on(stdout, COLOUR_SIDE), name,
           colour_on(stdout, COLOUR_NONE));
}
