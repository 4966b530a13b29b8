/* text.c - bytes, times and sizes in a form that people can read. */
#include "text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000u
#define NS_PER_MS 1000000u
#define PIECE_MAX 4u /* bytes in "\xNN", and in a character of UTF-8 */

static const char digits[] = "0123456789abcdef";

static bool
is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t
text_character(const unsigned char *bytes, size_t size)
{
    size_t length, i;

    if (size == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] < 0xC2 || bytes[0] > 0xF4)
        return 0;
    length = bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    if (length > size)
        return 0;
    for (i = 1; i < length; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
    }
    /* Overlong forms, surrogates, and beyond U+10FFFF. */
    if ((bytes[0] == 0xE0 && bytes[1] < 0xA0) ||
        (bytes[0] == 0xED && bytes[1] > 0x9F) ||
        (bytes[0] == 0xF0 && bytes[1] < 0x90) ||
        (bytes[0] == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return length;
}

bool
text_is_utf8(const unsigned char *bytes, size_t size)
{
    size_t length;

    while (size > 0) {
        length = text_character(bytes, size);
        if (length == 0)
            return false;
        bytes += length;
        size -= length;
    }
    return true;
}

/* Control characters, those of ISO 8859-1 too, would disturb a terminal. */
static bool
is_printable(const unsigned char *bytes, size_t length)
{
    if (length == 1)
        return bytes[0] >= ' ' && bytes[0] != 0x7F;
    return length > 2 || (length == 2 && (bytes[0] != 0xC2 || bytes[1] > 0x9F));
}

size_t
text_next(char piece[5], size_t *piece_size, const unsigned char *bytes,
          size_t size)
{
    size_t length = text_character(bytes, size);

    assert(size > 0);
    if (bytes[0] == '\\') {
        memcpy(piece, "\\\\", 3);
        *piece_size = 2;
        return 1;
    }
    if (is_printable(bytes, length)) {
        memcpy(piece, bytes, length);
        piece[length] = '\0';
        *piece_size = length;
        return length;
    }
    piece[0] = '\\';
    piece[1] = 'x';
    text_hex(piece + 2, bytes, 1);
    *piece_size = PIECE_MAX;
    return 1;
}

/* A character takes one column however many bytes it has, "\xNN" four. */
static size_t
columns_of(const char *piece, size_t piece_size)
{
    return (piece[0] & 0x80) != 0 ? 1 : piece_size;
}

size_t
text_escape(char *text, size_t room, size_t columns, const unsigned char *bytes,
            size_t size)
{
    static const char dots[] = "...";
    size_t used = 0, width = 0, mark = 0, mark_width = 0, piece_size, taken;
    char piece[PIECE_MAX + 1];

    assert(room > sizeof(dots) && columns >= sizeof(dots) - 1);
    while (size > 0) {
        /* The last place from where the dots would still fit. */
        if (width + 3 <= columns && used + sizeof(dots) <= room) {
            mark = used;
            mark_width = width;
        }
        taken = text_next(piece, &piece_size, bytes, size);
        width += columns_of(piece, piece_size);
        if (width > columns || used + piece_size >= room) {
            memcpy(text + mark, dots, sizeof(dots));
            return mark_width + sizeof(dots) - 1;
        }
        memcpy(text + used, piece, piece_size);
        used += piece_size;
        bytes += taken;
        size -= taken;
    }
    text[used] = '\0';
    return width;
}

size_t
text_path_length(const char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

/* A quote ends the quotes, stands for itself, and begins them again. */
static void
quote(char *text, const char *path, size_t length, const char *suffix)
{
    static const char escaped[] = "'\\''";
    const size_t room = TEXT_WORD_SIZE - sizeof(escaped) - strlen(suffix);
    size_t used = 0, i;

    text[used++] = '\'';
    if (*path == '-') {
        text[used++] = '.';
        text[used++] = '/';
    }
    for (i = 0; i < length && used < room; i++) {
        if (path[i] == '\'') {
            memcpy(text + used, escaped, sizeof(escaped) - 1);
            used += sizeof(escaped) - 1;
        } else
            text[used++] = path[i];
    }
    snprintf(text + used, TEXT_WORD_SIZE - used, "%s'", suffix);
}

/* "." and "..", and what ends in them: nothing is beside these. */
static bool
is_dots(const char *path)
{
    size_t length = text_path_length(path), dots = 0;

    while (dots < length && path[length - 1 - dots] == '.')
        dots++;
    return (dots == 1 || dots == 2) &&
           (dots == length || path[length - 1 - dots] == '/');
}

void
text_word(char text[TEXT_WORD_SIZE], const char *path, const char *suffix)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_./-+,:=@%";
    char real[PATH_MAX];
    size_t length;

    if (is_dots(path) && realpath(path, real) != NULL)
        path = real;
    /* Shells complete a directory with a slash; what is beside it has none. */
    length = *suffix != '\0' ? text_path_length(path) : strlen(path);
    if (*path != '\0' && *path != '-' && path[strspn(path, plain)] == '\0')
        snprintf(text, TEXT_WORD_SIZE, "%.*s%s", (int)length, path, suffix);
    else
        quote(text, path, length, suffix);
}

void
text_time(char text[TEXT_TIME_SIZE], uint64_t ns)
{
    time_t seconds = (time_t)(ns / NS_PER_SECOND);
    unsigned ms = (unsigned)(ns % NS_PER_SECOND / NS_PER_MS);
    struct tm parts;
    size_t used;

    gmtime_r(&seconds, &parts); /* never fails within 64 bits of ns */
    used = strftime(text, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + used, TEXT_TIME_SIZE - used, ".%03uZ", ms);
}

void
text_size(char text[TEXT_SIZE_SIZE], uint64_t size)
{
    static const char units[] = "KMGTPE";
    double scaled = (double)size / 1024;
    const char *unit = units;

    if (size < 1024) {
        snprintf(text, TEXT_SIZE_SIZE, "%" PRIu64 " byte%s", size,
                 size == 1 ? "" : "s");
        return;
    }
    /* What would be shown as 1024.0 belongs to the next unit. */
    while (scaled >= 1023.95 && unit[1] != '\0') {
        scaled /= 1024;
        unit++;
    }
    snprintf(text, TEXT_SIZE_SIZE, "%.1f %ciB", scaled, *unit);
}

/* Three digits, as far as there are that many. */
void
text_span(char text[TEXT_SPAN_SIZE], uint64_t ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double scaled = (double)ns;
    size_t unit = 0;
    int decimals;

    while (scaled >= 999.5 && unit < 3) {
        scaled /= 1000;
        unit++;
    }
    decimals = unit == 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    snprintf(text, TEXT_SPAN_SIZE, "%.*f %s", decimals, scaled, units[unit]);
}

void
text_hex(char *text, const unsigned char *bytes, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

int
text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool
text_unhex(unsigned char *bytes, size_t room, const char *text, size_t length)
{
    size_t i;
    int high, low;

    if (length % 2 != 0 || length / 2 > room)
        return false;
    memset(bytes, 0, room);
    for (i = 0; i < length; i += 2) {
        high = text_hex_digit(text[i]);
        low = text_hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (unsigned char)(high << 4 | low);
    }
    return true;
}
