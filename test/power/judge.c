/* judge.c - is what a crash left a journal, and which? */
#include "judge.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "support/invariants.h"
#include "support/test.h"

#define wrong invariants_wrong

/* The default takes long to write, and whoever goes on may make a tail. */
#define TAIL_BYTES ((uint64_t)64 << 10)

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

static bool
take_entry(void *context, const struct journal_entry *entry, unsigned key,
           char *why)
{
    struct state *image = context;
    struct slot *slot = &image->slot[entry->seq];

    return read_entry(entry, slot, why) &&
           (slot->key == key ||
            wrong(why, "entry %llu is of another key", ull(entry->seq)));
}

/* ---- the whole ---------------------------------------------------------- */

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

static void
list_keys(struct invariants_key keys[LIFE_KEYS])
{
    for (unsigned i = 0; i < LIFE_KEYS; i++)
        keys[i] = (struct invariants_key){life_key(i), strlen(life_key(i))};
}

static bool
read_journal(struct journal *journal, bool is_opened_to_write,
             struct state *image, char *why)
{
    struct invariants_key keys[LIFE_KEYS];
    const struct reading reading = {.journal = journal,
                                    .keys = keys,
                                    .key_count = LIFE_KEYS,
                                    .sparse = true,
                                    .all_durable = is_opened_to_write,
                                    .queries = 1,
                                    .most = LIFE_ENTRIES,
                                    .entry = take_entry,
                                    .context = image};
    struct journal_stat stat;

    list_keys(keys);
    for (uint64_t seq = 0; seq < LIFE_ENTRIES; seq++)
        image->slot[seq].there = false;
    if (!invariants_hold(&reading, &stat, why))
        return false;
    image->size = stat.size;
    return read_marks(journal, image, why);
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
