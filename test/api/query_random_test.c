/*
 * query_random_test.c - mixtures of keys for each way to find entries.
 *
 * A key of few entries, or of nearly all; prefixes of a hundredth, a tenth and
 * all; more keys than entries of each; long keys that begin alike.  What is
 * asked is random, what has to come says an oracle that looks at everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "api/mixture.h"
#include "support/chance.h"
#include "support/fast_dir.h"

#define EXPR_SIZE 2000u

static struct mixture mixture;

/* ---- mixtures ----------------------------------------------------------- */

static void
keys_of_rare(void)
{
    mixture_add_keys(&mixture, "rare/", 3, "");
    mixture_add_keys(&mixture, "common/", 5, "");
}

static uint32_t
rare(void)
{
    if (one_in(2000))
        return (uint32_t)below(3);
    return one_in(10) ? NO_KEY : 3 + (uint32_t)below(5);
}

static void
keys_of_one(void)
{
    (void)mixture_add_key(&mixture, "one", 3);
    mixture_add_keys(&mixture, "other/", 20, "");
}

static uint32_t
one(void)
{
    return one_in(50) ? 1 + (uint32_t)below(20) : 0;
}

static void
keys_of_prefixes(void)
{
    mixture_add_keys(&mixture, "a/hundredth/", 40, "");
    mixture_add_keys(&mixture, "a/tenth/", 100, "");
    mixture_add_keys(&mixture, "a/rest/", 300, "/x");
}

static uint32_t
prefixes(void)
{
    uint64_t chance = below(100);

    if (chance == 0)
        return (uint32_t)below(40);
    return (uint32_t)(chance <= 10 ? 40 + below(100) : 140 + below(300));
}

static unsigned
number_of_many(void)
{
    return rounds(20000, 2000);
}

static void
keys_of_many(void)
{
    mixture_add_keys(&mixture, "k/", number_of_many(), "");
}

static uint32_t
many(void)
{
    return (uint32_t)below(number_of_many());
}

#define LONG_KEYS 40u

/* Alike up to somewhere around what an index may hold. */
static void
keys_of_long(void)
{
    static const size_t sizes[] = {250, 255, 256, 300, 500, 511, 512, 1500};
    char text[EXPR_SIZE / 2 + 600];

    memset(text, 'l', sizeof(text));
    for (unsigned i = 0; i < LONG_KEYS; i++) {
        size_t size = sizes[i % COUNT_OF(sizes)];

        (void)snprintf(text + size, 20, "/%u", i);
        (void)mixture_add_key(&mixture, text, size + strlen(text + size));
        memset(text + size, 'l', 20);
    }
}

static uint32_t
long_ones(void)
{
    return (uint32_t)below(LONG_KEYS);
}

static const struct {
    void (*make_keys)(void);
    uint32_t (*choose)(void);
    unsigned entries;
    unsigned queries;
} kinds[] = {
    {keys_of_rare, rare, 40000, 60},         {keys_of_one, one, 50000, 50},
    {keys_of_prefixes, prefixes, 30000, 60}, {keys_of_many, many, 25000, 40},
    {keys_of_long, long_ones, 8000, 80},
};
#define KINDS COUNT_OF(kinds)

/* ---- questions ---------------------------------------------------------- */

/* An expression for which the key is a start. */
static size_t
make_expr(char *out, const struct mixture_key *key)
{
    static const char *const fixed[] = {"**",    "a/*/*",   "rare/*",
                                        "*/$*1", "a/**/x",  "k/1$*",
                                        "*",     "other/**"};
    size_t size = key->size;

    if (one_in(3)) {
        const char *text = fixed[below(COUNT_OF(fixed))];

        memcpy(out, text, strlen(text));
        return strlen(text);
    }
    memcpy(out, key->data, size);
    if (one_in(2))
        while (size > 0 && out[size - 1] != '/')
            size--;
    else
        size -= below(size < 4 ? size : 4);
    if (size > 0 && out[size - 1] == '/')
        out[size++] = '*';
    else if (size > 0)
        memcpy(out + size, "$*", 2);
    return size == 0 ? (size_t)sprintf(out, "**")
                     : size + (out[size - 1] == '*' ? 0 : 2);
}

static void
choose_key(struct journal_query *query, char *bytes)
{
    const struct mixture_key *key = &mixture.keys[below(mixture.key_count)];

    query->match = (uint32_t)below(4);
    query->key = bytes;
    query->key_size = key->size;
    memcpy(bytes, key->data, key->size);
    if (query->match == JOURNAL_MATCH_PREFIX)
        query->key_size = one_in(4) ? key->size : below(key->size);
    if (query->match == JOURNAL_MATCH_EXPR)
        query->key_size = make_expr(bytes, key);
}

static uint64_t
any_number(void)
{
    return mixture.first + below(mixture.size - mixture.first + 1);
}

static uint64_t
any_time(void)
{
    if (mixture.count == 0)
        return below(3);
    return mixture.entries[below(mixture.count)].time + below(2);
}

static void
choose_range(struct journal_query *query)
{
    if (one_in(2))
        query->first = any_number();
    if (one_in(2))
        query->limit = any_number();
    if (one_in(4))
        query->since = any_time();
    if (one_in(4))
        query->until = any_time();
    if (query->match == JOURNAL_MATCH_KEY && one_in(3))
        query->first_revision = below(one_in(2) ? 10 : mixture.size);
    if (one_in(30))
        query->first = mixture.first - one_in(2);
    if (one_in(30))
        query->limit = mixture.size + below(2);
}

static void
ask_anything(unsigned times)
{
    char bytes[EXPR_SIZE];

    while (times-- > 0) {
        struct journal_query query = ask();

        choose_key(&query, bytes);
        choose_range(&query);
        if (one_in(2))
            query.flags |= JOURNAL_QUERY_REVERSE;
        if (one_in(4))
            query.flags |= JOURNAL_QUERY_LATEST;
        if (one_in(4))
            query.flags |= JOURNAL_QUERY_LIVE;
        if (one_in(10))
            query.flags = JOURNAL_QUERY_FOLLOW;
        mixture_ask(&mixture, &query);
    }
}

/* ---- rounds ------------------------------------------------------------- */

static void
append_some(int kind, unsigned count)
{
    while (count-- > 0) {
        uint32_t key = kinds[kind].choose();

        mixture_append(&mixture, key, key != NO_KEY && one_in(12));
    }
    mixture_flush(&mixture);
}

START_TEST(every_way_gives_what_the_oracle_says)
{
    unsigned entries = rounds(kinds[_i].entries, kinds[_i].entries / 10);
    unsigned queries = rounds(kinds[_i].queries, 10);

    chance_start(test_seed() + (uint64_t)_i);
    mixture_init(&mixture);
    kinds[_i].make_keys();
    append_some(_i, entries);
    ask_anything(2 * queries);
    mixture_prune(&mixture, entries / 4 + below(entries / 8), 0);
    ask_anything(queries);
    mixture_prune(&mixture, entries / 2, JOURNAL_PRUNE_KEEP_LATEST);
    ask_anything(queries);
    append_some(_i, entries / 10);
    reopen();
    ask_anything(queries);
    mixture_prune(&mixture, entries, JOURNAL_PRUNE_KEEP_LATEST);
    ask_anything(queries);
    mixture_prune(&mixture, entries + entries / 20, 0);
    ask_anything(queries);
    mixture_prune(&mixture, mixture.size, 0);
    ask_anything(queries);
    mixture_free(&mixture);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query random");
    TCase *tcase = tcase_create("query random");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, every_way_gives_what_the_oracle_says, 0, KINDS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
