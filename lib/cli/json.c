/* json.c - writes one JSON object to a line of standard output. */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* Names are our own and need no escaping. */
static void
write_name(struct json *json, const char *name, const char *suffix)
{
    printf("%s\"%s%s\":", json->count++ == 0 ? "" : ",", name, suffix);
}

/* Whether BYTES begin with a control character of the two bytes C2 80-9F. */
static int
is_c1(const unsigned char *bytes, size_t size)
{
    return size > 1 && bytes[0] == 0xC2 && bytes[1] < 0xA0;
}

/*
 * Writes the character at BYTES, which are UTF-8, and returns its size.  What
 * a terminal would act upon is escaped, though JSON asks for less.
 */
static size_t
write_character(const unsigned char *bytes, size_t size)
{
    static const char controls[] = "\b\f\n\r\t\"\\";
    static const char letters[] = "bfnrt\"\\";
    const char *control;
    size_t length;

    control = bytes[0] == '\0' ? NULL : strchr(controls, bytes[0]);
    if (control != NULL) {
        putchar('\\');
        putchar(letters[control - controls]);
        return 1;
    }
    if (bytes[0] < ' ' || bytes[0] == 0x7F) {
        printf("\\u%04x", bytes[0]);
        return 1;
    }
    if (is_c1(bytes, size)) {
        printf("\\u%04x", bytes[1]);
        return 2;
    }
    length = text_character(bytes, size);
    fwrite(bytes, 1, length, stdout);
    return length;
}

static void
write_string(const unsigned char *bytes, size_t size)
{
    size_t length;

    putchar('"');
    for (; size > 0; bytes += length, size -= length)
        length = write_character(bytes, size);
    putchar('"');
}

static void
write_base64(const unsigned char *bytes, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    char group[4];
    uint32_t bits;

    putchar('"');
    for (; size > 0; bytes += 3, size -= 3) {
        bits = (uint32_t)bytes[0] << 16;
        bits |= size > 1 ? (uint32_t)bytes[1] << 8 : 0;
        bits |= size > 2 ? bytes[2] : 0;
        group[0] = alphabet[bits >> 18];
        group[1] = alphabet[bits >> 12 & 63];
        group[2] = '=';
        group[3] = '=';
        if (size > 1)
            group[2] = alphabet[bits >> 6 & 63];
        if (size > 2)
            group[3] = alphabet[bits & 63];
        fwrite(group, 1, sizeof(group), stdout);
        if (size <= 3)
            break;
    }
    putchar('"');
}

void
json_begin(struct json *json)
{
    json->count = 0;
    putchar('{');
}

void
json_number(struct json *json, const char *name, uint64_t value)
{
    write_name(json, name, "");
    printf("%" PRIu64, value);
}

void
json_null(struct json *json, const char *name)
{
    write_name(json, name, "");
    fputs("null", stdout);
}

void
json_true(struct json *json, const char *name)
{
    write_name(json, name, "");
    fputs("true", stdout);
}

void
json_text(struct json *json, const char *name, const char *value)
{
    json_bytes(json, name, value, strlen(value));
}

void
json_bytes(struct json *json, const char *name, const void *bytes, size_t size)
{
    if (text_is_utf8(bytes, size)) {
        write_name(json, name, "");
        write_string(bytes, size);
    } else {
        write_name(json, name, "_b64");
        write_base64(bytes, size);
    }
}

void
json_end(struct json *json)
{
    (void)json;
    fputs("}\n", stdout);
}

void
json_open(struct json *json, const char *name)
{
    write_name(json, name, "");
    json_begin(json);
}

void
json_close(struct json *json)
{
    json->count = 1; /* of the object around it: this one at least */
    putchar('}');
}
