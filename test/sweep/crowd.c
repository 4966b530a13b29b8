/* crowd.c - threads that append at the same time while calls fail. */
#include "crowd.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "fault/faults.h"
#include "support/test.h"

#define APPENDS 4u
#define BATCH_MOST 3u

struct hands {
    struct book *book;
    struct journal *journal;
    pthread_barrier_t start;
    int over; /* what somebody was told of: a failure that lasts; or 0 */
};

struct thread {
    struct hands *hands;
    uint64_t chance;
    bool syncs;
};

/* ---- appends ------------------------------------------------------------ */

/* The caller was told that nothing was done. */
static bool
is_refusal(int rc)
{
    return rc == JOURNAL_FULL || rc == JOURNAL_READ_ONLY ||
           rc == JOURNAL_FAILED || rc == ENOMEM;
}

/* A call that began when somebody had been told WHAT has said RC. */
static void
judge_late(struct hands *hands, const char *call, int what, int rc)
{
    if (what != 0 && rc != JOURNAL_FAILED)
        book_complain(hands->book, "%s after somebody was told %s: %s", call,
                      journal_errname(what), journal_errname(rc));
}

/* An append that could not even look at the files has changed nothing. */
static bool
lasts(int rc)
{
    int writing = FAULT_WRITE | FAULT_SYNC | FAULT_MSYNC | FAULT_SPACE;

    return rc == JOURNAL_FAILED ||
           (rc != 0 && !is_refusal(rc) && (faults_ordered() & ~writing) == 0);
}

static void
note_failure(struct hands *hands, int rc)
{
    if (lasts(rc))
        __atomic_store_n(&hands->over, rc, __ATOMIC_SEQ_CST);
}

static uint32_t
begin(struct book *book, uint32_t count)
{
    uint32_t number = __atomic_fetch_add(&book->life.count, 1,
                                         __ATOMIC_RELAXED);

    if (number >= LIFE_DEEDS)
        abort();
    book->life.deeds[number] = (struct deed){.kind = DEED_APPEND,
                                             .count = count};
    return number;
}

static void
append(const struct thread *thread, uint32_t count)
{
    struct hands *hands = thread->hands;
    struct book *book = hands->book;
    struct journal_record records[BATCH_MOST];
    struct tag tag = {.salt = book->life.salt, .deed = begin(book, count)};
    struct deed *deed = &book->life.deeds[tag.deed];
    int before = __atomic_load_n(&hands->over, __ATOMIC_SEQ_CST);

    for (; tag.part < count; tag.part++)
        records[tag.part] = life_record(&tag);
    deed->result = journal_append_batch(hands->journal, records, count,
                                        &deed->seq);
    deed->failed = deed->result != 0;
    note_failure(hands, deed->result);
    judge_late(hands, "an append", before, deed->result);
}

static void
sync_journal(const struct thread *thread)
{
    struct hands *hands = thread->hands;
    int before = __atomic_load_n(&hands->over, __ATOMIC_SEQ_CST);
    int rc = journal_sync(hands->journal);

    note_failure(hands, rc);
    if (rc != 0)
        __atomic_fetch_add(&hands->book->errors, 1, __ATOMIC_RELAXED);
    judge_late(hands, "a sync", before, rc);
}

static void *
work(void *context)
{
    struct thread *thread = context;

    (void)pthread_barrier_wait(&thread->hands->start);
    for (unsigned i = 0; i < APPENDS; i++) {
        append(thread, 1 + (uint32_t)test_below(&thread->chance, BATCH_MOST));
        if (thread->syncs && i % 2 == 1)
            sync_journal(thread);
    }
    return NULL;
}

/* ---- all of them -------------------------------------------------------- */

/* Threads are made in peace: only the journal's calls are to fail. */
static void
run(struct hands *hands, struct thread *threads, unsigned count)
{
    pthread_t ids[CROWD_MAX];

    if (pthread_barrier_init(&hands->start, NULL, count + 1) != 0)
        abort();
    faults_pause();
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&ids[i], NULL, work, &threads[i]) != 0)
            abort();
    faults_resume();
    (void)pthread_barrier_wait(&hands->start);
    for (unsigned i = 0; i < count; i++)
        if (pthread_join(ids[i], NULL) != 0)
            abort();
    (void)pthread_barrier_destroy(&hands->start);
}

/* What they were told; an error must have its reason. */
static void
take_results(struct book *book, uint32_t from)
{
    for (uint32_t i = from; i < book->life.count; i++) {
        int rc = book->life.deeds[i].result;

        book->errors += rc != 0;
        if (rc != 0 && !faults_hit())
            book_complain(book, "an append: %s, of itself",
                          journal_errname(rc));
    }
}

void
crowd_append(struct book *book, struct journal *journal, unsigned threads)
{
    struct hands hands = {.book = book, .journal = journal};
    struct thread crowd[CROWD_MAX];
    uint32_t from = book->life.count;

    if (threads > CROWD_MAX)
        abort();
    hands.over = book->failed ? JOURNAL_FAILED : 0;
    if (!crowd_was_there(book)) {
        book->crowd = from;
        state_copy(&book->before_crowd, &book->now);
    }
    for (unsigned i = 0; i < threads; i++)
        crowd[i] = (struct thread){.hands = &hands,
                                   .chance = book->life.salt + from + i,
                                   .syncs = i + 1 == threads};
    run(&hands, crowd, threads);
    take_results(book, from);
    book->failed |= hands.over == JOURNAL_FAILED;
}

/* ---- what is left of it ------------------------------------------------- */

bool
crowd_was_there(const struct book *book)
{
    return book->crowd != BOOK_SURE;
}

static bool
slots_equal(const struct slot *a, const struct slot *b)
{
    return a->there && b->there && a->tag.salt == b->tag.salt &&
           a->tag.deed == b->tag.deed && a->tag.part == b->tag.part;
}

/* What STATE has is in IMAGE too. */
static bool
is_start(const struct state *state, const struct state *image)
{
    if (image->size < state->size)
        return false;
    for (uint64_t seq = 0; seq < state->size; seq++)
        if (state->slot[seq].there &&
            !slots_equal(&state->slot[seq], &image->slot[seq]))
            return false;
    return true;
}

/* The deed whose batch begins at SEQ, all of it; or BOOK_SURE. */
static uint32_t
whole_at(const struct book *book, const struct state *image, uint64_t seq)
{
    const struct slot *slot = &image->slot[seq];
    struct tag tag = {.salt = book->life.salt, .deed = slot->tag.deed};

    if (tag.deed < book->crowd || tag.deed >= book->life.count)
        return BOOK_SURE;
    for (; tag.part < book->life.deeds[tag.deed].count; tag.part++, seq++) {
        struct slot wanted = {.there = true, .tag = tag};

        if (seq >= image->size || !slots_equal(&wanted, &image->slot[seq]))
            return BOOK_SURE;
    }
    return tag.deed;
}

/* Where each deed since the crowd came has its entries; false: not so. */
static bool
place(const struct book *book, const struct state *image,
      uint64_t places[LIFE_DEEDS])
{
    for (uint32_t i = 0; i < LIFE_DEEDS; i++)
        places[i] = JOURNAL_NONE;
    for (uint64_t seq = book->before_crowd.size; seq < image->size;) {
        uint32_t number = whole_at(book, image, seq);

        if (number == BOOK_SURE || places[number] != JOURNAL_NONE)
            return false;
        places[number] = seq;
        seq += book->life.deeds[number].count;
    }
    return true;
}

static void
judge_deed(struct book *book, uint32_t number, uint64_t at)
{
    const struct deed *deed = &book->life.deeds[number];

    if (deed->result == 0 && at != deed->seq)
        book_complain(book, "append %u, acknowledged as %llu, is at %lld",
                      number, (unsigned long long)deed->seq, (long long)at);
    if (is_refusal(deed->result) && at != JOURNAL_NONE)
        book_complain(book, "append %u, refused with %s, is at %llu", number,
                      journal_errname(deed->result), (unsigned long long)at);
}

void
crowd_decide(struct book *book, const struct state *image)
{
    static uint64_t places[LIFE_DEEDS];

    if (!is_start(&book->before_crowd, image))
        book_complain(book, "what was there before the threads came is not");
    else if (!is_start(&book->now, image))
        book_complain(book, "what has been shown is not there any more");
    else if (!place(book, image, places))
        book_complain(book, "some batch is not whole, or there twice");
    else
        for (uint32_t i = book->crowd; i < book->life.count; i++)
            judge_deed(book, i, places[i]);
    state_copy(&book->now, image);
    book->unsure = BOOK_SURE;
}
