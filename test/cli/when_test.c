/* when_test.c - moments and spans as people write them: read right, or not. */
#include "when.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/test.h"

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* 2026-11-25T17:46:40.5Z, a Wednesday. */
#define NOW (UINT64_C(1795628800) * SECOND + SECOND / 2)
#define MIDNIGHT (UINT64_C(1795564800) * SECOND) /* before it, in UTC */

/* Rules as POSIX writes them, so that no data base of time zones is needed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define SAO_PAULO "<-03>3<-02>,M10.3.0/0,M2.3.0/0" /* over midnight */
#define HAVANA "CST5CDT,M3.2.0/0,M11.1.0/1"        /* back to midnight */
#define KOLKATA "IST-5:30"

static void
zone(const char *rules)
{
    ck_assert_int_eq(setenv("TZ", rules, 1), 0);
}

static void
setup(void)
{
    zone("UTC0");
}

static void
means(const char *text, uint64_t expected)
{
    char problem[WHEN_PROBLEM_SIZE] = "";
    uint64_t ns = 0;

    ck_assert_msg(when_parse(text, NOW, &ns, problem), "'%s': %s", text,
                  problem);
    ck_assert_msg(ns == expected, "'%s' is %" PRIu64 " and not %" PRIu64, text,
                  ns, expected);
}

/* WORDS are part of what is said; nothing is written. */
static void
refused(const char *text, const char *words)
{
    char problem[WHEN_PROBLEM_SIZE] = "";
    uint64_t ns = 7;

    ck_assert_msg(!when_parse(text, NOW, &ns, problem), "'%s' is %" PRIu64,
                  text, ns);
    ck_assert_msg(strstr(problem, words) != NULL, "'%s': %s", text, problem);
    ck_assert_uint_eq(ns, 7);
}

static void
lasts(const char *text, uint64_t expected)
{
    char problem[WHEN_PROBLEM_SIZE] = "";
    uint64_t ns = 0;

    ck_assert_msg(when_parse_span(text, &ns, problem), "'%s': %s", text,
                  problem);
    ck_assert_msg(ns == expected, "'%s' is %" PRIu64, text, ns);
}

static void
lasts_not(const char *text, const char *words)
{
    char problem[WHEN_PROBLEM_SIZE] = "";
    uint64_t ns = 7;

    ck_assert_msg(!when_parse_span(text, &ns, problem), "'%s'", text);
    ck_assert_msg(strstr(problem, words) != NULL, "'%s': %s", text, problem);
    ck_assert_uint_eq(ns, 7);
}

/* ---- spans -------------------------------------------------------------- */

START_TEST(a_span_is_numbers_and_units)
{
    lasts("90s", 90 * SECOND);
    lasts("2 hours", 2 * HOUR);
    lasts("1h30m", HOUR + 30 * MINUTE);
    lasts(" 1 hour 30 min ", HOUR + 30 * MINUTE);
    lasts("1w 2d 3h 4m 5s 6ms 7us 8ns",
          9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND + 6007008);
    lasts("0s", 0);
    lasts("5m 5m", 10 * MINUTE);
}
END_TEST

START_TEST(each_unit_has_its_names)
{
    static const struct {
        const char *names;
        uint64_t ns;
    } units[] = {{"ns", 1},
                 {"us", 1000},
                 {"ms", 1000000},
                 {"s sec secs second seconds", SECOND},
                 {"m min mins minute minutes", MINUTE},
                 {"h hr hrs hour hours", HOUR},
                 {"d day days", DAY},
                 {"w week weeks", 7 * DAY}};
    char names[64], text[64], *name;
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        snprintf(names, sizeof(names), "%s", units[i].names);
        for (name = strtok(names, " "); name; name = strtok(NULL, " ")) {
            snprintf(text, sizeof(text), "3%s", name);
            lasts(text, 3 * units[i].ns);
            snprintf(text, sizeof(text), "3 %s", name);
            lasts(text, 3 * units[i].ns);
        }
    }
}
END_TEST

START_TEST(a_span_may_have_decimals_down_to_the_nanosecond)
{
    lasts("1.5h", 90 * MINUTE);
    lasts("0.000000001s", 1);
    lasts("0.25 us", 250);
    lasts("0.123456789w", UINT64_C(74666665987200));
    lasts_not("0.5ns", "below a nanosecond");
    lasts_not("0.0005us", "below a nanosecond");
    lasts_not("1.s", "follow a point");
    lasts_not("1.0123456789s", "1 to 9 digits");
}
END_TEST

START_TEST(a_span_is_refused_where_it_is_not_clear)
{
    lasts_not("", "missing");
    lasts_not("  ", "missing");
    lasts_not("5", "unit of time is missing");
    lasts_not("1h 5", "unit of time is missing");
    lasts_not("2 fortnights", "'fortnights' is not a unit");
    lasts_not("2 H", "'H' is not a unit");
    lasts_not("3 months", "'months' is not always equally long");
    lasts_not("3M", "'M' is not always");
    lasts_not("1y", "'y' is not always");
    lasts_not("-5m", "'-5m' is not understood");
    lasts_not("5m ago", "'ago' is not understood");
    lasts_not("an hour", "'an hour' is not understood");
    lasts_not("5m, 3s", "', 3s' is not understood");
    lasts_not("5 m\n", "is not understood");
    lasts_not("1 averyveryverylongnameofaunitoftimeindeedlongerthanallroom",
              "is not a unit");
}
END_TEST

START_TEST(a_span_fits_64_bits)
{
    lasts("18446744073709551615ns", UINT64_MAX);
    lasts("18446744073s 709551615ns", UINT64_MAX);
    lasts_not("18446744073s 709551616ns", "584 years");
    lasts_not("18446744073.709551616s", "584 years");
    lasts_not("30501 weeks", "584 years");
    lasts_not("18446744073709551616ns", "too large");
    lasts_not("99999999999999999999999999999999999999999999999999s",
              "too large");
}
END_TEST

/* ---- from now ----------------------------------------------------------- */

START_TEST(now_is_now)
{
    means("now", NOW);
    means(" now ", NOW);
    refused("now 10:30", "'10:30' is not understood");
    refused("nowadays", "'nowadays' is not understood");
    refused("Now", "'Now' is not understood");
}
END_TEST

START_TEST(a_span_from_now_may_be_written_in_four_ways)
{
    means("90 min", NOW - 90 * MINUTE);
    means("90 min ago", NOW - 90 * MINUTE);
    means("-90 min", NOW - 90 * MINUTE);
    means("+90 min", NOW + 90 * MINUTE);
    means("1d 12h ago", NOW - 36 * HOUR);
    means("0s", NOW);
    refused("-5m ago", "'ago' is not understood");
    refused("+5m ago", "'ago' is not understood");
    refused("- 5m", "'");
    refused("--5m", "'-5m' is not understood");
    refused("-", "is not understood");
    refused("+", "is not understood");
    refused("5m before", "'before' is not understood");
    refused("ago", "'ago' is not understood");
}
END_TEST

START_TEST(a_span_does_not_leave_64_bits)
{
    means("1795628800.5s ago", 0);
    refused("1795628801s ago", "before the year 1970");
    means("+16651115273s", NOW + 16651115273 * SECOND);
    refused("+16651115274s", "too far in the future");
    refused("30000 days ago", "before the year 1970");
}
END_TEST

/* ---- numbers ------------------------------------------------------------ */

START_TEST(an_at_sign_is_seconds_since_1970)
{
    means("@0", 0);
    means("@1764070000", UINT64_C(1764070000) * SECOND);
    means("@1764070000.25", UINT64_C(1764070000) * SECOND + SECOND / 4);
    means("@18446744072", UINT64_C(18446744072) * SECOND);
    refused("@18446744073", "too far in the future");
    refused("@", "seconds since 1970 follow");
    refused("@-1", "seconds since 1970 follow");
    refused("@ 1", "seconds since 1970 follow");
    refused("@1x", "'x' is not understood");
    refused("@1.", "follow a point");
    refused("@99999999999999999999999", "too large");
}
END_TEST

START_TEST(a_number_alone_is_nanoseconds_if_it_has_19_digits)
{
    means("1764070000123456789", UINT64_C(1764070000123456789));
    means("18446744073709551615", UINT64_MAX);
    refused("18446744073709551616", "too large");
    refused("1764070000", "write @1764070000 for seconds");
    refused("176407000012345678", "may mean anything");
    refused("5", "may mean anything");
    refused("2026", "may mean anything");
}
END_TEST

/* ---- dates and clocks --------------------------------------------------- */

START_TEST(a_date_is_its_midnight)
{
    means("1970-01-01", 0);
    means("2026-11-25", MIDNIGHT);
    means("2026-11-25Z", MIDNIGHT);
    means("2026-11-25 UTC", MIDNIGHT);
    means("today", MIDNIGHT);
    means("yesterday", MIDNIGHT - DAY);
    means("tomorrow", MIDNIGHT + DAY);
    refused("yesterday ago", "'ago' is not understood");
    refused("Yesterday", "'Yesterday' is not understood");
    refused("midsummer", "'midsummer' is not understood");
}
END_TEST

START_TEST(a_clock_may_follow_with_or_without_seconds)
{
    means("2026-11-25 10:30", MIDNIGHT + 10 * HOUR + 30 * MINUTE);
    means("2026-11-25T10:30", MIDNIGHT + 10 * HOUR + 30 * MINUTE);
    means("2026-11-25t10:30z", MIDNIGHT + 10 * HOUR + 30 * MINUTE);
    means("2026-11-25  9:05:07", MIDNIGHT + 9 * HOUR + 5 * MINUTE + 7 * SECOND);
    means("2026-11-25 00:00:00.000000001", MIDNIGHT + 1);
    means("2026-11-25T23:59:59.999999999Z", MIDNIGHT + DAY - 1);
    means("2026-11-25T10:30:00.5+00:00",
          MIDNIGHT + 10 * HOUR + 30 * MINUTE + SECOND / 2);
    means("yesterday 10:30", MIDNIGHT - DAY + 10 * HOUR + 30 * MINUTE);
    means("today 9:30", MIDNIGHT + 9 * HOUR + 30 * MINUTE);
    means("10:30", MIDNIGHT + 10 * HOUR + 30 * MINUTE);
    means("0:00", MIDNIGHT);
    means("23:59:59.5", MIDNIGHT + DAY - SECOND / 2); /* is still to come */
}
END_TEST

START_TEST(a_zone_is_east_of_UTC)
{
    means("2026-11-25T00:00:00+01:00", MIDNIGHT - HOUR);
    means("2026-11-25T00:00:00-0530", MIDNIGHT + 5 * HOUR + 30 * MINUTE);
    means("2026-11-25 00:00 +0100", MIDNIGHT - HOUR);
    means("2026-11-25 00:00 -00:30", MIDNIGHT + 30 * MINUTE);
    means("2026-11-25T12:00:00 Z", MIDNIGHT + 12 * HOUR);
    means("2026-11-25 +14:00", MIDNIGHT - 14 * HOUR);
    means("10:30+02:00", MIDNIGHT + 8 * HOUR + 30 * MINUTE);
    /* There it is the next day already, or still the day before. */
    means("0:30 +08:00", MIDNIGHT + DAY - 8 * HOUR + 30 * MINUTE);
    means("today +08:00", MIDNIGHT + DAY - 8 * HOUR);
    means("today -18:00", MIDNIGHT - DAY + 18 * HOUR);
}
END_TEST

START_TEST(what_is_no_date_is_refused)
{
    refused("2026-13-01", "no month 13");
    refused("2026-00-01", "no day 2026-00-01");
    refused("2026-11-31", "no day 2026-11-31");
    refused("2026-11-00", "no day 2026-11-00");
    refused("2026-02-29", "no day 2026-02-29");
    refused("2026-11-32", "no day 32");
    refused("2026-1-05", "the month has two digits: '1-05'");
    refused("2026-11-5", "the day has two digits: '5'");
    refused("2026-11-255", "the day has two digits");
    refused("2026-11", "a date is YYYY-MM-DD");
    refused("26-11-25", "a date is YYYY-MM-DD");
    refused("02026-11-25", "a date is YYYY-MM-DD");
    refused("11/25/2026", "unit of time is missing");
    refused("25.11.2026", "unit of time is missing");
    refused("20261125", "may mean anything");
    refused("1969-12-31", "before the year 1970");
    refused("1970-01-01T00:00+00:01", "before 1970");
    refused("2554-07-22", "too far in the future");
    refused("9999-12-31", "too far in the future");
    means("2554-07-21", UINT64_C(18446659200) * SECOND);
}
END_TEST

START_TEST(what_is_no_clock_is_refused)
{
    refused("24:00", "no hour 24");
    refused("10:60", "no minute 60");
    refused("23:59:60", "no second 60");
    refused("10:5", "the minute has two digits");
    refused("10:30:5", "the second has two digits");
    refused("010:30", "the hour has two digits");
    refused("10:30:00.", "1 to 9 digits");
    refused("10:30:00.1234567890", "1 to 9 digits");
    refused("10:30:00,5", "',5' is not understood");
    refused("2026-11-25T", "the hour has two digits");
    refused("2026-11-25 10", "a time of the day is");
    refused("2026-11-25T10", "a time of the day is");
    refused("10:30 pm", "'pm' is not understood");
    refused("2026-11-25T 10:30", "the hour has two digits");
    refused("2026-11-25x", "'x' is not understood");
    refused("2026-11-25 10:30 10:30", "'10:30' is not understood");
}
END_TEST

START_TEST(what_is_no_zone_is_refused)
{
    refused("10:30+1", "zone's hour has two digits");
    refused("10:30+01", "a zone is Z, UTC");
    refused("10:30+01:0", "zone's minute has two digits");
    refused("10:30+24:00", "no zone so far");
    refused("10:30+0160", "no zone so far");
    refused("10:30+01:60", "no zone so far");
    refused("10:30 CET", "'CET' is not understood");
    refused("10:30 Zulu", "'Zulu' is not understood");
    refused("10:30ZZ", "'ZZ' is not understood");
    refused("10:30Z+01:00", "'+01:00' is not understood");
    refused("10:30 utc", "'utc' is not understood");
}
END_TEST

START_TEST(nothing_is_no_moment)
{
    refused("", "missing");
    refused(" \t", "missing");
    refused("\n", "is not understood");
    refused("?", "'?' is not understood");
    refused("\xff", "is not understood");
}
END_TEST

/* Every day that 64 bits of nanoseconds can tell, leap years and all. */
START_TEST(each_day_is_where_the_C_library_has_it)
{
    time_t seconds = 0;
    struct tm parts;
    char text[32];

    for (; seconds < 18446659200; seconds += 86400) {
        gmtime_r(&seconds, &parts);
        strftime(text, sizeof(text), "%Y-%m-%dZ", &parts);
        means(text, (uint64_t)seconds * SECOND);
    }
}
END_TEST

START_TEST(only_leap_years_have_a_29th_of_February)
{
    char text[32], problem[WHEN_PROBLEM_SIZE];
    uint64_t ns;
    int year;

    for (year = 1970; year < 2554; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        snprintf(text, sizeof(text), "%d-02-29", year);
        ck_assert_msg(when_parse(text, NOW, &ns, problem) == leap, "%s", text);
    }
}
END_TEST

/* ---- local clocks ------------------------------------------------------- */

START_TEST(without_a_zone_clocks_are_local)
{
    zone(BERLIN);
    means("2026-11-25", MIDNIGHT - HOUR);
    means("2026-07-01T12:00", UINT64_C(1782900000) * SECOND);
    means("2026-07-01T12:00Z", UINT64_C(1782907200) * SECOND);
    means("10:30", MIDNIGHT + 9 * HOUR + 30 * MINUTE);
    means("yesterday", MIDNIGHT - DAY - HOUR);
    zone(KOLKATA);
    means("2026-11-25 05:30", MIDNIGHT);
    means("1970-01-01 05:30", 0);
    refused("1970-01-01 05:29", "before 1970 began");
    refused("1970-01-01", "before 1970 began");
    zone("<+10>-10"); /* where NOW is on the day after */
    means("today", MIDNIGHT + DAY - 10 * HOUR);
    means("tomorrow", MIDNIGHT + 2 * DAY - 10 * HOUR);
    means("0:00", MIDNIGHT + DAY - 10 * HOUR);
}
END_TEST

START_TEST(a_time_that_clocks_leave_out_is_refused)
{
    zone(BERLIN);
    means("2026-03-29 01:59:59.5", UINT64_C(1774745999) * SECOND + SECOND / 2);
    refused("2026-03-29 02:00", "put forward");
    refused("2026-03-29 02:59:59", "put forward");
    means("2026-03-29 03:00", UINT64_C(1774746000) * SECOND);
    means("2026-03-29 02:30 +01:00", UINT64_C(1774747800) * SECOND);
}
END_TEST

START_TEST(a_time_that_clocks_show_twice_is_refused)
{
    zone(BERLIN);
    means("2026-10-25 01:59:59", UINT64_C(1792886399) * SECOND);
    refused("2026-10-25 02:00", "twice: write which, +02:00 or +01:00");
    refused("2026-10-25 02:59:59", "twice");
    means("2026-10-25 02:30 +02:00", UINT64_C(1792888200) * SECOND);
    means("2026-10-25 02:30 +01:00", UINT64_C(1792891800) * SECOND);
    means("2026-10-25 03:00", UINT64_C(1792893600) * SECOND);
    zone(NEW_YORK);
    refused("2026-11-01 01:30", "write which, -04:00 or -05:00");
}
END_TEST

START_TEST(a_day_begins_with_its_first_instant)
{
    zone(SAO_PAULO); /* from 0:00 to 1:00 on 2026-10-18 */
    refused("2026-10-18 00:30", "put forward");
    means("2026-10-18", UINT64_C(1792292400) * SECOND);
    means("2026-10-18 01:00", UINT64_C(1792292400) * SECOND);
    zone(HAVANA); /* from 1:00 to 0:00 on 2026-11-01: two midnights */
    refused("2026-11-01 00:00", "twice");
    means("2026-11-01", UINT64_C(1793505600) * SECOND);
}
END_TEST

START_TEST(a_day_that_a_place_left_out_is_refused)
{
    struct tm parts;
    time_t before = 1325239199; /* 2011-12-29T23:59:59 in Apia */

    zone(":Pacific/Apia");
    tzset();
    localtime_r(&before, &parts);
    if (parts.tm_mday != 29 || parts.tm_hour != 23)
        return; /* no data base of time zones here */
    refused("2011-12-30", "no such day");
    refused("2011-12-30 12:00", "put forward");
    means("2011-12-29 23:59:59", UINT64_C(1325239199) * SECOND);
    means("2011-12-31", UINT64_C(1325239200) * SECOND);
}
END_TEST

/* Each half hour of two years: as the C library shows it, so it is read. */
static void
try_half_hours(const char *rules)
{
    char text[40], problem[WHEN_PROBLEM_SIZE];
    time_t seconds = 1767225600 - 1800; /* 2026 begins */
    struct tm parts;
    uint64_t ns;
    int twice = 0;

    zone(rules);
    tzset();
    for (; seconds < 1767225600 + 2 * 365 * 86400; seconds += 1800) {
        localtime_r(&seconds, &parts);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &parts);
        means(text, (uint64_t)seconds * SECOND);
        text[19] = '\0';
        if (when_parse(text, NOW, &ns, problem))
            ck_assert_uint_eq(ns, (uint64_t)seconds * SECOND);
        else {
            ck_assert_ptr_nonnull(strstr(problem, "twice"));
            twice++;
        }
    }
    ck_assert_int_eq(twice, strchr(rules, ',') != NULL ? 8 : 0);
}

START_TEST(what_local_clocks_show_is_read_as_that)
{
    try_half_hours(BERLIN);
    try_half_hours(NEW_YORK);
    try_half_hours(SAO_PAULO);
    try_half_hours(HAVANA);
    try_half_hours(KOLKATA);
    try_half_hours("UTC0");
}
END_TEST

/* Whatever the bytes, it is read or refused in words; both leave no trace. */
START_TEST(any_text_is_read_or_refused_in_words)
{
    static const char alphabet[] = "0123456789-+:.@ TZagohmdstyn\xff\n";
    char text[24], problem[WHEN_PROBLEM_SIZE];
    uint64_t state = test_seed(), ns;
    long rounds = (long)(200000 * test_scale());
    size_t length, i;

    zone(BERLIN);
    for (; rounds > 0; rounds--) {
        length = test_random(&state) % sizeof(text);
        for (i = 0; i < length; i++)
            text[i] = alphabet[test_random(&state) % (sizeof(alphabet) - 1)];
        text[length] = '\0';
        problem[0] = '\0';
        if (!when_parse(text, NOW, &ns, problem))
            ck_assert_msg(problem[0] != '\0', "'%s'", text);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("when");
    TCase *tcase = tcase_create("when");

    suite_add_tcase(s, tcase);
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, a_span_is_numbers_and_units);
    tcase_add_test(tcase, each_unit_has_its_names);
    tcase_add_test(tcase, a_span_may_have_decimals_down_to_the_nanosecond);
    tcase_add_test(tcase, a_span_is_refused_where_it_is_not_clear);
    tcase_add_test(tcase, a_span_fits_64_bits);
    tcase_add_test(tcase, now_is_now);
    tcase_add_test(tcase, a_span_from_now_may_be_written_in_four_ways);
    tcase_add_test(tcase, a_span_does_not_leave_64_bits);
    tcase_add_test(tcase, an_at_sign_is_seconds_since_1970);
    tcase_add_test(tcase, a_number_alone_is_nanoseconds_if_it_has_19_digits);
    tcase_add_test(tcase, a_date_is_its_midnight);
    tcase_add_test(tcase, a_clock_may_follow_with_or_without_seconds);
    tcase_add_test(tcase, a_zone_is_east_of_UTC);
    tcase_add_test(tcase, what_is_no_date_is_refused);
    tcase_add_test(tcase, what_is_no_clock_is_refused);
    tcase_add_test(tcase, what_is_no_zone_is_refused);
    tcase_add_test(tcase, nothing_is_no_moment);
    tcase_add_test(tcase, each_day_is_where_the_C_library_has_it);
    tcase_add_test(tcase, only_leap_years_have_a_29th_of_February);
    tcase_add_test(tcase, without_a_zone_clocks_are_local);
    tcase_add_test(tcase, a_time_that_clocks_leave_out_is_refused);
    tcase_add_test(tcase, a_time_that_clocks_show_twice_is_refused);
    tcase_add_test(tcase, a_day_begins_with_its_first_instant);
    tcase_add_test(tcase, a_day_that_a_place_left_out_is_refused);
    tcase_add_test(tcase, what_local_clocks_show_is_read_as_that);
    tcase_add_test(tcase, any_text_is_read_or_refused_in_words);
    return s;
}

TEST_MAIN(suite)
