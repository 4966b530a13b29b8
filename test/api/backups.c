/* backups.c - the steps that tests of journal_backup() are told in. */
#include "backups.h"

const char *
target(void)
{
    return test_path("backup");
}

int
back_up(const char *path)
{
    return journal_backup(journal, path, 0, NULL, NULL);
}

void
prune_before(uint64_t before)
{
    ck_assert_int_eq(journal_prune(journal, before, 0, NULL), 0);
}

struct journal *
open_small(uint32_t flags)
{
    struct journal_options options = options_with(flags);

    options.bytes_max = 64 << 20;
    return open_with(home(), &options);
}

int
come_to_write(void *context, uint64_t done, uint64_t total)
{
    struct journal **writer = context;

    ck_assert_uint_le(done, total);
    if (*writer == NULL) {
        *writer = open_small(0);
        append_to(*writer, "later", "value");
    }
    return 0;
}
