/*
 * colour.h - what is to catch the eye, on a terminal.
 *
 * Nothing where the stream is no terminal, TERM is unset or dumb, or NO_COLOR
 * is set to anything.
 */
#ifndef COLOUR_H
#define COLOUR_H

#include <stdio.h>

enum colour {
    COLOUR_NONE, /* back to what it was */
    COLOUR_SEQ,  /* numbers */
    COLOUR_SIDE, /* what matters less: times, revisions, labels */
    COLOUR_KEY,
    COLOUR_GOOD,
    COLOUR_BAD,
    COLOUR_HINT
};

/* What to write to FILE, stdout or stderr, for COLOUR to begin: maybe "". */
const char *colour_on(FILE *file, enum colour colour);

/* "NAME          ", in which lists of figures have their names. */
void colour_label(const char *name);

#endif
