/* open.c - journal_open(), journal_close(), journal_destroy(). */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "write/handle.h"
#include "base/sized.h"

#define MODE_DEFAULT 0640u
#define FLAGS_KNOWN                                                            \
    ((uint32_t)JOURNAL_OPEN_EXISTING | (uint32_t)JOURNAL_OPEN_NEW |            \
     (uint32_t)JOURNAL_OPEN_READ_ONLY | (uint32_t)JOURNAL_OPEN_EXCLUSIVE |     \
     (uint32_t)JOURNAL_OPEN_IMMUTABLE)

void
journal_options_init(struct journal_options *options)
{
    if (options == NULL)
        return;
    memset(options, 0, sizeof(*options));
    options->struct_size = sizeof(*options);
    options->mode = MODE_DEFAULT;
    options->durability = JOURNAL_DURABLE;
}

/* Takes options of this release, or of a later one that says nothing new. */
static int
copy_options(struct journal_options *copy, const struct journal_options *given)
{
    if (given == NULL) {
        journal_options_init(copy);
        return 0;
    }
    if (given->struct_size < sizeof(*copy) ||
        !jn_sized_is_known(given, given->struct_size, sizeof(*copy)))
        return EINVAL;
    *copy = *given;
    return 0;
}

static int
check_flags(uint32_t flags)
{
    bool read_only = (flags & JOURNAL_OPEN_READ_ONLY) != 0;

    if ((flags & ~FLAGS_KNOWN) != 0)
        return EINVAL;
    if ((flags & JOURNAL_OPEN_NEW) != 0 &&
        (read_only || (flags & JOURNAL_OPEN_EXISTING) != 0))
        return EINVAL;
    if ((flags & JOURNAL_OPEN_EXCLUSIVE) != 0 && read_only)
        return EINVAL;
    if ((flags & JOURNAL_OPEN_IMMUTABLE) != 0 && !read_only)
        return EINVAL;
    return 0;
}

static int
check_options(const struct journal_options *options)
{
    int rc = check_flags(options->flags);

    if (rc != 0)
        return rc;
    if (options->durability > JOURNAL_RELAXED ||
        (options->mode & ~(uint32_t)0777) != 0 ||
        options->first_seq == JOURNAL_NONE)
        return EINVAL;
    return 0;
}

/* No file is larger, and what is added to a limit must not make it none. */
static uint64_t
limit_of(const struct journal_options *options)
{
    return options->bytes_max < INT64_MAX ? options->bytes_max : INT64_MAX;
}

static struct jn_wish
wish_of(const struct journal_options *options)
{
    uint32_t flags = options->flags;
    struct jn_wish wish = {
        .must_create = (flags & JOURNAL_OPEN_NEW) != 0,
        .read_only = (flags & JOURNAL_OPEN_READ_ONLY) != 0,
        .exclusive = (flags & JOURNAL_OPEN_EXCLUSIVE) != 0,
        .immutable = (flags & JOURNAL_OPEN_IMMUTABLE) != 0,
        .mode = options->mode == 0 ? MODE_DEFAULT : options->mode,
        .first_seq = options->first_seq,
        .bytes_max = limit_of(options),
        .tail_bytes = options->tail_bytes,
    };

    wish.may_create = !wish.read_only && (flags & JOURNAL_OPEN_EXISTING) == 0;
    return wish;
}

int
journal_open(const char *path, const struct journal_options *given,
             struct journal **out)
{
    struct journal_options options;
    struct journal *journal;
    struct jn_wish wish;
    int rc;

    if (path == NULL || *path == '\0' || out == NULL)
        return EINVAL;
    rc = copy_options(&options, given);
    if (rc == 0)
        rc = check_options(&options);
    if (rc != 0)
        return rc;
    wish = wish_of(&options);
    journal = calloc(1, sizeof(*journal));
    if (journal == NULL)
        return ENOMEM;
    rc = jn_shared_acquire(&journal->shared, path, &wish);
    if (rc != 0) {
        free(journal);
        return rc;
    }
    journal->references = 1;
    journal->read_only = wish.read_only;
    journal->exclusive = wish.exclusive;
    journal->limits = (struct jn_limits){
        .bytes_max = limit_of(&options),
        .keep_entries = options.keep_entries,
        .keep_bytes = options.keep_bytes,
        .keep_ns = options.keep_ns,
        .tail_bytes = options.tail_bytes,
        .relaxed = options.durability == JOURNAL_RELAXED,
    };
    *out = journal;
    return 0;
}

void
journal_close(struct journal *journal)
{
    jn_handle_release(journal);
}

int
journal_destroy(const char *path)
{
    if (path == NULL || *path == '\0')
        return EINVAL;
    return jn_shared_destroy(path);
}
