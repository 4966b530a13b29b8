/*
 * stack_test.c - how much stack a call takes, for threads that have little.
 *
 * Each call runs on a thread whose stack was filled with a pattern before; how
 * much of it is gone afterwards, over what a thread has for itself, is what the
 * call has taken.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/steps.h"

#define STACK ((size_t)2 << 20)
#define PATTERN 0xa5
#define KIB ((size_t)1024)

/* Frames are larger where they are instrumented, or not optimized. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    !defined(__OPTIMIZE__) || defined(__clang__)
#define ROOM 8
#else
#define ROOM 1
#endif

static void *
run_call(void *call)
{
    (*(void (**)(void))call)();
    return NULL;
}

static size_t
untouched(const unsigned char *stack)
{
    size_t size = 0;

    while (size < STACK && stack[size] == PATTERN)
        size++;
    return size;
}

static unsigned char *
view_of(int fd)
{
    void *view = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    ck_assert_ptr_ne(view, MAP_FAILED);
    return view;
}

static void
run_on(void *stack, void (*call)(void))
{
    pthread_attr_t attributes;
    pthread_t thread;

    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, run_call, &call), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(pthread_attr_destroy(&attributes), 0);
}

/* The stack is seen twice, as checkers do not like a look at the dead part. */
static size_t
touched_by(void (*call)(void))
{
    int fd = open(test_path("stack"), O_RDWR | O_CREAT, 0600);
    unsigned char *stack, *seen;
    size_t touched;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, STACK), 0);
    stack = view_of(fd);
    seen = view_of(fd);
    memset(seen, PATTERN, STACK);
    run_on(stack, call);
    touched = STACK - untouched(seen);
    ck_assert_int_eq(munmap(stack, STACK), 0);
    ck_assert_int_eq(munmap(seen, STACK), 0);
    ck_assert_int_eq(close(fd), 0);
    return touched;
}

static void
do_nothing(void)
{
}

static size_t
stack_taken(void (*call)(void))
{
    size_t touched = touched_by(call);
    size_t before = touched_by(do_nothing);

    ck_assert_uint_gt(touched, before);
    return touched - before;
}

/* Keys, values and metas of all sizes, five entries of each. */
static void
append_all(void)
{
    static char bytes[JOURNAL_KEY_MAX];
    struct journal_record one = {.key = bytes, .value = bytes, .meta = bytes};

    memset(bytes, 'k', sizeof(bytes));
    for (size_t size = 1; size <= sizeof(bytes); size = size * 2 + 1) {
        one.key_size = size;
        one.value_size = size;
        one.meta_size = size;
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(append_record(&one), 0);
        ck_assert_int_eq(journal_append(journal, bytes, size, "v", 1, NULL), 0);
    }
    erase("k");
    ck_assert_int_eq(journal_mark(journal, "mark", 3), 0);
    ck_assert_int_eq(journal_sync(journal), 0);
}

static void
open_another(void)
{
    journal_close(open_path(home(), 0));
}

static void
query_one(uint32_t match, uint32_t flags)
{
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    int rc;

    journal_query_init(&query);
    query.match = match;
    query.flags = flags;
    query.key = match == JOURNAL_MATCH_EXPR ? "k$*k" : "kkk";
    query.key_size = strlen(query.key);
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    do
        rc = journal_next(cursor, &entry);
    while (rc == 0);
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
}

static void
read_all(void)
{
    uint64_t seq;

    for (uint32_t match = 0; match <= JOURNAL_MATCH_EXPR; match++)
        for (uint32_t flags = 0; flags < JOURNAL_QUERY_FOLLOW; flags++)
            query_one(match, flags);
    journal_entry_free(get("kkk"));
    journal_entry_free(entry_at(7));
    assert_absent("k");
    ck_assert_int_eq(journal_find_time(journal, 1, &seq), 0);
    ck_assert_int_eq(journal_wait(journal, 1000000, 1000), JOURNAL_TIMEOUT);
}

static void
match_long_expressions(void)
{
    static char a[8000];
    static char b[8000];

    for (size_t i = 0; i < sizeof(a); i += 4) {
        memcpy(a + i, "$*a/", 4);
        memcpy(b + i, i % 8 == 0 ? "b$*/" : "**/b", 4);
    }
    memcpy(b + sizeof(b) - 4, "/c/d", 4);
    ck_assert_int_eq(journal_expr_intersects(a, sizeof(a) - 1, a, 7), 0);
    ck_assert_int_eq(journal_expr_includes(a, sizeof(a) - 1, a, sizeof(a) - 1),
                     1);
    ck_assert_int_eq(journal_expr_matches(b, sizeof(b), a, 3), 0);
}

static void
verify_and_back_up(void)
{
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    ck_assert_int_eq(journal_backup(journal, test_path("backup"), 0, NULL,
                                    NULL),
                     0);
}

static void
remove_some(void)
{
    ck_assert_int_eq(journal_prune(journal, 20, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    ck_assert_int_eq(journal_prune(journal, 30, JOURNAL_PRUNE_PAST_MARKS, NULL),
                     0);
    ck_assert_int_eq(journal_rewind(journal, 60), 0);
}

static void
salvage(void)
{
    ck_assert_int_eq(journal_salvage(home(), test_path("salvaged"), NULL, NULL,
                                     NULL),
                     0);
}

START_TEST(no_call_but_salvage_takes_64_kib_of_stack)
{
    void (*const calls[])(void) = {
        open_another,           append_all,         read_all,
        match_long_expressions, verify_and_back_up, remove_some,
    };

    for (size_t i = 0; i < COUNT_OF(calls); i++)
        ck_assert_uint_lt(stack_taken(calls[i]), ROOM * 64 * KIB);
}
END_TEST

START_TEST(salvage_takes_less_than_128_kib_of_stack)
{
    append_all();
    journal_close(journal);
    journal = NULL;
    ck_assert_uint_lt(stack_taken(salvage), ROOM * 128 * KIB);
}
END_TEST

static void
take_100_kib(void)
{
    volatile unsigned char bytes[100 * KIB];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = 1;
}

/* Without this the others would hold for a measure that sees nothing. */
START_TEST(what_is_taken_is_seen)
{
    ck_assert_uint_ge(stack_taken(take_100_kib), 96 * KIB);
}
END_TEST

static Suite *
suite(void)
{
    Suite *stack = suite_create("stack");
    TCase *tcase = tcase_create("stack");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, no_call_but_salvage_takes_64_kib_of_stack);
    tcase_add_test(tcase, salvage_takes_less_than_128_kib_of_stack);
    tcase_add_test(tcase, what_is_taken_is_seen);
    suite_add_tcase(stack, tcase);
    return stack;
}

TEST_MAIN(suite)
