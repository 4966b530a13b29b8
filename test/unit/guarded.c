/* guarded.c - a store with a tree, changed in one transaction. */
#include "unit/guarded.h"

#include <fcntl.h>
#include <unistd.h>

#include "support/test.h"

struct jn_store *guarded_store;
struct jn_txn guarded_txn;

void
guarded_setup(void)
{
    const struct jn_store_options options = {.mode = 0600};

    test_setup();
    ck_assert_int_eq(jn_store_create(test_path(JN_STORE_FILE), 0600, NULL, 0),
                     0);
    ck_assert_int_eq(jn_store_open(&guarded_store, test_dir, &options), 0);
    ck_assert_int_eq(jn_store_begin_write(guarded_store, &guarded_txn), 0);
}

void
guarded_teardown(void)
{
    jn_store_abort(&guarded_txn);
    jn_store_close(guarded_store);
    test_teardown();
}

void
guarded_commit(void)
{
    bool unknown;

    ck_assert_int_eq(jn_store_commit(&guarded_txn, &unknown), 0);
    ck_assert_int_eq(jn_store_begin_write(guarded_store, &guarded_txn), 0);
}

void
guarded_abort(void)
{
    jn_store_abort(&guarded_txn);
    ck_assert_int_eq(jn_store_begin_write(guarded_store, &guarded_txn), 0);
}

struct jn_span
guarded_key(unsigned number, size_t size)
{
    static uint8_t bytes[LONG_KEY];

    memset(bytes, 'k', sizeof(bytes));
    jn_put_be64(bytes, number);
    return jn_span(bytes, size);
}

int
guarded_put(unsigned number, size_t key_size, size_t size)
{
    static const uint8_t value[16384];

    return jn_store_put(&guarded_txn, JN_LATEST, guarded_key(number, key_size),
                        jn_span(value, size));
}

void
guarded_fill(unsigned count, size_t key_size, size_t size)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(guarded_put(i, key_size, size), 0);
    guarded_commit();
}

struct jn_store_tree
guarded_tree(void)
{
    struct jn_store_tree tree;

    ck_assert_int_eq(jn_store_tree_of(&tree, &guarded_txn, JN_LATEST), 0);
    return tree;
}

const uint8_t *
guarded_page(uint64_t number)
{
    struct jn_store_tree tree = guarded_tree();

    return tree.base + number * tree.page_size;
}

unsigned
guarded_count(uint64_t page)
{
    return jn_page_count(guarded_page(page), guarded_tree().page_size);
}

uint64_t
guarded_child(uint64_t page, int i)
{
    const uint8_t *bytes = guarded_page(page);
    unsigned at = (unsigned)(i < 0 ? i + (int)guarded_count(page) : i);

    ck_assert_uint_eq(jn_page_flags(bytes), JN_PAGE_BRANCH);
    ck_assert_uint_lt(at, guarded_count(page));
    return jn_node_child(bytes + jn_page_offset(bytes, at));
}

void
guarded_write(uint64_t page, const uint8_t *bytes)
{
    size_t size = guarded_tree().page_size;
    int file = open(test_path(JN_STORE_FILE), O_RDWR);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, bytes, size, (off_t)(page * size)),
                     (ssize_t)size);
    close(file);
}
