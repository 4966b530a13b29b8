/* shared.c - what the handles of one journal share within a process. */
#include "journal/shared.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal/create.h"
#include "base/disk.h"
#include "base/error.h"
#include "journal/inspect.h"
#include "journal/view.h"

#define OPEN_TRIES 100u

/*
 * The registry: what this process has open, and what it has inherited from
 * its parent and not closed yet.  Opening and closing hold the mutex.
 */
static struct {
    pthread_mutex_t mutex;
    pthread_once_t once;
    int once_result;
    struct jn_shared *open;
    struct jn_shared *inherited;
    _Atomic uint64_t generation;
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* A thread cancelled with the mutex held would keep all others out for ever. */
static int
enter(void)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_mutex_lock(&registry.mutex);
    return state;
}

static void
leave(int state)
{
    pthread_mutex_unlock(&registry.mutex);
    pthread_setcancelstate(state, NULL);
}

/* ---- forks -------------------------------------------------------------- */

/* The child is to get what is recent as nobody is changing it. */
static void
before_fork(void)
{
    pthread_mutex_lock(&registry.mutex);
    for (struct jn_shared *one = registry.open; one != NULL; one = one->next)
        one->held = jn_recent_hold(one->files.newest.recent);
}

static void
let_go(void)
{
    for (struct jn_shared *one = registry.open; one != NULL; one = one->next)
        if (one->held)
            jn_recent_unlock(one->files.newest.recent);
}

static void
after_fork_in_parent(void)
{
    let_go();
    pthread_mutex_unlock(&registry.mutex);
}

static void
after_fork_in_child(void)
{
    struct jn_shared **end = &registry.inherited;

    let_go();
    atomic_fetch_add(&registry.generation, 1);
    for (struct jn_shared *one = registry.open; one != NULL; one = one->next) {
        if (one->files.lock != NULL)
            jn_lock_forget(one->files.lock);
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = registry.open;
    registry.open = NULL;
    pthread_mutex_unlock(&registry.mutex);
}

static void
watch_forks(void)
{
    registry.once_result = pthread_atfork(before_fork, after_fork_in_parent,
                                          after_fork_in_child);
}

int
jn_shared_check(const struct jn_shared *shared)
{
    uint64_t now = atomic_load_explicit(&registry.generation,
                                        memory_order_relaxed);

    return shared->generation == now ? 0 : JOURNAL_FORKED;
}

/* ---- one more, one less ------------------------------------------------- */

static void
free_shared(struct jn_shared *shared)
{
    pthread_cond_destroy(&shared->queue.company);
    pthread_mutex_destroy(&shared->queue.mutex);
    free(shared);
}

static int
init_queue(struct jn_queue *queue)
{
    pthread_condattr_t attributes;
    int rc = pthread_condattr_init(&attributes);

    if (rc != 0)
        return rc;
    rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (rc == 0)
        rc = pthread_cond_init(&queue->company, &attributes);
    pthread_condattr_destroy(&attributes);
    if (rc == 0)
        rc = pthread_mutex_init(&queue->mutex, NULL);
    queue->end = &queue->first;
    return rc;
}

static int
make_shared(struct jn_shared **out, bool immutable)
{
    struct jn_shared *shared = calloc(1, sizeof(*shared));
    int rc;

    if (shared == NULL)
        return ENOMEM;
    rc = init_queue(&shared->queue);
    if (rc != 0) {
        free(shared);
        return rc;
    }
    shared->generation = atomic_load(&registry.generation);
    shared->immutable = immutable;
    *out = shared;
    return 0;
}

/* Takes SHARED out of LIST, if it is in it. */
static void
unlist(struct jn_shared **list, const struct jn_shared *shared)
{
    while (*list != NULL && *list != shared)
        list = &(*list)->next;
    if (*list != NULL)
        *list = shared->next;
}

static struct jn_shared *
find_in(struct jn_shared *list, const struct stat *file, bool immutable)
{
    while (list != NULL &&
           (list->files.device != file->st_dev ||
            list->files.inode != file->st_ino || list->immutable != immutable))
        list = list->next;
    return list;
}

/* Says to other processes what kind of writers this one has. */
static int
show_writers(struct jn_shared *shared, unsigned writers, unsigned exclusives)
{
    if (writers == 0) {
        jn_lock_no_writer(shared->files.lock);
        return 0;
    }
    return jn_lock_writer(shared->files.lock, exclusives > 0);
}

/*
 * One more who writes.  The first one enters by the door: who is within may
 * just do what can only be done while nobody writes.
 */
static int
add_writer(struct jn_shared *shared, const struct jn_wish *wish)
{
    bool first = shared->writers == 0;
    int rc = first ? jn_lock_enter_again(shared->files.lock) : 0;

    if (rc != 0)
        return rc;
    rc = show_writers(shared, shared->writers + 1,
                      shared->exclusives + wish->exclusive);
    if (rc == 0 && first)
        rc = jn_files_make_writable(&shared->files, wish);
    if (rc != 0)
        (void)show_writers(shared, shared->writers, shared->exclusives);
    if (first)
        jn_lock_leave(shared->files.lock);
    return rc;
}

/* One more handle for what is open. */
static int
join(struct jn_shared *shared, const struct jn_wish *wish)
{
    int rc;

    if (wish->must_create)
        return JOURNAL_EXISTS;
    if (!wish->read_only) {
        rc = add_writer(shared, wish);
        if (rc != 0)
            return rc;
        if (shared->writers == 0)
            jn_store_forget_allocated(shared->files.store);
        shared->writers++;
        shared->exclusives += wish->exclusive;
    }
    shared->references++;
    return 0;
}

/* In the child of a fork: memory only. */
static void
forget(struct jn_shared *shared)
{
    unlist(&registry.inherited, shared);
    if (shared->held)
        jn_newest_close(&shared->files.newest);
    jn_store_forget(shared->files.store);
    jn_lock_close(shared->files.lock);
    /* Threads that the child does not have may wait in the queue for ever. */
    free(shared);
}

static void
close_last(struct jn_shared *shared)
{
    unlist(&registry.open, shared);
    jn_files_close(&shared->files);
    free_shared(shared);
}

/* Whether the store alone is the journal; or that cannot be told. */
static bool
is_whole(struct jn_shared *shared)
{
    struct jn_tail_row row;
    struct jn_txn txn;
    int rc = jn_store_begin_read(shared->files.store, &txn);

    if (rc != 0)
        return true;
    rc = jn_view_tail(&txn, &row);
    jn_store_end_read(&txn);
    return rc != 0 || !row.open;
}

static void
leave_writers(struct jn_shared *shared, bool exclusive)
{
    shared->writers--;
    shared->exclusives -= exclusive;
    (void)show_writers(shared, shared->writers, shared->exclusives);
}

/*
 * Of those of several processes who close at the same time each would see the
 * others, and leave it to them: so they go one by one, through the door.
 */
bool
jn_shared_leave_writers(struct jn_shared *shared, bool exclusive, bool whole)
{
    bool last, entered = false;

    pthread_mutex_lock(&registry.mutex);
    last = shared->writers == 1;
    if (last)
        entered = jn_lock_enter_again(shared->files.lock) == 0;
    last = last && jn_lock_only_writer(shared->files.lock) &&
           !(whole && is_whole(shared));
    if (!last)
        leave_writers(shared, exclusive);
    if (entered)
        jn_lock_leave(shared->files.lock);
    pthread_mutex_unlock(&registry.mutex);
    return !last;
}

void
jn_shared_wake(struct jn_shared *shared)
{
    jn_futex_wake(jn_lock_futex(shared->files.lock));
}

void
jn_shared_release(struct jn_shared *shared, bool read_only, bool exclusive)
{
    pthread_mutex_lock(&registry.mutex);
    assert(shared->references > 0);
    shared->references--;
    if (!read_only) {
        shared->writers--;
        shared->exclusives -= exclusive;
    }
    if (jn_shared_check(shared) != 0) {
        if (shared->references == 0)
            forget(shared);
    } else if (shared->references == 0) {
        close_last(shared);
    } else if (!read_only) {
        (void)show_writers(shared, shared->writers, shared->exclusives);
    }
    pthread_mutex_unlock(&registry.mutex);
}

/* ---- open --------------------------------------------------------------- */

/* Opens what this process does not have open yet. */
static int
open_first(struct jn_shared **out, const char *directory,
           const struct jn_wish *wish, bool had_data)
{
    struct jn_shared *shared = NULL;
    int rc = make_shared(&shared, wish->immutable);

    if (rc != 0)
        return rc;
    rc = jn_files_open(&shared->files, directory, wish, had_data);
    if (rc != 0) {
        free_shared(shared);
        return rc;
    }
    shared->references = 1;
    shared->writers = !wish->read_only;
    shared->exclusives = wish->exclusive;
    shared->next = registry.open;
    registry.open = shared;
    *out = shared;
    return 0;
}

/* Opens or joins the journal in DIRECTORY, which is there. */
static int
open_in(struct jn_shared **out, const char *directory,
        const struct jn_wish *wish, bool has_data)
{
    char real[PATH_MAX];
    struct stat file;
    struct jn_shared *shared;
    int rc;

    if (realpath(directory, real) == NULL)
        return errno == ENOENT ? JOURNAL_NOT_FOUND : errno;
    if (has_data) {
        rc = jn_files_identify(real, &file);
        if (rc != 0)
            return rc;
        if (find_in(registry.inherited, &file, wish->immutable) != NULL)
            return JOURNAL_FORKED;
        shared = find_in(registry.open, &file, wish->immutable);
        if (shared != NULL) {
            rc = join(shared, wish);
            if (rc == 0)
                *out = shared;
            return rc;
        }
    }
    return open_first(out, real, wish, has_data);
}

/* Makes the directory, and removes it again if no journal comes of it. */
static int
open_new_directory(struct jn_shared **out, const char *path,
                   const struct jn_wish *wish)
{
    char parent[PATH_MAX + sizeof("/..")];
    int rc = jn_create_directory(path, wish->mode);

    if (rc != 0)
        return rc == JOURNAL_EXISTS ? JOURNAL_NOT_FOUND : rc;
    (void)snprintf(parent, sizeof(parent), "%s/..", path);
    rc = jn_disk_flush_directory(parent);
    if (rc == 0)
        rc = open_in(out, path, wish, false);
    if (rc != 0)
        (void)rmdir(path);
    return rc;
}

static int
try_open(struct jn_shared **out, const char *path, const struct jn_wish *wish,
         bool *again)
{
    enum jn_content content;
    int rc = jn_inspect_directory(path, &content);

    *again = false;
    if (rc != 0)
        return rc;
    if (content == JN_CONTENT_REMAINS)
        return JOURNAL_CORRUPT;
    if (content != JN_CONTENT_DATA && !wish->may_create)
        return JOURNAL_NOT_FOUND;
    /* From here on not finding something means that somebody removed it. */
    if (content == JN_CONTENT_ABSENT)
        rc = open_new_directory(out, path, wish);
    else
        rc = open_in(out, path, wish, content == JN_CONTENT_DATA);
    *again = rc == JOURNAL_NOT_FOUND || rc == ENOENT;
    return rc;
}

int
jn_shared_acquire(struct jn_shared **shared, const char *path,
                  const struct jn_wish *wish)
{
    bool again;
    int state, rc;

    if (strlen(path) >= PATH_MAX)
        return ENAMETOOLONG;
    pthread_once(&registry.once, watch_forks);
    if (registry.once_result != 0)
        return registry.once_result;
    state = enter();
    rc = jn_disk_take_standard();
    again = rc == 0;
    for (unsigned i = 0; i < OPEN_TRIES && again; i++)
        rc = try_open(shared, path, wish, &again);
    leave(state);
    /* A link to nothing is in the way of a directory. */
    return rc == JOURNAL_NOT_FOUND && wish->may_create ? ENOENT : rc;
}

int
jn_shared_destroy(const char *path)
{
    char real[PATH_MAX];
    enum jn_content content;
    int state, rc;

    if (strlen(path) >= PATH_MAX)
        return ENAMETOOLONG;
    state = enter();
    rc = jn_inspect_directory(path, &content);
    if (rc == 0 && content == JN_CONTENT_ABSENT)
        rc = JOURNAL_NOT_FOUND;
    if (rc == 0 && realpath(path, real) == NULL)
        rc = errno;
    if (rc == 0)
        rc = jn_files_destroy(real, content == JN_CONTENT_DATA);
    leave(state);
    /* Somebody else was faster. */
    return rc == ENOENT ? JOURNAL_NOT_FOUND : rc;
}
