/*
 * object.c - writes one JSON object to a line of standard output.
 *
 * Strings are jansson's.  Members are written as they come, so that no value is
 * held once more in a tree, and numbers here: jansson's have a sign, and would
 * end at half of ours.
 */
#include "object.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "output.h"
#include "text.h"

/* Names are our own and need no escaping. */
static void
write_name(struct object *object, const char *name, const char *suffix)
{
    printf("%s\"%s%s\":", object->count++ == 0 ? "" : ",", name, suffix);
}

/*
 * A piece of JSON, in whole characters.  What is not ASCII in it can only be
 * within a string, so whatever else a terminal would act upon (DEL, and the
 * control characters of the two bytes C2 80-9F) is escaped, though JSON asks
 * for less.
 */
static int
write_piece(const char *piece, size_t size, void *context)
{
    const unsigned char *at = (const unsigned char *)piece, *end = at + size;
    const unsigned char *rest = at;

    (void)context;
    for (; at < end; at++) {
        if (*at != 0x7F && (*at != 0xC2 || at + 1 == end || at[1] >= 0xA0))
            continue;
        fwrite(rest, 1, (size_t)(at - rest), stdout);
        if (*at == 0xC2)
            at++;
        printf("\\u%04X", *at);
        rest = at + 1;
    }
    fwrite(rest, 1, (size_t)(end - rest), stdout);
    return 0;
}

static void
write_string(const void *bytes, size_t size)
{
    json_t *string = json_stringn_nocheck(bytes, size);

    if (string == NULL ||
        json_dump_callback(string, write_piece, NULL, JSON_ENCODE_ANY) != 0)
        output_fail(ENOMEM);
    json_decref(string);
}

static void
write_base64(const void *bytes, size_t size)
{
    putchar('"');
    base64_write(stdout, bytes, size);
    putchar('"');
}

void
object_begin(struct object *object)
{
    object->count = 0;
    putchar('{');
}

void
object_number(struct object *object, const char *name, uint64_t value)
{
    write_name(object, name, "");
    printf("%" PRIu64, value);
}

void
object_null(struct object *object, const char *name)
{
    write_name(object, name, "");
    fputs("null", stdout);
}

void
object_true(struct object *object, const char *name)
{
    write_name(object, name, "");
    fputs("true", stdout);
}

void
object_text(struct object *object, const char *name, const char *value)
{
    object_bytes(object, name, value, strlen(value));
}

void
object_bytes(struct object *object, const char *name, const void *bytes,
             size_t size)
{
    if (text_is_utf8(bytes, size)) {
        write_name(object, name, "");
        write_string(bytes, size);
    } else {
        write_name(object, name, "_b64");
        write_base64(bytes, size);
    }
}

void
object_base64(struct object *object, const char *name, const void *bytes,
              size_t size)
{
    write_name(object, name, "");
    write_base64(bytes, size);
}

void
object_end(struct object *object)
{
    (void)object;
    fputs("}\n", stdout);
}

void
object_open(struct object *object, const char *name)
{
    write_name(object, name, "");
    object_begin(object);
}

void
object_close(struct object *object)
{
    object->count = 1; /* of the object around it: this one at least */
    putchar('}');
}

void
object_list(struct object *object, const char *name)
{
    write_name(object, name, "");
    object->count = 0;
    putchar('[');
}

void
object_range(struct object *object, uint64_t first, uint64_t last)
{
    printf("%s[%" PRIu64 ",%" PRIu64 "]", object->count++ == 0 ? "" : ",",
           first, last);
}

void
object_list_close(struct object *object)
{
    object->count = 1; /* of the object around it: this list at least */
    putchar(']');
}
