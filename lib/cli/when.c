/* when.c - moments and spans of time as people write them. */
#include "when.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "calendar.h"
#include "parse.h"
#include "span.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* Of whole seconds; a fraction may be added. */
#define SECONDS_MAX ((int64_t)(UINT64_MAX / NS_PER_SECOND) - 1)
#define NS_DIGITS_MIN 19u /* of a plain number: nothing else has so many */

const char when_examples[] =
    "\"2 hours ago\", 30m, yesterday, \"today 9:30\", 10:30, 2026-11-25, "
    "2026-11-25T10:30:00Z, \"2026-11-25 10:30 +01:00\", @1764070000";
const char when_span_examples[] = "30d, \"2 weeks\", 1h30m, 90s";

/* A moment as it is written, before it is known where in the world. */
struct moment {
    int64_t day; /* from 1970-01-01, or from today */
    bool day_is_from_today;
    bool has_clock;
    int64_t clock;     /* seconds from midnight */
    uint64_t fraction; /* nanoseconds beyond */
    bool has_zone;
    int64_t zone; /* seconds east of UTC */
};

/* SIGN is '+', '-', or something else where there is none. */
static bool
read_distance(struct parse *parse, char sign, uint64_t now, uint64_t *ns)
{
    uint64_t span;

    if (sign == '+' || sign == '-')
        parse->at++;
    if (!span_read(parse, &span))
        return false;
    if (sign != '+' && sign != '-')
        parse_word(parse, "ago");
    if (!parse_end(parse))
        return false;
    if (sign == '+' ? span > UINT64_MAX - now : span > now)
        return parse_problem(parse, sign == '+'
                                        ? "that is too far in the future"
                                        : "that is before the year 1970");
    *ns = sign == '+' ? now + span : now - span;
    return true;
}

/* The day by the clocks of the moment's zone. */
static int64_t
today(const struct moment *moment, uint64_t now)
{
    int64_t seconds = (int64_t)(now / NS_PER_SECOND);

    return calendar_day(
        seconds + (moment->has_zone ? moment->zone : calendar_zone(seconds)));
}

static bool
resolve(struct parse *parse, const struct moment *moment, uint64_t now,
        uint64_t *ns)
{
    int64_t day = moment->day, seconds;
    bool ok = true;

    if (moment->day_is_from_today)
        day += today(moment, now);
    if (moment->has_zone)
        seconds = day * CALENDAR_DAY + moment->clock - moment->zone;
    else if (moment->has_clock)
        ok = calendar_local(parse, day * CALENDAR_DAY + moment->clock,
                            &seconds);
    else
        ok = calendar_local_day(parse, day, &seconds);
    if (!ok)
        return false;
    if (seconds < 0)
        return parse_problem(parse, "that is before 1970 began in UTC");
    if (seconds > SECONDS_MAX)
        return parse_problem(parse, "that is too far in the future");
    *ns = (uint64_t)seconds * NS_PER_SECOND + moment->fraction;
    return true;
}

/* ---- days and clocks ---------------------------------------------------- */

static bool
read_clock(struct parse *parse, struct moment *moment)
{
    int hours, minutes, seconds = 0;

    if (!parse_two_digits(parse, "hour", true, 23, &hours))
        return false;
    if (*parse->at != ':')
        return parse_problem(parse, "a time of the day is HH:MM or HH:MM:SS");
    parse->at++;
    if (!parse_two_digits(parse, "minute", false, 59, &minutes))
        return false;
    if (*parse->at == ':') {
        parse->at++;
        if (!parse_two_digits(parse, "second", false, 59, &seconds) ||
            !parse_fraction(parse, &moment->fraction))
            return false;
    }
    moment->has_clock = true;
    moment->clock = hours * 3600 + minutes * 60 + seconds;
    return true;
}

/* +HH:MM or +HHMM, or with a minus. */
static bool
read_offset(struct parse *parse, struct moment *moment)
{
    int sign = *parse->at++ == '-' ? -1 : 1, hours, minutes;
    char digits[5];

    if (parse_digits(parse) == 4) {
        memcpy(digits, parse->at, 4);
        digits[4] = '\0';
        hours = (digits[0] - '0') * 10 + digits[1] - '0';
        minutes = (digits[2] - '0') * 10 + digits[3] - '0';
        parse->at += 4;
    } else {
        if (!parse_two_digits(parse, "zone's hour", false, 99, &hours))
            return false;
        if (*parse->at != ':')
            return parse_problem(parse, "a zone is Z, UTC, +HH:MM or +HHMM");
        parse->at++;
        if (!parse_two_digits(parse, "zone's minute", false, 99, &minutes))
            return false;
    }
    if (hours > 23 || minutes > 59)
        return parse_problem(parse, "there is no zone so far from UTC");
    moment->has_zone = true;
    moment->zone = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool
read_zone(struct parse *parse, struct moment *moment)
{
    parse_blanks(parse);
    if (parse_word(parse, "Z") || parse_word(parse, "z") ||
        parse_word(parse, "UTC")) {
        moment->has_zone = true;
        return true;
    }
    if (*parse->at == '+' || *parse->at == '-')
        return read_offset(parse, moment);
    return true;
}

/* What may stand behind a day. */
static bool
read_clock_of_day(struct parse *parse, struct moment *moment)
{
    if (*parse->at == 'T' || *parse->at == 't') {
        parse->at++;
        return read_clock(parse, moment);
    }
    parse_blanks(parse);
    return parse_digits(parse) == 0 || read_clock(parse, moment);
}

static bool
read_day_word(struct parse *parse, struct moment *moment)
{
    moment->day_is_from_today = true;
    if (parse_word(parse, "today"))
        return true;
    if (parse_word(parse, "yesterday")) {
        moment->day = -1;
        return true;
    }
    if (parse_word(parse, "tomorrow")) {
        moment->day = 1;
        return true;
    }
    return parse_problem(parse, "'%.*s' is not understood", PARSE_SHOWN_MAX,
                         parse->at);
}

/* [DAY] [CLOCK] [ZONE] with a day or a clock, of which the text tells which. */
static bool
read_moment(struct parse *parse, uint64_t now, uint64_t *ns)
{
    struct moment moment = {0};
    size_t digits = parse_digits(parse);
    bool ok;

    if (digits > 0 && parse->at[digits] == ':') {
        moment.day_is_from_today = true;
        ok = read_clock(parse, &moment);
    } else if (digits > 0)
        ok = calendar_date(parse, &moment.day) &&
             read_clock_of_day(parse, &moment);
    else
        ok = read_day_word(parse, &moment) && read_clock_of_day(parse, &moment);
    return ok && read_zone(parse, &moment) && parse_end(parse) &&
           resolve(parse, &moment, now, ns);
}

/* @SECONDS[.FRACTION] */
static bool
read_seconds(struct parse *parse, uint64_t *ns)
{
    uint64_t seconds, billionths;

    parse->at++;
    if (parse_digits(parse) == 0)
        return parse_problem(parse, "seconds since 1970 follow the @");
    if (!parse_number(parse, &seconds) || !parse_fraction(parse, &billionths) ||
        !parse_end(parse))
        return false;
    if (seconds > (uint64_t)SECONDS_MAX)
        return parse_problem(parse, "that is too far in the future");
    *ns = seconds * NS_PER_SECOND + billionths;
    return true;
}

static bool
read_nanoseconds(struct parse *parse, uint64_t *ns)
{
    if (parse_digits(parse) < NS_DIGITS_MIN)
        return parse_problem(
            parse,
            "a number alone may mean anything: write @%.*s for "
            "seconds since 1970, 5m for a span, or a date",
            PARSE_SHOWN_MAX, parse->at);
    return parse_number(parse, ns) && parse_end(parse);
}

bool
when_parse(const char *text, uint64_t now, uint64_t *ns,
           char problem_text[WHEN_PROBLEM_SIZE])
{
    struct parse parse = {.at = text, .problem = problem_text};
    uint64_t value = 0;
    size_t digits;
    bool ok;

    tzset();
    parse_blanks(&parse);
    digits = parse_digits(&parse);
    if (*parse.at == '\0')
        ok = parse_problem(&parse, "a time is missing");
    else if (*parse.at == '@')
        ok = read_seconds(&parse, &value);
    else if (*parse.at == '+' || *parse.at == '-')
        ok = read_distance(&parse, *parse.at, now, &value);
    else if (parse_word(&parse, "now")) {
        value = now;
        ok = parse_end(&parse);
    } else if (digits > 0 && parse.at[digits] == '\0')
        ok = read_nanoseconds(&parse, &value);
    else if (digits == 0 || parse.at[digits] == ':' || parse.at[digits] == '-')
        ok = read_moment(&parse, now, &value);
    else
        ok = read_distance(&parse, ' ', now, &value);
    if (ok)
        *ns = value;
    return ok;
}

bool
when_parse_span(const char *text, uint64_t *ns,
                char problem_text[WHEN_PROBLEM_SIZE])
{
    struct parse parse = {.at = text, .problem = problem_text};
    uint64_t value = 0;

    parse_blanks(&parse);
    if (*parse.at == '\0')
        return parse_problem(&parse, "a span of time is missing");
    if (!span_read(&parse, &value) || !parse_end(&parse))
        return false;
    *ns = value;
    return true;
}
