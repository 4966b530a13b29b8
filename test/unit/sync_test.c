/* sync_test.c - journal_sync() while others append. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "write/handle.h"
#include "write/slices.h"
#include "support/figures.h"
#include "support/mode.h"
#include "support/test.h"

#define TAIL (UINT64_C(1) << 20)

static struct journal *journal;
static pthread_t thread;
static atomic_bool has_appended;
static unsigned slices;

static void
append(size_t size)
{
    char *value = calloc(1, size);

    ck_assert_int_eq(journal_append(journal, "key", 3, value, size, NULL), 0);
    free(value);
}

static void *
append_in_thread(void *unused)
{
    append(10);
    atomic_store(&has_appended, true);
    return unused;
}

/* Until the thread's request is in the queue, behind the one at work. */
static void
wait_for_company(struct jn_queue *queue)
{
    bool waits = false;

    while (!waits) {
        pthread_mutex_lock(&queue->mutex);
        waits = queue->waiting > 0;
        pthread_mutex_unlock(&queue->mutex);
    }
}

/* By these names the linker knows the function and what is called for it. */
int __real_jn_slices_drain_one(struct jn_shared *shared, uint64_t bytes_max,
                               uint64_t keep, bool *done);
int __wrap_jn_slices_drain_one(struct jn_shared *shared, uint64_t bytes_max,
                               uint64_t keep, bool *done);

int
__wrap_jn_slices_drain_one(struct jn_shared *shared, uint64_t bytes_max,
                           uint64_t keep, bool *done)
{
    if (slices == 0) {
        ck_assert_int_eq(pthread_create(&thread, NULL, append_in_thread, NULL),
                         0);
        wait_for_company(&shared->queue);
    } else if (slices == 1) {
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert(atomic_load(&has_appended));
    }
    /* As if the disk were slow. */
    shared->files.newest.slice = (struct jn_slice){1, 1};
    slices++;
    return __real_jn_slices_drain_one(shared, bytes_max, keep, done);
}

static void
setup(void)
{
    test_setup();
    journal = mode_open_with(test_path("journal"), JOURNAL_RELAXED, 0, TAIL);
    append(1);
    append(1);
    while (figures_of(journal).tail_bytes_used < TAIL * 2 / 5)
        append(TAIL / 50);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* It once waited for all that the sync had to move. */
START_TEST(an_append_that_comes_while_a_sync_drains_waits_for_one_slice)
{
    uint64_t size = figures_of(journal).size;

    ck_assert_uint_lt(figures_of(journal).durable_size, size);
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_uint_gt(slices, 2);
    ck_assert_uint_eq(figures_of(journal).size, size + 1);
    ck_assert_uint_ge(figures_of(journal).durable_size, size);
    ck_assert_uint_le(figures_of(journal).tail_bytes_used, TAIL / 4);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("sync");
    TCase *tcase = tcase_create("sync");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(
        tcase, an_append_that_comes_while_a_sync_drains_waits_for_one_slice);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
