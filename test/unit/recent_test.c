/*
 * recent_test.c - the newest entries in memory, against a plain array.
 *
 * This program is linked so that hashes can be made to collide, and so that
 * memory is counted, and can run out.
 */
#include "tail/recent.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "support/test.h"
#include "tail/recent_window.h"

#define NONE UINT64_MAX
#define MODEL_MAX 6000u
#define LOOKS 12u

/* ---- what the library calls, replaced ------------------------------------ */

static uint64_t hash_mask = UINT64_MAX;
static unsigned fail_at;       /* the allocation, counted from 1; 0: none */
static _Atomic long allocated; /* bytes */

uint64_t __real_jn_hash64(struct jn_span bytes, uint64_t seed);
uint64_t __wrap_jn_hash64(struct jn_span bytes, uint64_t seed);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void __wrap_free(void *memory);

uint64_t
__wrap_jn_hash64(struct jn_span bytes, uint64_t seed)
{
    return __real_jn_hash64(bytes, seed) & hash_mask;
}

static bool
runs_out(void)
{
    return fail_at > 0 && --fail_at == 0;
}

static void *
counted(void *memory)
{
    allocated += (long)malloc_usable_size(memory);
    return memory;
}

void *
__wrap_malloc(size_t size)
{
    return runs_out() ? NULL : counted(__real_malloc(size));
}

void *
__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return runs_out() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

void
__wrap_free(void *memory)
{
    allocated -= (long)malloc_usable_size(memory);
    __real_free(memory);
}

/* ---- items --------------------------------------------------------------- */

/* What an item is made from, and can be told by. */
struct plan {
    uint64_t seq, start, end, prev;
    unsigned key; /* 0: none */
    uint64_t salt;
};

static struct jn_recent *recent;

static void
setup(void)
{
    ck_assert_int_eq(jn_recent_create(&recent), 0);
}

static void
teardown(void)
{
    jn_recent_free(recent);
}

static struct jn_span
key_of(unsigned key, char text[16])
{
    if (key == 0)
        return jn_span(NULL, 0);
    snprintf(text, 16, "key %u", key);
    return jn_span(text, strlen(text));
}

static size_t
write_row(const struct plan *plan, uint8_t *bytes, struct jn_recent_item *item)
{
    char text[16];
    struct jn_span key = key_of(plan->key, text);
    uint8_t *at = bytes;

    jn_put_le64(at, plan->salt);
    at = jn_span_copy(at + 8, key);
    item->row = jn_span(bytes, (size_t)(at - bytes));
    item->key = jn_span(bytes + 8, key.size);
    jn_put_le64(at, ~plan->salt);
    item->chain = jn_span(at, 8);
    return (size_t)(at + 8 - bytes);
}

/* Adds what PLAN says, with room for SIZE bytes. */
static int
add_sized(const struct plan *plan, size_t size)
{
    struct jn_recent_item item = {.seq = plan->seq,
                                  .prev = plan->prev,
                                  .start = plan->start,
                                  .end = plan->end};
    uint8_t *bytes;
    int rc;

    rc = jn_recent_reserve(recent, size, &bytes);
    if (rc != 0)
        return rc;
    item.sums = jn_recent_sums(recent);
    item.sums.bytes += plan->salt;
    item.sums.keys++;
    return jn_recent_add(recent, &item, write_row(plan, bytes, &item));
}

static int
add(const struct plan *plan)
{
    return add_sized(plan, 64);
}

/* In plain C, since Check's assertions cost more than what they check. */
static bool
is_item(const struct jn_recent_item *item, const struct plan *plan)
{
    char text[16];

    return item != NULL && item->seq == plan->seq &&
           item->start == plan->start && item->end == plan->end &&
           item->prev == plan->prev &&
           jn_get_le64(item->row.data) == plan->salt &&
           jn_get_le64(item->chain.data) == ~plan->salt &&
           jn_span_equal(item->key, key_of(plan->key, text));
}

/* The next item with KEY; prev is of no interest. */
static struct plan
next_plan(unsigned key)
{
    uint64_t seq = jn_recent_next(recent);
    uint64_t position = jn_recent_position(recent);

    return (struct plan){.seq = seq,
                         .start = position,
                         .end = position + 64,
                         .prev = NONE,
                         .key = key,
                         .salt = seq * 7 + key};
}

static int
add_all(unsigned count, unsigned keys)
{
    int rc = 0;

    for (unsigned i = 0; i < count && rc == 0; i++) {
        struct plan plan = next_plan(keys == 0 ? 0 : i % keys + 1);

        rc = add(&plan);
    }
    return rc;
}

static void
add_keys(unsigned count, unsigned keys)
{
    ck_assert_int_eq(add_all(count, keys), 0);
}

static bool
sees(uint64_t low, uint64_t start, uint64_t limit)
{
    struct jn_recent_look look;
    bool seen = jn_recent_look(recent, low, start, limit, &look);

    ck_assert(seen == (look.recent != NULL));
    jn_recent_leave(&look);
    return seen;
}

/* ---- single claims ------------------------------------------------------- */

START_TEST(a_look_wants_all_items_it_asks_for)
{
    ck_assert_int_eq(jn_recent_reset(recent, 100, 4096), 0);
    ck_assert(sees(100, 4096, 4096));
    ck_assert(!sees(100, 4096, 4104)); /* not there yet */
    ck_assert(!sees(101, 4096, 4096));
    add_keys(10, 3);
    ck_assert(sees(100, 4096, 4096 + 640));
    ck_assert(!sees(99, 4096, 4096 + 640)); /* never was here */
    ck_assert(!sees(100, 4097, 4096 + 640));
    ck_assert(!sees(100, 4096, 4096 + 641));
    ck_assert(!sees(111, 4096, 4096 + 640));
    jn_recent_skip(recent, 5000);
    ck_assert(sees(100, 4096, 5000));
    ck_assert(sees(110, 4096, 5000));
    jn_recent_forget(recent, 103);
    ck_assert(!sees(102, 4096, 5000));
    ck_assert(sees(103, 4096, 5000));
    jn_recent_forget(recent, 1000); /* than which there are fewer */
    ck_assert(!sees(109, 4096, 5000));
    ck_assert_uint_eq(jn_recent_next(recent), 110);
}
END_TEST

START_TEST(a_look_ends_where_its_limit_is)
{
    ck_assert_int_eq(jn_recent_reset(recent, 1, 0), 0);
    add_keys(1000, 7);
    for (uint64_t limit = 0; limit <= 64000; limit += 16) {
        struct jn_recent_look look;
        uint64_t high = 1 + limit / 64;

        ck_assert(jn_recent_look(recent, 501, 0, limit, &look));
        ck_assert_uint_eq(look.high, high < 501 ? 501 : high);
        jn_recent_leave(&look);
    }
}
END_TEST

START_TEST(a_look_at_nothing_sees_nothing)
{
    struct jn_recent_look look = {.recent = NULL, .high = 5};
    size_t at = 0;

    ck_assert_ptr_null(jn_recent_find(&look, jn_span("k", 1), NONE));
    ck_assert_ptr_null(jn_recent_each(&look, &at));
    jn_recent_leave(&look);
    jn_recent_free(NULL);
}
END_TEST

START_TEST(an_item_without_key_is_in_no_table)
{
    struct jn_recent_look look;
    size_t at = 0;

    add_keys(300, 0);
    ck_assert(jn_recent_look(recent, 0, 0, 300 * 64, &look));
    ck_assert_ptr_null(jn_recent_each(&look, &at));
    ck_assert_ptr_null(jn_recent_find(&look, jn_span(NULL, 0), NONE));
    ck_assert_uint_eq(jn_recent_at(&look, 299)->seq, 299);
    jn_recent_leave(&look);
}
END_TEST

START_TEST(bytes_lie_side_by_side_while_there_is_room)
{
    uint8_t *first, *second, *large;
    struct jn_recent_item item = {.seq = 0, .end = 8};

    ck_assert_int_eq(jn_recent_reserve(recent, 100, &first), 0);
    ck_assert_int_eq(jn_recent_reserve(recent, 100, &second), 0);
    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(jn_recent_add(recent, &item, 24), 0);
    ck_assert_int_eq(jn_recent_reserve(recent, 100, &second), 0);
    ck_assert_ptr_eq(second, first + 24);
    ck_assert_int_eq(jn_recent_reserve(recent, 5000000, &large), 0);
    memset(large, 1, 5000000);
    ck_assert_int_eq(jn_recent_reserve(recent, SIZE_MAX - 8, &second), ENOMEM);
}
END_TEST

START_TEST(sums_fall_back_to_those_of_what_stays)
{
    ck_assert_int_eq(jn_recent_reset(recent, 5, 0), 0);
    add_keys(20, 3);
    ck_assert_uint_eq(jn_recent_sums(recent).keys, 20);
    jn_recent_cut(recent, 15, 640);
    ck_assert_uint_eq(jn_recent_sums(recent).keys, 10);
    jn_recent_forget(recent, 12);
    jn_recent_cut(recent, 12, 448); /* all that are left */
    ck_assert_uint_eq(jn_recent_sums(recent).keys, 7);
    add_keys(3, 3);
    ck_assert_int_eq(jn_recent_reset(recent, 5, 0), 0);
    ck_assert_uint_eq(jn_recent_sums(recent).keys, 10);
    add_keys(1, 1);
    jn_recent_cut(recent, 5, 0);
    ck_assert_uint_eq(jn_recent_sums(recent).keys, 10);
}
END_TEST

/* The item's chunk is not the last, so it stays where it is. */
START_TEST(an_item_is_its_keys_newest_again_once_what_came_after_is_cut)
{
    struct jn_recent_look look;
    const struct jn_recent_item *item;
    uint64_t last;
    char text[16];

    ck_assert_int_eq(jn_recent_reset(recent, 5, 0), 0);
    add_keys(1, 1);
    add_keys(JN_CHUNK_ITEMS, 0);
    last = jn_recent_next(recent);
    add_keys(1, 1);
    jn_recent_cut(recent, last, (last - 5) * 64);
    add_keys(1, 0); /* its number is another's now */
    ck_assert(jn_recent_look(recent, 5, 0, (last - 4) * 64, &look));
    item = jn_recent_find(&look, key_of(1, text), UINT64_MAX);
    ck_assert_ptr_nonnull(item);
    ck_assert_uint_eq(item->seq, 5);
    ck_assert_uint_eq(look.high, last + 1);
    ck_assert(jn_recent_is_newest(&look, item, UINT64_MAX));
    jn_recent_leave(&look);
}
END_TEST

/* ---- against a model ----------------------------------------------------- */

struct model {
    struct plan plans[MODEL_MAX]; /* of items [base, next) */
    uint64_t base, low, next, position;
    uint64_t shown; /* items below have been in a look, and are not cut */
    unsigned keys;
};

/* A look, and what it has to see, whatever comes. */
struct held {
    struct jn_recent_look look;
    struct plan *plans; /* of [look.low, look.high); NULL: no look */
    unsigned keys;
};

static struct model model;
static struct held held[LOOKS];
static uint64_t chance;

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

/* The newest plan of KEY among COUNT, or NULL. */
static const struct plan *
newest_of(const struct plan *plans, size_t count, unsigned key)
{
    while (count > 0)
        if (plans[--count].key == key)
            return &plans[count];
    return NULL;
}

static void
model_reset(uint64_t next, uint64_t position)
{
    ck_assert_int_eq(jn_recent_reset(recent, next, position), 0);
    model.base = model.low = model.next = model.shown = next;
    model.position = position;
}

static void
model_add(void)
{
    struct plan *plan = &model.plans[model.next - model.base];
    const struct plan *older;

    *plan = (struct plan){.seq = model.next,
                          .start = model.position + 8 * below(2),
                          .key = (unsigned)below(model.keys + 1),
                          .salt = test_random(&chance)};
    plan->end = plan->start + 8 + 8 * below(10);
    older = newest_of(model.plans + (model.low - model.base),
                      model.next - model.low, plan->key);
    plan->prev = older != NULL ? older->seq : NONE;
    ck_assert_int_eq(add_sized(plan, below(100) == 0 ? below(300000) + 64 : 64),
                     0);
    model.position = plan->end;
    model.next++;
}

static void
check_look(const struct held *it)
{
    const struct jn_recent_look *look = &it->look;
    size_t count = look->high - look->low;
    size_t at = 0, keys = 0, found = 0;
    const struct jn_recent_item *item;
    char text[16];

    for (size_t i = 0; i < count; i++)
        ck_assert(is_item(jn_recent_at(look, look->low + i), &it->plans[i]));
    for (unsigned key = 1; key <= it->keys; key++) {
        const struct plan *plan = newest_of(it->plans, count, key);
        size_t some = count == 0 ? 0 : below(count);

        item = jn_recent_find(look, key_of(key, text), NONE);
        ck_assert(plan != NULL ? is_item(item, plan) : item == NULL);
        keys += plan != NULL;
        plan = newest_of(it->plans, some, key);
        item = jn_recent_find(look, key_of(key, text), look->low + some);
        ck_assert(plan != NULL ? is_item(item, plan) : item == NULL);
    }
    while ((item = jn_recent_each(look, &at)) != NULL) {
        unsigned key = it->plans[item->seq - look->low].key;

        ck_assert_ptr_eq(item, jn_recent_find(look, item->key, NONE));
        ck_assert(is_item(item, newest_of(it->plans, count, key)));
        found++;
    }
    ck_assert_uint_eq(keys, found);
}

static void
hold(struct held *it)
{
    uint64_t low = model.low + below(model.next - model.low + 1);
    uint64_t high = low + below(model.next - low + 1);
    const struct plan *from = &model.plans[low - model.base];
    const struct plan *to = &model.plans[high - model.base];
    uint64_t limit = high > model.base ? to[-1].end : model.position;

    if (high == model.base && high < model.next)
        limit = to->start;
    ck_assert(jn_recent_look(recent, low,
                             low < model.next ? from->start : limit, limit,
                             &it->look));
    ck_assert_uint_eq(it->look.high, high);
    it->keys = model.keys;
    it->plans = malloc((high - low + 1) * sizeof(*from));
    memcpy(it->plans, from, (high - low) * sizeof(*from));
    if (high > model.shown)
        model.shown = high;
}

static void
let_go(struct held *it)
{
    jn_recent_leave(&it->look);
    free(it->plans);
    it->plans = NULL;
}

static void
check_newest(void)
{
    unsigned key = 1 + (unsigned)below(model.keys);
    uint64_t low = model.low + below(model.next - model.low + 1);
    const struct plan *plan = newest_of(model.plans + (low - model.base),
                                        model.next - low, key);
    const struct jn_recent_item *item;
    struct jn_recent_look look;
    char text[16];

    ck_assert(jn_recent_look(recent, low,
                             low < model.next
                                 ? model.plans[low - model.base].start
                                 : model.position,
                             model.position, &look));
    item = jn_recent_find(&look, key_of(key, text), NONE);
    jn_recent_leave(&look);
    ck_assert(plan != NULL ? is_item(item, plan) : item == NULL);
    ck_assert_uint_eq(jn_recent_next(recent), model.next);
    ck_assert_uint_eq(jn_recent_position(recent), model.position);
}

static void
model_cut(void)
{
    uint64_t from = model.shown > model.low ? model.shown : model.low;

    model.next = from + below(model.next - from + 1);
    model.position = model.next > model.base
                         ? model.plans[model.next - 1 - model.base].end
                         : model.plans[0].start;
    jn_recent_cut(recent, model.next, model.position);
}

static void
change(void)
{
    uint64_t room = MODEL_MAX - (model.next - model.base);

    switch (below(12)) {
    case 0:
        if (model.next > model.base)
            model_cut();
        break;
    case 1:
        model.low += below(model.next - model.low + 1);
        jn_recent_forget(recent, model.low);
        break;
    case 2:
        model.position += 8 * below(3);
        jn_recent_skip(recent, model.position);
        break;
    case 3:
        if (below(10) == 0 || room < 700)
            model_reset(below(3) == 0 ? model.low : below(100000),
                        model.position);
        break;
    default:
        for (uint64_t i = below(room < 600 ? room + 1 : 600); i > 0; i--)
            model_add();
    }
}

static void
run_model(unsigned keys, unsigned rounds)
{
    model.keys = keys;
    model_reset(below(1000), 8 * below(1000));
    for (unsigned round = 0; round < rounds; round++) {
        struct held *it = &held[below(LOOKS)];

        jn_recent_lock(recent);
        change();
        check_newest();
        jn_recent_unlock(recent);
        if (it->plans != NULL) {
            check_look(it);
            let_go(it);
        } else {
            hold(it);
        }
    }
    for (size_t i = 0; i < LOOKS; i++) {
        if (held[i].plans == NULL)
            continue;
        check_look(&held[i]);
        let_go(&held[i]);
    }
}

START_TEST(looks_see_what_was_there_whatever_comes)
{
    static const unsigned keys[] = {1, 5, 100, 400};
    unsigned rounds = (unsigned)(60 * test_scale());

    chance = test_seed();
    /* With few hashes most keys share theirs with others. */
    hash_mask = _i % 2 == 0 ? UINT64_MAX : 3;
    run_model(keys[_i / 2], rounds);
}
END_TEST

/* ---- memory -------------------------------------------------------------- */

/* Without Check's assertions, which take memory themselves. */
static long
most_allocated(unsigned rounds)
{
    long before = allocated, most = 0;

    for (unsigned round = 0; round < rounds; round++) {
        struct plan plan = next_plan(round % 3 == 0 ? round : round % 1000 + 1);

        jn_recent_lock(recent);
        if (add(&plan) != 0)
            return LONG_MAX;
        if (plan.seq >= 20000 && round % 100 == 0)
            jn_recent_forget(recent, plan.seq - 20000);
        if (round % 5000 == 4999)
            jn_recent_cut(recent, plan.seq - 9, plan.end - 640);
        jn_recent_unlock(recent);
        most = most > allocated - before ? most : allocated - before;
    }
    return most;
}

START_TEST(memory_is_used_again)
{
    /* 20000 items, spares, and tables that are being replaced. */
    ck_assert_int_lt(most_allocated((unsigned)(1000000 * test_scale())),
                     12l << 20);
}
END_TEST

static int
reset_often(void)
{
    int rc = 0;

    for (unsigned i = 0; i < 5 && rc == 0; i++) {
        jn_recent_lock(recent);
        rc = jn_recent_reset(recent, 5, 0);
        jn_recent_unlock(recent);
    }
    return rc;
}

START_TEST(memory_that_a_look_needs_stays_until_it_leaves)
{
    struct jn_recent_look look;
    long empty = allocated, full, during, after;

    add_keys(20000, 100);
    ck_assert(jn_recent_look(recent, 0, 0, 20000 * 64, &look));
    full = allocated;
    ck_assert_int_eq(reset_often(), 0);
    during = allocated;
    ck_assert_uint_eq(jn_recent_at(&look, 0)->seq, 0);
    jn_recent_leave(&look);
    jn_recent_lock(recent);
    jn_recent_unlock(recent);
    after = allocated;
    ck_assert_int_ge(during, full);
    /* What is kept for use again is a part of it. */
    ck_assert_int_lt(after - empty, (full - empty) * 3 / 4);
}
END_TEST

/* What is left when one has come and gone again. */
static long
allocated_for_nothing(void)
{
    struct jn_recent *mine = recent;
    long before = allocated;
    bool added = jn_recent_create(&recent) == 0 && add_all(5000, 1000) == 0;

    jn_recent_cut(recent, 3000, 3000 * 64);
    added = added && add_all(2000, 1000) == 0;
    jn_recent_forget(recent, 2000);
    jn_recent_free(recent);
    recent = mine;
    return added ? allocated - before : LONG_MAX;
}

START_TEST(all_memory_is_freed)
{
    ck_assert_int_eq(allocated_for_nothing(), 0);
}
END_TEST

/* Adds until the allocation FAIL, if one is made; whether it was. */
static bool
add_failing(unsigned fail, unsigned count)
{
    bool failed = false;

    fail_at = fail;
    for (unsigned i = 0; i < count; i++) {
        struct plan plan = next_plan(i + 1);
        int rc = add(&plan);

        if (rc != 0) {
            ck_assert_int_eq(rc, ENOMEM);
            ck_assert(!failed);
            ck_assert_uint_eq(jn_recent_next(recent), plan.seq);
            ck_assert_uint_eq(jn_recent_position(recent), plan.start);
            ck_assert_int_eq(add(&plan), 0);
            failed = true;
        }
    }
    fail_at = 0;
    return failed;
}

START_TEST(an_allocation_that_fails_leaves_all_as_it_was)
{
    struct jn_recent *mine = recent;
    bool failed = true;
    char text[16];

    for (unsigned fail = 1; failed; fail++) {
        struct jn_recent_look look;

        fail_at = fail;
        while (jn_recent_create(&recent) != 0)
            ck_assert_uint_eq(fail_at, 0);
        fail_at = fail;
        while (jn_recent_reset(recent, 10, 0) != 0)
            ck_assert_uint_eq(fail_at, 0);
        failed = add_failing(fail, 5000);
        jn_recent_cut(recent, 4000, 3990 * 64);
        failed |= add_failing(fail, 20);
        ck_assert(jn_recent_look(recent, 10, 0, 4010 * 64, &look));
        for (unsigned i = 0; i < 4010; i++) {
            ck_assert_uint_eq(jn_recent_at(&look, i + 10)->seq, i + 10);
            ck_assert_uint_eq(
                jn_recent_find(&look, key_of(i < 3990 ? i + 1 : i - 3989, text),
                               NONE)
                    ->seq,
                i < 20     ? i + 4000
                : i < 3990 ? i + 10
                           : i + 10);
        }
        jn_recent_leave(&look);
        jn_recent_free(recent);
    }
    recent = mine;
}
END_TEST

/* ---- threads ------------------------------------------------------------- */

#define THREAD_KEYS 37u

/* What looks may ask for: items from number LOW on, since the last reset. */
static _Atomic uint64_t asked_start, asked_low, published;
static _Atomic bool over;
static _Atomic uint64_t looked;

static bool
sound_look(const struct jn_recent_look *look)
{
    struct jn_recent_look again = *look;
    const struct jn_recent_item *item;
    size_t at = 0, keys = 0;
    char text[16];

    for (uint64_t seq = look->low; seq < look->high; seq++) {
        item = jn_recent_at(look, seq);
        if (item->seq != seq || jn_get_le64(item->row.data) != item->prev)
            return false;
    }
    for (unsigned key = 1; key <= THREAD_KEYS; key++) {
        uint64_t bound = look->high;

        while ((item = jn_recent_find(look, key_of(key, text), bound)) != NULL)
            if (item->seq >= bound || item->seq < look->low ||
                !jn_span_equal(item->key, key_of(key, text)))
                return false;
            else
                bound = item->seq;
    }
    while ((item = jn_recent_each(&again, &at)) != NULL)
        keys++;
    return keys <= THREAD_KEYS &&
           (look->high - look->low < THREAD_KEYS || keys == THREAD_KEYS);
}

static void *
look_around(void *arg)
{
    bool *sound = arg;

    while (*sound && !over) {
        struct jn_recent_look look;
        uint64_t limit = published;

        if (!jn_recent_look(recent, asked_low, asked_start, limit, &look))
            continue;
        *sound = sound_look(&look);
        jn_recent_leave(&look);
        looked++;
    }
    return NULL;
}

/* Keys take turns, so that all are among as many items in succession. */
static void
add_burst(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct plan plan = next_plan(
            (unsigned)(jn_recent_next(recent) % THREAD_KEYS) + 1);

        plan.prev = plan.salt = test_random(&chance);
        ck_assert_int_eq(add(&plan), 0);
    }
}

static void
step(unsigned round)
{
    uint64_t shown, position;

    add_burst(below(60));
    shown = jn_recent_next(recent);
    position = jn_recent_position(recent);
    if (below(4) == 0) {
        add_burst(below(400));
        jn_recent_cut(recent, shown, position);
    }
    published = position;
    if (shown > 1000 && round % 8 == 0) {
        asked_low = shown - below(1000);
        jn_recent_forget(recent, asked_low);
    }
    if (round % 1000 == 999) {
        asked_low = shown + 5;
        ck_assert_int_eq(jn_recent_reset(recent, shown + 5, position), 0);
        asked_start = position;
    }
}

START_TEST(threads_look_while_one_changes)
{
    pthread_t threads[3];
    bool sound[3] = {true, true, true};
    unsigned rounds = (unsigned)(1500 * test_scale());

    chance = test_seed();
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, look_around,
                                        &sound[i]),
                         0);
    for (unsigned round = 0; round < rounds || looked < 30; round++) {
        jn_recent_lock(recent);
        step(round);
        jn_recent_unlock(recent);
    }
    over = true;
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(sound[i]);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *result = suite_create("recent");
    TCase *tcase = tcase_create("recent");

    tcase_set_timeout(tcase, 120 * (test_scale() > 1 ? test_scale() : 1));
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_look_wants_all_items_it_asks_for);
    tcase_add_test(tcase, a_look_ends_where_its_limit_is);
    tcase_add_test(tcase, a_look_at_nothing_sees_nothing);
    tcase_add_test(tcase, an_item_without_key_is_in_no_table);
    tcase_add_test(tcase, bytes_lie_side_by_side_while_there_is_room);
    tcase_add_test(tcase, sums_fall_back_to_those_of_what_stays);
    tcase_add_test(
        tcase, an_item_is_its_keys_newest_again_once_what_came_after_is_cut);
    tcase_add_loop_test(tcase, looks_see_what_was_there_whatever_comes, 0, 8);
    tcase_add_test(tcase, memory_is_used_again);
    tcase_add_test(tcase, memory_that_a_look_needs_stays_until_it_leaves);
    tcase_add_test(tcase, all_memory_is_freed);
    tcase_add_test(tcase, an_allocation_that_fails_leaves_all_as_it_was);
    tcase_add_test(tcase, threads_look_while_one_changes);
    suite_add_tcase(result, tcase);
    return result;
}

TEST_MAIN(suite)
