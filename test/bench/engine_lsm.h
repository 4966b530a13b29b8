/*
 * engine_lsm.h - the engine on LevelDB, and on RocksDB, whose interface for C
 * is the same but for its names.
 *
 * Includes it who has LSM(name) stand for a name of his library, LSM_NAME and
 * LSM_ENGINE for the engine's, and who has made a tune() that sets what
 * differs.  Entries are under 'e' and their numbers, big endian, latest numbers
 * under 'l' and the key, the counter under 'c'; all that an append changes is
 * one batch.
 *
 * Numbers come from memory, so that appends of several threads can share a
 * flush as the library has it.  An entry may then be readable before one of a
 * lower number, or be there when that is not after a loss of power, neither of
 * which the other engines allow.
 */
#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench.h"
#include "record.h"

struct engine_db {
    LSM(t) * handle;
    LSM(options_t) * options;
    LSM(readoptions_t) * reading;
    LSM(writeoptions_t) * writing;
    struct tuning tuning;
    _Atomic uint64_t next;
    bool keyless;
};

/* The keys of rows. */
#define ENTRY_SIZE (1 + sizeof(uint64_t))
#define LATEST_SIZE (1 + (size_t)KEY_SIZE)
#define COUNTER "c"

static void
entry_key(uint64_t seq, char key[ENTRY_SIZE])
{
    uint64_t big = htobe64(seq);

    key[0] = 'e';
    memcpy(key + 1, &big, sizeof(big));
}

static void
latest_key(const unsigned char name[KEY_SIZE], char key[LATEST_SIZE])
{
    key[0] = 'l';
    memcpy(key + 1, name, KEY_SIZE);
}

/* The library has words for errors, and no codes. */
static void
check(const char *work, const char *error)
{
    if (error != NULL)
        bench_fail("%s: %s: %s", LSM_NAME, work, error);
}

static const char *
describe(int result)
{
    (void)result;
    return "a row that is damaged or missing";
}

/* ---- open, close -------------------------------------------------------- */

/* What was appended last by number is at the end of the entries. */
static uint64_t
number_behind_last(struct engine_db *db)
{
    LSM(iterator_t) *rows = LSM(create_iterator)(db->handle, db->reading);
    uint64_t next = 0;
    const char *key;
    size_t size;

    LSM(iter_seek)(rows, "f", 1);
    if (LSM(iter_valid)(rows))
        LSM(iter_prev)(rows);
    else
        LSM(iter_seek_to_last)(rows);
    if (LSM(iter_valid)(rows)) {
        key = LSM(iter_key)(rows, &size);
        if (size == ENTRY_SIZE && key[0] == 'e') {
            memcpy(&next, key + 1, sizeof(next));
            next = be64toh(next) + 1;
        }
    }
    LSM(iter_destroy)(rows);
    return next;
}

/* Of two threads the one with the lower number may have stored it later. */
static void
restore_counter(struct engine_db *db)
{
    char *error = NULL;
    uint64_t next = 0;
    size_t size = 0;
    char *value = LSM(get)(db->handle, db->reading, COUNTER, 1, &size, &error);

    check("open", error);
    if (size == sizeof(next))
        memcpy(&next, value, sizeof(next));
    LSM(free)(value);
    if (next < number_behind_last(db))
        next = number_behind_last(db);
    atomic_store(&db->next, next);
}

static int
open_database(struct engine_db **out, const char *path, uint32_t flags,
              uint64_t retained)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    char *error = NULL;

    (void)retained;
    *db = (struct engine_db){.keyless = (flags & ENGINE_KEYLESS) != 0};
    db->options = LSM(options_create)();
    LSM(options_set_create_if_missing)(db->options, 1);
    tune(db->options, &db->tuning);
    db->reading = LSM(readoptions_create)();
    db->writing = LSM(writeoptions_create)();
    LSM(writeoptions_set_sync)(db->writing, (flags & ENGINE_RELAXED) == 0);
    db->handle = LSM(open)(db->options, path, &error);
    check("open", error);
    restore_counter(db);
    *out = db;
    return 0;
}

static void
close_database(struct engine_db *db)
{
    LSM(close)(db->handle);
    LSM(writeoptions_destroy)(db->writing);
    LSM(readoptions_destroy)(db->reading);
    LSM(options_destroy)(db->options);
    untune(&db->tuning);
    free(db);
}

/* Everything goes into one sorted run. */
static int
settle(struct engine_db *db)
{
    LSM(compact_range)(db->handle, NULL, 0, NULL, 0);
    return 0;
}

/* ---- append ------------------------------------------------------------- */

static void
put_item(LSM(writebatch_t) * batch, uint64_t time, const struct item *item,
         uint64_t seq, bool keyless)
{
    unsigned char record[RECORD_MAX];
    size_t size = record_pack(record, time, item, keyless);
    char entry[ENTRY_SIZE], latest[LATEST_SIZE];

    entry_key(seq, entry);
    LSM(writebatch_put)(batch, entry, sizeof(entry), (char *)record, size);
    if (keyless)
        return;
    latest_key(item->key, latest);
    LSM(writebatch_put)(batch, latest, sizeof(latest), entry + 1, sizeof(seq));
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    LSM(writebatch_t) *batch = LSM(writebatch_create)();
    uint64_t first = atomic_fetch_add(&db->next, count);
    uint64_t next = first + count;
    uint64_t time = record_now();
    char *error = NULL;

    for (size_t i = 0; i < count; i++)
        put_item(batch, time, &items[i], first + i, db->keyless);
    LSM(writebatch_put)(batch, COUNTER, 1, (char *)&next, sizeof(next));
    LSM(write)(db->handle, db->writing, batch, &error);
    check("append", error);
    LSM(writebatch_destroy)(batch);
    return 0;
}

/* ---- read --------------------------------------------------------------- */

/* The entry whose row is under KEY. */
static int
take(struct engine_db *db, const char key[ENTRY_SIZE], struct tally *tally)
{
    char *error = NULL;
    size_t size = 0;
    char *record = LSM(get)(db->handle, db->reading, key, ENTRY_SIZE, &size,
                            &error);
    bool sound;

    check("read", error);
    sound = record != NULL && record_tally(record, size, tally);
    LSM(free)(record);
    return sound ? 0 : -1;
}

static int
get(struct engine_db *db, const unsigned char name[KEY_SIZE],
    struct tally *tally)
{
    char latest[LATEST_SIZE], entry[ENTRY_SIZE] = "e";
    char *error = NULL;
    size_t size = 0;
    char *seq;

    latest_key(name, latest);
    seq = LSM(get)(db->handle, db->reading, latest, sizeof(latest), &size,
                   &error);
    check("get", error);
    if (seq == NULL)
        return 0;
    if (size == ENTRY_SIZE - 1)
        memcpy(entry + 1, seq, size);
    LSM(free)(seq);
    return take(db, entry, tally);
}

static int
read_entry(struct engine_db *db, uint64_t seq, struct tally *tally)
{
    char entry[ENTRY_SIZE];

    entry_key(seq, entry);
    return take(db, entry, tally);
}

/* Looks at the row where it lies; *NEXT is the least number it may have. */
static int
take_row(LSM(iterator_t) * rows, uint64_t *next, struct tally *tally)
{
    size_t key_size, size;
    const char *key = LSM(iter_key)(rows, &key_size);
    const char *record = LSM(iter_value)(rows, &size);
    uint64_t seq;

    if (key_size != ENTRY_SIZE || !record_tally(record, size, tally))
        return -1;
    memcpy(&seq, key + 1, sizeof(seq));
    seq = be64toh(seq);
    if (seq < *next)
        return ENGINE_DISORDER;
    *next = seq + 1;
    return 0;
}

static bool
at_entry(LSM(iterator_t) * rows)
{
    size_t size;

    return LSM(iter_valid)(rows) && LSM(iter_key)(rows, &size)[0] == 'e';
}

static int
replay(struct engine_db *db, struct tally *tally)
{
    LSM(iterator_t) *rows = LSM(create_iterator)(db->handle, db->reading);
    char *error = NULL;
    uint64_t next = 0;
    int rc = 0;

    LSM(iter_seek)(rows, "e", 1);
    while (rc == 0 && at_entry(rows)) {
        rc = take_row(rows, &next, tally);
        LSM(iter_next)(rows);
    }
    LSM(iter_get_error)(rows, &error);
    check("replay", error);
    LSM(iter_destroy)(rows);
    return rc;
}

/* Nothing is ever removed. */
static int
state(struct engine_db *db, struct engine_state *out)
{
    *out = (struct engine_state){.size = atomic_load(&db->next)};
    out->entries = out->size;
    return 0;
}

const struct engine LSM_ENGINE = {.name = LSM_NAME,
                                  .flags = ENGINE_RELAXED | ENGINE_KEYLESS |
                                           ENGINE_LOOKUPS,
                                  .version = version,
                                  .open = open_database,
                                  .close = close_database,
                                  .settle = settle,
                                  .append_batch = append_batch,
                                  .get = get,
                                  .read = read_entry,
                                  .replay = replay,
                                  .state = state,
                                  .describe = describe};
