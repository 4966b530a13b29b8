/* parse.c - reads a short text from left to right, and says where it fails. */
#include "parse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FRACTION_DIGITS 9u

bool
parse_problem(struct parse *parse, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    vsnprintf(parse->problem, PARSE_PROBLEM_SIZE, text, arguments);
    va_end(arguments);
    return false;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void
parse_blanks(struct parse *parse)
{
    while (*parse->at == ' ' || *parse->at == '\t')
        parse->at++;
}

size_t
parse_digits(const struct parse *parse)
{
    size_t count = 0;

    while (is_digit(parse->at[count]))
        count++;
    return count;
}

size_t
parse_letters(const struct parse *parse)
{
    size_t count = 0;

    while (is_letter(parse->at[count]))
        count++;
    return count;
}

bool
parse_word(struct parse *parse, const char *word)
{
    size_t length = strlen(word);

    if (parse_letters(parse) != length || memcmp(parse->at, word, length) != 0)
        return false;
    parse->at += length;
    return true;
}

bool
parse_end(struct parse *parse)
{
    parse_blanks(parse);
    if (*parse->at == '\0')
        return true;
    return parse_problem(parse, "'%.*s' is not understood", PARSE_SHOWN_MAX,
                         parse->at);
}

bool
parse_number(struct parse *parse, uint64_t *number)
{
    uint64_t value = 0, digit;
    const char *first = parse->at;

    for (; is_digit(*parse->at); parse->at++) {
        digit = (uint64_t)(*parse->at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return parse_problem(parse, "%.*s is too large", PARSE_SHOWN_MAX,
                                 first);
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool
parse_two_digits(struct parse *parse, const char *what, bool may_be_short,
                 int max, int *number)
{
    size_t digits = parse_digits(parse);
    uint64_t value;

    if (digits != 2 && !(digits == 1 && may_be_short))
        return parse_problem(parse, "the %s has two digits: '%.*s'", what,
                             PARSE_SHOWN_MAX, parse->at);
    if (!parse_number(parse, &value))
        return false;
    if (value > (uint64_t)max)
        return parse_problem(parse, "there is no %s %" PRIu64, what, value);
    *number = (int)value;
    return true;
}

bool
parse_fraction(struct parse *parse, uint64_t *billionths)
{
    size_t digits;

    *billionths = 0;
    if (*parse->at != '.')
        return true;
    parse->at++;
    digits = parse_digits(parse);
    if (digits == 0 || digits > FRACTION_DIGITS)
        return parse_problem(parse, "1 to %u digits follow a point",
                             FRACTION_DIGITS);
    if (!parse_number(parse, billionths))
        return false;
    for (; digits < FRACTION_DIGITS; digits++)
        *billionths *= 10;
    return true;
}
