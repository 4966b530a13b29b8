/* judge.c - is what a crash left a journal, and which? */
#include "judge.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "support/test.h"

/* The default takes long to write, and whoever goes on may make a tail. */
#define TAIL_BYTES ((uint64_t)64 << 10)

__attribute__((format(printf, 2, 3))) static bool
wrong(char *why, const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    vsnprintf(why, WHY_SIZE, format, rest);
    va_end(rest);
    return false;
}

static unsigned long long
ull(uint64_t number)
{
    return number;
}

/* ---- entries ------------------------------------------------------------ */

static bool
bytes_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

/* Whether ENTRY is what the deed in its meta made. */
static bool
read_entry(const struct journal_entry *entry, struct slot *slot, char *why)
{
    struct journal_record record;
    struct tag tag;

    if (entry->meta_size != sizeof(tag))
        return wrong(why, "entry %llu has a meta of %zu bytes", ull(entry->seq),
                     entry->meta_size);
    memcpy(&tag, entry->meta, sizeof(tag));
    record = life_record(&tag);
    if (!bytes_equal(entry->key, entry->key_size, record.key,
                     record.key_size) ||
        !bytes_equal(entry->value, entry->value_size, record.value,
                     record.value_size) ||
        entry->flags != record.flags)
        return wrong(why, "entry %llu is not what deed %u made",
                     ull(entry->seq), tag.deed);
    slot_set(slot, &tag);
    return true;
}

/* The newest entry of each key so far, while reading upwards. */
struct chains {
    uint64_t seq[LIFE_KEYS];
    uint64_t revision[LIFE_KEYS];
    uint64_t count;
};

static bool
check_links(const struct journal_entry *entry, unsigned key,
            struct chains *chains, char *why)
{
    chains->count++;
    if (key == LIFE_KEYS)
        return entry->prev == JOURNAL_NONE && entry->revision == 0
                   ? true
                   : wrong(why, "entry %llu, without a key, has links",
                           ull(entry->seq));
    if (chains->seq[key] != JOURNAL_NONE &&
        (entry->prev != chains->seq[key] ||
         entry->revision != chains->revision[key] + 1))
        return wrong(why, "entry %llu of %s: prev %llu, not %llu",
                     ull(entry->seq), life_key(key), ull(entry->prev),
                     ull(chains->seq[key]));
    chains->seq[key] = entry->seq;
    chains->revision[key] = entry->revision;
    return true;
}

static bool
read_entries(struct journal *journal, struct state *image,
             struct chains *chains, char *why)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    bool good = true;
    int rc = journal_replay(journal, JOURNAL_NONE, &cursor);

    if (rc != 0)
        return wrong(why, "replay: %s", journal_errname(rc));
    while (good && (rc = journal_next(cursor, &entry)) == 0) {
        struct slot *slot;

        if (entry->seq >= image->size) {
            good = wrong(why, "entry %llu of %llu", ull(entry->seq),
                         ull(image->size));
            break;
        }
        slot = &image->slot[entry->seq];
        good = read_entry(entry, slot, why) &&
               check_links(entry, slot->key, chains, why);
    }
    journal_cursor_close(cursor);
    if (good && rc != JOURNAL_END)
        return wrong(why, "next: %s", journal_errname(rc));
    return good;
}

/* ---- the index ---------------------------------------------------------- */

static bool
check_key(struct journal *journal, const struct state *image, unsigned key,
          uint64_t newest, char *why)
{
    struct journal_entry *entry;
    bool found = newest != JOURNAL_NONE && !image->slot[newest].tombstone;
    int rc = journal_get(journal, life_key(key), strlen(life_key(key)), &entry);
    uint64_t seq;

    if (rc != (found ? 0 : JOURNAL_NOT_FOUND))
        return wrong(why, "get of %s, newest %llu: %s", life_key(key),
                     ull(newest), journal_errname(rc));
    if (rc != 0)
        return true;
    seq = entry->seq;
    journal_entry_free(entry);
    return seq == newest ? true
                         : wrong(why, "get of %s: %llu, not %llu",
                                 life_key(key), ull(seq), ull(newest));
}

/* The history of a key, newest first, by its links. */
static bool
check_history(struct journal *journal, const struct state *image, unsigned key,
              char *why)
{
    struct journal_cursor *cursor;
    struct journal_query query;
    const struct journal_entry *entry;
    uint64_t seq = image->size;
    int rc;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = life_key(key);
    query.key_size = strlen(life_key(key));
    query.flags = JOURNAL_QUERY_REVERSE;
    rc = journal_query(journal, &query, &cursor);
    if (rc != 0)
        return wrong(why, "query: %s", journal_errname(rc));
    do {
        uint64_t found;

        rc = journal_next(cursor, &entry);
        found = rc == 0 ? entry->seq : JOURNAL_NONE;
        do
            seq--;
        while (seq != JOURNAL_NONE &&
               !(image->slot[seq].there && image->slot[seq].key == key));
        if ((rc != 0 && rc != JOURNAL_END) || found != seq) {
            journal_cursor_close(cursor);
            return wrong(why, "history of %s: %s, %llu, not %llu",
                         life_key(key), journal_errname(rc), ull(found),
                         ull(seq));
        }
    } while (rc == 0);
    journal_cursor_close(cursor);
    return true;
}

static bool
check_keys(struct journal *journal, const struct state *image,
           const struct chains *chains, char *why)
{
    unsigned one = (unsigned)(image->size % LIFE_KEYS);

    for (unsigned key = 0; key < LIFE_KEYS; key++)
        if (!check_key(journal, image, key, chains->seq[key], why))
            return false;
    return check_history(journal, image, one, why);
}

/* ---- the whole ---------------------------------------------------------- */

static bool
check_figures(const struct journal_stat *stat, bool is_opened_to_write,
              const struct state *image, const struct chains *chains, char *why)
{
    uint64_t first = state_first(image);

    if (stat->entries != chains->count)
        return wrong(why, "%llu entries, and %llu by the books",
                     ull(chains->count), ull(stat->entries));
    if (stat->first != first)
        return wrong(why, "the oldest is %llu, and %llu by the books",
                     ull(first), ull(stat->first));
    if (is_opened_to_write && stat->durable_size != stat->size)
        return wrong(why, "just opened, %llu of %llu are durable",
                     ull(stat->durable_size), ull(stat->size));
    return true;
}

static bool
read_marks(struct journal *journal, struct state *image, char *why)
{
    for (unsigned i = 0; i < LIFE_MARKS; i++) {
        int rc = journal_marked(journal, life_marks[i], &image->mark[i]);

        if (rc == JOURNAL_NOT_FOUND)
            image->mark[i] = JOURNAL_NONE;
        else if (rc != 0)
            return wrong(why, "marked: %s", journal_errname(rc));
        else if (image->mark[i] > image->size)
            return wrong(why, "mark %llu of %llu", ull(image->mark[i]),
                         ull(image->size));
    }
    return true;
}

static bool
read_journal(struct journal *journal, bool is_opened_to_write,
             struct state *image, char *why)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct chains chains = {.count = 0};
    int rc = journal_stat(journal, &stat);

    if (rc != 0)
        return wrong(why, "stat: %s", journal_errname(rc));
    if (stat.size > LIFE_ENTRIES)
        return wrong(why, "the size is %llu", ull(stat.size));
    memset(chains.seq, 0xff, sizeof(chains.seq));
    image->size = stat.size;
    for (uint64_t seq = 0; seq < stat.size; seq++)
        image->slot[seq].there = false;
    return read_entries(journal, image, &chains, why) &&
           check_figures(&stat, is_opened_to_write, image, &chains, why) &&
           check_keys(journal, image, &chains, why) &&
           read_marks(journal, image, why);
}

bool
judge_read(struct journal *journal, struct state *image, char *why)
{
    return read_journal(journal, false, image, why);
}

static int
open_home(const char *directory, uint32_t flags, struct journal **journal)
{
    struct journal_options options;
    char home[PATH_MAX];

    journal_options_init(&options);
    options.flags = flags;
    options.tail_bytes = TAIL_BYTES;
    snprintf(home, sizeof(home), "%s/home", directory);
    *journal = NULL;
    return journal_open(home, &options, journal);
}

bool
judge_open(const char *directory, bool may_be_new, struct journal **journal,
           struct state *image, char *why)
{
    int rc = open_home(directory, may_be_new ? 0 : JOURNAL_OPEN_EXISTING,
                       journal);

    if (rc != 0)
        return wrong(why, "open: %s", journal_errname(rc));
    return read_journal(*journal, true, image, why);
}

bool
judge_opened(struct journal *journal, struct state *image, char *why)
{
    return read_journal(journal, true, image, why);
}

bool
judge_look(const char *directory, uint32_t flags, bool may_be_new, bool *found,
           struct state *image, char *why)
{
    struct journal *journal;
    int rc = open_home(directory, flags, &journal);
    bool good;

    *found = rc == 0;
    if (rc == JOURNAL_NOT_FOUND && may_be_new)
        return true;
    if (rc != 0)
        return wrong(why, "open with flags %u: %s", flags, journal_errname(rc));
    good = read_journal(journal, false, image, why);
    journal_close(journal);
    return good;
}

static bool
append_more(struct journal *journal, const struct life *life, uint32_t deed,
            char *why)
{
    struct journal_record records[LIFE_BATCH];
    struct tag tag = {.salt = life->salt, .deed = deed};
    uint64_t seq;
    int rc;

    for (; tag.part < life->deeds[deed].count; tag.part++)
        records[tag.part] = life_record(&tag);
    rc = journal_append_batch(journal, records, tag.part, &seq);
    return rc == 0 ? true : wrong(why, "append: %s", journal_errname(rc));
}

bool
judge_go_on(const char *directory, struct journal *journal, struct state *image,
            uint64_t salt, char *why)
{
    static struct state again;
    static struct life life;
    bool good = true;
    uint64_t before;
    int rc;

    life.salt = salt;
    for (uint32_t i = 0; good && i < 6; i++) {
        life.deeds[i] = (struct deed){.kind = DEED_APPEND,
                                      .count = i == 3 ? 12 : 1};
        good = append_more(journal, &life, i, why);
        state_apply(image, &life, i);
    }
    before = state_first(image) + 1 + salt % image->size;
    before = before < image->size ? before : image->size;
    life.deeds[6] = (struct deed){.kind = DEED_PRUNE, .seq = before};
    state_apply(image, &life, 6);
    rc = journal_prune(journal, before, JOURNAL_PRUNE_PAST_MARKS, NULL);
    journal_close(journal);
    if (good && rc != 0)
        good = wrong(why, "prune: %s", journal_errname(rc));
    if (!good)
        return false;
    good = judge_open(directory, false, &journal, &again, why);
    journal_close(journal);
    return good && !state_equals(image, &again)
               ? wrong(why, "gone on and opened again, it is not the same")
               : good;
}
