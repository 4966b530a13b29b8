/* sweep.c - a fault at the first call, then at the second, until there is none.
 */
#include "sweep.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "files.h"
#include "memory.h"
#include "support/test.h"

#define CALLS_MAX 5000u
#define GO_ON_EVERY 8u
#define SECONDS 30u

struct sweep {
    const struct scene *scene;
    struct tally *tally;
    struct book *book;   /* of the run in progress */
    struct book *before; /* of what was done in peace */
    unsigned runs;
    unsigned calls[FAULT_CLASSES]; /* of each class, when nothing fails */
    long blocks;                   /* that stay allocated when nothing fails */
    char base[PATH_MAX];
    char work[PATH_MAX];
};

/* ---- a run -------------------------------------------------------------- */

static void
measure(struct book *book, const char *directory, int sign)
{
    book->blocks += sign * memory_live();
    book->files += sign * files_open();
    book->maps += sign * files_mapped(directory);
}

/* A child's whole life. */
static void __attribute__((noreturn))
live(const struct sweep *sweep, const char *script, const char *directory)
{
    struct book *book = sweep->book;
    const struct rlimit no_core = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &no_core);
    /* Check's own handler would end all who sweep. */
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(SECONDS);
    book->blocks = 0;
    book->files = book->maps = 0;
    measure(book, directory, -1);
    faults_resume();
    hand_work(sweep->scene, script, directory, book);
    measure(book, directory, 1);
    _exit(0);
}

static void
run(struct sweep *sweep, const char *script, const char *directory,
    const struct fault *fault)
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    faults_order(directory, fault);
    faults_pause();
    pid = fork();
    if (pid == 0)
        live(sweep, script, directory);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    (void)faults_disarm();
    if (WIFSIGNALED(status))
        book_complain(sweep->book, "killed by %s in step %c",
                      strsignal(WTERMSIG(status)), sweep->book->step);
    else if (status != 0)
        book_complain(sweep->book, "exit status %d", WEXITSTATUS(status));
}

/* ---- what is left of it ------------------------------------------------- */

/* Seldom; what an earlier session left is removed by then. */
static void
go_on(struct sweep *sweep, struct journal *journal, struct state *image)
{
    struct book *book = sweep->book;
    char why[WHY_SIZE];

    if (sweep->runs++ % GO_ON_EVERY != 0 || image->size == 0 ||
        image->size + 64 > LIFE_ENTRIES || sweep->scene->bytes_max != 0) {
        journal_close(journal);
        return;
    }
    if (!judge_go_on(sweep->work, journal, image, book->life.salt + 1, why))
        book_complain(book, "gone on: %s", why);
    if (!files_are_known(sweep->work, true))
        book_complain(book, "a file is left by those who went on: %s",
                      files_unknown());
}

/* Whatever an attempt has left is in nobody's way, and is taken away. */
static void
back_up_again(struct sweep *sweep, struct journal *journal,
              const struct state *image)
{
    struct book *book = sweep->book;
    char path[PATH_MAX + 8];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/" FILES_COPY, sweep->work);
    rc = journal_backup(journal, path, 0, NULL, NULL);
    if (rc == JOURNAL_EXISTS)
        return;
    if (rc != 0 || book->is_copied)
        book_complain(book, "a backup in peace: %s", journal_errname(rc));
    book->is_copied = true;
    state_copy(&book->copy, image);
}

/* That it may be missing is over once it has been opened. */
static void
judge_journal(struct sweep *sweep)
{
    static struct state image;
    struct book *book = sweep->book;
    struct journal *journal = NULL;
    char why[WHY_SIZE];

    if (book->may_be_gone && !files_journal(sweep->work)) {
        state_init(&book->now);
        book->exists = false;
    }
    if (!judge_open(sweep->work, !book->exists, &journal, &image, why)) {
        book_complain(book, "afterwards: %s", why);
        journal_close(journal);
        return;
    }
    if (crowd_was_there(book))
        crowd_decide(book, &image);
    else
        book_decide(book, &image);
    if (strchr(sweep->scene->script, 'h') != NULL)
        back_up_again(sweep, journal, &image);
    go_on(sweep, journal, &image);
}

/* With nobody there; what an attempt has left is in nobody's way. */
static void
salvage_again(struct sweep *sweep)
{
    struct book *book = sweep->book;
    char from[PATH_MAX + 8], to[PATH_MAX + 8];
    int rc;

    (void)snprintf(from, sizeof(from), "%s/home", sweep->work);
    (void)snprintf(to, sizeof(to), "%s/" FILES_COPY, sweep->work);
    rc = journal_salvage(from, to, NULL, NULL, NULL);
    if (rc == JOURNAL_EXISTS)
        return;
    if (rc != 0 || book->is_copied)
        book_complain(book, "a salvage in peace: %s", journal_errname(rc));
    book->is_copied = true;
}

/* Each entry of it is one that was there; and all else is in order. */
static void
judge_part(struct book *book, const char *directory)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor = NULL;
    struct journal *journal = NULL;
    char path[PATH_MAX + 16];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/home", directory);
    rc = journal_open(path, NULL, &journal);
    if (rc == 0)
        rc = journal_verify(journal, NULL, NULL, NULL);
    if (rc == 0)
        rc = journal_replay(journal, JOURNAL_NONE, &cursor);
    while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0)
        if (entry->seq >= book->copy.size ||
            entry->meta_size != sizeof(struct tag) ||
            memcmp(&book->copy.slot[entry->seq].tag, entry->meta,
                   sizeof(struct tag)) != 0)
            book_complain(book, "entry %llu of the copy is of something else",
                          (unsigned long long)entry->seq);
    if (rc != JOURNAL_END)
        book_complain(book, "the part: %s", journal_errname(rc));
    journal_cursor_close(cursor);
    journal_close(journal);
}

static void
judge_whole(struct book *book, const char *directory)
{
    static struct state image;
    struct journal *journal = NULL;
    char why[WHY_SIZE];

    if (!judge_open(directory, false, &journal, &image, why))
        book_complain(book, "the copy: %s", why);
    else if (!state_equals(&image, &book->copy))
        book_complain(book, "the copy is of something else");
    journal_close(journal);
}

/* A copy is whole or absent, whatever was said of it. */
static void
judge_copy(struct sweep *sweep)
{
    struct book *book = sweep->book;
    const char *aside = files_set_aside(sweep->work);

    if (aside == NULL) {
        if (book->is_copied)
            book_complain(book, "the copy is not there");
        return;
    }
    if (book->is_part)
        judge_part(book, aside);
    else
        judge_whole(book, aside);
    files_remove(aside);
}

static void
judge_remains(struct sweep *sweep, const struct fault *fault)
{
    struct book *book = sweep->book;

    if (book->blocks > sweep->blocks)
        book_complain(book, "%ld blocks of memory are left",
                      book->blocks - sweep->blocks);
    if (book->files > 0)
        book_complain(book, "%d descriptors are left", book->files);
    if (book->maps > 0)
        book_complain(book, "%d maps are left", book->maps);
    /* Who cannot look or remove leaves it to the next one. */
    if (!book->may_be_gone &&
        (fault->classes & (FAULT_NAME | FAULT_OPEN)) == 0 &&
        !(fault->classes == FAULT_LOOK && fault->times == FAULT_FOR_EVER) &&
        !files_are_known(sweep->work, false))
        book_complain(book, "a file is left: %s", files_unknown());
}

/*
 * A tail that cannot be made, or whose name may not be on the disk, is done
 * without; a commit that found no room is done again, all of it.
 */
static bool
is_done_otherwise(const struct book *book, const struct fault *fault)
{
    const char *file = faults_file();

    if (strcmp(file, "tail.new") == 0 ||
        (strcmp(file, "tail") == 0 && book->without_tail))
        return true;
    if (strcmp(file, "home") == 0 && strchr("abBty", book->step) != NULL)
        return true;
    return fault->error == ENOSPC && strcmp(file, "data.mdb") == 0;
}

/* A close has nobody to tell; nobody else may keep a lost flush to himself. */
static void
judge_silence(struct book *book, const struct fault *fault)
{
    bool flush = (fault->classes & ~(FAULT_SYNC | FAULT_MSYNC)) == 0;

    if (flush && fault->error != EINTR && book->step != 'c' &&
        book->errors == 0 && !is_done_otherwise(book, fault))
        book_complain(book, "nobody has told of it, in step %c, of %s",
                      book->step, faults_file());
}

static unsigned
class_of(const struct fault *fault)
{
    return (unsigned)__builtin_ctz((unsigned)fault->classes);
}

static void
count(struct sweep *sweep, const struct fault *fault)
{
    struct tally *tally = sweep->tally;

    __atomic_fetch_add(&tally->runs, 1, __ATOMIC_RELAXED);
    if (sweep->book->errors > 0)
        __atomic_fetch_add(&tally->told, 1, __ATOMIC_RELAXED);
    if (fault->second == 0)
        __atomic_fetch_add(&tally->by_class[class_of(fault)], 1,
                           __ATOMIC_RELAXED);
    else
        __atomic_fetch_add(&tally->pairs, 1, __ATOMIC_RELAXED);
}

static void
report(struct sweep *sweep, const char *name, unsigned n)
{
    if (getenv("FAULTS_VERBOSE") != NULL && faults_hit())
        printf("-- %s: %s: call %u, step %c: %s, %u errors\n",
               sweep->scene->name, name, n, sweep->book->step,
               sweep->book->step_failed ? "told" : "silent",
               sweep->book->errors);
    if (sweep->book->wrong[0] == '\0')
        return;
    printf("%s: %s: call %u, step %c: %s\n", sweep->scene->name, name, n,
           sweep->book->step == 0 ? '-' : sweep->book->step,
           sweep->book->wrong);
    fflush(stdout);
    __atomic_fetch_add(&sweep->tally->violations, 1, __ATOMIC_RELAXED);
}

/* Runs it with a fault; false if that is not met. */
static bool
meet(struct sweep *sweep, const char *name, const struct fault *fault)
{
    memcpy(sweep->book, sweep->before, sizeof(*sweep->book));
    files_copy(sweep->base, sweep->work);
    run(sweep, sweep->scene->script, sweep->work, fault);
    if (faults_hit()) {
        count(sweep, fault);
        judge_silence(sweep->book, fault);
        judge_remains(sweep, fault);
    }
    if (strchr(sweep->scene->script, 'z') != NULL)
        salvage_again(sweep);
    judge_journal(sweep);
    judge_copy(sweep);
    report(sweep, name, fault->n);
    files_remove(sweep->work);
    return faults_hit();
}

/* ---- sweeps ------------------------------------------------------------- */

static const struct fault nothing = {.classes = FAULT_ALL,
                                     .n = UINT_MAX,
                                     .times = 1};

struct sweep *
sweep_scene(const struct scene *scene, const char *directory,
            struct tally *tally)
{
    struct sweep *sweep = calloc(1, sizeof(*sweep));

    if (sweep == NULL)
        abort();
    sweep->scene = scene;
    sweep->tally = tally;
    sweep->book = book_new();
    sweep->before = book_new();
    (void)snprintf(sweep->base, PATH_MAX, "%s/base", directory);
    (void)snprintf(sweep->work, PATH_MAX, "%s/work", directory);
    files_make(sweep->base);
    book_start(sweep->book, scene->salt);
    sweep->book->blocks = 0;
    run(sweep, scene->before, sweep->base, &nothing);
    report(sweep, "before", 0);
    memcpy(sweep->before, sweep->book, sizeof(*sweep->book));
    sweep->before->errors = 0;
    sweep->blocks = LONG_MAX;
    (void)meet(sweep, "nothing", &nothing);
    sweep->blocks = sweep->book->blocks;
    for (unsigned i = 0; i < FAULT_CLASSES; i++)
        sweep->calls[i] = faults_calls(1 << i);
    return sweep;
}

void
sweep_end(struct sweep *sweep)
{
    files_remove(sweep->base);
    book_free(sweep->book);
    book_free(sweep->before);
    free(sweep);
}

void
sweep_one(struct sweep *sweep, const struct mishap *mishap, unsigned n)
{
    struct fault fault = mishap->fault;

    fault.n = n;
    (void)meet(sweep, mishap->name, &fault);
}

void
sweep_mishap(struct sweep *sweep, const struct mishap *mishap, unsigned stride,
             uint64_t *chance)
{
    struct fault fault = mishap->fault;

    fault.n = 1 + (unsigned)(test_random(chance) % stride);
    /* A fault may make more calls of it, but one that is left out does not. */
    if (stride > 1 && fault.n > sweep->calls[class_of(&fault)])
        return;
    while (meet(sweep, mishap->name, &fault)) {
        if (fault.n >= CALLS_MAX) {
            book_complain(sweep->book, "no end of calls");
            report(sweep, mishap->name, fault.n);
            return;
        }
        fault.n += stride;
    }
}

static unsigned
all_calls(const struct sweep *sweep)
{
    unsigned calls = 0;

    for (unsigned i = 0; i < FAULT_CLASSES; i++)
        calls += sweep->calls[i];
    return calls;
}

void
sweep_pair(struct sweep *sweep, uint64_t *chance)
{
    static const int errors[] = {EIO, ENOSPC, ENOMEM};
    struct fault fault = {.classes = FAULT_ALL, .times = 1};
    char name[80];

    fault.error = errors[test_random(chance) % 3];
    fault.n = 1 + (unsigned)(test_random(chance) % all_calls(sweep));
    fault.second = fault.n + 1 + (unsigned)(test_random(chance) % 50);
    (void)snprintf(name, sizeof(name), "%s twice, also at %u",
                   strerrorname_np(fault.error), fault.second);
    (void)meet(sweep, name, &fault);
}
