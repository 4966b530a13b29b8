/* room.c - journals that run full: of a limit, or of a disk. */
#include "room.h"

#include <sys/stat.h>

#include "support/mounts.h"

const char large_value[200000];

int
append_of(size_t size)
{
    ck_assert_uint_le(size, sizeof(large_value));
    return journal_append(journal, "key", 3, large_value, size, NULL);
}

uint64_t
fill_up(size_t size)
{
    uint64_t count = 0;
    int rc;

    while ((rc = append_of(size)) == 0)
        count++;
    ck_assert_msg(rc == JOURNAL_FULL, "append: %s", journal_errname(rc));
    return count;
}

bool
have_disk(unsigned size)
{
    ck_assert_int_eq(mkdir(test_path("disk"), 0777), 0);
    return mounts_disk(test_path("disk"), size);
}
