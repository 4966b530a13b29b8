/* walk.c - a cursor that stays open while the journal changes. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "trace.h"

void
walk_open(struct walk *walk, const struct model *model, struct journal *journal,
          uint64_t first)
{
    int rc = journal_replay(journal, first, &walk->cursor);
    size_t count;

    expect(rc == 0, "replay: %s", journal_errname(rc));
    if (first == JOURNAL_NONE)
        first = model->first;
    count = model->size - first;
    walk->entries = calloc(count + 1, sizeof(struct model_entry *));
    expect(walk->entries != NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        struct model_entry *one = model_entry_at(model, first + i);

        walk->entries[i] = one == NULL ? NULL : model_entry_ref(one);
    }
    walk->first = first;
    walk->next = first;
    walk->limit = model->size;
    walk->kept = JOURNAL_NONE;
    walk->rewinds = 0;
    walk->removed = 0;
    walk->ended = false;
}

/* What the cursor has to come to next, or the limit. */
static uint64_t
next_due(const struct walk *walk)
{
    uint64_t seq = walk->next;

    while (seq < walk->limit && walk->entries[seq - walk->first] == NULL)
        seq++;
    return seq;
}

/* It may have read ahead what has gone since, but nothing else. */
static void
check_entry(struct walk *walk, const struct journal_entry *entry)
{
    uint64_t due = next_due(walk);

    expect(!walk->ended, "an entry after the end");
    expect(due < walk->limit, "an entry from the limit on");
    compare_entries(&walk->entries[due - walk->first]->entry, entry);
    walk->next = due + 1;
}

/* It has told: from now on it may leave out what has gone by now. */
static void
forget_pruned(struct walk *walk, const struct model *model)
{
    for (uint64_t seq = walk->next; seq < walk->limit; seq++) {
        struct model_entry **place = &walk->entries[seq - walk->first];
        struct model_entry *now;

        if (*place == NULL || model_read(model, seq, &now) != JOURNAL_PRUNED)
            continue;
        model_entry_unref(*place);
        *place = NULL;
    }
    walk->removed = 0;
}

void
walk_step(struct walk *walk, const struct model *model)
{
    uint64_t end = walk->kept < walk->limit ? walk->kept : walk->limit;
    const struct journal_entry *entry;
    int rc = journal_next(walk->cursor, &entry);

    switch (rc) {
    case 0:
        check_entry(walk, entry);
        break;
    case JOURNAL_END:
        expect(next_due(walk) >= end, "the end at %llu, before %llu",
               (unsigned long long)next_due(walk), (unsigned long long)end);
        walk->ended = true;
        break;
    case JOURNAL_PRUNED:
        expect(!walk->ended && walk->next < end &&
                   (walk->next < model->first || walk->next < walk->removed),
               "JOURNAL_PRUNED at %llu, where nothing was pruned",
               (unsigned long long)walk->next);
        forget_pruned(walk, model);
        break;
    default:
        expect(false, "next: %s", journal_errname(rc));
    }
}

void
walk_rewound(struct walk *walk, uint64_t size)
{
    if (size < walk->kept)
        walk->kept = size;
    if (++walk->rewinds == WALK_REWINDS_MAX)
        walk_close(walk);
}

void
walk_compacted(struct walk *walk, uint64_t highest)
{
    if (highest >= walk->removed)
        walk->removed = highest + 1;
}

void
walk_close(struct walk *walk)
{
    if (walk->cursor == NULL)
        return;
    journal_cursor_close(walk->cursor);
    for (uint64_t seq = walk->first; seq < walk->limit; seq++)
        if (walk->entries[seq - walk->first] != NULL)
            model_entry_unref(walk->entries[seq - walk->first]);
    free(walk->entries);
    memset(walk, 0, sizeof(*walk));
}
