/* calendar.c - days, and what local clocks show. */
#include "calendar.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ZONE_SIZE 16

/* ---- dates -------------------------------------------------------------- */

static bool
is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

/* Leap years from the year 1 to YEAR. */
static int
leap_years(int year)
{
    return year / 4 - year / 100 + year / 400;
}

static int64_t
days_from_1970(int year, int month, int day)
{
    int64_t days = (int64_t)(year - 1970) * 365;
    int m;

    days += leap_years(year - 1) - leap_years(1969);
    for (m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days + day - 1;
}

/* Whether there is a day of that date, after 1970 began. */
static bool
check_date(struct parse *parse, const char *date, int year, int month, int day)
{
    if (month == 0 || day == 0 || day > days_in_month(year, month))
        return parse_problem(parse, "there is no day %.10s", date);
    if (year < 1970)
        return parse_problem(parse, "%.10s is before the year 1970", date);
    return true;
}

bool
calendar_date(struct parse *parse, int64_t *days)
{
    const char *date = parse->at;
    int month, day;
    uint64_t year;

    if (parse_digits(parse) != 4 || parse->at[4] != '-')
        return parse_problem(parse, "a date is YYYY-MM-DD");
    if (!parse_number(parse, &year))
        return false;
    parse->at++;
    if (!parse_two_digits(parse, "month", false, 12, &month))
        return false;
    if (*parse->at != '-')
        return parse_problem(parse, "a date is YYYY-MM-DD");
    parse->at++;
    if (!parse_two_digits(parse, "day", false, 31, &day) ||
        !check_date(parse, date, (int)year, month, day))
        return false;
    *days = days_from_1970((int)year, month, day);
    return true;
}

/* ---- where in the world ------------------------------------------------- */

int64_t
calendar_zone(int64_t instant)
{
    time_t seconds = (time_t)instant;
    struct tm parts;

    return localtime_r(&seconds, &parts) == NULL ? 0 : parts.tm_gmtoff;
}

int64_t
calendar_day(int64_t seconds)
{
    return (seconds - (seconds < 0 ? CALENDAR_DAY - 1 : 0)) / CALENDAR_DAY;
}

/*
 * The instants at which local clocks show LOCAL, in seconds as if they were at
 * UTC: one; none, where clocks are put forward over it; or two, where they are
 * put back.  *BEFORE and *AFTER are the zones around it.
 */
static int
instants_of(int64_t local, int64_t instants[2], int64_t *before, int64_t *after)
{
    int count = 0;

    *before = calendar_zone(local - CALENDAR_DAY);
    *after = calendar_zone(local + CALENDAR_DAY);
    if (calendar_zone(local - *before) == *before)
        instants[count++] = local - *before;
    if (*after != *before && calendar_zone(local - *after) == *after)
        instants[count++] = local - *after;
    return count;
}

bool
calendar_local_day(struct parse *parse, int64_t day, int64_t *instant)
{
    int64_t instants[2], before, after, low, high, middle;

    if (instants_of(day * CALENDAR_DAY, instants, &before, &after) > 0) {
        *instant = instants[0];
        return true;
    }
    if (after <= before)
        return parse_problem(parse, "local clocks are changed twice about that "
                                    "time: write a zone, as in +01:00");
    /* Clocks are put forward behind LOW, and at HIGH they have been. */
    low = day * CALENDAR_DAY - after;
    high = day * CALENDAR_DAY - before;
    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (calendar_zone(middle) == before)
            low = middle;
        else
            high = middle;
    }
    *instant = high;
    if (calendar_day(high + calendar_zone(high)) != day)
        return parse_problem(parse,
                             "the local time zone has no such day: write a "
                             "zone, as in +01:00");
    return true;
}

/* As +HH:MM; east is positive. */
static void
write_zone(char text[ZONE_SIZE], int64_t zone)
{
    int minutes = abs((int)zone) / 60;

    snprintf(text, ZONE_SIZE, "%c%02d:%02d", zone < 0 ? '-' : '+', minutes / 60,
             minutes % 60);
}

bool
calendar_local(struct parse *parse, int64_t local, int64_t *instant)
{
    int64_t instants[2], before, after;
    char first[ZONE_SIZE], second[ZONE_SIZE];
    int count = instants_of(local, instants, &before, &after);

    if (count == 1) {
        *instant = instants[0];
        return true;
    }
    if (count == 0)
        return parse_problem(parse,
                             "local clocks are put forward over that time: "
                             "write a zone, as in +01:00");
    write_zone(first, before);
    write_zone(second, after);
    return parse_problem(parse,
                         "local clocks show that time twice: write which, "
                         "%s or %s, behind it",
                         first, second);
}
