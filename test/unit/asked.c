/* asked.c - all that can be asked of a journal, with the right answers. */
#include "unit/asked.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/chance.h"
#include "support/test.h"

#define LIMITS 5u /* as of so many sizes each key is looked up */
#define TIMES 12u
#define WALKS_MAX 1200u
#define RANDOM_WALKS 60u
#define EXPR_MAX 40u

/* A key as of a size. */
struct look {
    struct jn_span key;
    uint64_t limit; /* JOURNAL_NONE: now */
    int rc;
    const struct journal_entry *entry;
};

/* A query, or with TURN all that there is. */
struct asked_walk {
    struct question question;
    const struct journal_entry **answers;
    size_t count;
    int rc;
};

static const struct model *model;
static struct journal_stat figures;
static struct oracle oracle;
static struct look *looks;
static size_t look_count;
static struct asked_walk walks[WALKS_MAX];
static size_t walk_count;
static struct asked_counts *tally;

/* ---- the right answers -------------------------------------------------- */

static void
add_look(struct jn_span key, uint64_t limit)
{
    struct look *look = &looks[look_count++];
    struct model_entry *found = NULL;

    look->key = key;
    look->limit = limit;
    look->rc = limit == JOURNAL_NONE
                   ? model_get(model, key.data, key.size, &found)
                   : model_get_at(model, key.data, key.size, limit, &found);
    look->entry = look->rc == 0 ? &found->entry : NULL;
}

static struct question *
next_question(void)
{
    struct question *question = &walks[walk_count].question;

    ck_assert_uint_lt(walk_count, WALKS_MAX);
    journal_query_init(&question->query);
    return question;
}

/* Answers the question that was set up last. */
static void
add_walk(void)
{
    struct asked_walk *walk = &walks[walk_count++];

    walk->rc = oracle_result(&oracle, &walk->question.query);
    walk->answers = answers_of(&oracle);
    walk->count = walk->rc == 0 ? oracle_answers(&oracle, &walk->question.query,
                                                 walk->answers)
                                : 0;
}

static void
add_simple(uint32_t match, struct jn_span bytes, uint32_t flags)
{
    struct question *question = next_question();

    memcpy(question->bytes, bytes.data, bytes.size);
    question->query.match = match;
    question->query.key = question->bytes;
    question->query.key_size = bytes.size;
    question->query.flags = flags;
    add_walk();
}

static void
add_walks(const struct jn_span *keys, size_t count)
{
    static const uint32_t flags[] = {0, JOURNAL_QUERY_REVERSE,
                                     JOURNAL_QUERY_LATEST,
                                     JOURNAL_QUERY_LATEST |
                                         JOURNAL_QUERY_REVERSE};
    static struct keys some;

    some.count = 0;
    for (size_t i = 0; i < 4; i++) {
        add_simple(JOURNAL_MATCH_ALL, jn_span("", 0), flags[i]);
        add_simple(JOURNAL_MATCH_PREFIX, jn_span("", 0), flags[i]);
        add_simple(JOURNAL_MATCH_EXPR, jn_span("**", 2), flags[i]);
    }
    for (size_t i = 0; i < count; i++) {
        add_simple(JOURNAL_MATCH_KEY, keys[i], 0);
        add_simple(JOURNAL_MATCH_KEY, keys[i], JOURNAL_QUERY_REVERSE);
    }
    for (size_t i = 0; i < KEYS_MAX; i++) {
        struct key *key = &some.keys[some.count++];
        struct jn_span from = keys[below(count)];

        memcpy(key->data, from.data, from.size);
        key->size = from.size;
        add_simple(JOURNAL_MATCH_PREFIX, jn_span(from.data, 1 + from.size / 2),
                   flags[i % 4]);
    }
    for (size_t i = 0; i < RANDOM_WALKS; i++) {
        struct question *question = next_question();

        /* The oracle takes its time over long expressions. */
        do
            question_make(question, model, &some);
        while (question->query.match == JOURNAL_MATCH_EXPR &&
               question->query.key_size > EXPR_MAX);
        add_walk();
    }
}

void
asked_make(const struct model *from, const struct journal_stat *stat,
           const struct jn_span *keys, size_t count)
{
    model = from;
    figures = *stat;
    oracle = oracle_of(model);
    look_count = walk_count = 0;
    looks = calloc(count * (LIMITS + 1) + 1, sizeof(*looks));
    ck_assert_ptr_nonnull(looks);
    for (size_t i = 0; i < count; i++) {
        add_look(keys[i], JOURNAL_NONE);
        add_look(keys[i], model->size);
        for (size_t k = 1; k < LIMITS; k++)
            add_look(keys[i], between(model->first, model->size));
    }
    add_walks(keys, count);
}

void
asked_free(void)
{
    for (size_t i = 0; i < walk_count; i++)
        free(walks[i].answers);
    free(looks);
    free(oracle.entries);
}

/* ---- judgement ---------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
fault(enum asked_fault kind, const char *format, ...)
{
    va_list arguments;

    if (tally->first[0] == '\0') {
        va_start(arguments, format);
        (void)vsnprintf(tally->first, sizeof(tally->first), format, arguments);
        va_end(arguments);
    }
    tally->faults[kind]++;
}

static bool
same_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static bool
same(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->seq == b->seq && a->time == b->time && a->prev == b->prev &&
           a->revision == b->revision && a->flags == b->flags &&
           model_stamp_compare(&a->stamp, &b->stamp) == 0 &&
           same_bytes(a->key, a->key_size, b->key, b->key_size) &&
           same_bytes(a->value, a->value_size, b->value, b->value_size) &&
           same_bytes(a->meta, a->meta_size, b->meta, b->meta_size);
}

static void
judge(const char *call, uint64_t number, int want_rc,
      const struct journal_entry *want, int rc,
      const struct journal_entry *entry)
{
    enum asked_fault kind = rc == 0 || want_rc != 0 ? ASKED_WRONG
                                                    : ASKED_HIDDEN;

    tally->questions++;
    if (rc == JOURNAL_CORRUPT)
        tally->told++;
    else if (rc != want_rc)
        fault(kind, "%s %lld: %s, not %s", call, (long long)number,
              journal_errname(rc), journal_errname(want_rc));
    else if (rc == 0 && !same(entry, want))
        fault(ASKED_WRONG, "%s %lld: entry %llu", call, (long long)number,
              (unsigned long long)entry->seq);
}

/* ---- keys, numbers ------------------------------------------------------ */

static void
ask_look(struct journal *journal, const struct look *look)
{
    struct journal_entry *entry = NULL;
    bool now = look->limit == JOURNAL_NONE;
    int rc = now ? journal_get(journal, look->key.data, look->key.size, &entry)
                 : journal_get_at(journal, look->key.data, look->key.size,
                                  look->limit, &entry);

    judge(now ? "get" : "get_at", now ? (uint64_t)(look - looks) : look->limit,
          look->rc, look->entry, rc, entry);
    journal_entry_free(entry);
}

static void
ask_number(struct journal *journal, uint64_t seq)
{
    struct journal_entry *entry = NULL;
    struct model_entry *want = NULL;
    int want_rc = model_read(model, seq, &want);
    int rc = journal_read(journal, seq, &entry);

    judge("read", seq, want_rc, want == NULL ? NULL : &want->entry, rc, entry);
    journal_entry_free(entry);
}

/* ---- walks -------------------------------------------------------------- */

/* Takes ENTRY; what of the answers comes before it is missing. */
static bool
take(const struct asked_walk *walk, size_t *at, size_t *missing,
     const struct journal_entry *entry)
{
    size_t i = *at;

    while (i < walk->count && walk->answers[i]->seq != entry->seq)
        i++;
    if (i == walk->count || !same(walk->answers[i], entry))
        return false;
    *missing += i - *at;
    *at = i + 1;
    return true;
}

static void
ask_walk(struct journal *journal, const struct asked_walk *walk)
{
    const struct journal_query *query = &walk->question.query;
    uint64_t steps = 4 * (model->size - model->first) + 1000;
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    size_t at = 0, missing = 0;
    bool told = false, right = true;
    int rc = journal_query(journal, query, &cursor);

    tally->questions++;
    if (rc != walk->rc && rc != JOURNAL_CORRUPT)
        fault(ASKED_WRONG, "query %u: %s", (unsigned)(walk - walks),
              journal_errname(rc));
    if (rc == JOURNAL_CORRUPT)
        tally->told++;
    if (rc != 0)
        return;
    while (right && steps-- > 0 &&
           (rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        if (rc == JOURNAL_CORRUPT)
            told = true;
        else
            right = rc == 0 && take(walk, &at, &missing, entry);
    }
    missing += walk->count - at;
    tally->told += told;
    if (!right || rc != JOURNAL_END)
        fault(ASKED_WRONG,
              "walk %u, match %u, flags %x, at %zu of %zu: %s %lld",
              (unsigned)(walk - walks), query->match, query->flags, at,
              walk->count, journal_errname(rc),
              rc == 0 ? (long long)entry->seq : -1);
    else if (missing > 0 && !told)
        fault(ASKED_SILENT,
              "walk %u, match %u, flags %x, since %llu, until %llu, "
              "revision %llu: %zu of %zu missing",
              (unsigned)(walk - walks), query->match, query->flags,
              (unsigned long long)query->since,
              (unsigned long long)query->until,
              (unsigned long long)query->first_revision, missing, walk->count);
    journal_cursor_close(cursor);
}

/* ---- marks, figures ----------------------------------------------------- */

static void
ask_marks(struct journal *journal)
{
    char name[JOURNAL_MARK_SIZE] = "";
    const struct model_mark *due = model_next_mark(model, "");
    uint64_t seq;
    int rc;

    for (size_t i = 0; i < model->mark_count; i++) {
        rc = journal_marked(journal, model->marks[i].name, &seq);
        tally->questions++;
        if (rc == JOURNAL_CORRUPT)
            tally->told++;
        else if (rc != 0)
            fault(ASKED_HIDDEN, "mark %zu: %s", i, journal_errname(rc));
        else if (seq != model->marks[i].seq)
            fault(ASKED_WRONG, "mark %zu", i);
    }
    tally->questions++;
    while ((rc = journal_next_mark(journal, name, &seq)) == 0) {
        if (due == NULL || strcmp(name, due->name) != 0 || seq != due->seq) {
            fault(ASKED_WRONG, "mark behind is %.30s", name);
            return;
        }
        due = model_next_mark(model, due->name);
    }
    if (rc == JOURNAL_CORRUPT)
        tally->told++;
    else if (rc != JOURNAL_END)
        fault(ASKED_WRONG, "next mark: %s", journal_errname(rc));
    else if (due != NULL)
        fault(ASKED_SILENT, "no mark behind %.30s", name);
}

/* The first time is that of the oldest entry that can be read. */
static bool
is_told(struct journal *journal, uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, seq, &entry);

    journal_entry_free(entry);
    return rc == JOURNAL_CORRUPT;
}

static void
ask_stat(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(journal, &stat);

    tally->questions++;
    if (rc == JOURNAL_CORRUPT) {
        tally->told++;
        return;
    }
    if (rc != 0)
        fault(ASKED_WRONG, "stat: %s", journal_errname(rc));
#define SAME(kind, field)                                                      \
    if (rc == 0 && stat.field != figures.field)                                \
    fault(kind, "stat." #field " is %llu, not %llu",                           \
          (unsigned long long)stat.field, (unsigned long long)figures.field)
    SAME(ASKED_WRONG, first);
    SAME(ASKED_WRONG, size);
    SAME(ASKED_COUNT, entries);
    SAME(ASKED_COUNT, keys);
    SAME(ASKED_WRONG, tombstones);
    SAME(ASKED_WRONG, bytes_logical);
    SAME(ASKED_WRONG, marks);
    if (!is_told(journal, figures.first))
        SAME(ASKED_WRONG, first_time);
    SAME(ASKED_WRONG, last_time);
    /* There is no check of it. */
    if (stat.format < 1 || stat.format > 3)
        SAME(ASKED_WRONG, format);
#undef SAME
}

static void
ask_time(struct journal *journal, uint64_t time)
{
    uint64_t seq = 0, want = model_find_time(model, time);
    int rc = journal_find_time(journal, time, &seq);

    tally->questions++;
    if (rc == JOURNAL_CORRUPT)
        tally->told++;
    else if (rc != 0 || seq != want)
        fault(ASKED_WRONG, "time: %s, %llu, not %llu", journal_errname(rc),
              (unsigned long long)seq, (unsigned long long)want);
}

static void
ask_verify(struct journal *journal)
{
    uint64_t found = tally->told;
    int rc = journal_verify(journal, NULL, NULL, NULL);

    tally->questions++;
    for (size_t i = 0; i < ASKED_FAULTS; i++)
        found += tally->faults[i];
    if (rc == JOURNAL_CORRUPT)
        tally->told++;
    else if (rc != 0)
        fault(ASKED_WRONG, "verify: %s", journal_errname(rc));
    else if (found > 0)
        fault(ASKED_UNTOLD, "verify finds nothing");
}

void
asked_all(struct journal *journal, struct asked_counts *counts)
{
    tally = counts;
    memset(counts, 0, sizeof(*counts));
    for (size_t i = 0; i < look_count; i++)
        ask_look(journal, &looks[i]);
    for (uint64_t seq = model->first; seq <= model->size; seq++)
        ask_number(journal, seq);
    for (size_t i = 0; i < walk_count; i++)
        ask_walk(journal, &walks[i]);
    for (size_t i = 0; i < TIMES; i++)
        ask_time(journal, oracle.entries[i * oracle.count / TIMES]->time);
    ask_marks(journal);
    ask_stat(journal);
    ask_verify(journal);
}
