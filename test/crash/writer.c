/* writer.c - what the processes do that are going to be killed. */
#include "writer.h"

#include <pthread.h>
#include <unistd.h>

#include "attempt.h"
#include "support/mode.h"
#include "support/test.h"

#define NEVER_EXPECTED (JOURNAL_NONE - 1)

/* Entries that a prune or rewind takes at most; if deep, of those there are. */
#define REACH 20u
#define DEEP_MIN 300u
#define DEEP_ENTRIES 1500u

/* A thread at work. */
struct worker {
    const struct job *job;
    struct journal *journal;
    struct writer *notes;
    unsigned which;
    uint64_t state;  /* of its choices */
    uint64_t size;   /* alone: the journal's; else: no less */
    uint64_t pruned; /* numbers below are */
};

static uint64_t
choose(struct worker *worker, uint64_t limit)
{
    return test_random(&worker->state) % limit;
}

/* ---- append ------------------------------------------------------------- */

/* A right expectation, or one that nobody can meet, or none. */
static void
add_expectation(struct worker *worker, struct operation *operation,
                struct journal_record *record)
{
    struct journal_entry *entry = NULL;
    int rc;

    switch (choose(worker, 8)) {
    case 0:
        if (record->key_size == 0)
            return;
        rc = journal_get(worker->journal, record->key, record->key_size,
                         &entry);
        operation->expects = true;
        operation->expected = rc == 0 ? entry->seq : JOURNAL_NONE;
        journal_entry_free(entry);
        break;
    case 1:
        if (record->key_size == 0)
            return;
        operation->expects = true;
        operation->expected = NEVER_EXPECTED;
        break;
    case 2:
        if (!worker->job->alone)
            return;
        record->flags |= JOURNAL_EXPECT_SEQ;
        record->expect_seq = worker->size;
        return;
    default:
        return;
    }
    record->flags |= JOURNAL_EXPECT;
    record->expect = operation->expected;
}

/* Whether a result other than 0 is what had to be expected. */
static bool
may_refuse(const struct worker *worker, const struct operation *operation,
           int rc)
{
    bool alone = worker->job->alone;

    if (rc == JOURNAL_OUTDATED)
        return !alone;
    /* JOURNAL_NONE may be wrong: a key that is deleted is known. */
    return rc == JOURNAL_CONFLICT && operation->expects &&
           (!alone || operation->expected >= NEVER_EXPECTED);
}

static bool
is_wrong_number(const struct worker *worker, uint64_t number)
{
    return worker->job->alone ? number != worker->size : number < worker->size;
}

static bool
append(struct worker *worker)
{
    struct operation operation = {.kind = APPEND}, *noted;
    unsigned count = atomic_load(&worker->notes->count);
    struct attempt attempt;
    uint64_t number = 0;
    int rc;

    attempt_make(&attempt,
                 attempt_number(worker->job->round, worker->which, count));
    operation.argument = attempt.number;
    operation.count = attempt.count;
    add_expectation(worker, &operation, &attempt.records[0]);
    noted = board_begin(worker->notes, &operation);
    if (noted == NULL)
        return false;
    rc = journal_append_batch(worker->journal, attempt.records, attempt.count,
                              &number);
    if (rc != 0 && may_refuse(worker, &operation, rc)) {
        board_refuse(noted);
        return true;
    }
    if (rc != 0 || operation.expected == NEVER_EXPECTED ||
        is_wrong_number(worker, number)) {
        board_complain(worker->notes, "append: %s, number %llu, size %llu",
                       journal_errname(rc), (unsigned long long)number,
                       (unsigned long long)worker->size);
        return false;
    }
    board_acknowledge(noted, number);
    worker->size = number + attempt.count;
    return true;
}

/* ---- prune, rewind ------------------------------------------------------ */

static uint64_t
choose_distance(struct worker *worker)
{
    uint64_t entries = worker->size - worker->pruned;
    uint64_t distance = choose(worker, REACH + 1);

    if (worker->job->deep)
        distance = DEEP_MIN + choose(worker, DEEP_ENTRIES - DEEP_MIN);
    return distance < entries ? distance : entries;
}

static bool
prune(struct worker *worker)
{
    uint64_t before = worker->pruned + choose_distance(worker), removed = 0;
    struct operation operation = {.kind = PRUNE, .argument = before}, *noted;
    int rc;

    noted = board_begin(worker->notes, &operation);
    if (noted == NULL)
        return false;
    rc = journal_prune(worker->journal, before, 0, &removed);
    if (rc != 0 || removed != before - worker->pruned) {
        board_complain(worker->notes, "prune: %s, %llu of %llu removed",
                       journal_errname(rc), (unsigned long long)removed,
                       (unsigned long long)(before - worker->pruned));
        return false;
    }
    board_acknowledge(noted, 0);
    worker->pruned = before;
    return true;
}

static bool
rewind_journal(struct worker *worker)
{
    uint64_t entries = worker->size - worker->pruned;
    struct operation operation = {.kind = REWIND}, *noted;
    int rc;

    operation.argument = worker->size -
                         choose(worker, (entries < 20 ? entries : 20) + 1);
    noted = board_begin(worker->notes, &operation);
    if (noted == NULL)
        return false;
    rc = journal_rewind(worker->journal, operation.argument);
    if (rc != 0) {
        board_complain(worker->notes, "rewind: %s", journal_errname(rc));
        return false;
    }
    board_acknowledge(noted, 0);
    worker->size = operation.argument;
    return true;
}

/* ---- writers ------------------------------------------------------------ */

/* One operation; false when there is no more to do. */
static bool
work(struct worker *worker)
{
    const struct job *job = worker->job;

    if (job->deep && worker->size - worker->pruned < DEEP_ENTRIES)
        return append(worker);
    if (job->deep)
        return choose(worker, 2) == 0 ? prune(worker) : rewind_journal(worker);
    switch (choose(worker, 12)) {
    case 0:
        if (job->prunes && worker->which == job->which)
            return prune(worker);
        return append(worker);
    case 1:
        return job->rewinds ? rewind_journal(worker) : append(worker);
    default:
        return append(worker);
    }
}

static void *
run(void *context)
{
    struct worker *worker = context;

    while (work(worker))
        continue;
    if (atomic_load(&worker->notes->complained) != 0)
        _exit(1);
    for (;;)
        pause();
    return NULL;
}

static struct journal *
open_journal(const struct job *job, uint32_t flags)
{
    struct writer *notes = &job->board->writers[job->which];
    struct journal_options options;
    struct journal *journal = NULL;
    int rc;

    journal_close(job->inherited);
    journal_options_init(&options);
    options.flags = flags;
    options.first_seq = job->first_seq;
    options.durability = job->durability;
    options.tail_bytes = job->tail_bytes;
    if (job->as_is)
        rc = mode_open_as_is(job->path, &options, &journal);
    else
        rc = journal_open(job->path, &options, &journal);
    if (rc != 0)
        board_complain(notes, "open: %s", journal_errname(rc));
    return journal;
}

static bool
prepare(struct worker *worker, const struct job *job, struct journal *journal,
        unsigned thread)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(journal, &stat);

    worker->job = job;
    worker->journal = journal;
    worker->which = job->which + thread;
    worker->notes = &job->board->writers[worker->which];
    worker->state = job->seed + thread;
    worker->size = stat.size;
    worker->pruned = stat.first;
    if (rc != 0)
        board_complain(worker->notes, "stat: %s", journal_errname(rc));
    return rc == 0;
}

static void
write_on(const struct job *job)
{
    struct journal *journal = open_journal(job, 0);
    struct worker workers[BOARD_WRITERS];
    pthread_t thread;

    if (journal == NULL)
        return;
    for (unsigned i = 0; i < job->threads; i++)
        if (!prepare(&workers[i], job, journal, i))
            return;
    atomic_store(&job->board->writers[job->which].ready, 1);
    for (unsigned i = 1; i < job->threads; i++)
        if (pthread_create(&thread, NULL, run, &workers[i]) != 0)
            return;
    (void)run(&workers[0]);
}

/* ---- readers ------------------------------------------------------------ */

static bool
is_right(const struct journal_entry *entry)
{
    size_t index, count;
    uint64_t number;

    return attempt_of(entry, &number, &index, &count) &&
           attempt_difference(entry, number, index) == NULL;
}

/* Returns the number behind the last entry, 0 after a complaint. */
static uint64_t
replay(struct journal *journal, struct writer *notes)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    uint64_t next = 0;
    int rc = journal_replay(journal, JOURNAL_NONE, &cursor);

    if (rc != 0) {
        board_complain(notes, "replay: %s", journal_errname(rc));
        return 0;
    }
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        if (rc == JOURNAL_PRUNED) {
            next = 0;
            continue;
        }
        if (rc != 0 || !is_right(entry) || (next > 0 && entry->seq != next)) {
            board_complain(notes, "next: %s, after %llu", journal_errname(rc),
                           (unsigned long long)next);
            journal_cursor_close(cursor);
            return 0;
        }
        next = entry->seq + 1;
    }
    journal_cursor_close(cursor);
    return next > 0 ? next : 1;
}

/* The newest of WRITER's appends that is acknowledged; NULL if none. */
static const struct operation *
last_acknowledged(const struct writer *writer)
{
    for (unsigned i = atomic_load(&writer->count); i > 0; i--) {
        const struct operation *one = &writer->operations[i - 1];

        if (one->kind == APPEND && atomic_load(&one->outcome) == ACKNOWLEDGED)
            return one;
    }
    return NULL;
}

/* Whether the last entry of ONE's is there, and is its own. */
static bool
is_there(struct journal *journal, const struct operation *one)
{
    uint64_t number = JOURNAL_NONE;
    struct journal_entry *entry;
    size_t index, count;
    int rc = journal_read(journal, one->number + one->count - 1, &entry);
    bool there;

    if (rc != 0)
        return rc == JOURNAL_PRUNED;
    there = attempt_of(entry, &number, &index, &count) && is_right(entry) &&
            number == one->argument && index + 1 == one->count;
    journal_entry_free(entry);
    return there;
}

/* What all writers have had acknowledged; returns the end of it, or 0. */
static uint64_t
look_for_acknowledged(struct journal *journal, const struct job *job)
{
    uint64_t size = 1;

    for (unsigned i = 0; i < BOARD_WRITERS; i++) {
        const struct operation *one = last_acknowledged(
            &job->board->writers[i]);

        if (one == NULL)
            continue;
        if (!is_there(journal, one)) {
            board_complain(&job->board->writers[job->which],
                           "append %llx, acknowledged as %llu, is not there",
                           (unsigned long long)one->argument,
                           (unsigned long long)one->number);
            return 0;
        }
        if (one->number + one->count > size)
            size = one->number + one->count;
    }
    return size;
}

static bool
look_up(struct journal *journal, unsigned which, struct writer *notes)
{
    struct journal_entry *entry = NULL;
    size_t size;
    const void *key = attempt_key(which, &size);
    int rc = journal_get(journal, key, size, &entry);
    bool right = rc == JOURNAL_NOT_FOUND || (rc == 0 && is_right(entry));

    if (!right)
        board_complain(notes, "get: %s", journal_errname(rc));
    journal_entry_free(entry);
    return right;
}

static void
read_on(const struct job *job)
{
    struct writer *notes = &job->board->writers[job->which];
    struct journal *journal = open_journal(job, JOURNAL_OPEN_READ_ONLY);
    uint64_t size = 0, least, before;
    unsigned which = 0;

    if (journal == NULL)
        return;
    atomic_store(&notes->ready, 1);
    do {
        before = size;
        least = look_for_acknowledged(journal, job);
        if (least < before)
            least = before;
        size = least > 0 ? replay(journal, notes) : 0;
        which = (which + 1) % ATTEMPT_KEYS;
    } while (size > 0 && look_up(journal, which, notes) &&
             (size >= least || size == 1));
    if (atomic_load(&notes->complained) == 0)
        board_complain(notes, "the size fell from %llu to %llu",
                       (unsigned long long)least, (unsigned long long)size);
}

void
job_do(const struct job *job)
{
    if (job->reads)
        read_on(job);
    else
        write_on(job);
}
