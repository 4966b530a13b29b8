/* home.c - the journal of these tests: made once, copied for each. */
#define _GNU_SOURCE 1 /* memmem() */

#include "seam/home.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/mode.h"
#include "support/test.h"

#define LONG_KEY 600u
#define BIG 5000u
#define SLOTS 8u

static char values[SLOTS][BIG], keys[SLOTS][LONG_KEY];

/* ---- entries ------------------------------------------------------------- */

unsigned
home_which(uint64_t seq)
{
    if (seq < HOME_STORED - 20 && seq % 3 == 0)
        return HOME_OLD;
    return seq % 11 < HOME_OLD ? (unsigned)(seq % 11) : HOME_KEYS;
}

/* Keys 8 and 9 are so long that the index has a hash of them. */
static size_t
write_key(char *key, unsigned which)
{
    if (which == HOME_OLD)
        return (size_t)snprintf(key, LONG_KEY, "old");
    if (which < 8)
        return (size_t)snprintf(key, LONG_KEY, "k/%u", which);
    memset(key, 'l', LONG_KEY);
    key[LONG_KEY - 1] = (char)('0' + which);
    return LONG_KEY;
}

struct journal_record
home_key(unsigned which)
{
    static unsigned slot;
    struct journal_record record = {.key = keys[slot]};

    record.key_size = write_key(keys[slot], which);
    slot = (slot + 1) % SLOTS;
    return record;
}

struct journal_record
home_record(uint64_t seq)
{
    static unsigned slot;
    unsigned which = home_which(seq);
    struct journal_record record = {.key = ""};
    char *value = values[slot];

    slot = (slot + 1) % SLOTS;
    if (which < HOME_KEYS)
        record = home_key(which);
    record.meta = "meta";
    record.meta_size = seq % 5;
    if (seq % 6 == 1) {
        record.flags |= JOURNAL_STAMPED;
        record.stamp.time = seq;
    }
    if (seq % 23 == 5 && which < HOME_KEYS) {
        record.flags |= JOURNAL_TOMBSTONE;
        return record;
    }
    memset(value, 'v', BIG);
    record.value = value;
    record.value_size = (size_t)snprintf(value, BIG, "value %llu",
                                         (unsigned long long)seq);
    if (seq % 37 == 7)
        record.value_size = BIG;
    return record;
}

static bool
is_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

bool
home_is_right(const struct journal_entry *entry)
{
    struct journal_record record = home_record(entry->seq);

    return entry->flags == record.flags &&
           entry->stamp.time == record.stamp.time &&
           is_equal(entry->key, entry->key_size, record.key, record.key_size) &&
           is_equal(entry->meta, entry->meta_size, record.meta,
                    record.meta_size) &&
           is_equal(entry->value, entry->value_size, record.value,
                    record.value_size);
}

/* ---- the journal --------------------------------------------------------- */

const char *
home_path(void)
{
    return test_path("work");
}

static int
open_at(const char *path, struct journal **journal, uint32_t flags,
        uint64_t bytes_max, uint64_t keep_entries)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    options.bytes_max = bytes_max;
    options.keep_entries = keep_entries;
    options.tail_bytes = 65536;
    return mode_open_as_is(path, &options, journal);
}

int
home_open(struct journal **journal, uint32_t flags, uint64_t bytes_max,
          uint64_t keep_entries)
{
    return open_at(home_path(), journal, flags, bytes_max, keep_entries);
}

static void
append(struct journal *journal, uint64_t from, uint64_t to, unsigned batch)
{
    struct journal_record records[SLOTS / 2];

    for (uint64_t seq = from; seq < to; seq += batch) {
        for (unsigned i = 0; i < batch; i++)
            records[i] = home_record(seq + i);
        if (journal_append_batch(journal, records, batch, NULL) != 0)
            _exit(1);
    }
}

static const char *
source(void)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/home", getenv("TMPDIR"));
    return path;
}

/* What one process does, which the next finds when it opens the journal. */
static void
live(const char *path, bool again)
{
    struct journal *journal;

    if (open_at(path, &journal, 0, 0, 0) != 0)
        _exit(1);
    if (again) {
        append(journal, HOME_STORED, HOME_ENTRIES - 20, 1);
        append(journal, HOME_ENTRIES - 20, HOME_ENTRIES, 4);
        _exit(0);
    }
    append(journal, 0, HOME_STORED, 2);
    if (journal_mark(journal, "a", HOME_PRUNED) != 0 ||
        journal_mark(journal, "b", 100) != 0 ||
        journal_prune(journal, HOME_PRUNED, 0, NULL) != 0)
        _exit(1);
    journal_close(journal);
    _exit(0);
}

void
home_make(void)
{
    for (unsigned i = 0; i < 2; i++) {
        pid_t pid = test_fork();

        if (pid == 0)
            live(source(), i == 1);
        test_join(pid);
    }
}

static void
copy(const char *name)
{
    static char bytes[1 << 16];
    char from[PATH_MAX + 16], to[PATH_MAX + 16];
    FILE *in, *out;
    size_t size;

    (void)snprintf(from, sizeof(from), "%s/%s", source(), name);
    (void)snprintf(to, sizeof(to), "%s/%s", home_path(), name);
    in = fopen(from, "rb");
    out = fopen(to, "wb");
    ck_assert(in != NULL && out != NULL);
    while ((size = fread(bytes, 1, sizeof(bytes), in)) > 0)
        ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(in), 0);
    ck_assert_int_eq(fclose(out), 0);
}

void
home_copy(void)
{
    int rc = journal_destroy(home_path());

    ck_assert(rc == 0 || rc == JOURNAL_NOT_FOUND);
    (void)mkdir(home_path(), 0700);
    copy("data.mdb");
    copy("tail");
}

/* ---- damage -------------------------------------------------------------- */

struct file {
    uint8_t *bytes;
    size_t size;
};

static FILE *
open_file(const char *name, const char *how)
{
    char path[PATH_MAX + 16];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", home_path(), name);
    file = fopen(path, how);
    ck_assert_ptr_nonnull(file);
    return file;
}

static struct file
read_file(const char *name)
{
    FILE *from = open_file(name, "rb");
    struct file file;

    ck_assert_int_eq(fseek(from, 0, SEEK_END), 0);
    file.size = (size_t)ftell(from);
    rewind(from);
    file.bytes = malloc(file.size);
    ck_assert_ptr_nonnull(file.bytes);
    ck_assert_uint_eq(fread(file.bytes, 1, file.size, from), file.size);
    ck_assert_int_eq(fclose(from), 0);
    return file;
}

static void
write_file(const char *name, const struct file *file)
{
    FILE *to = open_file(name, "r+b");

    ck_assert_uint_eq(fwrite(file->bytes, 1, file->size, to), file->size);
    ck_assert_int_eq(fclose(to), 0);
    free(file->bytes);
}

/* Wherever the value of entry SEQ lies. */
static void
change_value(const struct file *file, uint64_t seq)
{
    char value[32];
    size_t size = (size_t)snprintf(value, sizeof(value), "value %llu",
                                   (unsigned long long)seq);
    uint8_t *at = file->bytes, *end = file->bytes + file->size;

    while ((at = memmem(at, (size_t)(end - at), value, size)) != NULL)
        *at++ = 'V';
}

void
home_damage(enum home_damage damage)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct file data = read_file("data.mdb"), tail = read_file("tail");

    for (uint64_t seq = 30; damage != HOME_SOUND && seq < 120; seq += 13)
        change_value(&data, seq);
    if (damage == HOME_PAGES_BAD) {
        for (size_t at = 3 * page; at < data.size; at += 4 * page)
            memset(data.bytes + at, 0xff, 16);
        change_value(&tail, HOME_ENTRIES - 30);
    }
    if (damage == HOME_METAS_BAD)
        memset(data.bytes, 0, 2 * page);
    write_file("data.mdb", &data);
    write_file("tail", &tail);
}

/* ---- what is in it ------------------------------------------------------- */

uint64_t
home_count_right(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_entry *entry;
    uint64_t count = 0;

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    for (uint64_t seq = 0; seq < stat.size; seq++) {
        if (journal_read(journal, seq, &entry) != 0)
            continue;
        ck_assert_msg(home_is_right(entry), "entry %llu",
                      (unsigned long long)seq);
        journal_entry_free(entry);
        count++;
    }
    return count;
}

/* The newest entry of each key, or JOURNAL_NONE, is in NEWEST. */
static void
read_all(struct journal *journal, const struct journal_stat *stat,
         bool compacted, uint64_t newest[HOME_KEYS + 1])
{
    struct journal_entry *entry;

    for (uint64_t seq = stat->first; seq < stat->size; seq++) {
        int rc = journal_read(journal, seq, &entry);

        if (rc == JOURNAL_PRUNED && compacted)
            continue;
        ck_assert_msg(rc == 0, "read of %llu: %s", (unsigned long long)seq,
                      journal_errname(rc));
        ck_assert_msg(home_is_right(entry), "entry %llu",
                      (unsigned long long)seq);
        newest[home_which(seq)] = seq;
        journal_entry_free(entry);
    }
}

void
home_assert_whole(struct journal *journal, bool compacted)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    uint64_t newest[HOME_KEYS + 1];
    struct journal_entry *entry;

    for (unsigned i = 0; i <= HOME_KEYS; i++)
        newest[i] = JOURNAL_NONE;
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    read_all(journal, &stat, compacted, newest);
    for (unsigned i = 0; i < HOME_KEYS; i++) {
        struct journal_record key = home_key(i);
        int rc = journal_get(journal, key.key, key.key_size, &entry);

        if (newest[i] == JOURNAL_NONE ||
            (home_record(newest[i]).flags & JOURNAL_TOMBSTONE) != 0) {
            ck_assert_int_eq(rc, JOURNAL_NOT_FOUND);
            continue;
        }
        ck_assert_msg(rc == 0, "get of key %u: %s", i, journal_errname(rc));
        ck_assert_uint_eq(entry->seq, newest[i]);
        journal_entry_free(entry);
    }
}
