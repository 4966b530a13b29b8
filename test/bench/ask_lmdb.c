/*
 * ask_lmdb.c - the questions on LMDB.
 *
 * Those about keys are answered from the index of numbers: they are collected,
 * sorted if they are of several keys, and their entries looked up in order.
 */
#include <stdlib.h>

#include "engine_lmdb.h"

/* ---- the index of numbers ----------------------------------------------- */

/* The number of KEY's newest entry below LIMIT, big endian. */
static int
find_before(MDB_cursor *cursor, const unsigned char key[KEY_SIZE],
            uint64_t limit, uint64_t *big)
{
    struct history_key wanted = {.seq = htobe64(limit)};
    MDB_val found = value_of(&wanted, sizeof(wanted));
    MDB_val nothing;
    int rc;

    memcpy(wanted.key, key, KEY_SIZE);
    rc = mdb_cursor_get(cursor, &found, &nothing, MDB_SET_RANGE);
    if (rc == 0)
        rc = mdb_cursor_get(cursor, &found, &nothing, MDB_PREV);
    else if (rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, &found, &nothing, MDB_LAST);
    if (rc == 0 && memcmp(found.mv_data, key, KEY_SIZE) != 0)
        rc = MDB_NOTFOUND;
    if (rc == 0)
        memcpy(big, (const unsigned char *)found.mv_data + KEY_SIZE,
               sizeof(*big));
    return rc;
}

static int
as_of(struct engine_db *db, const unsigned char key[KEY_SIZE], uint64_t limit,
      struct tally *tally)
{
    uint64_t big = 0;
    MDB_val number = value_of(&big, sizeof(big));
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(db->reader, db->tables[HISTORY], &cursor);

    if (rc != 0)
        return rc;
    rc = find_before(cursor, key, limit, &big);
    mdb_cursor_close(cursor);
    return rc != 0 ? rc : lmdb_take(db, &number, tally);
}

int
lmdb_get_at(struct engine_db *db, const unsigned char key[KEY_SIZE],
            uint64_t limit, struct tally *tally)
{
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    rc = as_of(db, key, limit, tally);
    mdb_txn_reset(db->reader);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static void
keep_number(struct engine_db *db, size_t *count, uint64_t number)
{
    if (*count == db->room) {
        db->room = db->room == 0 ? 4096 : db->room * 2;
        db->numbers = bench_resize(db->numbers,
                                   db->room * sizeof(*db->numbers));
    }
    db->numbers[(*count)++] = number;
}

static uint64_t
number_in(const MDB_val *history)
{
    MDB_val number = value_of((const char *)history->mv_data + KEY_SIZE,
                              sizeof(uint64_t));

    return number_of(&number);
}

/* ---- which numbers ------------------------------------------------------ */

static int
rising(struct engine_db *db, MDB_cursor *cursor,
       const struct question *question, size_t *count)
{
    MDB_val found = value_of(question->key, question->key_size);
    MDB_val nothing;
    int rc = mdb_cursor_get(cursor, &found, &nothing, MDB_SET_RANGE);

    while (rc == 0 &&
           memcmp(found.mv_data, question->key, question->key_size) == 0) {
        keep_number(db, count, number_in(&found));
        rc = mdb_cursor_get(cursor, &found, &nothing, MDB_NEXT);
    }
    return rc;
}

static int
falling(struct engine_db *db, MDB_cursor *cursor,
        const struct question *question, size_t *count)
{
    uint64_t big = 0;
    MDB_val found, nothing;
    int rc = find_before(cursor, question->key, UINT64_MAX, &big);

    for (unsigned i = 0; rc == 0 && i < question->newest; i++) {
        rc = mdb_cursor_get(cursor, &found, &nothing, MDB_GET_CURRENT);
        if (rc != 0 || memcmp(found.mv_data, question->key, KEY_SIZE) != 0)
            break;
        keep_number(db, count, number_in(&found));
        rc = mdb_cursor_get(cursor, &found, &nothing, MDB_PREV);
    }
    return rc;
}

/* As of LIMIT, of each key; CURSOR is in the index of numbers. */
static int
latest(struct engine_db *db, MDB_cursor *cursor, uint64_t limit, size_t *count)
{
    MDB_val key, value;
    MDB_cursor *keys;
    uint64_t big;
    int rc = mdb_cursor_open(db->reader, db->tables[LATEST], &keys);

    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(keys, &key, &value, MDB_NEXT)) == 0) {
        if (limit == UINT64_MAX)
            keep_number(db, count, number_of(&value));
        else if (find_before(cursor, key.mv_data, limit, &big) == 0)
            keep_number(db, count, be64toh(big));
    }
    mdb_cursor_close(keys);
    return rc;
}

static int
compare_numbers(const void *left, const void *right)
{
    uint64_t a, b;

    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return (a > b) - (a < b);
}

/* The numbers of the entries that answer QUESTION, in order. */
static int
collect(struct engine_db *db, const struct question *question, size_t *count)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(db->reader, db->tables[HISTORY], &cursor);

    if (rc != 0)
        return rc;
    if (question->kind == ASK_LATEST)
        rc = latest(db, cursor, question->limit, count);
    else if (question->newest != 0)
        rc = falling(db, cursor, question, count);
    else
        rc = rising(db, cursor, question, count);
    mdb_cursor_close(cursor);
    if (question->kind != ASK_KEY)
        qsort(db->numbers, *count, sizeof(*db->numbers), compare_numbers);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- their entries ------------------------------------------------------ */

/* The order is that of the numbers, so it needs no second look. */
static int
look_up(struct engine_db *db, MDB_cursor *cursor,
        const struct question *question, struct tally *tally)
{
    size_t count = 0;
    int rc = collect(db, question, &count);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        uint64_t big = htobe64(db->numbers[i]);
        MDB_val number = value_of(&big, sizeof(big));
        MDB_val value;

        rc = mdb_cursor_get(cursor, &number, &value, MDB_SET);
        if (rc == 0)
            tally_record(tally, &value);
    }
    return rc;
}

/* Looks at all entries, or from the newest back until there are enough. */
static int
scan(MDB_cursor *cursor, const struct question *question, struct tally *tally)
{
    bool back = question->newest != 0;
    unsigned found = 0;
    MDB_val number, value;
    int rc = mdb_cursor_get(cursor, &number, &value,
                            back ? MDB_LAST : MDB_FIRST);

    while (rc == 0) {
        if (memcmp(key_of(&value), question->key, question->key_size) == 0) {
            tally_record(tally, &value);
            found++;
        }
        if (back && found == question->newest)
            break;
        rc = mdb_cursor_get(cursor, &number, &value,
                            back ? MDB_PREV : MDB_NEXT);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- times -------------------------------------------------------------- */

static uint64_t
time_in(const MDB_val *value)
{
    uint64_t time;

    memcpy(&time, value->mv_data, sizeof(time));
    return time;
}

/* CURSOR is left on the first entry at TIME or later, unless MDB_NOTFOUND. */
static int
seek_time(struct engine_db *db, MDB_cursor *cursor, uint64_t time,
          uint64_t *seq)
{
    MDB_val number, value;
    uint64_t low, high, big;
    int rc = mdb_cursor_get(cursor, &number, &value, MDB_FIRST);

    if (rc == 0) {
        low = number_of(&number);
        rc = lmdb_next(db, db->reader, &high);
    }
    while (rc == 0 && low < high) {
        uint64_t middle = low + (high - low) / 2;

        big = htobe64(middle);
        number = value_of(&big, sizeof(big));
        rc = mdb_cursor_get(cursor, &number, &value, MDB_SET);
        if (rc == 0 && time_in(&value) < time)
            low = middle + 1;
        else
            high = middle;
    }
    if (rc != 0)
        return rc;
    *seq = low;
    big = htobe64(low);
    number = value_of(&big, sizeof(big));
    return mdb_cursor_get(cursor, &number, &value, MDB_SET);
}

static int
between(struct engine_db *db, MDB_cursor *cursor,
        const struct question *question, struct tally *tally)
{
    uint64_t seq;
    MDB_val number, value;
    int rc = seek_time(db, cursor, question->since, &seq);

    if (rc == 0)
        rc = mdb_cursor_get(cursor, &number, &value, MDB_GET_CURRENT);
    while (rc == 0 && time_in(&value) < question->until) {
        tally_record(tally, &value);
        rc = mdb_cursor_get(cursor, &number, &value, MDB_NEXT);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- what engine.h wants ------------------------------------------------ */

/* A cursor over the entries in a transaction of its own. */
static int
begin(struct engine_db *db, MDB_cursor **cursor)
{
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(db->reader, db->tables[ENTRIES], cursor);
    if (rc != 0)
        mdb_txn_reset(db->reader);
    return rc;
}

static void
end(struct engine_db *db, MDB_cursor *cursor)
{
    mdb_cursor_close(cursor);
    mdb_txn_reset(db->reader);
}

int
lmdb_ask(struct engine_db *db, const struct question *question,
         struct tally *tally)
{
    MDB_cursor *cursor;
    int rc = begin(db, &cursor);

    if (rc != 0)
        return rc;
    switch (question->kind) {
    case ASK_KEY:
    case ASK_LATEST:
        rc = look_up(db, cursor, question, tally);
        break;
    case ASK_PREFIX:
        /* The newest few of a hundredth are nearer by way of all entries. */
        rc = question->newest != 0 ? scan(cursor, question, tally)
                                   : look_up(db, cursor, question, tally);
        break;
    case ASK_SCAN:
        rc = scan(cursor, question, tally);
        break;
    case ASK_TIMES:
        rc = between(db, cursor, question, tally);
        break;
    }
    end(db, cursor);
    return rc;
}

int
lmdb_find_time(struct engine_db *db, uint64_t time, uint64_t *seq)
{
    MDB_cursor *cursor;
    int rc = begin(db, &cursor);

    if (rc != 0)
        return rc;
    rc = seek_time(db, cursor, time, seq);
    end(db, cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int
lmdb_time_of(struct engine_db *db, uint64_t seq, uint64_t *time)
{
    uint64_t big = htobe64(seq);
    MDB_val number = value_of(&big, sizeof(big));
    MDB_val value;
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    rc = mdb_get(db->reader, db->tables[ENTRIES], &number, &value);
    if (rc == 0)
        *time = time_in(&value);
    mdb_txn_reset(db->reader);
    return rc;
}
