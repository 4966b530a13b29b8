/* mode.c - the durability and the tail that the journals of this run have. */
#include "mode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

/* By these names the linker knows the library's function and its stand-in. */
int __real_journal_open(const char *path, const struct journal_options *options,
                        struct journal **journal);
int __wrap_journal_open(const char *path, const struct journal_options *options,
                        struct journal **journal);

/* A run that was misspelled would test something else. */
static void __attribute__((noreturn)) refuse(const char *name, const char *text)
{
    fprintf(stderr, "%s=%s: what is that?\n", name, text);
    abort();
}

bool
mode_is_relaxed(void)
{
    const char *text = getenv("TEST_DURABILITY");

    if (text == NULL || text[0] == '\0' || strcmp(text, "durable") == 0)
        return false;
    if (strcmp(text, "relaxed") != 0)
        refuse("TEST_DURABILITY", text);
    return true;
}

uint64_t
mode_tail_bytes(void)
{
    const char *text = getenv("TEST_TAIL");
    unsigned long long bytes;
    char *end;

    if (text == NULL || text[0] == '\0')
        return 0;
    bytes = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0')
        refuse("TEST_TAIL", text);
    return bytes;
}

int
mode_open_as_is(const char *path, const struct journal_options *options,
                struct journal **journal)
{
    return __real_journal_open(path, options, journal);
}

struct journal *
mode_open_with(const char *path, uint32_t durability, uint32_t flags,
               uint64_t tail_bytes)
{
    struct journal_options options;
    struct journal *opened = NULL;
    int rc;

    journal_options_init(&options);
    options.flags = flags;
    options.durability = durability;
    options.tail_bytes = tail_bytes;
    rc = mode_open_as_is(path, &options, &opened);
    ck_assert_msg(rc == 0, "open: %s", journal_errname(rc));
    return opened;
}

/* Options that are a mistake stay one, and a reader has nothing to choose. */
static bool
may_be_filled_in(const struct journal_options *options)
{
    uint32_t size;

    if (options == NULL)
        return true;
    /* There may be no more than that: the compiler must not read on. */
    memcpy(&size, options, sizeof(size));
    if (size != sizeof(*options))
        return false;
    return (options->flags & JOURNAL_OPEN_READ_ONLY) == 0;
}

int
__wrap_journal_open(const char *path, const struct journal_options *options,
                    struct journal **journal)
{
    struct journal_options filled_in;

    if (!may_be_filled_in(options))
        return __real_journal_open(path, options, journal);
    journal_options_init(&filled_in);
    if (options != NULL)
        filled_in = *options;
    if (filled_in.durability == JOURNAL_DURABLE && mode_is_relaxed())
        filled_in.durability = JOURNAL_RELAXED;
    if (filled_in.tail_bytes == 0)
        filled_in.tail_bytes = mode_tail_bytes();
    return __real_journal_open(path, &filled_in, journal);
}
