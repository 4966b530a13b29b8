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
    for (size_t i = 0; i < count; i++)
        walk->entries[i] = model_entry_ref(
            model->entries[first - model->first + i]);
    walk->first = first;
    walk->next = first;
    walk->limit = model->size;
    walk->kept = JOURNAL_NONE;
    walk->ended = false;
}

/* It may have read ahead what has gone since, but nothing else. */
static void
check_entry(struct walk *walk, const struct journal_entry *entry)
{
    expect(!walk->ended, "an entry after the end");
    expect(walk->next < walk->limit, "an entry from the limit on");
    compare_entries(&walk->entries[walk->next - walk->first]->entry, entry);
    walk->next++;
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
        expect(walk->next >= end, "the end at %llu, before %llu",
               (unsigned long long)walk->next, (unsigned long long)end);
        walk->ended = true;
        break;
    case JOURNAL_PRUNED:
        expect(!walk->ended && walk->next < end && walk->next < model->first,
               "JOURNAL_PRUNED at %llu, where nothing was pruned",
               (unsigned long long)walk->next);
        walk->next = model->first;
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
}

void
walk_close(struct walk *walk)
{
    if (walk->cursor == NULL)
        return;
    journal_cursor_close(walk->cursor);
    for (uint64_t seq = walk->first; seq < walk->limit; seq++)
        model_entry_unref(walk->entries[seq - walk->first]);
    free(walk->entries);
    memset(walk, 0, sizeof(*walk));
}
