/* account_test.c - of several leaves with a journal's own rows, the latest. */
#include "repair/account.h"

#include "support/test.h"

#define PAGE 4096u

static struct jn_account account;
static uint8_t page_bytes[PAGE];
static size_t upper;
static unsigned count;

static void
setup(void)
{
    memset(&account, 0, sizeof(account));
}

static void
teardown(void)
{
    jn_account_free(&account);
}

/* ---- a leaf -------------------------------------------------------------- */

static void
put16(uint8_t *out, size_t value)
{
    uint16_t number = (uint16_t)value;

    memcpy(out, &number, sizeof(number));
}

static void
begin_leaf(void)
{
    memset(page_bytes, 0, sizeof(page_bytes));
    put16(page_bytes + 10, JN_PAGE_LEAF);
    upper = PAGE;
    count = 0;
}

static void
add_row(const char *name, const void *value, size_t size)
{
    size_t key = strlen(name);
    uint8_t *node;

    upper = (upper - JN_NODE_HEADER - key - size) & ~(size_t)1;
    node = page_bytes + upper;
    put16(node, size);
    put16(node + 6, key);
    memcpy(node + JN_NODE_HEADER, name, key);
    memcpy(node + JN_NODE_HEADER + key, value, size);
    put16(page_bytes + JN_PAGE_HEADER + 2 * (size_t)count++, upper);
    put16(page_bytes + 12, JN_PAGE_HEADER + 2 * (size_t)count);
    put16(page_bytes + 14, upper);
}

static void
add_state(uint64_t first, uint64_t dense, uint64_t next)
{
    const struct jn_state state = {.first = first,
                                   .dense = dense,
                                   .next = next};
    struct jn_state_rows rows;

    jn_state_encode(&rows, &state);
    add_row("first", rows.first, sizeof(rows.first));
    add_row("next", rows.next, sizeof(rows.next));
    add_row("totals", rows.totals, rows.totals_size);
}

static void
add_rewinds(unsigned rewinds)
{
    uint8_t bytes[JN_CUTS_BYTES];
    struct jn_cuts cuts = {.count = 0};

    for (unsigned i = 0; i < rewinds; i++)
        jn_cuts_add(&cuts, 10 + i);
    add_row("rewinds", bytes, jn_cuts_encode(bytes, &cuts));
}

static void
add_tail(uint64_t next, uint64_t ahead)
{
    const struct jn_tail_row row = {.open = true,
                                    .next = next,
                                    .ahead = ahead,
                                    .ahead_end = 8 * ahead};
    uint8_t bytes[JN_TAIL_ROW_MAX];

    add_row("tail", bytes, jn_tail_row_encode(bytes, &row));
}

static void
take(void)
{
    struct jn_page page;

    ck_assert_int_eq(jn_page_open(&page, page_bytes, PAGE, 0), 0);
    ck_assert_int_eq(jn_account_take(&account, &page), 0);
}

/* ---- which one ----------------------------------------------------------- */

/* In the order of time. */
static const struct {
    unsigned rewinds;
    uint64_t first, dense, next;
    uint64_t ahead; /* 0: there is no tail */
} times[] = {{0, 0, 0, 10, 0},  {0, 0, 0, 12, 0},  {0, 3, 3, 12, 0},
             {0, 3, 7, 12, 12}, {0, 3, 7, 12, 15}, {0, 3, 7, 13, 15},
             {1, 3, 7, 11, 0},  {1, 3, 7, 12, 0},  {2, 3, 3, 8, 0},
             {2, 3, 3, 9, 20}};

#define TIMES ((unsigned)(sizeof(times) / sizeof(times[0])))

static void
take_time(unsigned i)
{
    begin_leaf();
    add_state(times[i].first, times[i].dense, times[i].next);
    if (times[i].rewinds > 0)
        add_rewinds(times[i].rewinds);
    if (times[i].ahead > 0)
        add_tail(times[i].next, times[i].ahead);
    take();
}

START_TEST(of_two_leaves_the_later_one_is_taken)
{
    for (unsigned a = 0; a < TIMES; a++)
        for (unsigned b = 0; b < TIMES; b++) {
            unsigned later = a > b ? a : b;

            jn_account_free(&account);
            take_time(a);
            take_time(b);
            ck_assert(account.has_state);
            ck_assert_uint_eq(account.state.next, times[later].next);
            ck_assert_uint_eq(account.state.first, times[later].first);
            ck_assert_uint_eq(account.state.dense, times[later].dense);
            ck_assert_uint_eq(account.rewinds.count, times[later].rewinds);
            ck_assert_uint_eq(jn_account_size(&account),
                              times[later].ahead > 0 ? times[later].ahead
                                                     : times[later].next);
        }
}
END_TEST

START_TEST(a_tail_that_is_of_another_time_tells_no_size)
{
    ck_assert_uint_eq(jn_account_size(&account), 0);
    begin_leaf();
    add_state(0, 0, 12);
    add_tail(11, 15);
    take();
    ck_assert(account.has_tail);
    ck_assert_uint_eq(jn_account_size(&account), 12);
}
END_TEST

START_TEST(a_leaf_without_the_state_is_not_taken)
{
    begin_leaf();
    add_row("id", "sixteen bytes of", JN_ID_SIZE);
    take();
    ck_assert(!account.has_state && !account.has_id);
    take_time(3);
    begin_leaf();
    add_rewinds(5);
    add_row("first", "damaged", 7);
    take();
    ck_assert_uint_eq(account.rewinds.count, 0);
    ck_assert_uint_eq(account.state.next, times[3].next);
}
END_TEST

/* ---- rows ---------------------------------------------------------------- */

static void
add(const char *name, const void *value, size_t size)
{
    ck_assert_int_eq(jn_account_add(&account, jn_span(name, strlen(name)),
                                    jn_span(value, size)),
                     0);
}

START_TEST(rows_that_are_not_sound_are_left_out_and_counted)
{
    static const uint8_t large[JN_TOTALS_MAX + 8];

    add("id", "short", 5);
    add("tail", "none", 4);
    add("rewinds", "none", 4);
    add("mark/a", "none", 4);
    add("nobody", "knows", 5);
    add("totals", large, sizeof(large));
    jn_account_settle(&account);
    /* The last one is the state, of which nothing else is there either. */
    ck_assert_uint_eq(account.bad, 5);
    ck_assert(!account.has_id && !account.has_tail && !account.has_state);
    ck_assert(!account.has_rewinds && account.tail_bad);
    ck_assert_uint_eq(account.mark_count, 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("account");
    TCase *tcase = tcase_create("account");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, of_two_leaves_the_later_one_is_taken);
    tcase_add_test(tcase, a_tail_that_is_of_another_time_tells_no_size);
    tcase_add_test(tcase, a_leaf_without_the_state_is_not_taken);
    tcase_add_test(tcase, rows_that_are_not_sound_are_left_out_and_counted);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
