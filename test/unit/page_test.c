/* page_test.c - what a page by itself must keep to, beside what walks show. */
#include "pages/page.h"

#include <journal.h>

#include "support/test.h"

#define PAGE 4096u

static uint8_t bytes[PAGE];
static size_t upper;
static unsigned count;

static void
put16(uint8_t *out, size_t value)
{
    uint16_t number = (uint16_t)value;

    memcpy(out, &number, sizeof(number));
}

static void
begin(unsigned flags)
{
    memset(bytes, 0, sizeof(bytes));
    put16(bytes + 10, flags);
    upper = PAGE;
    count = 0;
}

/* The header's first word is the value's size, or the child. */
static void
add_node(uint16_t word, unsigned flags, const char *key, size_t size)
{
    uint8_t *node;

    upper = (upper - JN_NODE_HEADER - strlen(key) - size) & ~(size_t)1;
    node = bytes + upper;
    put16(node, word);
    put16(node + 4, flags);
    put16(node + 6, strlen(key));
    memcpy(node + JN_NODE_HEADER, key, strlen(key));
    put16(bytes + JN_PAGE_HEADER + 2 * (size_t)count++, upper);
    put16(bytes + 12, JN_PAGE_HEADER + 2 * (size_t)count);
    put16(bytes + 14, upper);
}

static const char *
check(const struct jn_page_rule *rule)
{
    struct jn_page page;

    ck_assert_int_eq(jn_page_open(&page, bytes, PAGE, 0), 0);
    return jn_page_check(&page, rule);
}

static void
assert_wrong(const struct jn_page_rule *rule, const char *wanted)
{
    const char *wrong = check(rule);

    ck_assert_ptr_nonnull(wrong);
    ck_assert_str_eq(wrong, wanted);
}

START_TEST(names_have_a_tree_of_its_size)
{
    const struct jn_page_rule names = {.names = true}, rows = {.names = false};
    const size_t size = sizeof(struct jn_tree);

    begin(JN_PAGE_LEAF);
    add_node((uint16_t)size, JN_NODE_SUBTREE, "name", size);
    ck_assert_ptr_null(check(&names));
    assert_wrong(&rows, "a node of the wrong kind");
    for (unsigned i = 0; i < 3; i++) {
        size_t other = i == 0 ? size : i == 1 ? size - 2 : size + 2;

        begin(JN_PAGE_LEAF);
        add_node((uint16_t)other, i == 0 ? 0 : JN_NODE_SUBTREE, "name", other);
        assert_wrong(&names, "a node of the wrong kind");
    }
}
END_TEST

START_TEST(a_branch_of_free_pages_may_have_one_child)
{
    const struct jn_page_rule small = {.small = true}, rule = {.small = false};

    begin(JN_PAGE_BRANCH);
    add_node(7, 0, "", 0);
    ck_assert_ptr_null(check(&small));
    assert_wrong(&rule, "a branch with one child");
    add_node(8, 0, "key", 0);
    ck_assert_ptr_null(check(&small));
    ck_assert_ptr_null(check(&rule));
}
END_TEST

/* A node fills up to an even size, the last one in the page, too. */
START_TEST(nodes_of_odd_sizes_fill_a_page)
{
    const struct jn_page_rule rule = {.small = false};

    begin(JN_PAGE_LEAF);
    add_node(4, 0, "a", 4);
    add_node(5, 0, "ab", 5);
    ck_assert_ptr_null(check(&rule));
    add_node(5, 0, "aa", 5);
    assert_wrong(&rule, "keys out of order");
}
END_TEST

START_TEST(a_tree_is_taken_from_a_node_that_describes_one)
{
    static const uint8_t value[sizeof(struct jn_tree) + 1];
    struct jn_node node = {.flags = JN_NODE_SUBTREE,
                           .value = {value, sizeof(struct jn_tree)}};
    struct jn_tree tree;

    ck_assert_int_eq(jn_page_tree(&node, &tree), 0);
    node.value.size++;
    ck_assert_int_eq(jn_page_tree(&node, &tree), JOURNAL_CORRUPT);
    node.value.size -= 2;
    ck_assert_int_eq(jn_page_tree(&node, &tree), JOURNAL_CORRUPT);
    node.value.size++;
    node.flags = 0;
    ck_assert_int_eq(jn_page_tree(&node, &tree), JOURNAL_CORRUPT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tcase = tcase_create("page");

    tcase_add_test(tcase, names_have_a_tree_of_its_size);
    tcase_add_test(tcase, a_branch_of_free_pages_may_have_one_child);
    tcase_add_test(tcase, nodes_of_odd_sizes_fill_a_page);
    tcase_add_test(tcase, a_tree_is_taken_from_a_node_that_describes_one);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
