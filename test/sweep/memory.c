/* memory.c - memory that runs out when it is told to, and is counted. */
#include "memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "fault/inside.h"

#ifdef SANITIZED /* by the linker's --wrap */
#define OURS(name) __wrap_##name
#define THEIRS(name) __real_##name
#else
#define OURS(name) name
#define THEIRS(name) __libc_##name
#endif

void *THEIRS(malloc)(size_t size);
void *THEIRS(calloc)(size_t count, size_t size);
void *THEIRS(realloc)(void *block, size_t size);
void THEIRS(free)(void *block);
#ifdef SANITIZED
void *__real_aligned_alloc(size_t alignment, size_t size);
#else
void *__libc_memalign(size_t alignment, size_t size);
#define __real_aligned_alloc __libc_memalign
#endif

void *OURS(malloc)(size_t size);
void *OURS(calloc)(size_t count, size_t size);
void *OURS(realloc)(void *block, size_t size);
void OURS(free)(void *block);
void *OURS(aligned_alloc)(size_t alignment, size_t size);
int OURS(posix_memalign)(void **block, size_t alignment, size_t size);

static atomic_long live;

long
memory_live(void)
{
    return atomic_load(&live);
}

static bool
is_refused(uintptr_t site)
{
    if (fault_of_any(FAULT_MEMORY, site) == VERDICT_GO)
        return false;
    errno = fault_error();
    return true;
}

static void *
counted(void *block)
{
    if (block != NULL)
        atomic_fetch_add(&live, 1);
    return block;
}

void *
OURS(malloc)(size_t size)
{
    return is_refused(SITE) ? NULL : counted(THEIRS(malloc)(size));
}

void *
OURS(calloc)(size_t count, size_t size)
{
    return is_refused(SITE) ? NULL : counted(THEIRS(calloc)(count, size));
}

void *
OURS(aligned_alloc)(size_t alignment, size_t size)
{
    return is_refused(SITE) ? NULL
                            : counted(__real_aligned_alloc(alignment, size));
}

int
OURS(posix_memalign)(void **block, size_t alignment, size_t size)
{
    void *made;

    if (is_refused(SITE))
        return ENOMEM;
    made = counted(__real_aligned_alloc(alignment, size));
    if (made == NULL)
        return ENOMEM;
    *block = made;
    return 0;
}

void *
OURS(realloc)(void *block, size_t size)
{
    void *made;

    if (is_refused(SITE))
        return NULL;
    made = THEIRS(realloc)(block, size);
    if (block == NULL)
        return counted(made);
    if (made == NULL && size == 0)
        atomic_fetch_sub(&live, 1);
    return made;
}

void
OURS(free)(void *block)
{
    if (block != NULL)
        atomic_fetch_sub(&live, 1);
    THEIRS(free)(block);
}
