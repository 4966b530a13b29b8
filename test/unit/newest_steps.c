/* newest_steps.c - what the tests of the newest entries have in common. */
#include "unit/newest_steps.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "support/mode.h"

struct journal *journal;

static const char *
home(void)
{
    return test_path("journal");
}

/* What a process dies with is not lost, to valgrind, as this leads to it. */
static struct journal *volatile last_opened;

struct journal *
open_as(uint32_t flags, uint64_t tail_bytes)
{
    struct journal *opened = mode_open_with(home(), JOURNAL_RELAXED, flags,
                                            tail_bytes);

    last_opened = opened;
    return opened;
}

void
append(struct journal *to, unsigned count)
{
    static const char value[VALUE];

    for (; count > 0; count--) {
        int rc = journal_append(to, "key", 3, value, sizeof(value), NULL);

        ck_assert_msg(rc == 0, "append: %s", journal_errname(rc));
    }
}

uint64_t
size_of(struct journal *of)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(of, &stat);

    ck_assert_msg(rc == 0, "stat: %s", journal_errname(rc));
    return stat.size;
}

/* Has another process do WORK, which ends without closing what it has open. */
void
in_another(void (*work)(void))
{
    pid_t child = test_fork();

    if (child == 0) {
        journal_close(journal);
        journal = NULL;
        work();
        _exit(0);
    }
    test_join(child);
}

void
teardown(void)
{
    journal_close(journal);
    journal = NULL;
    test_teardown();
}

struct jn_files *
files(void)
{
    return &journal->shared->files;
}

void
open_and_close(void)
{
    journal_close(open_as(0, 0));
}
