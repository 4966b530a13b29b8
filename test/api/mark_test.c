/* mark_test.c - journal_mark() and its kin: positions with names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"
#include "support/fast_dir.h"

#define NAME_MAX_BYTES (JOURNAL_MARK_SIZE - 1)

static void
mark(const char *name, uint64_t seq)
{
    int rc = journal_mark(journal, name, seq);

    ck_assert_msg(rc == 0, "mark: %s", journal_errname(rc));
}

static void
assert_mark(struct journal *in, const char *name, uint64_t expected)
{
    uint64_t seq = 99999;
    int rc = journal_marked(in, name, &seq);

    ck_assert_msg(rc == 0, "marked: %s", journal_errname(rc));
    ck_assert_uint_eq(seq, expected);
}

static void
assert_no_mark(const char *name)
{
    uint64_t seq = 99999;

    ck_assert_int_eq(journal_marked(journal, name, &seq), JOURNAL_NOT_FOUND);
    ck_assert_uint_eq(seq, 99999);
}

/* A name of SIZE bytes. */
static const char *
long_name(size_t size)
{
    static char name[1024];

    ck_assert_uint_lt(size, sizeof(name));
    memset(name, 'n', size);
    name[size] = '\0';
    return name;
}

static void
setup(void)
{
    setup_journal();
    append_numbered(10, 3);
}

/* ---- set, look, remove -------------------------------------------------- */

START_TEST(a_mark_is_where_it_was_set)
{
    mark("mirror", 4);
    mark("mailer", 7);
    assert_mark(journal, "mirror", 4);
    assert_mark(journal, "mailer", 7);
}
END_TEST

START_TEST(a_mark_moves_up_and_back)
{
    static const uint64_t positions[] = {3, 9, 10, 2, 0, 5};

    for (size_t i = 0; i < COUNT_OF(positions); i++) {
        mark("mirror", positions[i]);
        assert_mark(journal, "mirror", positions[i]);
        ck_assert_uint_eq(figures(journal).marks, 1);
    }
}
END_TEST

START_TEST(a_mark_that_was_never_set_is_not_found)
{
    assert_no_mark("mirror");
    ck_assert_int_eq(journal_unmark(journal, "mirror"), JOURNAL_NOT_FOUND);
    mark("mirror", 4);
    /* Neither a prefix, nor one with zeros behind it, is the same name. */
    assert_no_mark("m");
    assert_no_mark("mirro");
    assert_no_mark("mirrors");
    assert_no_mark("Mirror");
}
END_TEST

START_TEST(a_mark_that_was_removed_is_not_found)
{
    mark("mirror", 4);
    mark("mailer", 4);
    ck_assert_int_eq(journal_unmark(journal, "mirror"), 0);
    assert_no_mark("mirror");
    assert_mark(journal, "mailer", 4);
    ck_assert_int_eq(journal_unmark(journal, "mirror"), JOURNAL_NOT_FOUND);
    mark("mirror", 1);
    assert_mark(journal, "mirror", 1);
}
END_TEST

START_TEST(a_mark_stands_at_most_at_the_size)
{
    static const uint64_t beyond[] = {11, 1000, JOURNAL_NONE - 1, JOURNAL_NONE};
    struct journal_stat before;

    mark("mirror", 10);
    before = figures(journal);
    for (size_t i = 0; i < COUNT_OF(beyond); i++) {
        ck_assert_int_eq(journal_mark(journal, "mirror", beyond[i]),
                         JOURNAL_OUT_OF_RANGE);
        ck_assert_int_eq(journal_mark(journal, "new", beyond[i]),
                         JOURNAL_OUT_OF_RANGE);
    }
    assert_as_before(&before);
    assert_mark(journal, "mirror", 10);
    assert_no_mark("new");
}
END_TEST

START_TEST(an_empty_journal_may_have_a_mark_at_its_start)
{
    struct journal_options options = options_with(JOURNAL_OPEN_NEW);

    journal_close(journal);
    options.first_seq = 5;
    journal = open_with(test_path("other"), &options);
    mark("mirror", 5);
    mark("early", 0);
    ck_assert_int_eq(journal_mark(journal, "late", 6), JOURNAL_OUT_OF_RANGE);
    assert_mark(journal, "mirror", 5);
    assert_mark(journal, "early", 0);
}
END_TEST

START_TEST(a_mark_is_no_entry)
{
    struct journal_stat before = figures(journal), after;

    mark("mirror", 4);
    after = figures(journal);
    ck_assert_uint_eq(after.size, before.size);
    ck_assert_uint_eq(after.entries, before.entries);
    ck_assert_uint_eq(after.keys, before.keys);
    ck_assert_uint_eq(after.bytes_logical, before.bytes_logical);
    ck_assert_uint_eq(after.last_time, before.last_time);
    ck_assert_uint_eq(assert_no_gap(journal), 10);
}
END_TEST

START_TEST(marks_last_when_reopened)
{
    mark("mirror", 4);
    mark("mailer", 7);
    ck_assert_int_eq(journal_unmark(journal, "mailer"), 0);
    reopen();
    assert_mark(journal, "mirror", 4);
    assert_no_mark("mailer");
}
END_TEST

static void
move_mark(void *inherited)
{
    struct journal *own;

    journal_close(inherited);
    journal_close(journal);
    own = open_path(home(), 0);
    assert_mark(own, "mirror", 4);
    ck_assert_int_eq(journal_mark(own, "mirror", 6), 0);
    ck_assert_int_eq(journal_mark(own, "child", 1), 0);
    journal_close(own);
}

START_TEST(other_handles_and_processes_see_a_mark)
{
    struct journal *other = open_path(home(), JOURNAL_OPEN_READ_ONLY);

    mark("mirror", 4);
    assert_mark(other, "mirror", 4);
    in_child(move_mark, other);
    assert_mark(journal, "mirror", 6);
    assert_mark(other, "mirror", 6);
    assert_mark(other, "child", 1);
    journal_close(other);
}
END_TEST

START_TEST(a_read_only_handle_reads_marks_and_changes_none)
{
    static const uint32_t immutable[] = {0, JOURNAL_OPEN_IMMUTABLE};
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq;

    mark("mirror", 4);
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY | immutable[_i]);
    ck_assert_int_eq(journal_mark(journal, "mirror", 5), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_mark(journal, "new", 5), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_unmark(journal, "mirror"), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_unmark(journal, "new"), JOURNAL_READ_ONLY);
    assert_mark(journal, "mirror", 4);
    assert_no_mark("new");
    ck_assert_int_eq(journal_next_mark(journal, name, &seq), 0);
    ck_assert_str_eq(name, "mirror");
    ck_assert_uint_eq(seq, 4);
}
END_TEST

/* ---- names -------------------------------------------------------------- */

/* What every call says to NAME; nothing changes. */
static void
assert_refused(const char *name)
{
    struct journal_stat before = figures(journal);
    char buffer[JOURNAL_MARK_SIZE];
    uint64_t seq = 99;

    ck_assert_int_eq(journal_mark(journal, name, 1), EINVAL);
    ck_assert_int_eq(journal_marked(journal, name, &seq), EINVAL);
    ck_assert_int_eq(journal_unmark(journal, name), EINVAL);
    if (name != NULL && name[0] != '\0' && strlen(name) < sizeof(buffer)) {
        memcpy(buffer, name, strlen(name) + 1);
        ck_assert_int_eq(journal_next_mark(journal, buffer, &seq), EINVAL);
        ck_assert_str_eq(buffer, name);
    }
    ck_assert_uint_eq(seq, 99);
    assert_as_before(&before);
}

START_TEST(a_name_has_1_to_255_bytes)
{
    mark("m", 3);
    mark(long_name(NAME_MAX_BYTES), 4);
    assert_mark(journal, "m", 3);
    assert_mark(journal, long_name(NAME_MAX_BYTES), 4);
    assert_refused(NULL);
    assert_refused("");
    assert_refused(long_name(NAME_MAX_BYTES + 1));
    assert_refused(long_name(1000));
}
END_TEST

START_TEST(a_character_that_crosses_the_255th_byte_is_too_much)
{
    char name[JOURNAL_MARK_SIZE + 8];

    /* 253 and 2 bytes are 255; 254 and 2 are not, nor are 252 and 4. */
    snprintf(name, sizeof(name), "%.253s\xC3\xA9", long_name(253));
    mark(name, 5);
    assert_mark(journal, name, 5);
    snprintf(name, sizeof(name), "%.254s\xC3\xA9", long_name(254));
    assert_refused(name);
    snprintf(name, sizeof(name), "%.252s\xF0\x9F\x98\x80", long_name(252));
    assert_refused(name);
}
END_TEST

/* The ends of each row of Unicode's table of well-formed sequences. */
static const char *const well_formed[] = {
    "\x01",
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xE0\xBF\xBF",
    "\xE1\x80\x80",
    "\xEC\xBF\xBF",
    "\xED\x80\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBF",
    "\xF0\x90\x80\x80",
    "\xF0\xBF\xBF\xBF",
    "\xF1\x80\x80\x80",
    "\xF3\xBF\xBF\xBF",
    "\xF4\x80\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "a/b c\n\xE2\x82\xAC",
};

START_TEST(a_name_is_any_utf8)
{
    mark(well_formed[_i], 4);
    assert_mark(journal, well_formed[_i], 4);
    reopen();
    assert_mark(journal, well_formed[_i], 4);
}
END_TEST

static const char *const malformed[] = {
    /* a byte that continues nothing */
    "\x80",
    "\xBF",
    "a\x80",
    "\xC2\x80\x80",
    /* one that never comes */
    "\xC0\x80",
    "\xC1\xBF",
    "\xF5\x80\x80\x80",
    "\xFE",
    "\xFF",
    "\xFF\xFF",
    /* cut short, by the end or by another character */
    "\xC2",
    "\xDF",
    "\xE1",
    "\xE1\x80",
    "\xF1",
    "\xF1\x80",
    "\xF1\x80\x80",
    "\xC2z",
    "\xE1z\x80",
    "\xE1\x80z",
    "\xF1z\x80\x80",
    "\xF1\x80z\x80",
    "\xF1\x80\x80z",
    "\xC2\xC2\x80",
    "\xE1\x80\xC0",
    /* longer than it need be */
    "\xE0\x80\x80",
    "\xE0\x9F\xBF",
    "\xF0\x80\x80\x80",
    "\xF0\x8F\xBF\xBF",
    /* half of a surrogate pair */
    "\xED\xA0\x80",
    "\xED\xBF\xBF",
    /* over U+10FFFF */
    "\xF4\x90\x80\x80",
    "\xF7\xBF\xBF\xBF",
};

START_TEST(a_name_that_is_not_utf8_is_refused)
{
    char name[64];

    assert_refused(malformed[_i]);
    snprintf(name, sizeof(name), "before %s", malformed[_i]);
    assert_refused(name);
    snprintf(name, sizeof(name), "before %s after", malformed[_i]);
    assert_refused(name);
}
END_TEST

START_TEST(arguments_that_are_missing_are_a_mistake)
{
    char name[JOURNAL_MARK_SIZE] = "mirror";
    uint64_t seq = 99;

    ck_assert_int_eq(journal_mark(NULL, name, 1), EINVAL);
    ck_assert_int_eq(journal_unmark(NULL, name), EINVAL);
    ck_assert_int_eq(journal_marked(NULL, name, &seq), EINVAL);
    ck_assert_int_eq(journal_marked(journal, name, NULL), EINVAL);
    ck_assert_int_eq(journal_next_mark(NULL, name, &seq), EINVAL);
    ck_assert_int_eq(journal_next_mark(journal, NULL, &seq), EINVAL);
    ck_assert_uint_eq(seq, 99);
    ck_assert_uint_eq(figures(journal).marks, 0);
}
END_TEST

/* ---- the list ----------------------------------------------------------- */

static void
assert_next(char name[JOURNAL_MARK_SIZE], const char *expected,
            uint64_t position)
{
    uint64_t seq = 99;
    int rc = journal_next_mark(journal, name, &seq);

    ck_assert_msg(rc == 0, "for %s: %s", expected, journal_errname(rc));
    ck_assert_str_eq(name, expected);
    ck_assert_uint_eq(seq, position);
}

static void
assert_last(char name[JOURNAL_MARK_SIZE])
{
    char before[JOURNAL_MARK_SIZE];
    uint64_t seq = 99;

    memcpy(before, name, sizeof(before));
    ck_assert_int_eq(journal_next_mark(journal, name, &seq), JOURNAL_END);
    ck_assert_mem_eq(name, before, sizeof(before));
    ck_assert_uint_eq(seq, 99);
}

START_TEST(a_journal_without_marks_lists_none)
{
    char name[JOURNAL_MARK_SIZE] = "";

    assert_last(name);
    strcpy(name, "mirror");
    assert_last(name);
}
END_TEST

START_TEST(marks_are_listed_by_the_bytes_of_their_names)
{
    /* In order; the short ones are padded where they are kept. */
    static const char *const names[] = {
        "\x01", "\x01\x01", "A",        "a",        "a\x01",
        "aa",   "aaa",      "aaaa",     "aaaaa",    "aaab",
        "ab",   "abc",      "abcd",     "b",        "mark/a",
        "z",    "\x7F",     "\xC2\x80", "\xC3\xA9", "\xF4\x8F\xBF\xBF"};
    char name[JOURNAL_MARK_SIZE] = "";

    for (size_t i = 0; i < COUNT_OF(names); i++)
        mark(names[i * 7 % COUNT_OF(names)], i * 7 % COUNT_OF(names) % 11);
    ck_assert_uint_eq(figures(journal).marks, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_next(name, names[i], i % 11);
    assert_last(name);
}
END_TEST

START_TEST(the_list_goes_on_behind_any_name)
{
    char name[JOURNAL_MARK_SIZE] = "c";

    mark("b", 1);
    mark("d", 2);
    mark("f", 3);
    assert_next(name, "d", 2);
    ck_assert_int_eq(journal_unmark(journal, "d"), 0);
    assert_next(name, "f", 3);
    assert_last(name);
    strcpy(name, "a\xF4\x8F\xBF\xBF");
    assert_next(name, "b", 1);
    strcpy(name, "b\x01");
    assert_next(name, "f", 3);
    strcpy(name, long_name(NAME_MAX_BYTES));
    assert_last(name);
}
END_TEST

START_TEST(where_a_listed_mark_stands_may_be_left_unasked)
{
    char name[JOURNAL_MARK_SIZE] = "";

    mark(long_name(NAME_MAX_BYTES), 1);
    ck_assert_int_eq(journal_next_mark(journal, name, NULL), 0);
    ck_assert_str_eq(name, long_name(NAME_MAX_BYTES));
    ck_assert_int_eq(journal_next_mark(journal, name, NULL), JOURNAL_END);
}
END_TEST

/* A buffer whose end was forgotten is not read beyond its size. */
START_TEST(a_buffer_without_an_end_is_a_mistake)
{
    static const char *const ends[] = {"n", "\xC3", "\xE2\x82", "\xF0\x9F\x98"};
    char *name = malloc(JOURNAL_MARK_SIZE);
    size_t size = strlen(ends[_i]);
    uint64_t seq = 99;

    memset(name, 'n', JOURNAL_MARK_SIZE);
    memcpy(name + JOURNAL_MARK_SIZE - size, ends[_i], size);
    ck_assert_int_eq(journal_next_mark(journal, name, &seq), EINVAL);
    ck_assert_uint_eq(seq, 99);
    free(name);
}
END_TEST

/* ---- many --------------------------------------------------------------- */

#define MANY 2000u

static char many[MANY][JOURNAL_MARK_SIZE];

/* Short, middling and long ones, whose starts are often the same. */
static void
make_name(char *name, uint64_t *state)
{
    static const unsigned sizes[] = {1, 3, 4, 10, 60, 200, NAME_MAX_BYTES};
    uint64_t size = 1 + test_random(state) %
                            sizes[test_random(state) % COUNT_OF(sizes)];
    uint64_t common = test_random(state) % 2 == 0 ? 0 : size / 2;

    for (uint64_t i = 0; i < size; i++)
        name[i] = i < common ? 'c' : (char)('!' + test_random(state) % 90);
    name[size] = '\0';
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static uint64_t
position_of(const char *name)
{
    return (uint64_t)(unsigned char)name[0] % 11;
}

/* Every STEPth of the COUNT names from FIRST on is there, and no others. */
static void
assert_list(unsigned first, unsigned count, unsigned step)
{
    char name[JOURNAL_MARK_SIZE] = "";
    unsigned listed = 0;

    for (unsigned i = first; i < count; i += step, listed++)
        assert_next(name, many[i], position_of(many[i]));
    assert_last(name);
    ck_assert_uint_eq(figures(journal).marks, listed);
}

START_TEST(many_marks_of_all_lengths_are_kept)
{
    unsigned made = rounds(MANY, 200), count = 0;
    uint64_t state = test_seed();

    made = made < MANY ? made : MANY;
    for (unsigned i = 0; i < made; i++) {
        make_name(many[i], &state);
        mark(many[i], position_of(many[i]));
    }
    qsort(many, made, sizeof(many[0]), compare_names);
    for (unsigned i = 0; i < made; i++)
        if (i == 0 || strcmp(many[i], many[count - 1]) != 0)
            memmove(many[count++], many[i], sizeof(many[i]));
    assert_list(0, count, 1);
    reopen();
    for (unsigned i = 0; i < count; i += 2)
        ck_assert_int_eq(journal_unmark(journal, many[i]), 0);
    assert_list(1, count, 2);
    ck_assert_uint_eq(append("key 0", "still works"), 10);
    ck_assert_uint_eq(assert_no_gap(journal), 11);
}
END_TEST

/* ---- the suite ---------------------------------------------------------- */

static TCase *
calls(void)
{
    TCase *tcase = tcase_create("calls");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, a_mark_is_where_it_was_set);
    tcase_add_test(tcase, a_mark_moves_up_and_back);
    tcase_add_test(tcase, a_mark_that_was_never_set_is_not_found);
    tcase_add_test(tcase, a_mark_that_was_removed_is_not_found);
    tcase_add_test(tcase, a_mark_stands_at_most_at_the_size);
    tcase_add_test(tcase, an_empty_journal_may_have_a_mark_at_its_start);
    tcase_add_test(tcase, a_mark_is_no_entry);
    tcase_add_test(tcase, marks_last_when_reopened);
    tcase_add_test(tcase, other_handles_and_processes_see_a_mark);
    tcase_add_loop_test(tcase, a_read_only_handle_reads_marks_and_changes_none,
                        0, 2);
    return tcase;
}

static TCase *
names(void)
{
    TCase *tcase = tcase_create("names");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, a_name_has_1_to_255_bytes);
    tcase_add_test(tcase, a_character_that_crosses_the_255th_byte_is_too_much);
    tcase_add_loop_test(tcase, a_name_is_any_utf8, 0, COUNT_OF(well_formed));
    tcase_add_loop_test(tcase, a_name_that_is_not_utf8_is_refused, 0,
                        COUNT_OF(malformed));
    tcase_add_test(tcase, arguments_that_are_missing_are_a_mistake);
    tcase_add_test(tcase, a_journal_without_marks_lists_none);
    tcase_add_test(tcase, marks_are_listed_by_the_bytes_of_their_names);
    tcase_add_test(tcase, the_list_goes_on_behind_any_name);
    tcase_add_test(tcase, where_a_listed_mark_stands_may_be_left_unasked);
    tcase_add_loop_test(tcase, a_buffer_without_an_end_is_a_mistake, 0, 4);
    tcase_add_test(tcase, many_marks_of_all_lengths_are_kept);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *marks = suite_create("mark");

    suite_add_tcase(marks, calls());
    suite_add_tcase(marks, names());
    return marks;
}

TEST_MAIN(suite)
