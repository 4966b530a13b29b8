/* history.c - what is known of the journal, and whether it is what it holds. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "support/invariants.h"
#include "support/mode.h"
#include "support/test.h"

#define MEMORY 1000u /* pruned entries that are remembered */
#define PROBE 255u   /* the writer's number of our own appends */

/* A check in progress: NOW is filled with what the journal holds. */
struct check {
    const struct history *before;
    struct history now;
    struct journal *journal;
    const struct board *board;
    uint64_t round;
    uint64_t kept;  /* the least size that a rewind has surely gone back to */
    uint64_t probe; /* where our own append begins; JOURNAL_NONE: not yet */
    size_t probe_count;
    const char *context;
};

/* Check's own assertions write to a file each, even where all is well. */
#define CHECK(check, condition, format, ...)                                   \
    do {                                                                       \
        if (!(condition))                                                      \
            ck_abort_msg("%s: " format, (check)->context, __VA_ARGS__);        \
    } while (0)

#define U(number) ((unsigned long long)(number))

void
history_start(struct history *history, uint64_t origin)
{
    memset(history, 0, sizeof(*history));
    history->origin = history->start = origin;
    history->first = history->size = origin;
    history->relaxed = mode_is_relaxed();
}

void
history_end(struct history *history)
{
    free(history->seen);
    memset(history, 0, sizeof(*history));
}

static struct seen *
at(const struct history *history, uint64_t seq)
{
    return &history->seen[seq - history->start];
}

static struct seen *
add(struct history *history)
{
    size_t count = history->size - history->start;

    if (count >= history->capacity) {
        history->capacity = 2 * count + 1024;
        history->seen = realloc(history->seen,
                                history->capacity * sizeof(struct seen));
        if (history->seen == NULL)
            abort();
    }
    history->size++;
    return &history->seen[count];
}

/* ---- what the board allows ---------------------------------------------- */

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static unsigned
operations_of(const struct writer *writer)
{
    return atomic_load(&writer->count);
}

/*
 * The least size that WRITER's rewinds from operation FROM on went back to;
 * those that were only begun count if BEGUN_TOO.  JOURNAL_NONE if none.
 */
static uint64_t
rewound_to(const struct writer *writer, unsigned from, bool begun_too)
{
    uint64_t size = JOURNAL_NONE;

    for (unsigned i = from; i < operations_of(writer); i++) {
        const struct operation *one = &writer->operations[i];

        if (one->kind == REWIND &&
            (begun_too || atomic_load(&one->outcome) == ACKNOWLEDGED))
            size = least(size, one->argument);
    }
    return size;
}

/* The same of all writers, for what was there before the round. */
static uint64_t
all_rewound_to(const struct board *board, bool begun_too)
{
    uint64_t size = JOURNAL_NONE;

    for (unsigned i = 0; i < BOARD_WRITERS; i++)
        size = least(size, rewound_to(&board->writers[i], 0, begun_too));
    return size;
}

/* Below which number has been pruned, or may have been if BEGUN_TOO. */
static uint64_t
pruned_below(const struct check *check, bool begun_too)
{
    uint64_t first = check->before->first;

    for (unsigned i = 0; i < BOARD_WRITERS; i++) {
        const struct writer *writer = &check->board->writers[i];

        for (unsigned j = 0; j < operations_of(writer); j++) {
            const struct operation *one = &writer->operations[j];

            if (one->kind == PRUNE &&
                (begun_too || atomic_load(&one->outcome) == ACKNOWLEDGED))
                first = most(first, one->argument);
        }
    }
    return first;
}

/* Whether a rewind may have left a journal that ends before number SEQ. */
static bool
may_be_cut(const struct check *check, uint64_t seq)
{
    for (unsigned i = 0; i < BOARD_WRITERS; i++) {
        const struct writer *writer = &check->board->writers[i];

        for (unsigned j = 0; j < operations_of(writer); j++) {
            const struct operation *one = &writer->operations[j];
            bool done = atomic_load(&one->outcome) == ACKNOWLEDGED;

            if (one->kind == REWIND &&
                (done ? one->argument == seq : one->argument <= seq))
                return true;
        }
    }
    return false;
}

/* ---- entries ------------------------------------------------------------ */

/* It was there before the round, and no rewind has surely taken it. */
static bool
is_old(const struct check *check, uint64_t seq)
{
    return seq < check->before->size && seq < check->kept;
}

static void
check_old(const struct check *check, const struct seen *seen, uint64_t seq)
{
    const struct seen *was = at(check->before, seq);

    CHECK(check, was->attempt == seen->attempt && was->index == seen->index,
          "entry %llu was %llx/%zu and is %llx/%zu now", U(seq),
          U(was->attempt), was->index, U(seen->attempt), seen->index);
    CHECK(check,
          was->prev == seen->prev && was->revision == seen->revision &&
              was->time == seen->time,
          "links or time of entry %llu have changed", U(seq));
}

static void
check_probe(const struct check *check, const struct seen *seen, uint64_t seq)
{
    CHECK(check,
          attempt_round(seen->attempt) == check->round &&
              check->probe != JOURNAL_NONE && check->probe + seen->index == seq,
          "entry %llu is not where we have appended it", U(seq));
}

static void
check_new(const struct check *check, const struct seen *seen, uint64_t seq)
{
    unsigned which = attempt_writer(seen->attempt);
    unsigned operation = attempt_operation(seen->attempt);
    const struct writer *writer = &check->board->writers[which];
    const struct operation *one = &writer->operations[operation];
    enum outcome outcome;

    CHECK(check,
          attempt_round(seen->attempt) == check->round &&
              which < BOARD_WRITERS && operation < operations_of(writer) &&
              one->kind == APPEND && one->argument == seen->attempt,
          "nobody has appended entry %llu, of attempt %llx", U(seq),
          U(seen->attempt));
    outcome = atomic_load(&one->outcome);
    CHECK(check, outcome != REFUSED, "entry %llu was refused", U(seq));
    CHECK(check, outcome == BEGUN || one->number + seen->index == seq,
          "entry %llu was acknowledged as %llu", U(seq),
          U(one->number + seen->index));
    CHECK(check,
          outcome == ACKNOWLEDGED || operation + 1 == operations_of(writer),
          "entry %llu was given up and gone on from", U(seq));
    CHECK(check, seq < rewound_to(writer, operation, false),
          "entry %llu was rewound", U(seq));
    CHECK(check,
          seen->index > 0 || !one->expects || seen->prev == one->expected,
          "entry %llu follows %llu, though %llu was expected", U(seq),
          U(seen->prev), U(one->expected));
}

/* Of the key's oldest entry there is: the one before it has been pruned. */
static void
check_pruned(const struct check *check, const struct seen *one, uint64_t seq)
{
    const struct seen *prev;

    CHECK(check, one->prev >= check->now.origin,
          "entry %llu follows %llu, which never was", U(seq), U(one->prev));
    if (one->prev < check->now.start)
        return;
    prev = at(&check->now, one->prev);
    if (prev->attempt == 0)
        return;
    CHECK(check, prev->key == one->key && prev->revision + 1 == one->revision,
          "entry %llu follows %llu, which was of another key or revision",
          U(seq), U(one->prev));
}

static bool
take_entry(void *context, const struct journal_entry *entry, unsigned key,
           char *why)
{
    struct check *check = context;
    uint64_t seq = check->now.size;
    struct seen *seen = add(&check->now);
    const char *difference;

    memset(seen, 0, sizeof(*seen));
    if (!attempt_of(entry, &seen->attempt, &seen->index, &seen->count))
        return invariants_wrong(why, "entry %llu is of no attempt", U(seq));
    difference = attempt_difference(entry, seen->attempt, seen->index);
    if (difference != NULL)
        return invariants_wrong(why, "entry %llu: %s", U(seq), difference);
    seen->time = entry->time;
    seen->prev = entry->prev;
    seen->revision = entry->revision;
    seen->key = key == ATTEMPT_KEYS ? ATTEMPT_NO_KEY : key;
    if (seq >= check->probe)
        check_probe(check, seen, seq);
    else if (is_old(check, seq))
        check_old(check, seen, seq);
    else
        check_new(check, seen, seq);
    if (seen->prev < check->now.first)
        check_pruned(check, seen, seq);
    return true;
}

/* Of all entries, and all that can be asked about them. */
static void
read_all(struct check *check)
{
    struct invariants_key keys[ATTEMPT_KEYS];
    const struct reading reading = {.journal = check->journal,
                                    .keys = keys,
                                    .key_count = ATTEMPT_KEYS,
                                    .all_durable = !check->now.relaxed,
                                    .limits = 4,
                                    .queries = 1,
                                    .most = UINT64_MAX,
                                    .entry = take_entry,
                                    .context = check};
    struct journal_stat stat;
    char why[INVARIANTS_WHY];

    for (unsigned i = 0; i < ATTEMPT_KEYS; i++)
        keys[i].data = attempt_key(i, &keys[i].size);
    CHECK(check, invariants_hold(&reading, &stat, why), "%s", why);
}

/* ---- 1 to 3: what has to be there --------------------------------------- */

static void
check_acknowledged(const struct check *check, const struct writer *writer,
                   unsigned which)
{
    const struct operation *one = &writer->operations[which];
    uint64_t limit = least(one->number + one->count,
                           rewound_to(writer, which, true));
    uint64_t seq = most(one->number, check->now.first);

    if (one->kind != APPEND || atomic_load(&one->outcome) != ACKNOWLEDGED)
        return;
    for (; seq < limit; seq++)
        CHECK(check,
              seq < check->now.size &&
                  at(&check->now, seq)->attempt == one->argument,
              "entry %llu, of attempt %llx, was acknowledged and is lost",
              U(seq), U(one->argument));
}

static void
check_nothing_lost(const struct check *check)
{
    uint64_t kept = least(check->before->size,
                          all_rewound_to(check->board, true));

    CHECK(check, check->now.size >= kept, "size %llu, was %llu",
          U(check->now.size), U(kept));
    for (unsigned i = 0; i < BOARD_WRITERS; i++)
        for (unsigned j = 0; j < operations_of(&check->board->writers[i]); j++)
            check_acknowledged(check, &check->board->writers[i], j);
}

static void
check_first(const struct check *check)
{
    CHECK(check, check->now.first >= pruned_below(check, false),
          "first %llu, though pruned below %llu", U(check->now.first),
          U(pruned_below(check, false)));
    CHECK(check, check->now.first <= pruned_below(check, true),
          "first %llu, though nothing was to be pruned from %llu on",
          U(check->now.first), U(pruned_below(check, true)));
}

/* ---- 5: batches --------------------------------------------------------- */

static bool
belongs_before(const struct seen *a, const struct seen *b)
{
    return a->attempt == b->attempt && a->index + 1 == b->index;
}

/* Entry SEQ is the last in place of its batch, and not the last of it. */
static void
check_cut(const struct check *check, uint64_t seq)
{
    const struct history *before = check->before;
    bool was_cut = is_old(check, seq) &&
                   (seq + 1 == before->size ||
                    !belongs_before(at(before, seq), at(before, seq + 1)));

    CHECK(check, was_cut || may_be_cut(check, seq + 1),
          "the batch of entry %llu ends with record %zu of %zu", U(seq),
          at(&check->now, seq)->index + 1, at(&check->now, seq)->count);
}

static void
check_batches(const struct check *check)
{
    const struct history *now = &check->now;

    for (uint64_t seq = now->first; seq < now->size; seq++) {
        const struct seen *one = at(now, seq);
        bool begins = seq == now->first ||
                      !belongs_before(at(now, seq - 1), one);
        bool ends = seq + 1 == now->size ||
                    !belongs_before(one, at(now, seq + 1));

        CHECK(check, !begins || one->index == 0 || seq == now->first,
              "entry %llu is record %zu of a batch without the one before",
              U(seq), one->index);
        if (ends && one->index + 1 < one->count)
            check_cut(check, seq);
    }
}

/* ---- 8: it goes on ------------------------------------------------------ */

static void
append_one(struct check *check, bool settled)
{
    uint64_t number = JOURNAL_NONE;
    struct attempt attempt;
    int rc;

    attempt_make(&attempt, attempt_number(check->round, PROBE, 0));
    rc = journal_append_batch(check->journal, attempt.records, attempt.count,
                              &number);
    CHECK(check, rc == 0, "the next append: %s", journal_errname(rc));
    CHECK(check, !settled || number == check->now.size,
          "the next append got number %llu instead of %llu", U(number),
          U(check->now.size));
    check->probe = number;
    check->probe_count = attempt.count;
}

/* ------------------------------------------------------------------------- */

/* Entries pruned are what they were, or 0 where nobody has seen them. */
static void
start_now(struct check *check, uint64_t first)
{
    const struct history *before = check->before;

    history_start(&check->now, before->origin);
    check->now.relaxed = before->relaxed;
    if (first - before->start > MEMORY)
        check->now.start = first - MEMORY;
    else
        check->now.start = before->start;
    check->now.size = check->now.start;
    check->now.first = first;
    while (check->now.size < first) {
        uint64_t seq = check->now.size;
        struct seen *seen = add(&check->now);

        memset(seen, 0, sizeof(*seen));
        seen->key = ATTEMPT_NO_KEY;
        if (is_old(check, seq))
            *seen = *at(before, seq);
    }
}

static void
look(struct check *check)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(check->journal, &stat);

    CHECK(check, rc == 0, "stat: %s", journal_errname(rc));
    CHECK(check, stat.first >= check->before->first, "first is %llu",
          U(stat.first));
    history_end(&check->now);
    start_now(check, stat.first);
    check_first(check);
    read_all(check);
    check_nothing_lost(check);
    check_batches(check);
}

void
history_check(struct history *history, struct journal *journal,
              const struct board *board, uint64_t round, bool settled,
              const char *context)
{
    struct check check = {.before = history,
                          .journal = journal,
                          .board = board,
                          .round = round,
                          .kept = all_rewound_to(board, false),
                          .probe = JOURNAL_NONE,
                          .context = context};

    look(&check);
    append_one(&check, settled);
    look(&check);
    CHECK(&check, check.now.size == check.probe + check.probe_count,
          "size %llu, though the last append got number %llu",
          U(check.now.size), U(check.probe));
    history_end(history);
    *history = check.now;
}

void
history_prune(struct history *history, struct journal *journal, uint64_t keep)
{
    uint64_t before, removed = 0;
    int rc;

    if (history->size - history->first <= keep)
        return;
    before = history->size - keep / 4;
    rc = journal_prune(journal, before, 0, &removed);
    ck_assert_msg(rc == 0 && removed == before - history->first,
                  "prune: %s, %llu removed", journal_errname(rc), U(removed));
    history->first = before;
}
