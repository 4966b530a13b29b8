/* quest.c - a query whose cursor stays open while the journal changes. */
#include "quest.h"

#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "support/chance.h"
#include "trace.h"
#include "walk.h"

static bool
is_flagged(const struct quest *quest, uint32_t flag)
{
    return (quest->question.query.flags & flag) != 0;
}

static bool
is_gone(const struct model *model, uint64_t seq)
{
    struct model_entry *entry;

    return model_read(model, seq, &entry) == JOURNAL_PRUNED;
}

static uint64_t
lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void
leave_out(struct model_entry **answer)
{
    if (*answer != NULL)
        model_entry_unref(*answer);
    *answer = NULL;
}

/* ---- open, close -------------------------------------------------------- */

static void
hold_answers(struct quest *quest, const struct model *model,
             const struct oracle *oracle)
{
    const struct journal_entry **answers = answers_of(oracle);

    quest->count = oracle_answers(oracle, &quest->question.query, answers);
    quest->answers = calloc(quest->count + 1, sizeof(struct model_entry *));
    expect(quest->answers != NULL, "out of memory");
    for (size_t i = 0; i < quest->count; i++) {
        (void)model_read(model, answers[i]->seq, &quest->answers[i]);
        (void)model_entry_ref(quest->answers[i]);
    }
    free(answers);
}

static void
hold_range(struct quest *quest, const struct oracle *oracle)
{
    const struct journal_query *query = &quest->question.query;

    quest->held = calloc(oracle->count + 1, sizeof(*quest->held));
    expect(quest->held != NULL, "out of memory");
    for (size_t i = 0; i < oracle->count; i++) {
        uint64_t seq = oracle->entries[i]->seq;

        if ((query->first == JOURNAL_NONE || seq >= query->first) &&
            seq < query->limit)
            quest->held[quest->held_count++] = seq;
    }
}

void
quest_open(struct quest *quest, const struct model *model,
           struct journal *journal, const struct keys *keys)
{
    struct oracle oracle = oracle_of(model);
    struct question *question = &quest->question;
    int rc;

    memset(quest, 0, sizeof(*quest));
    question_make(question, model, keys);
    question_trace(question);
    if (oracle_result(&oracle, &question->query) == 0) {
        rc = journal_query(journal, &question->query, &quest->cursor);
        expect(rc == 0, "query: %s", journal_errname(rc));
        hold_answers(quest, model, &oracle);
        hold_range(quest, &oracle);
        quest->kept = JOURNAL_NONE;
        quest->opened = model->size;
        quest->at = question->query.first == JOURNAL_NONE
                        ? model->first
                        : question->query.first;
    }
    free(oracle.entries);
}

void
quest_rewound(struct quest *quest, uint64_t size)
{
    if (quest->cursor == NULL)
        return;
    quest->kept = lower(quest->kept, size);
    quest->at = lower(quest->at, size);
    quest->opened = lower(quest->opened, size);
    /* What was the latest entry then cannot be known any more. */
    if (is_flagged(quest, JOURNAL_QUERY_LATEST) ||
        ++quest->rewinds == WALK_REWINDS_MAX)
        quest_close(quest);
}

void
quest_compacted(struct quest *quest)
{
    quest->compacted = true;
}

void
quest_close(struct quest *quest)
{
    if (quest->cursor == NULL)
        return;
    journal_cursor_close(quest->cursor);
    for (size_t i = 0; i < quest->count; i++)
        leave_out(&quest->answers[i]);
    free(quest->answers);
    free(quest->held);
    memset(quest, 0, sizeof(*quest));
}

/* ---- what was there at the time of the query ---------------------------- */

/* Passes over answers that are left out, or that a rewind may have taken. */
static void
pass_over(struct quest *quest, uint64_t seq)
{
    bool back = is_flagged(quest, JOURNAL_QUERY_REVERSE);

    while (quest->next < quest->count) {
        const struct model_entry *due = quest->answers[quest->next];

        if (due != NULL &&
            (due->entry.seq == seq || !back || due->entry.seq < quest->kept))
            return;
        quest->next++;
    }
}

static void
take_entry(struct quest *quest, const struct journal_entry *entry)
{
    expect(!quest->ended, "an entry after the end");
    pass_over(quest, entry->seq);
    expect(quest->next < quest->count, "number %llu instead of the end",
           (unsigned long long)entry->seq);
    compare_entries(&quest->answers[quest->next++]->entry, entry);
    if (!is_flagged(quest, JOURNAL_QUERY_REVERSE))
        quest->at = entry->seq + 1;
}

static void
take_end(struct quest *quest)
{
    bool back = is_flagged(quest, JOURNAL_QUERY_REVERSE);

    pass_over(quest, JOURNAL_NONE);
    if (quest->next < quest->count && !(back && quest->kept < JOURNAL_NONE))
        expect(quest->answers[quest->next]->entry.seq >= quest->kept,
               "the end before number %llu",
               (unsigned long long)quest->answers[quest->next]->entry.seq);
    quest->ended = true;
}

/*
 * Something of the range that there was has gone since it said so last; what
 * has gone by now may be left out.  Of a compaction the journal remembers only
 * how far it went, and of a prune only where it ended, be it in a hole: so one
 * may be told of that took nothing here.
 */
static void
take_pruned(struct quest *quest, const struct model *model)
{
    size_t left = 0;

    for (size_t i = 0; i < quest->held_count; i++)
        if (!is_gone(model, quest->held[i]))
            quest->held[left++] = quest->held[i];
    expect(!quest->ended && (left < quest->held_count || quest->compacted ||
                             quest->at < model->first),
           "JOURNAL_PRUNED, where nothing was pruned");
    if (quest->at < model->first)
        quest->at = model->first;
    quest->held_count = left;
    quest->compacted = false;
    for (size_t i = quest->next; i < quest->count; i++)
        if (quest->answers[i] != NULL &&
            is_gone(model, quest->answers[i]->entry.seq))
            leave_out(&quest->answers[i]);
}

static void
step(struct quest *quest, const struct model *model)
{
    const struct journal_entry *entry;
    int rc = journal_next(quest->cursor, &entry);

    switch (rc) {
    case 0:
        take_entry(quest, entry);
        break;
    case JOURNAL_END:
        take_end(quest);
        break;
    case JOURNAL_PRUNED:
        take_pruned(quest, model);
        break;
    default:
        expect(false, "next: %s", journal_errname(rc));
    }
}

/* ---- what has come since ------------------------------------------------ */

/* Whether entry SEQ was there when it was opened, or has come since. */
static bool
was_there(const struct quest *quest, uint64_t seq)
{
    size_t i = 0;

    while (i < quest->held_count && quest->held[i] != seq)
        i++;
    return seq >= quest->opened || i < quest->held_count;
}

/* Whether it has to say that something ahead of it was pruned. */
static bool
is_cut(const struct quest *quest, const struct model *model)
{
    uint64_t limit = lower(quest->question.query.limit, model->size);

    for (uint64_t seq = quest->at; seq < limit; seq++)
        if (is_gone(model, seq) && was_there(quest, seq))
            return true;
    return false;
}

/* The range begins somewhere else than at the first number. */
static bool
is_clipped(const struct journal_query *query)
{
    return query->since > 0 || query->until < UINT64_MAX ||
           query->first_revision > 0;
}

/* The next entry's result, after JOURNAL_PRUNED if that is due. */
static int
next_of(struct quest *quest, const struct model *model, bool *cut,
        const struct journal_entry **entry)
{
    int rc = journal_next(quest->cursor, entry);

    if (rc == JOURNAL_PRUNED) {
        /* As in take_pruned(). */
        expect(*cut || quest->compacted || quest->at < model->first,
               "JOURNAL_PRUNED, where nothing was pruned");
        *cut = quest->compacted = false;
        if (quest->at < model->first)
            quest->at = model->first;
        rc = journal_next(quest->cursor, entry);
    }
    return rc;
}

static void
follow(struct quest *quest, const struct model *model)
{
    struct journal_query query = quest->question.query;
    struct oracle oracle = oracle_of(model);
    const struct journal_entry **answers = answers_of(&oracle), *entry;
    bool cut = is_cut(quest, model);
    size_t count = 0;

    query.first = quest->at;
    /* Out of numbers; as a first one this would be the oldest there is. */
    if (quest->at < JOURNAL_NONE)
        count = oracle_answers(&oracle, &query, answers);
    for (size_t i = 0; i <= count; i++) {
        int rc = next_of(quest, model, &cut, &entry);

        expect(rc == (i < count ? 0 : JOURNAL_END), "%s for number %llu",
               journal_errname(rc),
               i < count ? (unsigned long long)answers[i]->seq : 0);
        if (i < count)
            compare_entries(answers[i], entry);
    }
    expect(!cut || is_clipped(&query), "nothing is said of what was pruned");
    quest->at = lower(model->size, query.limit);
    free(answers);
    free(oracle.entries);
}

void
quest_step(struct quest *quest, const struct model *model)
{
    uint64_t steps = one_in(5) ? 400 : between(1, 20);

    if (is_flagged(quest, JOURNAL_QUERY_FOLLOW))
        follow(quest, model);
    else
        while (steps-- > 0 && !quest->ended)
            step(quest, model);
}
