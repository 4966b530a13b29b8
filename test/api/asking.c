/* asking.c - the steps that tests of queries are told in. */
#include "asking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIG (256u << 10)
#define WORD_SIZE 600u
#define STEPS_MAX 4096u

/* ---- given -------------------------------------------------------------- */

static void
append_word(const char *word)
{
    struct journal_record one;
    char value[40];

    (void)snprintf(value, sizeof(value), "value %llu",
                   (unsigned long long)figures(journal).size);
    one = record(word, value);
    if (strcmp(word, "-") == 0)
        one.key_size = 0;
    if (word[0] == '!') {
        one = record(word + 1, NULL);
        one.flags = JOURNAL_TOMBSTONE;
    }
    ck_assert_int_eq(append_record(&one), 0);
}

void
append_words(const char *words)
{
    char word[WORD_SIZE];

    for (;;) {
        size_t size;

        words += strspn(words, " ");
        size = strcspn(words, " ");
        if (size == 0)
            return;
        ck_assert_uint_lt(size, sizeof(word));
        memcpy(word, words, size);
        word[size] = '\0';
        append_word(word);
        words += size;
    }
}

void
append_big(const char *key, uint64_t count)
{
    size_t key_size = key != NULL ? strlen(key) : 0;
    char *value = calloc(1, BIG);

    ck_assert_ptr_nonnull(value);
    for (uint64_t i = 0; i < count; i++)
        ck_assert_int_eq(journal_append(journal, key, key_size, value, BIG,
                                        NULL),
                         0);
    free(value);
}

struct journal_query
ask(void)
{
    struct journal_query query;

    journal_query_init(&query);
    return query;
}

struct journal_query
ask_for(uint32_t match, const char *key)
{
    struct journal_query query = ask();

    query.match = match;
    query.key = key;
    query.key_size = strlen(key);
    return query;
}

struct journal_cursor *
cursor_of(const struct journal_query *query)
{
    struct journal_cursor *cursor = NULL;
    int rc = journal_query(journal, query, &cursor);

    ck_assert_msg(rc == 0, "query: %s", journal_errname(rc));
    ck_assert_ptr_nonnull(cursor);
    return cursor;
}

int
result_of_query(const struct journal_query *query)
{
    struct journal_cursor *cursor = NULL;
    int rc = journal_query(journal, query, &cursor);

    ck_assert_int_eq(rc == 0, cursor != NULL);
    journal_cursor_close(cursor);
    return rc;
}

uint64_t
next(struct journal_cursor *cursor)
{
    const struct journal_entry *entry = NULL;
    int rc = journal_next(cursor, &entry);

    ck_assert_msg(rc == 0, "next: %s", journal_errname(rc));
    return entry->seq;
}

void
assert_next(struct journal_cursor *cursor, int result)
{
    const struct journal_entry *entry = NULL;
    int rc = journal_next(cursor, &entry);

    ck_assert_msg(rc == result, "next: %s instead of %s", journal_errname(rc),
                  journal_errname(result));
    ck_assert_int_eq(rc == 0, entry != NULL);
}

void
assert_end(struct journal_cursor *cursor)
{
    for (int i = 0; i < 3; i++)
        assert_next(cursor, JOURNAL_END);
}

/* ---- answers ------------------------------------------------------------ */

/* Numbers, and results of journal_next() that are below 0. */
struct steps {
    int64_t what[STEPS_MAX];
    size_t count;
};

static void
add_step(struct steps *steps, int64_t what)
{
    ck_assert_uint_lt(steps->count, STEPS_MAX);
    steps->what[steps->count++] = what;
}

static void
add_range(struct steps *steps, int64_t from, int64_t to)
{
    int64_t by = from <= to ? 1 : -1;

    for (; from != to; from += by)
        add_step(steps, from);
    add_step(steps, to);
}

/* Adds what the word at TEXT says; returns where it ends. */
static const char *
add_word(struct steps *steps, const char *text)
{
    static const int words[] = {JOURNAL_PRUNED, JOURNAL_CORRUPT};
    char *end;
    int64_t from;

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        const char *name = journal_errname(words[i]) + strlen("JOURNAL_");

        if (strncmp(text, name, strlen(name)) == 0) {
            add_step(steps, words[i]);
            return text + strlen(name);
        }
    }
    from = strtoll(text, &end, 10);
    ck_assert_msg(end != text, "what is %s?", text);
    if (*end == '-')
        add_range(steps, from, strtoll(end + 1, &end, 10));
    else
        add_step(steps, from);
    return end;
}

static void
read_words(struct steps *steps, const char *text)
{
    steps->count = 0;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " "))
        text = add_word(steps, text);
}

static void
tell(FILE *out, const struct steps *steps)
{
    size_t i = 0;

    while (i < steps->count) {
        int64_t from = steps->what[i], to = from;
        int64_t by = i + 1 < steps->count && steps->what[i + 1] < from ? -1 : 1;

        if (from < 0) {
            fprintf(out, " %s", journal_errname((int)from));
            i++;
            continue;
        }
        for (i++; i < steps->count && steps->what[i] == to + by; i++)
            to += by;
        fprintf(out, to == from ? " %lld" : " %lld-%lld", (long long)from,
                (long long)to);
    }
}

static void
assert_steps(const struct steps *are, const char *answer)
{
    static struct steps expected;
    char *text;
    size_t size;
    FILE *out;

    read_words(&expected, answer);
    if (are->count == expected.count &&
        memcmp(are->what, expected.what, are->count * sizeof(int64_t)) == 0)
        return;
    out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    tell(out, are);
    ck_assert_int_eq(fclose(out), 0);
    ck_abort_msg("expected: %s; came:%s", answer, text);
}

/* Entries are compared with those of the journal if it is TOLD. */
static void
collect(struct journal_cursor *cursor, struct steps *steps, bool told)
{
    const struct journal_entry *entry;
    struct journal_entry *same;
    int rc;

    steps->count = 0;
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        if (rc != 0 && rc != JOURNAL_PRUNED && rc != JOURNAL_CORRUPT)
            ck_abort_msg("next: %s", journal_errname(rc));
        add_step(steps, rc == 0 ? (int64_t)entry->seq : rc);
        if (rc != 0 || !told)
            continue;
        same = entry_at(entry->seq);
        assert_same_entry(entry, same);
        journal_entry_free(same);
    }
}

void
assert_rest(struct journal_cursor *cursor, const char *answer)
{
    static struct steps steps;

    collect(cursor, &steps, false);
    assert_steps(&steps, answer);
    assert_next(cursor, JOURNAL_END);
}

void
assert_last(struct journal_cursor *cursor, const char *answer)
{
    assert_rest(cursor, answer);
    journal_cursor_close(cursor);
}

void
assert_answer(const struct journal_query *query, const char *answer)
{
    static struct steps steps;
    struct journal_cursor *cursor = cursor_of(query);

    collect(cursor, &steps, true);
    assert_steps(&steps, answer);
    assert_end(cursor);
    journal_cursor_close(cursor);
}

static void
turn(struct steps *steps)
{
    for (size_t i = 0, k = steps->count; i + 1 < k; i++) {
        int64_t what = steps->what[i];

        steps->what[i] = steps->what[--k];
        steps->what[k] = what;
    }
}

void
assert_both_ways(const struct journal_query *query, const char *answer)
{
    static struct steps steps;
    struct journal_query back = *query;
    struct journal_cursor *cursor;

    assert_answer(query, answer);
    back.flags |= JOURNAL_QUERY_REVERSE;
    cursor = cursor_of(&back);
    collect(cursor, &steps, true);
    turn(&steps);
    assert_steps(&steps, answer);
    assert_end(cursor);
    journal_cursor_close(cursor);
}

/* ---- stories ------------------------------------------------------------ */

static void
add_seq(struct story *story, uint64_t seq)
{
    /* Room doubles whenever the count is a power of two. */
    if ((story->count & (story->count - 1)) == 0) {
        size_t room = story->count == 0 ? 1 : 2 * story->count;

        story->seqs = realloc(story->seqs, room * sizeof(*story->seqs));
        ck_assert_ptr_nonnull(story->seqs);
    }
    story->seqs[story->count++] = seq;
}

struct story
story_of(struct journal_cursor *cursor)
{
    struct story story = {NULL, 0, 0, 0, 0};
    const struct journal_entry *entry;
    int rc;

    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        if (rc == 0) {
            add_seq(&story, entry->seq);
        } else if (rc == JOURNAL_CORRUPT) {
            story.corrupt++;
        } else {
            ck_assert_msg(rc == JOURNAL_PRUNED, "next: %s",
                          journal_errname(rc));
            if (story.pruned++ == 0)
                story.before = story.count;
        }
    }
    journal_cursor_close(cursor);
    return story;
}

void
story_free(struct story *story)
{
    free(story->seqs);
    memset(story, 0, sizeof(*story));
}
