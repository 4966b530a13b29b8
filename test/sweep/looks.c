/* looks.c - reads in every way, and believes nothing. */
#include "looks.h"

#include <string.h>

#define FILL_SIZE 65536u

/* A look: the first error that a call gave. */
struct looking {
    struct journal *journal;
    struct book *book;
    int rc;
};

static void
note(struct looking *looking, int rc)
{
    if (looking->rc == 0)
        looking->rc = rc;
}

static const struct slot *
slot_of(const struct looking *looking, uint64_t seq)
{
    const struct state *now = &looking->book->now;

    return seq < now->size && now->slot[seq].there ? &now->slot[seq] : NULL;
}

static bool
same(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

/* ENTRY is what was appended with that number, byte by byte. */
static void
check(struct looking *looking, const struct journal_entry *entry)
{
    const struct slot *slot = slot_of(looking, entry->seq);
    struct journal_record record;

    if (slot == NULL) {
        book_complain(looking->book, "entry %llu is not there, and was read",
                      (unsigned long long)entry->seq);
        return;
    }
    record = life_record(&slot->tag);
    if (!same(entry->meta, entry->meta_size, record.meta, record.meta_size) ||
        !same(entry->key, entry->key_size, record.key, record.key_size) ||
        !same(entry->value, entry->value_size, record.value, record.value_size))
        book_complain(looking->book, "entry %llu was read with wrong bytes",
                      (unsigned long long)entry->seq);
}

/* The newest entry of KEY below LIMIT, or JOURNAL_NONE. */
static uint64_t
newest(const struct looking *looking, unsigned key, uint64_t limit)
{
    while (limit-- > 0) {
        const struct slot *slot = slot_of(looking, limit);

        if (slot != NULL && slot->key == key)
            return limit;
    }
    return JOURNAL_NONE;
}

/* A call has given ENTRY, or RC, where SEQ or nothing was to be found. */
static void
found(struct looking *looking, int rc, struct journal_entry *entry,
      uint64_t seq)
{
    if (rc == 0 && entry->seq != seq)
        book_complain(looking->book, "entry %llu was found instead of %llu",
                      (unsigned long long)entry->seq, (unsigned long long)seq);
    else if (rc == 0)
        check(looking, entry);
    else if (rc != JOURNAL_NOT_FOUND && rc != JOURNAL_PRUNED)
        note(looking, rc);
    else if (seq != JOURNAL_NONE)
        book_complain(looking->book, "entry %llu was not found",
                      (unsigned long long)seq);
    if (rc == 0)
        journal_entry_free(entry);
}

/* ---- the calls ---------------------------------------------------------- */

static void
get(struct looking *looking, unsigned key)
{
    const struct state *now = &looking->book->now;
    uint64_t seq = newest(looking, key, now->size);
    uint64_t limit = now->size - (now->size - state_first(now)) / 2;
    const char *text = life_key(key);
    struct journal_entry *entry = NULL;
    int rc = journal_get(looking->journal, text, strlen(text), &entry);

    if (seq != JOURNAL_NONE && now->slot[seq].tombstone)
        seq = JOURNAL_NONE;
    found(looking, rc, entry, seq);
    seq = newest(looking, key, limit);
    rc = journal_get_at(looking->journal, text, strlen(text), limit, &entry);
    /* What a compaction leaves does not say what there was. */
    if (rc == JOURNAL_PRUNED || rc == JOURNAL_NOT_FOUND)
        return;
    found(looking, rc, entry, seq);
}

static void
read_one(struct looking *looking, uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(looking->journal, seq, &entry);

    found(looking, rc, entry,
          slot_of(looking, seq) == NULL ? JOURNAL_NONE : seq);
}

/* To its end; in order, if it is one that goes on through all. */
static void
go_through(struct looking *looking, struct journal_cursor *cursor)
{
    static uint64_t buffer[FILL_SIZE / sizeof(uint64_t)];
    const struct journal_entry *entry;
    size_t used, count;
    unsigned given = 0;
    int rc;

    while ((rc = journal_next(cursor, &entry)) == 0 && given++ < 10)
        check(looking, entry);
    while (rc == 0)
        rc = journal_fill(cursor, buffer, sizeof(buffer), &used, &count);
    if (rc != JOURNAL_END)
        note(looking, rc);
    journal_cursor_close(cursor);
}

static void
query(struct looking *looking, uint32_t match, const char *key, uint32_t flags)
{
    struct journal_cursor *cursor = NULL;
    struct journal_query wanted;
    int rc;

    journal_query_init(&wanted);
    wanted.match = match;
    wanted.key = key;
    wanted.key_size = strlen(key);
    wanted.flags = flags;
    rc = journal_query(looking->journal, &wanted, &cursor);
    if (rc == 0)
        go_through(looking, cursor);
    else
        note(looking, rc);
}

/* Each entry once, from the oldest to the newest. */
static void
replay(struct looking *looking)
{
    const struct state *now = &looking->book->now;
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    uint64_t next = 0;
    int rc = journal_replay(looking->journal, JOURNAL_NONE, &cursor);

    while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0) {
        while (next < now->size && slot_of(looking, next) == NULL)
            next++;
        if (entry->seq != next++)
            book_complain(looking->book, "replayed %llu where %llu is next",
                          (unsigned long long)entry->seq,
                          (unsigned long long)next - 1);
        check(looking, entry);
    }
    while (next < now->size && slot_of(looking, next) == NULL)
        next++;
    if (rc == JOURNAL_END && next < now->size)
        book_complain(looking->book, "the replay ended before %llu",
                      (unsigned long long)next);
    if (rc != JOURNAL_END)
        note(looking, rc);
    journal_cursor_close(cursor);
}

/* The figures, a time, a mark, a wait for what is there. */
static void
ask(struct looking *looking)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    const struct state *now = &looking->book->now;
    uint64_t seq = 0;
    int rc = journal_stat(looking->journal, &stat);

    note(looking, rc);
    if (rc == 0 && stat.size != now->size)
        book_complain(looking->book, "the size is said to be %llu",
                      (unsigned long long)stat.size);
    note(looking, journal_find_time(looking->journal, stat.last_time, &seq));
    rc = journal_marked(looking->journal, life_marks[1], &seq);
    if (rc == 0 ? seq != now->mark[1]
                : rc == JOURNAL_NOT_FOUND && now->mark[1] != JOURNAL_NONE)
        book_complain(looking->book, "the mark is said to be elsewhere");
    if (rc != JOURNAL_NOT_FOUND)
        note(looking, rc);
    if (now->size > 0)
        note(looking, journal_wait(looking->journal, now->size - 1, 0));
}

int
looks_read(struct journal *journal, struct book *book)
{
    struct looking looking = {.journal = journal, .book = book};
    const struct state *now = &book->now;

    ask(&looking);
    for (unsigned key = 0; key < LIFE_KEYS; key += 2)
        get(&looking, key);
    if (now->size > 0) {
        read_one(&looking, state_first(now));
        read_one(&looking, now->size - 1);
        read_one(&looking, now->size / 2);
    }
    replay(&looking);
    query(&looking, JOURNAL_MATCH_PREFIX, "account", 0);
    query(&looking, JOURNAL_MATCH_EXPR, "order/**", JOURNAL_QUERY_LATEST);
    query(&looking, JOURNAL_MATCH_KEY, life_key(1), JOURNAL_QUERY_REVERSE);
    return looking.rc;
}
