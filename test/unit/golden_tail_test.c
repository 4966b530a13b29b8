/*
 * golden_tail_test.c - journals of format 2, with entries in the tail.
 *
 * test/data/format-2 is a journal whose processes have died: some entries are
 * in its tail alone.  It was closed once before, lost a process after that, and
 * the one that came next has written behind what was torn.  format-2-closed is
 * the same journal after the close: a data file alone.  The .txt beside them
 * says what is in them.  None of this changes.
 *
 * The life they have had is here too, and is lived again by every run of this
 * test.  TEST_GOLDEN=DIRECTORY puts what comes of it there: so golden journals
 * of a format to come can be made.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format/state.h"
#include "support/mode.h"
#include "tail/tail.h"
#include "unit/golden.h"

#define OPEN "test/data/format-2"
#define CLOSED "test/data/format-2-closed"

/* ---- bytes -------------------------------------------------------------- */

START_TEST(the_row_of_a_tail_has_the_bytes_of_format_2)
{
    const struct jn_tail_row row = {.open = true,
                                    .run = 0x01020304u,
                                    .salt = 0x1112131415161718u,
                                    .capacity = 65536,
                                    .start = 0x2120,
                                    .next = 0x31,
                                    .last = 0x20f0,
                                    .last_check = 0x5152535455565758u};
    uint8_t bytes[JN_TAIL_ROW_MAX];
    size_t size = jn_tail_row_encode(bytes, &row);

    golden_assert_hex(
        bytes, size,
        "0100000004030201181716151413121100000100000000002021000000000000"
        "3100000000000000f0200000000000005857565554535251912788d5caca5ce6");
}
END_TEST

/* ---- a life ------------------------------------------------------------- */

static struct journal *
open_home(const char *path, uint32_t durability)
{
    struct journal_options options;
    struct journal *journal = NULL;

    journal_options_init(&options);
    options.tail_bytes = JN_TAIL_MIN;
    options.durability = durability;
    ck_assert_int_eq(mode_open_as_is(path, &options, &journal), 0);
    return journal;
}

static const struct journal_stamp stamp = {
    7,
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};

/* COUNT records as one batch: of a few keys, and of all kinds. */
static void
add(struct journal *journal, unsigned first, unsigned count)
{
    struct journal_record records[8];
    static char keys[8][300], values[8][24];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < count; i++) {
        unsigned n = first + i;
        int size = sprintf(keys[i], "key %u", n % 5);

        if (n % 5 == 4)
            size = sprintf(keys[i], "%0290u", n % 5);
        records[i].key = keys[i];
        records[i].key_size = n % 7 == 6 ? 0 : (size_t)size;
        records[i].value = values[i];
        records[i].value_size = (size_t)sprintf(values[i], "value %u", n);
        records[i].meta = "meta";
        records[i].meta_size = n % 3;
        if (n % 6 == 3) {
            records[i].flags = JOURNAL_STAMPED;
            records[i].stamp = stamp;
        } else if (n % 9 == 8 && records[i].key_size > 0) {
            records[i].flags = JOURNAL_TOMBSTONE;
            records[i].value_size = 0;
        }
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
}

static void
live_to_the_close(const char *path)
{
    struct journal *journal = open_home(path, JOURNAL_DURABLE);

    for (unsigned n = 0; n < 12; n++)
        add(journal, n, 1);
    ck_assert_int_eq(journal_mark(journal, "reader", 4), 0);
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    add(journal, 12, 3);
    ck_assert_int_eq(journal_rewind(journal, 14), 0);
    add(journal, 15, 1);
    journal_close(journal);
}

/* The first two go into the store, as of each process. */
static void
append_and_die(const char *path, unsigned from, uint32_t durability)
{
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct journal *journal = open_home(path, durability);

        for (unsigned n = from; n < from + 6; n++)
            add(journal, n, 1);
        add(journal, from + 6, 3);
        add(journal, from + 9, 1);
        (void)raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What DIRECTORY is to hold of the journal in PATH, and a text about it. */
static void
put(const char *directory, const char *name, const char *path, bool with_tail)
{
    static const char *const names[] = {"data.mdb", "tail"};
    char from[4096], to[4096];
    struct journal_options options;
    struct journal *journal;
    size_t size;
    char *bytes;

    (void)snprintf(to, sizeof(to), "%s/%s", directory, name);
    ck_assert_int_eq(mkdir(to, 0777), 0);
    for (unsigned i = 0; i < (with_tail ? 2u : 1u); i++) {
        (void)snprintf(from, sizeof(from), "%s/%s", path, names[i]);
        (void)snprintf(to, sizeof(to), "%s/%s/%s", directory, name, names[i]);
        bytes = golden_read(from, &size);
        golden_write(to, bytes, size);
        free(bytes);
    }
    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    (void)snprintf(from, sizeof(from), "%s/%s", directory, name);
    ck_assert_int_eq(mode_open_as_is(from, &options, &journal), 0);
    bytes = golden_describe(journal);
    journal_close(journal);
    (void)snprintf(to, sizeof(to), "%s/%s.txt", directory, name);
    golden_write(to, bytes, strlen(bytes));
    free(bytes);
}

/* The text without the times, the second number of a line. */
static char *
without_times(const char *path)
{
    size_t size;
    char *text = golden_read(path, &size), *out = text, *line, *rest = NULL;

    for (line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        unsigned long long seq;
        int end = 0;

        if (sscanf(line, "%llu %*u%n", &seq, &end) == 1 && end > 0)
            out += sprintf(out, "%llu", seq);
        memmove(out, line + end, strlen(line + end));
        out += strlen(line + end);
        *out++ = '\n';
    }
    *out = '\0';
    return text;
}

START_TEST(the_same_life_makes_the_same_journals)
{
    const char *directory = getenv("TEST_GOLDEN"), *path = test_path("life");
    static const char *const names[] = {"format-2", "format-2-closed"};

    if (directory == NULL)
        directory = test_dir;
    live_to_the_close(path);
    put(directory, names[1], path, false);
    append_and_die(path, 16, JOURNAL_DURABLE);
    append_and_die(path, 26, JOURNAL_RELAXED);
    put(directory, names[0], path, true);
    for (unsigned i = 0; i < 2; i++) {
        char made[4096], golden[4096];
        char *one, *other;

        (void)snprintf(made, sizeof(made), "%s/%s.txt", directory, names[i]);
        (void)snprintf(golden, sizeof(golden), "test/data/%s.txt", names[i]);
        one = without_times(made);
        other = without_times(golden);
        ck_assert_str_eq(one, other);
        free(one);
        free(other);
    }
}
END_TEST

/* ---- format 2 ----------------------------------------------------------- */

static struct journal_stat
figures(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    return stat;
}

START_TEST(a_journal_of_format_2_is_read_where_it_lies)
{
    static const char *const directories[] = {OPEN, CLOSED};
    static const char *const descriptions[] = {OPEN ".txt", CLOSED ".txt"};
    struct journal_options options;
    struct journal *journal;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    ck_assert_int_eq(journal_open(directories[_i], &options, &journal), 0);

    golden_assert(journal, descriptions[_i]);
    ck_assert_uint_eq(figures(journal).format, 2);
    ck_assert_int_eq(figures(journal).tail_bytes_used > 0, _i == 0);
    journal_close(journal);
}
END_TEST

/* Each key's latest entry is where the text has it last. */
static void
assert_latest(struct journal *journal)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned keys = 0;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while (journal_next(cursor, &entry) == 0) {
        struct journal_entry *latest = NULL;

        if (entry->key_size == 0 || (entry->flags & JOURNAL_TOMBSTONE) != 0)
            continue;
        keys++;
        ck_assert_int_eq(journal_get_at(journal, entry->key, entry->key_size,
                                        entry->seq + 1, &latest),
                         0);
        ck_assert_uint_eq(latest->seq, entry->seq);
        ck_assert_uint_eq(latest->revision, entry->revision);
        journal_entry_free(latest);
    }
    journal_cursor_close(cursor);
    ck_assert_uint_gt(keys, 8);
}

/* The tail is read, drained, and used again. */
START_TEST(a_journal_of_format_2_goes_on)
{
    const char *directory = test_path("copy"), *text;
    const char *from = _i == 0 ? OPEN : CLOSED;
    struct journal *journal;
    uint64_t seq, size;

    text = _i == 0 ? OPEN ".txt" : CLOSED ".txt";
    golden_copy(directory, from);
    journal = open_home(directory, JOURNAL_DURABLE);
    golden_assert(journal, text);
    assert_latest(journal);
    journal_close(journal);

    journal = open_home(directory, JOURNAL_DURABLE);
    golden_assert(journal, text);
    assert_latest(journal);
    size = figures(journal).size;
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(journal_append(journal, "key 1", 5, "new", 3, &seq),
                         0);
        ck_assert_uint_eq(seq, size + i);
    }
    ck_assert_uint_gt(figures(journal).tail_bytes_used, 0);
    ck_assert_int_eq(journal_rewind(journal, size), 0);
    golden_assert(journal, text);
    journal_close(journal);
}
END_TEST

/* ---- format 1 ----------------------------------------------------------- */

static bool
has_tail(const char *directory)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/tail", directory);
    return access(path, F_OK) == 0;
}

static void
assert_begins_as(struct journal *journal, const char *description)
{
    char *text = golden_describe(journal);
    size_t size;
    char *expected = golden_read(description, &size);
    char *marks = strstr(expected, "mark ");

    if (marks != NULL)
        *marks = '\0';
    ck_assert_int_eq(strncmp(text, expected, strlen(expected)), 0);
    free(text);
    free(expected);
}

static void
add_plain(struct journal *journal)
{
    ck_assert_int_eq(journal_append(journal, "key 1", 5, "new", 3, NULL), 0);
}

START_TEST(a_journal_of_format_1_gets_its_tail_with_the_second_append)
{
    static const char *const directories[] = {"test/data/format-1",
                                              "test/data/format-1-sparse"};
    static const char *const descriptions[] = {"test/data/format-1.txt",
                                               "test/data/format-1-sparse.txt"};
    const char *directory = test_path("copy");
    struct journal *journal;

    golden_copy(directory, directories[_i]);
    journal = open_home(directory, JOURNAL_DURABLE);
    golden_assert(journal, descriptions[_i]);
    add_plain(journal);
    ck_assert_uint_eq(figures(journal).format, 1);
    ck_assert(!has_tail(directory));
    add_plain(journal);
    ck_assert_uint_eq(figures(journal).format, 3);
    ck_assert(has_tail(directory));
    assert_begins_as(journal, descriptions[_i]);
    add_plain(journal);
    ck_assert_uint_gt(figures(journal).tail_bytes_used, 0);
    assert_begins_as(journal, descriptions[_i]);
    journal_close(journal);

    journal = open_home(directory, JOURNAL_DURABLE);
    ck_assert_uint_eq(figures(journal).format, 3);
    assert_begins_as(journal, descriptions[_i]);
    assert_latest(journal);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("golden tail");
    TCase *tcase = tcase_create("format 2");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, the_row_of_a_tail_has_the_bytes_of_format_2);
    tcase_add_test(tcase, the_same_life_makes_the_same_journals);
    tcase_add_loop_test(tcase, a_journal_of_format_2_is_read_where_it_lies, 0,
                        2);
    tcase_add_loop_test(tcase, a_journal_of_format_2_goes_on, 0, 2);
    tcase_add_loop_test(
        tcase, a_journal_of_format_1_gets_its_tail_with_the_second_append, 0,
        2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
