/* spread.c - large entries, close together or far apart, and ways to ask. */
#include "spread.h"

#include <string.h>

#define LARGE (512u << 10) /* a cursor reads ahead no more than 4 MiB */

const struct way ways[WAYS] = {
    {JOURNAL_MATCH_ALL, "", 0, 1, 1},
    {JOURNAL_MATCH_KEY, "k/a", 0, 2, 1},
    {JOURNAL_MATCH_PREFIX, "k", 0, 2, 1},
    {JOURNAL_MATCH_EXPR, "k/*", 0, 2, 1},
    {JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LIVE, 1, 1},
    {JOURNAL_MATCH_KEY, "k/a", JOURNAL_QUERY_LIVE, 2, 1},
    /* Far apart, so that looking at all would not pay. */
    {JOURNAL_MATCH_KEY, "k/a", 0, 2, SPREAD},
    {JOURNAL_MATCH_PREFIX, "k", 0, 2, SPREAD},
    {JOURNAL_MATCH_EXPR, "k/*", 0, 2, SPREAD},
    {JOURNAL_MATCH_KEY, "k/a", JOURNAL_QUERY_LIVE, 2, SPREAD},
};

unsigned step;

struct journal_query
way(int which, uint32_t flags)
{
    struct journal_query query = ask_for(ways[which].match, ways[which].key);

    query.flags = ways[which].flags | flags;
    return query;
}

void
append_large(const char *key, unsigned count)
{
    static char value[LARGE];

    while (count-- > 0)
        ck_assert_int_eq(journal_append(journal, key, strlen(key), value,
                                        sizeof(value), NULL),
                         0);
}

static void
append_fillers(size_t count)
{
    struct journal_record fillers[SPREAD];

    for (size_t i = 0; i < count; i++)
        fillers[i] = record("filler", "");
    if (count > 0)
        ck_assert_int_eq(journal_append_batch(journal, fillers, count, NULL),
                         0);
}

/* Large entries, at most eight of which are read ahead, of two keys in turn. */
void
append_spread(unsigned distance)
{
    step = distance;
    for (unsigned i = 0; i < MANY; i++) {
        append_large(i % 2 == 0 ? "k/a" : "other", 1);
        append_fillers(step - 1);
    }
}

struct journal_cursor *
given(int which, uint32_t flags)
{
    struct journal_query query = way(which, flags);

    append_spread(ways[which].step);
    return cursor_of(&query);
}

void
prune(uint64_t before)
{
    ck_assert_int_eq(journal_prune(journal, before * step, 0, NULL), 0);
}

void
compact(uint64_t before)
{
    ck_assert_int_eq(journal_prune(journal, before * step,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
}

void
rewind_to(uint64_t size)
{
    ck_assert_int_eq(journal_rewind(journal, size * step), 0);
}

uint64_t
next_of(struct journal_cursor *cursor)
{
    uint64_t seq = next(cursor);

    ck_assert_uint_eq(seq % step, 0);
    return seq / step;
}

struct story
told_by(struct journal_cursor *cursor)
{
    struct story story = story_of(cursor);

    for (size_t i = 0; i < story.count; i++) {
        ck_assert_uint_eq(story.seqs[i] % step, 0);
        story.seqs[i] /= step;
    }
    return story;
}

bool
is_in(const struct story *story, uint64_t seq)
{
    for (size_t i = 0; i < story->count; i++)
        if (story->seqs[i] == seq)
            return true;
    return false;
}

void
assert_in_order(const struct story *story, bool back, unsigned by)
{
    for (size_t i = 0; i < story->count; i++) {
        ck_assert_uint_eq(story->seqs[i] % by, 0);
        if (i > 0)
            ck_assert((story->seqs[i] < story->seqs[i - 1]) == back);
    }
}

void
assert_all_of(const struct story *story, uint64_t first, uint64_t limit,
              unsigned by)
{
    for (uint64_t seq = first; seq < limit; seq++)
        ck_assert_msg(seq % by != 0 || is_in(story, seq), "%llu is missing",
                      (unsigned long long)seq);
}
