/* json_parse.c - a tree from JSON, whose numbers may have 64 bits. */
#include "json_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)
#define DIGITS_MIN 19u /* of an integer that may be beyond INT64_MAX */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether C may be part of a number that is no row of digits alone. */
static bool
is_of_number(char c)
{
    return c != '\0' && strchr("+-.eE", c) != NULL;
}

/* How many bytes the string at TEXT has, with its quotes. */
static size_t
string_size(const char *text, size_t size)
{
    size_t i;

    for (i = 1; i < size && text[i] != '"'; i++) {
        if (text[i] == '\\')
            i++;
    }
    return i < size ? i + 1 : size;
}

static size_t
digits_at(const char *text, size_t size)
{
    size_t count = 0;

    while (count < size && is_digit(text[count]))
        count++;
    return count;
}

/*
 * Copies what is next of TEXT, of which DONE bytes have been: a string, a row
 * of digits (between quotes if it is long, and a number alone), or a byte.
 * Returns how many bytes that were.
 */
static size_t
copy_next(char *to, size_t *used, const char *text, size_t done, size_t size)
{
    const char *at = text + done;
    size_t left = size - done, count = 1;
    bool quote = false;

    if (*at == '"')
        count = string_size(at, left);
    else if (is_digit(*at)) {
        count = digits_at(at, left);
        quote = count >= DIGITS_MIN && (done == 0 || !is_of_number(at[-1])) &&
                (count == left || !is_of_number(at[count]));
    }
    if (quote)
        to[(*used)++] = '"';
    memcpy(to + *used, at, count);
    *used += count;
    if (quote)
        to[(*used)++] = '"';
    return count;
}

/* At most two quotes are added to each row of DIGITS_MIN. */
static json_t *
parse_with_quotes(const char *text, size_t size, json_error_t *error)
{
    char *copy = malloc(size + size / DIGITS_MIN * 2 + 2);
    size_t used = 0, done = 0;
    json_t *value;

    if (copy == NULL)
        return NULL;
    while (done < size)
        done += copy_next(copy, &used, text, done, size);
    value = json_loadb(copy, used, FLAGS, error);
    free(copy);
    return value;
}

json_t *
json_parse(const char *text, size_t size, json_error_t *error)
{
    json_t *value = json_loadb(text, size, FLAGS, error);

    if (value == NULL && json_error_code(error) == json_error_numeric_overflow)
        value = parse_with_quotes(text, size, error);
    return value;
}

bool
json_parse_number(const json_t *value, uint64_t *number)
{
    char problem[PARSE_PROBLEM_SIZE];
    struct parse parse = {.problem = problem};
    const char *end;

    if (json_is_integer(value)) {
        *number = (uint64_t)json_integer_value(value);
        return json_integer_value(value) >= 0;
    }
    if (!json_is_string(value))
        return false;
    parse.at = json_string_value(value);
    end = parse.at + json_string_length(value);
    return parse_digits(&parse) > 0 && parse_number(&parse, number) &&
           parse.at == end;
}
