/* span.c - spans of time: "2 hours", "90m", "1h 30m". */
#include "span.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define DAY (86400 * NS_PER_SECOND)

static const struct unit {
    const char *names; /* blanks around each */
    uint64_t ns;
} units[] = {
    {" ns ", 1},
    {" us ", 1000},
    {" ms ", 1000000},
    {" s sec secs second seconds ", NS_PER_SECOND},
    {" m min mins minute minutes ", 60 * NS_PER_SECOND},
    {" h hr hrs hour hours ", 3600 * NS_PER_SECOND},
    {" d day days ", DAY},
    {" w week weeks ", 7 * DAY},
    {" M mo mon month months y yr yrs year years ", 0}, /* of no fixed length */
};

/* NULL: there is none of that name. */
static const struct unit *
unit_named(const char *letters, size_t length)
{
    char name[16];
    size_t i;

    if (length > sizeof(name) - 3)
        return NULL;
    snprintf(name, sizeof(name), " %.*s ", (int)length, letters);
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strstr(units[i].names, name) != NULL)
            return &units[i];
    }
    return NULL;
}

static bool
read_unit(struct parse *parse, uint64_t *ns)
{
    size_t length = parse_letters(parse);
    int shown = length < PARSE_SHOWN_MAX ? (int)length : PARSE_SHOWN_MAX;
    const struct unit *unit = unit_named(parse->at, length);

    if (length == 0)
        return parse_problem(parse,
                             "a unit of time is missing, as in 5m or 2 hours");
    if (unit == NULL)
        return parse_problem(parse, "'%.*s' is not a unit of time", shown,
                             parse->at);
    if (unit->ns == 0)
        return parse_problem(parse,
                             "'%.*s' is not always equally long: write days, "
                             "or a date",
                             shown, parse->at);
    *ns = unit->ns;
    parse->at += length;
    return true;
}

/* NUMBER UNIT, added to *NS. */
static bool
read_part(struct parse *parse, uint64_t *ns)
{
    uint64_t number, billionths, unit = 1, part;

    if (!parse_number(parse, &number) || !parse_fraction(parse, &billionths))
        return false;
    parse_blanks(parse);
    if (!read_unit(parse, &unit))
        return false;
    if (unit >= NS_PER_SECOND)
        part = billionths * (unit / NS_PER_SECOND);
    else if (billionths * unit % NS_PER_SECOND == 0)
        part = billionths * unit / NS_PER_SECOND;
    else
        return parse_problem(parse, "there is nothing below a nanosecond");
    if (number > (UINT64_MAX - part) / unit ||
        *ns > UINT64_MAX - part - number * unit)
        return parse_problem(parse, "that is longer than 584 years");
    *ns += number * unit + part;
    return true;
}

bool
span_read(struct parse *parse, uint64_t *ns)
{
    *ns = 0;
    if (parse_digits(parse) == 0)
        return parse_problem(parse, "'%.*s' is not understood", PARSE_SHOWN_MAX,
                             parse->at);
    while (parse_digits(parse) > 0) {
        if (!read_part(parse, ns))
            return false;
        parse_blanks(parse);
    }
    return true;
}
