/* wrecks.c - journals to be damaged and salvaged, and what was in them. */
#include "api/wrecks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/motley.h"

#define SIZE_MAX_OF 1500u

/* What was in a journal. */
struct contents {
    uint64_t first, size, entries;
    struct journal_entry *entry[SIZE_MAX_OF];
    struct journal_entry *old[SIZE_MAX_OF]; /* pruned, or rewound */
};

static struct contents all[WRECK_KINDS + 1];
static char home_dir[300];
static enum wreck_kind kind;
static uint64_t chance;

/* ---- they are made ------------------------------------------------------- */

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

static void
read_contents(struct journal *from, struct contents *contents)
{
    struct journal_stat stat = figures(from);

    ck_assert_uint_le(stat.size, SIZE_MAX_OF);
    contents->first = stat.first;
    contents->size = stat.size;
    contents->entries = stat.entries;
    for (uint64_t seq = 0; seq < stat.size; seq++)
        if (journal_read(from, seq, &contents->entry[seq]) != 0)
            contents->entry[seq] = NULL;
}

/* What is there now may go. */
static void
read_old(struct journal *from, struct contents *contents)
{
    for (uint64_t seq = 0; seq < figures(from).size; seq++)
        if (journal_read(from, seq, &contents->old[seq]) != 0)
            contents->old[seq] = NULL;
}

static void
copy_directory(const char *from, const char *to)
{
    char command[800];

    (void)snprintf(command, sizeof(command),
                   "mkdir -p '%s' && cd '%s' && cp data.mdb '%s'/ && "
                   "if [ -e tail ]; then cp tail '%s'/; fi",
                   to, from, to, to);
    ck_assert_int_eq(system(command), 0);
}

static const char *
made(enum wreck_kind which)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%d", home_dir, (int)which);
    return path;
}

static void
change(struct journal *in, enum wreck_kind which)
{
    motley_append_some(in, 300, &chance);
    read_old(in, &all[which]);
    if (which == WRECK_COMPACTED) {
        ck_assert_int_eq(journal_prune(in, 60, 0, NULL), 0);
        ck_assert_int_eq(journal_prune(in, 250, JOURNAL_PRUNE_KEEP_LATEST,
                                       NULL),
                         0);
    }
    if (which == WRECK_REWOUND)
        ck_assert_int_eq(journal_rewind(in, 220), 0);
    motley_append_some(in, 200, &chance);
    ck_assert_int_eq(journal_mark(in, "reader", 300), 0);
    ck_assert_int_eq(journal_mark(in, "r", 401), 0);
    ck_assert_int_eq(journal_sync(in), 0);
    motley_append_some(in, 60, &chance);
}

/* Until the data file is another: then some of the tail has been drained. */
static void
append_until_drained(struct journal *in)
{
    char path[400];
    struct bytes before, now;
    bool same = true;

    (void)snprintf(path, sizeof(path), "%s/made/data.mdb", home_dir);
    before = bytes_of(path);
    while (same) {
        motley_append_some(in, 1, &chance);
        now = bytes_of(path);
        same = now.size == before.size &&
               memcmp(now.data, before.data, now.size) == 0;
        free(now.data);
    }
    free(before.data);
}

static bool
has_round(enum wreck_kind which)
{
    return which == WRECK_AHEAD || which == WRECK_HALFWAY;
}

static struct journal *
open_made(const char *path, enum wreck_kind which)
{
    struct journal_options options;
    struct journal *one;

    journal_options_init(&options);
    options.tail_bytes = has_round(which) ? 256 << 10 : 1 << 20;
    ck_assert_int_eq(journal_open(path, &options, &one), 0);
    return one;
}

/*
 * A handle begins in the store, with two groups.  Then what is drained first is
 * rows of keys, all in one step, for these are few; and entries follow.
 */
static void
begin_round(struct journal *in, enum wreck_kind which)
{
    motley_append_some(in, 3, &chance);
    append_until_drained(in);
    if (which == WRECK_HALFWAY)
        append_until_drained(in);
}

static bool
is_closed(enum wreck_kind which)
{
    return which == WRECK_CLOSED || which == WRECK_COMPACTED ||
           which == WRECK_REWOUND;
}

static void
make(enum wreck_kind which)
{
    char path[400];
    struct journal *one;

    (void)snprintf(path, sizeof(path), "%s/made", home_dir);
    one = open_made(path, which);
    change(one, which);
    if (has_round(which)) {
        journal_close(one);
        one = open_made(path, which);
        begin_round(one, which);
    }
    read_contents(one, &all[which]);
    if (!is_closed(which))
        copy_directory(path, made(which));
    journal_close(one);
    if (is_closed(which))
        copy_directory(path, made(which));
    ck_assert_int_eq(journal_destroy(path), 0);
}

void
wreck_make_all(void)
{
    const char *tmp = getenv("TMPDIR");

    chance = test_seed();
    (void)snprintf(home_dir, sizeof(home_dir), "%s/wrecks-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(home_dir));
    for (unsigned i = 0; i <= WRECK_KINDS; i++)
        make((enum wreck_kind)i);
}

void
wreck_remove_all(void)
{
    char command[400];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", home_dir);
    ck_assert_int_eq(system(command), 0);
    for (unsigned i = 0; i <= WRECK_KINDS; i++)
        for (uint64_t seq = 0; seq < all[i].size; seq++)
            journal_entry_free(all[i].entry[seq]);
    for (unsigned i = 0; i <= WRECK_KINDS; i++)
        for (uint64_t seq = 0; seq < SIZE_MAX_OF; seq++)
            journal_entry_free(all[i].old[seq]);
}

/* ---- one of them --------------------------------------------------------- */

void
wreck_take(enum wreck_kind which, unsigned round)
{
    kind = which;
    chance = test_seed() + 7919u * (uint64_t)round;
    copy_directory(made(which), test_path("wreck"));
}

void
wreck_take_other(void)
{
    kind = WRECK_OTHER;
    copy_directory(made(kind), wreck_path(""));
}

uint64_t
wreck_chance(uint64_t limit)
{
    return below(limit);
}

const char *
wreck_path(const char *name)
{
    char path[300];

    (void)snprintf(path, sizeof(path), "wreck%s%s", *name != '\0' ? "/" : "",
                   name);
    return test_path(path);
}

const char *
wreck_target(void)
{
    return test_path("target");
}

uint64_t
wreck_entries(void)
{
    return all[kind].entries;
}

uint64_t
wreck_size(void)
{
    return all[kind].size;
}

const struct journal_entry *
wreck_entry(uint64_t seq)
{
    return seq < all[kind].size ? all[kind].entry[seq] : NULL;
}

/* ---- damage -------------------------------------------------------------- */

struct wreck_file
wreck_read(const char *name)
{
    struct bytes bytes = bytes_of(wreck_path(name));

    return (struct wreck_file){name, (uint8_t *)bytes.data, bytes.size};
}

void
wreck_write(struct wreck_file *file)
{
    write_bytes(wreck_path(file->name), file->bytes, file->size);
    free(file->bytes);
}

static const char *
any_file(void)
{
    return exists(wreck_path("tail")) && below(3) == 0 ? "tail" : "data.mdb";
}

void
wreck_flip_bit(void)
{
    struct wreck_file file = wreck_read(any_file());

    file.bytes[below(file.size)] ^= (uint8_t)(1u << below(8));
    wreck_write(&file);
}

void
wreck_zero_sector(void)
{
    struct wreck_file file = wreck_read(any_file());

    memset(file.bytes + below(file.size / 512) * 512, 0, 512);
    wreck_write(&file);
}

/* A piece of any file becomes something else. */
void
wreck_damage(void)
{
    struct wreck_file file = wreck_read(any_file());
    size_t at = below(file.size), from = below(file.size);
    size_t size = 1 + below(below(2) == 0 ? 16 : 9000);

    size = size < file.size - at ? size : file.size - at;
    size = size < file.size - from ? size : file.size - from;
    switch (below(4)) {
    case 0:
        memset(file.bytes + at, (int)below(256), size);
        break;
    case 1:
        for (size_t i = 0; i < size; i++)
            file.bytes[at + i] = (uint8_t)below(256);
        break;
    case 2:
        memmove(file.bytes + at, file.bytes + from, size);
        break;
    default:
        file.bytes[at] ^= (uint8_t)(1u << below(8));
    }
    wreck_write(&file);
}

/* ---- salvage ------------------------------------------------------------- */

int
wreck_try(struct journal_report *report)
{
    struct bytes before = picture_of(wreck_path(""));
    int rc;

    *report = (struct journal_report){.struct_size = sizeof(*report)};
    rc = journal_salvage(wreck_path(""), wreck_target(), report, NULL, NULL);
    assert_picture(wreck_path(""), &before);
    free(before.data);
    return rc;
}

struct journal_report
wreck_salvage(void)
{
    struct journal_report report;
    int rc = wreck_try(&report);

    ck_assert_msg(rc == 0, "%s", journal_errname(rc));
    return report;
}

/*
 * Where the journal's bounds are lost, one that had been pruned or rewound may
 * be back.
 */
static bool
is_old(const struct journal_entry *entry, const struct journal_report *report)
{
    const struct journal_entry *old = all[kind].old[entry->seq];
    const struct journal_entry *now = wreck_entry(entry->seq);

    return (report->flags & JOURNAL_REPORT_UNSURE) != 0 && old != NULL &&
           old->time == entry->time &&
           (now == NULL || now->time != entry->time);
}

/*
 * Then a key that had begun anew goes on from what it was before: its entries
 * have more before them, and so have higher revisions.
 */
static bool
goes_on_from_old(const struct journal_entry *entry,
                 const struct journal_report *report)
{
    const struct journal_entry *now = wreck_entry(entry->seq);
    bool first = now->prev == JOURNAL_NONE && entry->prev != JOURNAL_NONE &&
                 all[kind].old[entry->prev] != NULL &&
                 wreck_entry(entry->prev) == NULL;

    return (report->flags & JOURNAL_REPORT_UNSURE) != 0 &&
           entry->revision > now->revision &&
           (first || entry->prev == now->prev);
}

/* What ENTRY was, but for its place in the key's history. */
static struct journal_entry
as_placed(const struct journal_entry *entry)
{
    struct journal_entry was = *wreck_entry(entry->seq);

    was.prev = entry->prev;
    was.revision = entry->revision;
    return was;
}

static void
compare_entry(const struct journal_entry *entry,
              const struct journal_report *report)
{
    struct journal_entry was;

    if (is_old(entry, report)) {
        assert_same_entry(entry, all[kind].old[entry->seq]);
        return;
    }
    ck_assert_msg(wreck_entry(entry->seq) != NULL, "entry %" PRIu64 " is new",
                  entry->seq);
    was = goes_on_from_old(entry, report) ? as_placed(entry)
                                          : *wreck_entry(entry->seq);
    assert_same_entry(entry, &was);
}

static uint64_t
compare_entries(struct journal *target, const struct journal_report *report)
{
    uint64_t found = 0;

    for (uint64_t seq = 0; seq < all[kind].size + 10; seq++) {
        struct journal_entry *entry;
        int rc = journal_read(target, seq, &entry);

        if (rc != 0) {
            ck_assert(rc == JOURNAL_PRUNED || rc == JOURNAL_OUT_OF_RANGE);
            continue;
        }
        compare_entry(entry, report);
        journal_entry_free(entry);
        found++;
    }
    return found;
}

void
wreck_drop(void)
{
    char command[700];

    (void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", wreck_path(""),
                   wreck_target());
    ck_assert_int_eq(system(command), 0);
}

static bool
has_key(const struct journal_entry *entry, const char *key, size_t size)
{
    return entry != NULL && entry->key_size == size &&
           memcmp(entry->key, key, size) == 0;
}

/* Of KEY up to its newest that is there. */
static void
compare_past(struct journal *target, const char *key, size_t size)
{
    const struct journal_entry *was = NULL;
    struct journal_entry *is = NULL;
    uint64_t latest = 0;

    if (journal_get(target, key, size, &is) == 0) {
        latest = is->seq + 1;
        journal_entry_free(is);
    }
    for (uint64_t limit = 0; limit <= latest; limit++) {
        int rc = journal_get_at(target, key, size, limit, &is);

        if (rc == 0) {
            ck_assert_ptr_nonnull(was);
            assert_same_entry(is, was);
            journal_entry_free(is);
        } else if (rc == JOURNAL_NOT_FOUND) {
            ck_assert(was == NULL || (was->flags & JOURNAL_TOMBSTONE) != 0);
        } else {
            ck_assert_int_eq(rc, JOURNAL_PRUNED);
        }
        if (has_key(wreck_entry(limit), key, size))
            was = wreck_entry(limit);
    }
}

/* All of KEY that can be read is what a query gives. */
static void
compare_history(struct journal *target, const char *key, size_t size)
{
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = key;
    query.key_size = size;
    ck_assert_int_eq(journal_query(target, &query, &cursor), 0);
    for (uint64_t seq = 0; seq < figures(target).size; seq++) {
        struct journal_entry *one;

        if (journal_read(target, seq, &one) != 0)
            continue;
        if (has_key(one, key, size)) {
            ck_assert_int_eq(journal_next(cursor, &entry), 0);
            ck_assert_uint_eq(entry->seq, seq);
        }
        journal_entry_free(one);
    }
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}

void
wreck_compare(const struct journal_report *report)
{
    struct journal *target;
    char key[MOTLEY_KEY_SIZE];

    ck_assert_int_eq(journal_open(wreck_target(), NULL, &target), 0);
    ck_assert_uint_eq(compare_entries(target, report), report->salvaged);
    ck_assert_uint_eq(figures(target).entries, report->salvaged);
    for (unsigned i = 0; i < MOTLEY_KEYS; i++) {
        size_t size = motley_key(key, i);

        if ((report->flags & JOURNAL_REPORT_UNSURE) == 0 ||
            kind < WRECK_COMPACTED)
            compare_past(target, key, size);
        compare_history(target, key, size);
    }
    motley_assert_sound(target);
    journal_close(target);
}

void
wreck_assert_goes_on(void)
{
    struct journal *target = open_path(wreck_target(), 0);

    motley_append_some(target, 50, &chance);
    motley_assert_sound(target);
    journal_close(target);
}

/* The same rows of the index, seen from outside. */
static void
compare_latest(struct journal *was, struct journal *is)
{
    char key[MOTLEY_KEY_SIZE];

    for (unsigned i = 0; i < MOTLEY_KEYS; i++) {
        size_t size = motley_key(key, i);
        struct journal_entry *a = NULL, *b = NULL;
        int rc = journal_get(was, key, size, &a);

        ck_assert_int_eq(journal_get(is, key, size, &b), rc);
        if (rc == 0)
            assert_same_entry(a, b);
        journal_entry_free(a);
        journal_entry_free(b);
    }
}

static void
compare_marks(struct journal *was, struct journal *is)
{
    char name[JOURNAL_MARK_SIZE] = "", other[JOURNAL_MARK_SIZE] = "";
    uint64_t a, b;
    int rc;

    while ((rc = journal_next_mark(was, name, &a)) == 0) {
        ck_assert_int_eq(journal_next_mark(is, other, &b), 0);
        ck_assert_str_eq(name, other);
        ck_assert_uint_eq(a, b);
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_int_eq(journal_next_mark(is, other, &b), JOURNAL_END);
}

void
wreck_assert_same(void)
{
    struct journal *was = open_path(wreck_path(""), JOURNAL_OPEN_READ_ONLY |
                                                        JOURNAL_OPEN_IMMUTABLE);
    struct journal *is = open_path(wreck_target(), 0);
    struct journal_stat a = figures(was), b = figures(is);

    ck_assert_uint_eq(a.first, b.first);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_uint_eq(a.entries, b.entries);
    ck_assert_uint_eq(a.keys, b.keys);
    ck_assert_uint_eq(a.tombstones, b.tombstones);
    ck_assert_uint_eq(a.bytes_logical, b.bytes_logical);
    ck_assert_uint_eq(a.last_time, b.last_time);
    ck_assert(memcmp(a.id, b.id, sizeof(a.id)) != 0);
    compare_latest(was, is);
    compare_marks(was, is);
    journal_close(was);
    journal_close(is);
}
