/* tail_flush_test.c - which pages of a tail are flushed. */
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/test.h"
#include "tail/tail.h"
#include "unit/ring.h"

/* What of the file the calls of msync() have flushed since it was cleared. */
static bool is_flushed[JN_TAIL_HEADER + RING_CAPACITY + 65536];
static uint8_t *map;

int __real_msync(void *start, size_t size, int flags);
int __wrap_msync(void *start, size_t size, int flags);

int
__wrap_msync(void *start, size_t size, int flags)
{
    if (map != NULL)
        memset(is_flushed + ((uint8_t *)start - map), true, size);
    else /* of all, from position 0 on */
        map = (uint8_t *)start - JN_TAIL_HEADER / getpagesize() * getpagesize();
    return flags == MS_SYNC ? __real_msync(start, size, flags) : -1;
}

static void
assert_flushes(uint64_t from, uint64_t size)
{
    uint64_t page = (uint64_t)getpagesize(), flushed = 0;

    memset(is_flushed, false, sizeof(is_flushed));
    ck_assert_int_eq(jn_tail_flush_part(ring.tail, from, from + size), 0);
    for (uint64_t i = 0; i < size && i < RING_CAPACITY; i++)
        if (!is_flushed[JN_TAIL_HEADER + (from + i) % RING_CAPACITY])
            ck_abort_msg("byte %ju", (uintmax_t)i);
    for (size_t i = 0; i < JN_TAIL_HEADER + RING_CAPACITY; i++)
        flushed += is_flushed[i];
    ck_assert_uint_le(flushed, size + 4 * page);
}

START_TEST(a_part_is_flushed_and_little_else)
{
    ck_assert_int_eq(jn_tail_flush_part(ring.tail, 0, RING_CAPACITY), 0);
    for (uint64_t from = RING_CAPACITY - 8200; from < RING_CAPACITY + 8200;
         from += 4104)
        for (uint64_t size = 0; size < 9000; size += 1496)
            assert_flushes(from, size);
    assert_flushes(5 * RING_CAPACITY - 40, RING_CAPACITY);
    assert_flushes(5 * RING_CAPACITY, 2 * RING_CAPACITY);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail_flush");
    TCase *tcase = tcase_create("tail_flush");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, ring_setup, ring_teardown);
    tcase_add_test(tcase, a_part_is_flushed_and_little_else);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
