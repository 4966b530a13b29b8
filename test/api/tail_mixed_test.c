/*
 * tail_mixed_test.c - the data file of one moment with the tail of another.
 *
 * A journal lives through closes, deaths, drains, rewinds and changes of its
 * tail's size; its two files are kept at many moments, as a backup would that
 * copies first the one and later the other.  Of each data file with each tail:
 *
 *   - a data file that was closed cleanly is the whole journal, whatever lies
 *     beside it;
 *   - otherwise an open has all that the two hold together, or says
 *     JOURNAL_CORRUPT and leaves them as they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/remains.h"
#include "support/fast_dir.h"
#include "support/mode.h"

#define MOMENTS 32u
#define MOST 100u
#define BIG 20000u /* goes to the store: more than a quarter of the tail */
#define HALF 7000u /* goes into the tail, which so many fill soon */
#define LAP 24u    /* of them are twice round */

static const uint32_t ways[] = {JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE,
                                JOURNAL_OPEN_READ_ONLY, 0};

/* What a journal has been given: values that never come twice. */
struct content {
    uint64_t size;
    unsigned values[MOST];
};

struct moment {
    const char *name;
    bool closed;
    struct remains files;
    struct content content;
};

static struct moment moments[MOMENTS];
static size_t count;
static struct content now;
static unsigned last_value;
static uint32_t durability;

/* ---- steps of a life ---------------------------------------------------- */

static void
add(size_t size)
{
    static char value[BIG + 16];
    char key[16];
    size_t key_size = (size_t)sprintf(key, "key %u", last_value % 5);
    uint64_t seq = JOURNAL_NONE;

    ck_assert_uint_lt(now.size, MOST);
    memset(value, 'v', sizeof(value));
    (void)sprintf(value, "%u ", ++last_value);
    ck_assert_int_eq(journal_append(journal, key, key_size, value, size + 8,
                                    &seq),
                     0);
    ck_assert_uint_eq(seq, now.size);
    now.values[now.size++] = last_value;
}

static void
add_small(unsigned times)
{
    while (times-- > 0)
        add(0);
}

static void
keep(const char *name)
{
    ck_assert_uint_lt(count, MOMENTS);
    moments[count++] = (struct moment){.name = name,
                                       .closed = journal == NULL,
                                       .files = remains_take(),
                                       .content = now};
}

static void
begin_life(uint64_t tail_bytes)
{
    struct journal_options options = options_with(0);

    options.durability = durability;
    options.tail_bytes = tail_bytes;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
}

static void
end_life(const char *name)
{
    journal_close(journal);
    journal = NULL;
    keep(name);
}

static void
go_back(uint64_t entries)
{
    now.size -= entries;
    ck_assert_int_eq(journal_rewind(journal, now.size), 0);
}

/* The second append of a process opens the tail. */
static void
live_with_a_new_tail(void)
{
    begin_life(REMAINS_TAIL);
    add_small(1);
    end_life("closed before there is a tail");
    begin_life(REMAINS_TAIL);
    add_small(2);
    keep("a new tail");
    add_small(1);
    keep("one frame");
    add_small(4);
    keep("five frames");
    end_life("closed");
}

static void
live_again(void)
{
    begin_life(REMAINS_TAIL);
    add_small(2);
    keep("opened again");
    add_small(1);
    keep("one frame again");
    add(BIG);
    keep("behind it a big one in the store");
    add_small(1);
    keep("a frame behind that");
    add_small(2);
    keep("three of them");
    go_back(2);
    keep("rewound by two");
    add_small(1);
    keep("a frame in their place");
    ck_assert_int_eq(journal_mark(journal, "mark", 1), 0);
    keep("a mark");
    add_small(1);
    keep("a frame after the mark");
    go_back(1);
    keep("rewound by one");
    add_small(2);
    keep("rewound by one, and two frames");
    for (unsigned i = 0; i < LAP; i++)
        add(HALF);
    keep("once round");
    add_small(3);
    keep("and a little farther");
    end_life("closed again");
}

static void
live_with_other_tails(void)
{
    begin_life(2 * REMAINS_TAIL);
    add_small(3);
    keep("a larger tail");
    add_small(3);
    end_life("closed with a larger tail");
    begin_life(REMAINS_TAIL);
    add_small(3);
    keep("a third tail");
    end_life("closed with a third tail");
}

static void
live(uint32_t how)
{
    durability = how;
    live_with_a_new_tail();
    live_again();
    live_with_other_tails();
}

static void
teardown(void)
{
    while (count > 0)
        remains_free(&moments[--count].files);
    memset(&now, 0, sizeof(now));
    teardown_journal();
}

/* ---- what is there ------------------------------------------------------ */

/* What IN holds; all of it is in order. */
static struct content
content_of(struct journal *in)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct content content = {.size = 0};

    ck_assert_uint_le(assert_no_gap(in), MOST);
    ck_assert_int_eq(journal_replay(in, 0, &cursor), 0);
    while (journal_next(cursor, &entry) == 0)
        content.values[content.size++] = (unsigned)atoi(entry->value);
    journal_cursor_close(cursor);
    return content;
}

static bool
is_same(const struct content *a, const struct content *b)
{
    return a->size == b->size &&
           memcmp(a->values, b->values, a->size * sizeof(a->values[0])) == 0;
}

static bool
is_same_file(const struct bytes *a, const struct bytes *b)
{
    return a->size == b->size &&
           (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/*
 * Whether CONTENT is right for the data file of moment DATA and the tail of
 * TAIL.  With the older tail it is that of a moment between the two.  With the
 * younger one it is all that the tail holds: the journal as it was when there
 * was this very tail.
 */
static bool
is_right(size_t data, size_t tail, const struct content *content)
{
    size_t from = data < tail ? data : tail, to = data < tail ? tail : data;

    if (moments[data].closed)
        return is_same(content, &moments[data].content);
    for (size_t i = from; i <= to; i++) {
        if (data < tail &&
            !is_same_file(&moments[i].files.tail, &moments[tail].files.tail))
            continue;
        if (is_same(content, &moments[i].content))
            return true;
    }
    return false;
}

/* ---- after an open that succeeded --------------------------------------- */

/*
 * Appends through the store and the tail; a death, and a close.  What lay in
 * the tail before must not come to life, or be missed.
 */
static void
go_on(const struct content *content, const char *data, const char *tail)
{
    struct remains dead;
    struct journal *mine = NULL;
    struct content found;

    now = *content;
    begin_life(REMAINS_TAIL);
    add_small(5);
    dead = remains_take();
    journal_close(journal);
    journal = NULL;
    for (unsigned i = 0; i < 2; i++) {
        int rc = remains_open(&mine, durability, i == 0 ? 0 : ways[1]);

        ck_assert_msg(rc == 0, "\"%s\" with the tail of \"%s\", later: %s",
                      data, tail, journal_errname(rc));
        found = content_of(mine);
        ck_assert(is_same(&found, &now));
        journal_close(mine);
        if (i == 0)
            remains_put(&dead.data, &dead.tail);
    }
    remains_free(&dead);
}

/* ---- all with all ------------------------------------------------------- */

static int
open_mixed(size_t data, size_t tail, uint32_t flags, struct content *found)
{
    struct journal *mine = NULL;
    int rc = remains_open(&mine, durability, flags);

    if (rc != 0) {
        if (rc != JOURNAL_CORRUPT || data == tail || moments[data].closed)
            ck_abort_msg("\"%s\" with the tail of \"%s\": %s",
                         moments[data].name, moments[tail].name,
                         journal_errname(rc));
        return rc;
    }
    *found = content_of(mine);
    journal_close(mine);
    if (!is_right(data, tail, found))
        ck_abort_msg("\"%s\" with the tail of \"%s\": %u entries are wrong",
                     moments[data].name, moments[tail].name,
                     (unsigned)found->size);
    return 0;
}

/* Returns what open says. */
static int
mix(size_t data, size_t tail)
{
    const struct bytes *one = &moments[data].files.data;
    const struct bytes *two = &moments[tail].files.tail;
    struct content found;
    int rc = 0;

    if (two->data == NULL)
        return 0;
    remains_put(one, two);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        int before = rc;

        rc = open_mixed(data, tail, ways[i], &found);
        ck_assert(i == 0 || rc == before);
        if (rc != 0 || ways[i] != 0)
            remains_assert(one, two);
    }
    if (rc == 0)
        go_on(&found, moments[data].name, moments[tail].name);
    return rc;
}

START_TEST(any_data_file_with_any_tail_is_right_or_corrupt)
{
    size_t step = test_scale() < 1 ? 5 : 1;
    unsigned corrupt = 0, right = 0;

    live(_i);
    for (size_t data = 0; data < count; data++) {
        for (size_t tail = 0; tail < count; tail++) {
            if (data != tail && (data + tail) % step != 0)
                continue;
            if (mix(data, tail) == 0)
                right++;
            else
                corrupt++;
        }
    }
    ck_assert_uint_gt(right, count);
    ck_assert_uint_gt(corrupt, count / 2);
}
END_TEST

/* ---- what is no tail of it ---------------------------------------------- */

static const char *
tail_path(void)
{
    return test_path("journal/tail");
}

static void
put_nothing(const struct bytes *tail)
{
    ck_assert_uint_gt(tail->size, 0);
}

static void
put_empty(const struct bytes *tail)
{
    write_bytes(tail_path(), tail->data, 0);
}

static void
put_zeros(const struct bytes *tail)
{
    char *zeros = calloc(1, tail->size);

    write_bytes(tail_path(), zeros, tail->size);
    free(zeros);
}

static void
put_directory(const struct bytes *tail)
{
    ck_assert_uint_gt(tail->size, 0);
    ck_assert_int_eq(mkdir(tail_path(), 0777), 0);
}

/* Where it leads is the tail itself. */
static void
put_link(const struct bytes *tail)
{
    write_bytes(test_path("elsewhere"), tail->data, tail->size);
    ck_assert_int_eq(symlink(test_path("elsewhere"), tail_path()), 0);
}

static void
put_link_to_nothing(const struct bytes *tail)
{
    ck_assert_uint_gt(tail->size, 0);
    ck_assert_int_eq(symlink(test_path("nowhere"), tail_path()), 0);
}

static void
put_pipe(const struct bytes *tail)
{
    ck_assert_uint_gt(tail->size, 0);
    ck_assert_int_eq(mkfifo(tail_path(), 0600), 0);
}

/* Of another journal that has lived the same life so far. */
static struct bytes foreign;

static void
put_foreign(const struct bytes *tail)
{
    ck_assert_uint_eq(tail->size, foreign.size);
    write_bytes(tail_path(), foreign.data, foreign.size);
}

static void (*const impostors[])(const struct bytes *tail) = {
    put_nothing, put_empty, put_zeros,           put_directory,
    put_link,    put_pipe,  put_link_to_nothing, put_foreign};

/* The first moments, of a journal of which only its tail is kept. */
static void
live_as_another(void)
{
    live_with_a_new_tail();
    foreign = moments[count - 2].files.tail;
    moments[count - 2].files.tail = (struct bytes){NULL, 0};
    while (count > 0)
        remains_free(&moments[--count].files);
    memset(&now, 0, sizeof(now));
    ck_assert_int_eq(journal_destroy(home()), 0);
}

/* What moment NUMBER has instead of its tail is not looked at, or refused. */
static void
pretend(size_t number, size_t impostor)
{
    const struct moment *moment = &moments[number];
    struct content found;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct journal *mine = NULL;
        int rc;

        remains_put(&moment->files.data, NULL);
        impostors[impostor](&moment->files.tail);
        rc = remains_open(&mine, durability, ways[i]);
        ck_assert_int_eq(rc, moment->closed ? 0 : JOURNAL_CORRUPT);
        if (rc != 0)
            continue;
        found = content_of(mine);
        journal_close(mine);
        ck_assert(is_same(&found, &moment->content));
    }
    if (!moment->closed)
        return;
    now = moment->content;
    begin_life(REMAINS_TAIL);
    add_small(4);
    journal_close(journal);
    begin_life(REMAINS_TAIL);
    found = content_of(journal);
    ck_assert(is_same(&found, &now));
    journal_close(journal);
    journal = NULL;
}

START_TEST(what_is_no_tail_of_it_is_corrupt_where_one_is_needed)
{
    durability = _i;
    live_as_another();
    live_with_a_new_tail();
    for (size_t number = 1; number < count; number++)
        for (size_t i = 0; i < COUNT_OF(impostors); i++)
            pretend(number, i);
    free(foreign.data);
}
END_TEST

/* Nobody may remove the only copy; and as long as it is there it is right. */
START_TEST(a_tail_that_is_put_back_is_the_journal_again)
{
    const struct moment *moment;
    struct content found;

    durability = _i;
    live_with_a_new_tail();
    moment = &moments[count - 2];
    for (size_t i = 0; i < COUNT_OF(impostors) - 1; i++) {
        remains_put(&moment->files.data, NULL);
        impostors[i](&moment->files.tail);
        for (size_t way = 0; way < COUNT_OF(ways); way++)
            ck_assert_int_eq(result_of_open(home(), ways[way]),
                             JOURNAL_CORRUPT);
        if (exists(tail_path()))
            ck_assert_int_eq(remove(tail_path()), 0);
        write_bytes(tail_path(), moment->files.tail.data,
                    moment->files.tail.size);
        begin_life(REMAINS_TAIL);
        found = content_of(journal);
        journal_close(journal);
        journal = NULL;
        ck_assert(is_same(&found, &moment->content));
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail mixed");
    TCase *tcase = tcase_create("tail mixed");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_add_loop_test(tcase, any_data_file_with_any_tail_is_right_or_corrupt,
                        0, 2);
    tcase_add_loop_test(tcase,
                        what_is_no_tail_of_it_is_corrupt_where_one_is_needed, 0,
                        2);
    tcase_add_loop_test(tcase, a_tail_that_is_put_back_is_the_journal_again, 0,
                        2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
