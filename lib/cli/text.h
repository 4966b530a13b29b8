/* text.h - bytes, times and sizes in a form that people can read. */
#ifndef TEXT_H
#define TEXT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_TIME_SIZE 32 /* enough for text_time() */
#define TEXT_SIZE_SIZE 32 /* enough for text_size() */
#define TEXT_SPAN_SIZE 32 /* enough for text_span() */
#define TEXT_WORD_SIZE (4 * PATH_MAX + 32)
#define TEXT_HEX_SIZE 33 /* enough for text_hex() of 16 bytes */

/*
 * How many bytes the UTF-8 character at BYTES has, or 0 where there is none:
 * surrogates, overlong forms and what lies beyond U+10FFFF are none.
 */
size_t text_character(const unsigned char *bytes, size_t size);

bool text_is_utf8(const unsigned char *bytes, size_t size);

/*
 * Writes BYTES into TEXT, at most ROOM - 1 bytes and COLUMNS columns of it and
 * a NUL.  What does not print becomes \xNN, a backslash two.  Text that had
 * to be cut ends in "...".  Returns the columns that it takes.
 */
size_t text_escape(char *text, size_t room, size_t columns,
                   const unsigned char *bytes, size_t size);

/*
 * Writes the next character of BYTES, escaped like that, to PIECE, and its
 * length to *PIECE_SIZE.  Returns how many bytes of BYTES it stands for.
 */
size_t text_next(char piece[5], size_t *piece_size, const unsigned char *bytes,
                 size_t size);

/* The length of PATH without the slashes at its end. */
size_t text_path_length(const char *path);

/*
 * PATH and SUFFIX as one word of a shell, in quotes where it needs them.  Of
 * what ends in "." or ".." it is the real path, so that SUFFIX makes a name
 * beside it.  What is longer than any path that can be opened is cut.
 */
void text_word(char text[TEXT_WORD_SIZE], const char *path, const char *suffix);

/* RFC 3339, in UTC, to the millisecond. */
void text_time(char text[TEXT_TIME_SIZE], uint64_t ns);

/* "17 bytes", "4.0 KiB", "1.3 GiB". */
void text_size(char text[TEXT_SIZE_SIZE], uint64_t size);

/* "870 ns", "12.4 us", "8.31 ms", "2.50 s". */
void text_span(char text[TEXT_SPAN_SIZE], uint64_t ns);

/* Two digits for each of SIZE bytes, and a NUL. */
void text_hex(char *text, const unsigned char *bytes, size_t size);

/* 0 to 15, or -1 where C is no hexadecimal digit. */
int text_hex_digit(char c);

/*
 * The bytes that LENGTH digits stand for, and zeros up to ROOM.  False where
 * they are too many, not two for each byte, or no digits.
 */
bool text_unhex(unsigned char *bytes, size_t room, const char *text,
                size_t length);

#endif
