/*
 * ops_fuzz.c - a journal and the model of test/model, side by side, with deeds
 * that the bytes of the input choose.
 *
 * The model's parts ask support/chance.h; here chance is the input.  When it
 * has ended all choices are 0, and the two are compared in everything.
 */
#include <journal.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/batch.h"
#include "model/compare.h"
#include "model/marking.h"
#include "model/model.h"
#include "model/query.h"
#include "model/trace.h"
#include "support/chance.h"

#define DEEDS_MAX 40u
#define TAIL_LEAST (UINT64_C(64) << 10)
#define BATCH_MOST 6u

static const uint8_t *input;
static size_t input_size;
static uint64_t filled;

static char home[512];
static struct journal *journal;
static struct model model;
static struct keys keys;
static bool relaxed;

/* ---- chance -------------------------------------------------------------- */

static uint64_t
take(unsigned size)
{
    uint64_t number = 0;

    for (; size > 0 && input_size > 0; size--) {
        number = number << 8 | *input++;
        input_size--;
    }
    return number;
}

uint64_t
below(uint64_t limit)
{
    unsigned size = limit <= 256 ? 1 : limit <= 65536 ? 2 : 8;

    return limit <= 1 ? 0 : take(size) % limit;
}

uint64_t
between(uint64_t least, uint64_t most)
{
    return least + below(most - least + 1);
}

/* Where the input has ended, what is rare does not happen. */
bool
one_in(uint64_t times)
{
    return times > 0 && input_size > 0 && below(times) == 0;
}

/*
 * As values would soon have used up the input, it says only how they begin; no
 * two are the same, so that keys can be told apart whatever it says.
 */
void
fill_randomly(void *data, size_t size)
{
    uint8_t *bytes = data;
    uint64_t state = take(1) + ++filled * UINT64_C(0x9E3779B97F4A7C15);

    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (uint8_t)(state >> 56);
    }
}

/* A test that fails ends the process, as libFuzzer wants it. */
void __wrap__ck_assert_failed(const char *file, int line, const char *expr,
                              const char *format, ...);

void
__wrap__ck_assert_failed(const char *file, int line, const char *expr,
                         const char *format, ...)
{
    (void)format;
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, expr);
    abort();
}

/* ---- deeds --------------------------------------------------------------- */

static void
open_it(void)
{
    struct journal_options options;

    journal_options_init(&options);
    options.tail_bytes = TAIL_LEAST;
    options.durability = relaxed ? JOURNAL_RELAXED : JOURNAL_DURABLE;
    options.first_seq = model.first;
    fuzz_check(journal_open(home, &options, &journal) == 0, "it opens");
}

static void
reopen(void)
{
    trace("close, open");
    journal_close(journal);
    relaxed = one_in(2);
    open_it();
    compare_stat(&model, journal);
}

/* The model learns the time of the entries from NUMBER on. */
static void
take_time(uint64_t number)
{
    struct journal_entry *entry = NULL;

    expect(journal_read(journal, model.size - 1, &entry) == 0, "it is there");
    for (uint64_t seq = number; seq < model.size; seq++)
        model_entry_at(&model, seq)->entry.time = entry->time;
    journal_entry_free(entry);
    for (uint64_t seq = number; seq < model.size; seq++)
        compare_read(&model, journal, seq);
}

static void
append(void)
{
    static const struct taste taste = {40, 8, 6, 4, 6, 5, 6};
    struct batch batch;
    uint64_t number = model.size, seq = 77;
    int rc;

    batch_make(&batch, between(1, BATCH_MOST), &taste, &keys, &model);
    trace("append %zu:", batch.count);
    batch_trace(&batch);
    if (batch_can_be_packed(&batch) && one_in(3))
        rc = batch_append_packed(&batch, journal, &seq);
    else
        rc = journal_append_batch(journal, batch.records, batch.count, &seq);
    expect(model_allows(&model, batch.records, batch.count, rc), "append: %s",
           journal_errname(rc));
    if (rc != 0)
        return;
    expect(seq == number, "another number");
    model_append(&model, batch.records, batch.count);
    if (!relaxed)
        model_sync(&model);
    take_time(number);
}

static void
prune(void)
{
    uint64_t before = model.first + below(model.size - model.first + 2);
    uint32_t flags = one_in(3) ? JOURNAL_PRUNE_KEEP_LATEST : 0;
    uint64_t removed = 0, highest, want;
    int rc;

    flags |= one_in(2) ? JOURNAL_PRUNE_PAST_MARKS : 0;
    trace("prune with %u below %llu", flags, (unsigned long long)before);
    rc = journal_prune(journal, before, flags, &removed);
    expect(rc == 0, "prune: %s", journal_errname(rc));
    want = model_prune(&model, before, flags, &highest);
    expect(removed == want, "%llu removed, not %llu",
           (unsigned long long)removed, (unsigned long long)want);
}

static void
rewind_it(void)
{
    uint64_t back = below(12);
    uint64_t size = back < model.size ? model.size - back : 0;
    int rc, want;

    trace("rewind to %llu", (unsigned long long)size);
    want = model_rewind(&model, size);
    rc = journal_rewind(journal, size);
    expect(rc == want, "rewind: %s", journal_errname(rc));
}

static void
look(void)
{
    const struct key *key = keys_any(&keys);
    uint64_t number = model.first + below(model.size - model.first + 2);

    trace("look at %llu", (unsigned long long)number);
    compare_get(&model, journal, key);
    compare_get_at(&model, journal, key, number);
    compare_read(&model, journal, number);
}

static void
sync_it(void)
{
    trace("sync");
    expect(journal_sync(journal) == 0, "it can be flushed");
    model_sync(&model);
}

static void
operate(void)
{
    switch (below(16)) {
    case 0:
        reopen();
        break;
    case 1:
        sync_it();
        break;
    case 2:
        prune();
        break;
    case 3:
        rewind_it();
        break;
    case 4:
        marking_change(&model, journal);
        break;
    case 5:
    case 6:
        query_any(&model, journal, &keys);
        break;
    case 7:
    case 8:
        look();
        break;
    default:
        append();
    }
}

/* ---- an input ------------------------------------------------------------ */

static void
begin(void)
{
    trace_round("ops", 0);
    fuzz_directory(home, sizeof(home), "ops-fuzz");
    batch_start();
    keys_make(&keys, 3, 1);
    model_init(&model, one_in(4) ? JOURNAL_NONE - 20 : below(3));
    relaxed = one_in(2);
    open_it();
}

static void
finish(void)
{
    compare_stat(&model, journal);
    reopen();
    compare_all(&model, journal, &keys);
    journal_close(journal);
    fuzz_check(journal_destroy(home) == 0, "it can be removed");
    model_free(&model);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    input = data;
    input_size = size;
    filled = 0;
    begin();
    for (unsigned i = 0; i < DEEDS_MAX && input_size > 0; i++)
        operate();
    finish();
    return 0;
}
