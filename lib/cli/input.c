/* input.c - standard input, as lines or as a whole. */
#include "input.h"

#include <errno.h>
#include <journal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report.h"

#define FIRST_ROOM 256u

static int
reserve(struct input_buffer *buffer, size_t room)
{
    char *data;

    if (room <= buffer->room)
        return 0;
    if (room < 2 * buffer->room)
        room = 2 * buffer->room;
    if (room < FIRST_ROOM)
        room = FIRST_ROOM;
    data = realloc(buffer->data, room);
    if (data == NULL)
        return ENOMEM;
    buffer->data = data;
    buffer->room = room;
    return 0;
}

static int
input_error(void)
{
    return errno != 0 ? errno : EIO;
}

/* Once: whoever waits for a prompt would wait for ever. */
static void
tell_person(void)
{
    static bool told;

    if (!told && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1)
        report_hint("reading what you type, up to Ctrl-D at the beginning of "
                    "a line");
    told = true;
}

int
input_all(struct input_buffer *buffer, size_t size_max)
{
    size_t count;
    int rc;

    tell_person();
    buffer->size = 0;
    errno = 0;
    do {
        rc = reserve(buffer, buffer->size + 1);
        if (rc != 0)
            return rc;
        count = fread(buffer->data + buffer->size, 1,
                      buffer->room - buffer->size, stdin);
        buffer->size += count;
        if (buffer->size > size_max)
            return JOURNAL_TOO_BIG;
    } while (count > 0);
    return ferror(stdin) != 0 ? input_error() : 0;
}

int
input_line(struct input_buffer *buffer, size_t size_max, int delimiter)
{
    int byte, rc;

    tell_person();
    buffer->size = 0;
    errno = 0;
    rc = reserve(buffer, 1); /* data is never NULL, even for an empty line */
    while (rc == 0) {
        byte = getc_unlocked(stdin);
        if (byte == EOF && ferror(stdin) != 0)
            return input_error();
        if (byte == EOF && buffer->size == 0)
            return JOURNAL_END;
        if (byte == EOF || byte == delimiter)
            return 0;
        if (buffer->size == size_max)
            return JOURNAL_TOO_BIG;
        rc = reserve(buffer, buffer->size + 1);
        buffer->data[buffer->size++] = (char)byte;
    }
    return rc;
}

void
input_free(struct input_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct input_buffer){0};
}
