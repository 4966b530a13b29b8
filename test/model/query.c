/* query.c - random queries, compared with the oracle's answers. */
#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "feed.h"
#include "support/chance.h"
#include "trace.h"

/* ---- what is asked ------------------------------------------------------ */

static size_t
put(uint8_t *out, size_t size, const char *text)
{
    memcpy(out + size, text, strlen(text));
    return size + strlen(text);
}

/* The key with some of its bytes and chunks made wildcards. */
static size_t
make_wild(uint8_t *out, const struct key *key)
{
    uint64_t kind = below(4);
    size_t size = 0;

    for (size_t i = 0; i < key->size; i++) {
        bool starts = i == 0 || key->data[i - 1] == '/';
        bool skips = kind < 2 && starts && one_in(2);

        if (skips)
            size = put(out, size, kind == 0 ? "*" : "**");
        while (skips && i < key->size && key->data[i] != '/')
            i++;
        if (kind == 2 && one_in(8))
            size = put(out, size, "$*");
        else if (i < key->size)
            out[size++] = key->data[i];
    }
    return kind == 3 && one_in(2) ? put(out, size, "/**") : size;
}

/* A canonical expression; most keys are none, having odd bytes. */
static size_t
make_expr(uint8_t *out, const struct keys *keys)
{
    size_t size;

    for (unsigned tries = 0; tries < 5 && !one_in(6); tries++) {
        size = make_wild(out, keys_any(keys));
        if (size > JOURNAL_KEY_MAX || size == 0)
            continue;
        if (journal_expr_canonize(out, &size) == 0)
            return size;
    }
    return put(out, 0, one_in(2) ? "*" : "**");
}

static void
choose_keys(struct question *question, const struct keys *keys)
{
    struct journal_query *query = &question->query;
    const struct key *key = keys_any(keys);

    query->match = (uint32_t)below(4);
    query->key = question->bytes;
    query->key_size = key->size;
    memcpy(question->bytes, key->data, key->size);
    if (query->match == JOURNAL_MATCH_KEY && one_in(20))
        question->bytes[0] ^= 1;
    if (query->match == JOURNAL_MATCH_PREFIX && !one_in(8))
        query->key_size = below(one_in(2) && key->size > 3 ? 3 : key->size + 1);
    if (query->match == JOURNAL_MATCH_EXPR)
        query->key_size = make_expr(question->bytes, keys);
}

static void
choose_flags(struct journal_query *query)
{
    if (one_in(2))
        query->flags |= JOURNAL_QUERY_REVERSE;
    if (one_in(3))
        query->flags |= JOURNAL_QUERY_LATEST;
    if (one_in(4))
        query->flags |= JOURNAL_QUERY_LIVE;
    if (one_in(10))
        query->flags = JOURNAL_QUERY_FOLLOW;
}

/* A number retained, or next to those. */
static uint64_t
any_number(const struct model *model)
{
    uint64_t number = model->first + below(model->size - model->first + 1);

    if (one_in(12) && number < JOURNAL_NONE - 4)
        number += below(4);
    if (one_in(12) && number >= 4)
        number -= below(4);
    return number;
}

static const struct journal_entry *
any_entry(const struct oracle *oracle)
{
    static const struct journal_entry none;

    return oracle->count == 0 ? &none : oracle->entries[below(oracle->count)];
}

static void
choose_range(struct journal_query *query, const struct model *model)
{
    struct oracle oracle = oracle_of(model);

    if (one_in(2))
        query->first = any_number(model);
    if (one_in(2))
        query->limit = any_number(model);
    if (one_in(3))
        query->since = any_entry(&oracle)->time + below(3);
    if (one_in(3))
        query->until = any_entry(&oracle)->time + below(3);
    if (query->match == JOURNAL_MATCH_KEY && one_in(3))
        query->first_revision = any_entry(&oracle)->revision + below(3);
    free(oracle.entries);
}

void
question_make(struct question *question, const struct model *model,
              const struct keys *keys)
{
    journal_query_init(&question->query);
    choose_keys(question, keys);
    choose_flags(&question->query);
    choose_range(&question->query, model);
}

void
question_trace(const struct question *question)
{
    static const char *const matches[] = {"all", "key", "prefix", "expr"};
    const struct journal_query *query = &question->query;

    trace_more(" %s of %zu, flags %x, [%lld, %lld)", matches[query->match],
               query->key_size, query->flags, (long long)query->first,
               (long long)query->limit);
    if (query->since > 0 || query->until < UINT64_MAX)
        trace_more(", times [%llu, %llu)", (unsigned long long)query->since,
                   (unsigned long long)query->until);
    if (query->first_revision > 0)
        trace_more(", from revision %llu",
                   (unsigned long long)query->first_revision);
}

/* ---- what is answered --------------------------------------------------- */

struct oracle
oracle_of(const struct model *model)
{
    struct oracle oracle = {NULL, 0, model->first, model->size};
    size_t room = (size_t)(model->size - model->first) + 1;
    struct model_entry *one;

    oracle.entries = calloc(room, sizeof(*oracle.entries));
    expect(oracle.entries != NULL, "out of memory");
    for (uint64_t seq = model->first; seq < model->size; seq++)
        if (model_read(model, seq, &one) == 0)
            oracle.entries[oracle.count++] = &one->entry;
    return oracle;
}

const struct journal_entry **
answers_of(const struct oracle *oracle)
{
    const struct journal_entry **answers = calloc(oracle->count + 1,
                                                  sizeof(*answers));

    expect(answers != NULL, "out of memory");
    return answers;
}

/* CURSOR gives what the oracle says, and no more. */
static void
compare_answers(const struct oracle *oracle, const struct journal_query *query,
                struct journal_cursor *cursor)
{
    const struct journal_entry **answers = answers_of(oracle);
    size_t count = oracle_answers(oracle, query, answers);
    const struct journal_entry *entry;
    struct feed feed = {.cursor = cursor};
    int rc;

    for (size_t i = 0; i < count; i++) {
        rc = feed_next(&feed, &entry);
        expect(rc == 0, "%s instead of number %llu", journal_errname(rc),
               (unsigned long long)answers[i]->seq);
        compare_entries(answers[i], entry);
    }
    for (int i = 0; i < 2; i++) {
        rc = feed_next(&feed, &entry);
        expect(rc == JOURNAL_END, "%s instead of the end after %zu entries",
               journal_errname(rc), count);
    }
    feed_end(&feed);
    free(answers);
}

void
query_any(const struct model *model, struct journal *journal,
          const struct keys *keys)
{
    struct journal_cursor *cursor = NULL;
    struct question question;
    struct oracle oracle;
    int rc, want;

    question_make(&question, model, keys);
    trace("query");
    question_trace(&question);
    oracle = oracle_of(model);
    want = oracle_result(&oracle, &question.query);
    rc = journal_query(journal, &question.query, &cursor);
    expect(rc == want, "query: %s instead of %s", journal_errname(rc),
           journal_errname(want));
    expect((rc == 0) == (cursor != NULL), "query set its output on failure");
    if (rc == 0)
        compare_answers(&oracle, &question.query, cursor);
    journal_cursor_close(cursor);
    free(oracle.entries);
}
