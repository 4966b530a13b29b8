/* marks.c - positions with names, as rows of `meta`. */
#include "journal/marks.h"

#include "base/checksum.h"
#include "base/error.h"
#include "format/state.h"

#define PREFIX "mark/"
#define PREFIX_SIZE (sizeof(PREFIX) - 1)
#define ROW_KEY_MIN 9u
#define ROW_KEY_MAX (PREFIX_SIZE + JOURNAL_MARK_SIZE - 1)
#define ROW_VALUE_SIZE 16u

/* ---- names -------------------------------------------------------------- */

/*
 * The size of the UTF-8 sequence at TEXT, or 0 if there is none: by the table
 * of well-formed byte sequences of the Unicode Standard (chapter 3, D92).
 */
static size_t
sequence_size(const uint8_t *text)
{
    uint8_t first = text[0], low = 0x80, high = 0xBF;
    size_t size;

    if (first < 0x80)
        return first != 0;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first == 0xE0)
        low = 0xA0; /* else it would have a shorter form */
    else if (first == 0xED)
        high = 0x9F; /* surrogates */
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F; /* over U+10FFFF */
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if (text[i] < 0x80 || text[i] > 0xBF)
            return 0;
    }
    return size;
}

int
jn_marks_check(const char *name)
{
    const char *end;

    if (name == NULL || *name == '\0')
        return EINVAL;
    end = memchr(name, '\0', JOURNAL_MARK_SIZE);
    if (end == NULL)
        return EINVAL;
    while (name < end) {
        size_t size = sequence_size((const uint8_t *)name);

        if (size == 0)
            return EINVAL;
        name += size;
    }
    return 0;
}

/* ---- rows --------------------------------------------------------------- */

struct row_key {
    uint8_t data[ROW_KEY_MAX];
    size_t size;
};

static struct jn_span
make_key(struct row_key *key, const char *name)
{
    memset(key->data, 0, ROW_KEY_MIN);
    memcpy(key->data, PREFIX, PREFIX_SIZE);
    key->size = PREFIX_SIZE + strlen(name);
    memcpy(key->data + PREFIX_SIZE, name, key->size - PREFIX_SIZE);
    if (key->size < ROW_KEY_MIN)
        key->size = ROW_KEY_MIN;
    return jn_span(key->data, key->size);
}

static bool
is_mark(struct jn_span key)
{
    return key.size >= ROW_KEY_MIN && key.size <= ROW_KEY_MAX &&
           memcmp(key.data, PREFIX, PREFIX_SIZE) == 0;
}

static uint64_t
check_of(struct jn_span key, const uint8_t *position)
{
    return jn_hash64(jn_span(position, 8), jn_hash64(key, 0));
}

static int
decode_row(struct jn_span key, struct jn_span value, uint64_t *seq)
{
    if (value.size != ROW_VALUE_SIZE ||
        jn_get_le64(value.data + 8) != check_of(key, value.data))
        return JOURNAL_CORRUPT;
    *seq = jn_get_be64(value.data);
    return 0;
}

/* The name that KEY holds, if it is one and KEY is made of it. */
static bool
is_whole(struct jn_span key)
{
    char name[JOURNAL_MARK_SIZE] = "";
    struct row_key again;

    memcpy(name, key.data + PREFIX_SIZE, key.size - PREFIX_SIZE);
    return jn_marks_check(name) == 0 &&
           jn_span_equal(make_key(&again, name), key);
}

int
jn_marks_decode(struct jn_span key, struct jn_span value, uint64_t *seq)
{
    if (key.size < PREFIX_SIZE || memcmp(key.data, PREFIX, PREFIX_SIZE) != 0)
        return JOURNAL_NOT_FOUND;
    if (!is_mark(key) || !is_whole(key))
        return JOURNAL_CORRUPT;
    return decode_row(key, value, seq);
}

int
jn_marks_check_row(struct jn_span key, struct jn_span value)
{
    uint64_t seq;

    if (jn_own_row(key) < JN_OWN_ROWS)
        return 0;
    return jn_marks_decode(key, value, &seq) == 0 ? 0 : JOURNAL_CORRUPT;
}

/* The row may be there, with its key damaged. */
static int
find_row(struct jn_txn *txn, struct jn_span key, struct jn_span *value)
{
    int rc = jn_store_get(txn, JN_META, key, value);

    if (rc != JOURNAL_NOT_FOUND)
        return rc;
    rc = jn_store_look_beside(txn, JN_META, key, jn_marks_check_row);
    return rc == 0 ? JOURNAL_NOT_FOUND : rc;
}

static int
put_row(struct jn_txn *txn, struct jn_span key, uint64_t seq)
{
    uint8_t value[ROW_VALUE_SIZE];

    jn_put_be64(value, seq);
    jn_put_le64(value + 8, check_of(key, value));
    return jn_store_put(txn, JN_META, key, jn_span(value, sizeof(value)));
}

int
jn_marks_get(struct jn_txn *txn, const char *name, uint64_t *seq)
{
    struct row_key row_key;
    struct jn_span key = make_key(&row_key, name), value;
    int rc = find_row(txn, key, &value);

    return rc == 0 ? decode_row(key, value, seq) : rc;
}

int
jn_marks_put(struct jn_txn *txn, const char *name, uint64_t seq)
{
    struct row_key row_key;

    return put_row(txn, make_key(&row_key, name), seq);
}

int
jn_marks_remove(struct jn_txn *txn, const char *name)
{
    struct row_key row_key;
    struct jn_span key = make_key(&row_key, name), value;
    int rc = find_row(txn, key, &value);

    return rc == 0 ? jn_store_delete(txn, JN_META, key) : rc;
}

/* ---- all of them -------------------------------------------------------- */

/* A row at a time; the row at hand may be overwritten in between. */
struct walk {
    struct jn_place place;
    bool met; /* a row has been */
    struct jn_span key, value;
};

/* A row that nobody may pass by; whether a mark is sound its reader tells. */
static int
check_name(struct jn_span key, struct jn_span value)
{
    (void)value;
    return is_mark(key) || jn_own_row(key) < JN_OWN_ROWS ? 0 : JOURNAL_CORRUPT;
}

/*
 * The next mark, at first that of START or behind; JOURNAL_NOT_FOUND: none.
 * One whose key was damaged may seem to lie before START, or behind all marks.
 */
static int
step(struct walk *walk, struct jn_span start)
{
    enum jn_move move = walk->met ? JN_NEXT : JN_AT_OR_AFTER;
    int rc = 0;

    if (!walk->met)
        rc = jn_store_look_beside(walk->place.txn, JN_META, start, check_name);
    if (rc != 0)
        return rc;
    if (!walk->met)
        walk->key = start;
    walk->met = true;
    rc = jn_place_move(&walk->place, move, &walk->key, &walk->value);
    if (rc != 0 || is_mark(walk->key))
        return rc;
    return jn_own_row(walk->key) < JN_OWN_ROWS ? JOURNAL_NOT_FOUND
                                               : JOURNAL_CORRUPT;
}

static const struct jn_span all = {(const uint8_t *)PREFIX, PREFIX_SIZE};

static int
position(const struct walk *walk, uint64_t *seq)
{
    return decode_row(walk->key, walk->value, seq);
}

/* The first mark behind START, which may be one itself. */
static int
step_behind(struct walk *walk, struct jn_span start)
{
    int rc = step(walk, start);

    if (rc == 0 && jn_span_equal(walk->key, start))
        rc = step(walk, start);
    return rc;
}

int
jn_marks_next(struct jn_txn *txn, char *name, uint64_t *seq)
{
    struct walk walk = {.met = false};
    struct row_key at;
    int rc = jn_place_open(&walk.place, txn, JN_META);

    if (rc == 0)
        rc = step_behind(&walk, *name != '\0' ? make_key(&at, name) : all);
    if (rc == 0)
        rc = position(&walk, seq);
    if (rc == 0) {
        memset(name, 0, JOURNAL_MARK_SIZE);
        memcpy(name, walk.key.data + PREFIX_SIZE, walk.key.size - PREFIX_SIZE);
    }
    jn_place_close(&walk.place);
    return rc == JOURNAL_NOT_FOUND ? JOURNAL_END : rc;
}

int
jn_marks_lowest(struct jn_txn *txn, uint64_t *seq)
{
    struct walk walk = {.met = false};
    uint64_t lowest = JOURNAL_NONE, one;
    int rc = jn_place_open(&walk.place, txn, JN_META);

    while (rc == 0 && (rc = step(&walk, all)) == 0) {
        rc = position(&walk, &one);
        if (rc == 0 && one < lowest)
            lowest = one;
    }
    jn_place_close(&walk.place);
    if (rc != JOURNAL_NOT_FOUND)
        return rc;
    *seq = lowest;
    return 0;
}

int
jn_marks_slowest(struct jn_txn *txn, struct jn_slowest *slowest, uint64_t *seq)
{
    uint64_t number = jn_store_number(txn);

    if (slowest->number != number) {
        int rc = jn_marks_lowest(txn, &slowest->seq);

        if (rc != 0)
            return rc;
        slowest->number = number;
    }
    *seq = slowest->seq;
    return 0;
}

void
jn_marks_kept(struct jn_slowest *slowest, uint64_t number)
{
    if (slowest->number == number)
        slowest->number = number + 1;
}

int
jn_marks_count(struct jn_txn *txn, uint64_t *count)
{
    struct walk walk = {.met = false};
    uint64_t found = 0;
    int rc = jn_place_open(&walk.place, txn, JN_META);

    while (rc == 0 && (rc = step(&walk, all)) == 0)
        found++;
    jn_place_close(&walk.place);
    if (rc != JOURNAL_NOT_FOUND)
        return rc;
    *count = found;
    return 0;
}

/* The key of a row is on a page that overwriting the row may move. */
static int
move_row(struct jn_txn *txn, struct jn_span at, uint64_t seq)
{
    uint8_t key[ROW_KEY_MAX];

    memcpy(key, at.data, at.size);
    return put_row(txn, jn_span(key, at.size), seq);
}

int
jn_marks_move_back(struct jn_txn *txn, uint64_t seq)
{
    struct walk walk = {.met = false};
    uint64_t one;
    int rc = jn_place_open(&walk.place, txn, JN_META);

    while (rc == 0 && (rc = step(&walk, all)) == 0) {
        rc = position(&walk, &one);
        if (rc == 0 && one > seq)
            rc = move_row(txn, walk.key, seq);
    }
    jn_place_close(&walk.place);
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}
