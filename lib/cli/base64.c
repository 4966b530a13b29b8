/* base64.c - bytes as base 64, of RFC 4648, and back. */
#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_write(FILE *file, const unsigned char *bytes, size_t size)
{
    char group[4];
    uint32_t bits;

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
        fwrite(group, 1, sizeof(group), file);
        if (size <= 3)
            break;
    }
}

/* The six bits of a character, or -1. */
static int
value_of(char c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);

    return at == NULL ? -1 : (int)(at - alphabet);
}

/* Four characters, the last PADDING of them "=", into 3 - PADDING bytes. */
static bool
read_group(unsigned char *bytes, const char *text, int padding)
{
    uint32_t bits = 0;
    int i, value;

    for (i = 0; i < 4; i++) {
        value = i < 4 - padding ? value_of(text[i]) : 0;
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    if ((padding == 1 && (bits & 0xFF) != 0) ||
        (padding == 2 && (bits & 0xFFFF) != 0))
        return false;
    bytes[0] = (unsigned char)(bits >> 16);
    if (padding < 2)
        bytes[1] = (unsigned char)(bits >> 8);
    if (padding < 1)
        bytes[2] = (unsigned char)bits;
    return true;
}

bool
base64_read(unsigned char *bytes, size_t *size, const char *text, size_t length)
{
    size_t i, used = 0;
    int padding;

    if (length % 4 != 0)
        return false;
    for (i = 0; i < length; i += 4) {
        padding = 0;
        if (i + 4 == length && text[i + 3] == '=')
            padding = text[i + 2] == '=' ? 2 : 1;
        if (!read_group(bytes + used, text + i, padding))
            return false;
        used += (size_t)(3 - padding);
    }
    *size = used;
    return true;
}
