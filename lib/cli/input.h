/* input.h - standard input, as lines or as a whole. */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>

/* Bytes read, in memory that is used again by the next read into it. */
struct input_buffer {
    char *data;
    size_t size;
    size_t room;
};

/*
 * Both say so when somebody sits there who may not know that input is wanted.
 * Both return 0, or JOURNAL_TOO_BIG where there is more than SIZE_MAX bytes of
 * it, or an errno.  Free the buffer whatever they return.
 */

/* Everything up to the end. */
int input_all(struct input_buffer *buffer, size_t size_max);

/*
 * The next line, without the DELIMITER that ends it; the last may lack it.
 * JOURNAL_END behind the last.
 */
int input_line(struct input_buffer *buffer, size_t size_max, int delimiter);

void input_free(struct input_buffer *buffer);

#endif
