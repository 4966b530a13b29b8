/*
 * model_test.c - random operations, each compared with a journal in memory.
 *
 * A round is a few thousand operations on a journal of its own, of a kind that
 * its seed chooses.  Every result is compared with the model's, and now and
 * then, and at the end, all that there is: every number, every key as of every
 * size.  The journal lies in TEST_FAST_DIR, or else in /dev/shm where that can
 * be written, since flushes cost the most and the model knows only how far they
 * have come.  Handles are durable or relaxed as chance has it.
 */
#include <unistd.h>

#include "batch.h"
#include "compare.h"
#include "marking.h"
#include "model.h"
#include "quest.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "support/mode.h"
#include "support/test.h"
#include "trace.h"
#include "walk.h"

#define ROUNDS 72
#define WALKS 4u
#define QUESTS 4u
#define COMPARISONS 3u /* of everything, in a round */
#define QUERIES 100u   /* then */

enum handle { MAIN, SECOND, READER, HANDLES };
enum first { ZERO, ANY, NEAR_THE_END };

/* A kind of round. */
struct kind {
    const char *name;
    struct {
        enum first first;
        size_t short_keys, long_keys;
        size_t batch_max;
    };
    struct taste taste;
    /* How many of a hundred operations are these; the others look. */
    struct {
        unsigned operations;
        unsigned appends, deletes, prunes, rewinds, opens, marks;
    };
    struct {
        unsigned compactions; /* of a hundred prunes */
        uint64_t retained;    /* about so many entries, by pruning */
        bool limited;         /* handles have limits of their own */
    };
};

static const struct kind kinds[] = {
    {"few keys",
     {ZERO, 5, 1, 8},
     {200, 12, 12, 4, 12, 6, 8},
     {5000, 45, 3, 2, 1, 1, 1},
     {20, 2500, false}},
    {"any first number",
     {ANY, 6, 2, 6},
     {100, 8, 6, 3, 6, 4, 5},
     {6000, 40, 4, 3, 3, 2, 2},
     {30, 1200, false}},
    {"out of numbers",
     {NEAR_THE_END, 5, 1, 5},
     {100, 10, 10, 4, 12, 5, 8},
     {2500, 25, 4, 2, 2, 2, 2},
     {30, 1000, false}},
    {"big values",
     {ZERO, 6, 1, 5},
     {5, 8, 10, 8, 12, 10, 10},
     {4000, 35, 2, 4, 3, 1, 1},
     {0, 300, false}},
    {"prune and rewind",
     {ZERO, 8, 2, 6},
     {200, 12, 6, 3, 8, 5, 6},
     {9000, 35, 5, 10, 10, 3, 3},
     {30, 400, false}},
    {"long keys, large batches",
     {ZERO, 4, 10, BATCH_MAX},
     {300, 20, 8, 5, 20, 15, 20},
     {3000, 20, 4, 3, 3, 1, 1},
     {50, 1500, false}},
    {"retention",
     {ZERO, 12, 3, 12},
     {60, 10, 8, 4, 10, 6, 8},
     {4000, 50, 4, 1, 2, 4, 2},
     {50, 2000, true}},
    {"compaction and marks",
     {ZERO, 20, 3, 4},
     {200, 15, 8, 3, 8, 5, 6},
     {7000, 35, 6, 10, 6, 2, 6},
     {80, 500, false}},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *kind;
static struct model model;
static struct keys keys;
static struct journal *handles[HANDLES];
static struct model_limits limits[HANDLES];
static bool relaxed[HANDLES];
static struct walk walks[WALKS];
static struct quest quests[QUESTS];

/* ---- open, close -------------------------------------------------------- */

/* Each of them is there as often as not. */
static struct model_limits
choose_limits(void)
{
    struct model_limits chosen = {0, 0, 0};

    if (!kind->limited)
        return chosen;
    if (one_in(2))
        chosen.entries = one_in(4) ? between(1, 20) : between(1, 800);
    if (one_in(2))
        chosen.bytes = one_in(4) ? between(1, 2000) : between(1, 400000);
    if (one_in(2))
        chosen.ns = between(1, one_in(2) ? 1000000 : 100000000);
    return chosen;
}

static void
open_handle(enum handle which)
{
    static const char *const names[HANDLES] = {"journal", "link", "./journal"};
    struct journal_options options;
    int rc;

    journal_options_init(&options);
    /* Counts for a new journal only, so that it may be anything. */
    options.first_seq = model.size < JOURNAL_NONE ? model.size : 0;
    relaxed[which] = one_in(2);
    options.durability = relaxed[which] ? JOURNAL_RELAXED : JOURNAL_DURABLE;
    options.tail_bytes = mode_tail_bytes();
    if (which != MAIN)
        options.flags = JOURNAL_OPEN_EXISTING;
    if (which == READER)
        options.flags = JOURNAL_OPEN_READ_ONLY;
    limits[which] = choose_limits();
    options.keep_entries = limits[which].entries;
    options.keep_bytes = limits[which].bytes;
    options.keep_ns = limits[which].ns;
    rc = mode_open_as_is(test_path(names[which]), &options, &handles[which]);
    expect(rc == 0, "open %s: %s", names[which], journal_errname(rc));
}

static void
close_handle(enum handle which)
{
    journal_close(handles[which]);
    handles[which] = NULL;
}

static void
close_walks(void)
{
    for (size_t i = 0; i < WALKS; i++)
        walk_close(&walks[i]);
    for (size_t i = 0; i < QUESTS; i++)
        quest_close(&quests[i]);
}

/* Walks may go on: they keep the journal open for themselves. */
static void
reopen(void)
{
    bool reader_first = one_in(3);
    bool walking = one_in(2);

    trace("close all%s, open%s", walking ? " but cursors" : "",
          reader_first ? " the reader and then the writer" : "");
    if (!walking)
        close_walks();
    for (unsigned i = 0; i < HANDLES; i++)
        close_handle(i);
    if (reader_first)
        open_handle(READER);
    open_handle(MAIN);
    compare_stat(&model, handles[MAIN]);
}

static void
toggle(enum handle which)
{
    trace("%s handle %d", handles[which] == NULL ? "open" : "close",
          (int)which);
    if (handles[which] == NULL)
        open_handle(which);
    else
        close_handle(which);
}

static void
open_or_close(void)
{
    switch (below(3)) {
    case 0:
        reopen();
        break;
    case 1:
        toggle(SECOND);
        break;
    default:
        toggle(READER);
    }
}

static struct journal *
any_writer(void)
{
    return handles[SECOND] != NULL && one_in(2) ? handles[SECOND]
                                                : handles[MAIN];
}

static enum handle
which_is(const struct journal *writer)
{
    return writer == handles[MAIN] ? MAIN : SECOND;
}

static struct journal *
any_handle(void)
{
    return handles[READER] != NULL && one_in(2) ? handles[READER]
                                                : any_writer();
}

/* ---- append ------------------------------------------------------------- */

/* The time of the newest entry below NUMBER that is there. */
static uint64_t
time_before(uint64_t number)
{
    while (number > model.first) {
        const struct model_entry *one = model_entry_at(&model, --number);

        if (one != NULL)
            return one->entry.time;
    }
    return 0;
}

/*
 * The model learns the time of the entries from NUMBER on, which is one for
 * all, and with it what is to go; then those that are left are compared.
 */
static void
take_time(struct journal *journal, uint64_t number)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, model.size - 1, &entry);
    uint64_t time;

    expect(rc == 0, "read of the newest: %s", journal_errname(rc));
    time = entry->time;
    journal_entry_free(entry);
    expect(time > 0, "no time");
    expect(time >= time_before(number), "the time falls");
    for (uint64_t seq = number; seq < model.size; seq++)
        model_entry_at(&model, seq)->entry.time = time;
    model_retain(&model, &limits[which_is(journal)], model.size - number);
    for (uint64_t seq = number; seq < model.size; seq++)
        compare_read(&model, journal, seq);
    if (kind->limited)
        compare_stat(&model, journal);
}

/* RC and SEQ are what the library has answered to RECORDS. */
static void
take_append(struct journal *journal, const struct journal_record *records,
            size_t count, int rc, uint64_t seq)
{
    uint64_t number = model.size;

    expect(model_allows(&model, records, count, rc), "append: %s",
           journal_errname(rc));
    if (rc != 0) {
        expect(seq == 77, "append set its output on failure");
        return;
    }
    expect(seq == number, "number %llu instead of %llu",
           (unsigned long long)seq, (unsigned long long)number);
    model_append(&model, records, count);
    if (!relaxed[which_is(journal)])
        model_sync(&model);
    take_time(journal, number);
}

static bool
is_plain(const struct batch *batch)
{
    return batch->count == 1 && batch->records[0].flags == 0 &&
           batch->records[0].meta_size == 0;
}

static void
append(void)
{
    struct journal *journal = any_writer();
    size_t count = one_in(2) ? 1 : between(1, kind->batch_max);
    struct batch batch;
    uint64_t seq = 77;
    int rc;

    batch_make(&batch, count, &kind->taste, &keys, &model);
    trace("append %zu:", count);
    batch_trace(&batch);
    if (batch_can_be_packed(&batch) && one_in(3))
        rc = batch_append_packed(&batch, journal, &seq);
    else if (is_plain(&batch))
        rc = journal_append(journal, batch.records[0].key,
                            batch.records[0].key_size, batch.records[0].value,
                            batch.records[0].value_size, &seq);
    else
        rc = journal_append_batch(journal, batch.records, count, &seq);
    take_append(journal, batch.records, count, rc, seq);
}

static void
erase(void)
{
    const struct key *key = keys_any(&keys);
    struct journal *journal = any_writer();
    struct journal_record record = {.key = key->data,
                                    .key_size = key->size,
                                    .flags = JOURNAL_TOMBSTONE};
    uint64_t seq = 77;
    int rc;

    trace("delete a key of %zu", key->size);
    rc = journal_delete(journal, key->data, key->size, &seq);
    take_append(journal, &record, 1, rc, seq);
}

/* ---- maintain ----------------------------------------------------------- */

static uint64_t
add(uint64_t number, uint64_t more)
{
    return number > JOURNAL_NONE - more ? JOURNAL_NONE : number + more;
}

static uint64_t
minus(uint64_t number, uint64_t less)
{
    return number > less ? number - less : 0;
}

static uint64_t
where_to_prune(void)
{
    uint64_t entries = model.size - model.first;

    if (entries > kind->retained && one_in(8))
        return model.size - kind->retained / 2;
    switch (below(150)) {
    case 0:
        return minus(model.first, below(5));
    case 1:
        return add(model.size, below(5));
    case 2:
        return minus(model.size, below(20));
    case 3:
        return model.first + below(entries + 1);
    default:
        return add(model.first, below(entries < kind->retained ? 6 : 100));
    }
}

static void
note_compaction(uint64_t highest)
{
    for (size_t i = 0; i < WALKS; i++)
        walk_compacted(&walks[i], highest);
    for (size_t i = 0; i < QUESTS; i++)
        quest_compacted(&quests[i]);
}

/* Now and then there is so much that marks must not be in the way. */
static uint32_t
how_to_prune(void)
{
    uint32_t flags = below(100) < kind->compactions ? JOURNAL_PRUNE_KEEP_LATEST
                                                    : 0;

    if (one_in(2) || model.size - model.first > kind->retained)
        flags |= JOURNAL_PRUNE_PAST_MARKS;
    return flags;
}

static void
prune(void)
{
    uint64_t before = where_to_prune(), removed = 77, highest = 0, want;
    uint32_t flags = how_to_prune();
    bool ask = one_in(2);
    int rc;

    trace("prune with %u below %llu of [%llu, %llu)", flags,
          (unsigned long long)before, (unsigned long long)model.first,
          (unsigned long long)model.size);
    rc = journal_prune(any_writer(), before, flags, ask ? &removed : NULL);
    expect(rc == 0, "prune: %s", journal_errname(rc));
    want = model_prune(&model, before, flags, &highest);
    expect(!ask || removed == want, "%llu removed, not %llu",
           (unsigned long long)removed, (unsigned long long)want);
    if (want > 0 && (flags & JOURNAL_PRUNE_KEEP_LATEST) != 0)
        note_compaction(highest);
    compare_stat(&model, any_handle());
}

static uint64_t
where_to_rewind(void)
{
    switch (below(150)) {
    case 0:
        return minus(model.first, below(4));
    case 1:
        return add(model.size, below(4));
    case 2:
        return model.first + below(model.size - model.first + 1);
    default:
        return minus(model.size, below(10));
    }
}

static void
rewind_journal(void)
{
    uint64_t size = where_to_rewind();
    int rc, want;

    trace("rewind to %llu of [%llu, %llu)", (unsigned long long)size,
          (unsigned long long)model.first, (unsigned long long)model.size);
    want = model_rewind(&model, size);
    rc = journal_rewind(any_writer(), size);
    expect(rc == want, "rewind: %s instead of %s", journal_errname(rc),
           journal_errname(want));
    for (size_t i = 0; rc == 0 && i < WALKS; i++)
        walk_rewound(&walks[i], size);
    for (size_t i = 0; rc == 0 && i < QUESTS; i++)
        quest_rewound(&quests[i], size);
    compare_stat(&model, any_handle());
}

/* Whatever would change the journal is refused by the read-only handle. */
static void
change_through_the_reader(void)
{
    struct journal_record record = {.value = "no", .value_size = 2};
    struct journal *reader = handles[READER];

    if (reader == NULL)
        return;
    trace("change through the read-only handle");
#define REFUSED(call)                                                          \
    expect((call) == JOURNAL_READ_ONLY, "not refused: %s", #call)
    REFUSED(journal_append(reader, "k", 1, "v", 1, NULL));
    REFUSED(journal_append_batch(reader, &record, 1, NULL));
    REFUSED(journal_delete(reader, "k", 1, NULL));
    REFUSED(journal_prune(reader, model.size, 0, NULL));
    REFUSED(journal_rewind(reader, model.first));
    REFUSED(journal_mark(reader, "a", model.first));
    REFUSED(journal_unmark(reader, "a"));
#undef REFUSED
    compare_stat(&model, reader);
}

/* ---- look --------------------------------------------------------------- */

/* Mostly a number retained, or one next to those. */
static uint64_t
any_number(void)
{
    uint64_t entries = model.size - model.first;

    if (one_in(40))
        return one_in(2) ? 0 : JOURNAL_NONE;
    if (one_in(10))
        return minus(model.first, below(30));
    return add(model.first, below(entries + 4));
}

static void
look_up(void)
{
    const struct key *key = keys_any(&keys);
    uint64_t number = any_number();

    trace("get a key of %zu", key->size);
    compare_get(&model, any_handle(), key);
    trace_more(", as of %llu", (unsigned long long)number);
    compare_get_at(&model, any_handle(), key, number);
    trace_more(", and the number itself");
    compare_read(&model, any_handle(), number);
}

static void
replay(void)
{
    uint64_t first = one_in(4) ? JOURNAL_NONE : any_number();

    /* Most are short, so that there can be many. */
    if (first != JOURNAL_NONE && !one_in(8) && first >= model.first &&
        first < minus(model.size, 100))
        first = model.size - below(100);
    trace("replay from %llu", (unsigned long long)first);
    compare_replay(&model, any_handle(), first);
}

static void
walk(void)
{
    struct walk *one = &walks[below(WALKS)];
    uint64_t entries = model.size - model.first;
    uint64_t steps = one_in(5) ? 400 : between(1, 20);

    if (one->cursor == NULL) {
        trace("open a cursor");
        walk_open(one, &model, any_handle(), model.first + below(entries + 1));
    } else if (one->ended || one_in(30)) {
        trace("close a cursor");
        walk_step(one, &model);
        walk_close(one);
    } else {
        trace("%llu steps of a cursor at %llu", (unsigned long long)steps,
              (unsigned long long)one->next);
        while (steps-- > 0 && !one->ended)
            walk_step(one, &model);
    }
}

static void
ask(void)
{
    struct quest *one = &quests[below(QUESTS)];

    if (one->cursor == NULL) {
        trace("open a query");
        quest_open(one, &model, any_handle(), &keys);
    } else if (one->ended || one_in(30)) {
        trace("close a query");
        quest_close(one);
    } else {
        trace("go on with a query");
        question_trace(&one->question);
        quest_step(one, &model);
    }
}

static void
find_time(void)
{
    struct model_entry *entry = NULL;

    if (model_read(&model, any_number(), &entry) != 0)
        return;
    trace("find the time of %llu", (unsigned long long)entry->entry.seq);
    compare_find_time(&model, any_handle(), entry->entry.time - 1 + below(3));
}

/* Without waiting: nobody else appends. */
static void
ask_whether_there(void)
{
    uint64_t seq = any_number();
    int rc, want = seq < model.size ? 0 : JOURNAL_TIMEOUT;

    trace("wait for %llu", (unsigned long long)seq);
    rc = journal_wait(any_handle(), seq, (int64_t)below(2));
    expect(rc == want, "%s instead of %s", journal_errname(rc),
           journal_errname(want));
}

static void
sync_and_look(void)
{
    struct journal *journal = any_writer();
    int rc;

    trace("sync");
    rc = journal_sync(journal);
    expect(rc == 0, "sync: %s", journal_errname(rc));
    model_sync(&model);
    compare_stat(&model, journal);
}

static void
look(void)
{
    switch (below(23)) {
    case 0:
        replay();
        break;
    case 1:
        sync_and_look();
        break;
    case 2:
        change_through_the_reader();
        break;
    case 3:
    case 4:
    case 5:
        walk();
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        query_any(&model, any_handle(), &keys);
        break;
    case 10:
    case 11:
    case 12:
    case 13:
        ask();
        break;
    case 14:
        find_time();
        break;
    case 15:
        marking_look(&model, any_handle());
        break;
    case 16:
        ask_whether_there();
        break;
    default:
        look_up();
    }
}

/* ---- rounds ------------------------------------------------------------- */

/* True, and takes PART of it, if the rest of the hundred falls into PART. */
static bool
falls(unsigned *rest, unsigned part)
{
    bool in = *rest < part;

    *rest -= in ? 0 : part;
    return in;
}

static void
operate(void)
{
    unsigned rest = (unsigned)below(100);

    if (falls(&rest, kind->appends))
        append();
    else if (falls(&rest, kind->deletes))
        erase();
    else if (falls(&rest, kind->prunes))
        prune();
    else if (falls(&rest, kind->rewinds))
        rewind_journal();
    else if (falls(&rest, kind->opens))
        open_or_close();
    else if (falls(&rest, kind->marks))
        marking_change(&model, any_writer());
    else
        look();
}

static uint64_t
choose_first(void)
{
    switch (kind->first) {
    case ANY:
        return between(1, UINT64_C(1) << between(1, 62));
    case NEAR_THE_END:
        return JOURNAL_NONE - between(1, 500);
    default:
        return 0;
    }
}

/* The seed of a round says its kind too, so that it is enough to have it. */
static uint64_t
seed_of_round(int round)
{
    uint64_t state = test_seed() + (uint64_t)round;
    uint64_t seed;

    if (round == 0)
        return test_seed();
    seed = test_random(&state) >> 8;
    return seed - seed % KINDS + (unsigned)round % KINDS;
}

static void
start_round(uint64_t seed)
{
    kind = &kinds[seed % KINDS];
    trace_round(kind->name, seed);
    chance_start(seed);
    batch_start();
    keys_make(&keys, kind->short_keys, kind->long_keys);
    model_init(&model, choose_first());
    trace("create, first number %llu", (unsigned long long)model.first);
    open_handle(MAIN);
    ck_assert_int_eq(symlink("journal", test_path("link")), 0);
}

static void
compare_everything(void)
{
    trace("compare everything, [%llu, %llu)", (unsigned long long)model.first,
          (unsigned long long)model.size);
    compare_all(&model, any_handle(), &keys);
    for (unsigned i = 0; i < QUERIES; i++)
        query_any(&model, any_handle(), &keys);
}

static void
end_round(void)
{
    close_walks();
    reopen();
    compare_everything();
    close_walks();
    for (unsigned i = 0; i < HANDLES; i++)
        close_handle(i);
    trace("destroy");
    ck_assert_int_eq(journal_destroy(test_path("journal")), 0);
    model_free(&model);
}

START_TEST(a_journal_is_what_the_model_is)
{
    unsigned operations;

    start_round(seed_of_round(_i));
    operations = kind->operations;
    for (unsigned i = 1; i <= operations; i++) {
        operate();
        if (i % (operations / COMPARISONS) == 0)
            compare_everything();
    }
    end_round();
}
END_TEST

static Suite *
suite(void)
{
    int rounds = (int)(ROUNDS * test_scale() + 0.5);
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("model");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase, a_journal_is_what_the_model_is, 0,
                        rounds > 0 ? rounds : 1);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
