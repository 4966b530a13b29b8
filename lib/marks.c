/* marks.c - positions with names, as rows of `meta`. */
#include "marks.h"

#include "checksum.h"
#include "error.h"

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
    int rc = jn_store_get(txn, JN_META, key, &value);

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
    int rc = jn_store_get(txn, JN_META, key, &value);

    return rc == 0 ? jn_store_delete(txn, JN_META, key) : rc;
}

/* ---- all of them -------------------------------------------------------- */

/* A row at a time; the rows may be overwritten, not removed, in between. */
struct walk {
    struct jn_txn *txn;
    struct row_key at; /* the row that was met last, or where to begin */
    bool met;          /* one has been */
    struct jn_span value;
};

/* The next mark; JOURNAL_NOT_FOUND behind the last. */
static int
step(struct walk *walk)
{
    struct jn_place place = {NULL, NULL};
    struct jn_span at = {walk->at.data, walk->at.size}, key = at;
    int rc = jn_place_open(&place, walk->txn, JN_META);

    if (rc == 0)
        rc = jn_place_move(&place, JN_AT_OR_AFTER, &key, &walk->value);
    if (rc == 0 && walk->met && jn_span_equal(key, at))
        rc = jn_place_move(&place, JN_NEXT, &key, &walk->value);
    if (rc == 0 && !is_mark(key))
        rc = JOURNAL_NOT_FOUND;
    if (rc == 0) {
        memcpy(walk->at.data, key.data, key.size);
        walk->at.size = key.size;
        walk->met = true;
    }
    jn_place_close(&place);
    return rc;
}

static struct walk
walk_all(struct jn_txn *txn)
{
    struct walk walk = {.txn = txn};

    memcpy(walk.at.data, PREFIX, PREFIX_SIZE);
    walk.at.size = PREFIX_SIZE;
    return walk;
}

static int
position(const struct walk *walk, uint64_t *seq)
{
    return decode_row(jn_span(walk->at.data, walk->at.size), walk->value, seq);
}

int
jn_marks_next(struct jn_txn *txn, char *name, uint64_t *seq)
{
    struct walk walk = walk_all(txn);
    int rc;

    if (*name != '\0') {
        make_key(&walk.at, name);
        walk.met = true;
    }
    rc = step(&walk);
    if (rc != 0)
        return rc == JOURNAL_NOT_FOUND ? JOURNAL_END : rc;
    rc = position(&walk, seq);
    if (rc != 0)
        return rc;
    memset(name, 0, JOURNAL_MARK_SIZE);
    memcpy(name, walk.at.data + PREFIX_SIZE, walk.at.size - PREFIX_SIZE);
    return 0;
}

int
jn_marks_lowest(struct jn_txn *txn, uint64_t *seq)
{
    struct walk walk = walk_all(txn);
    uint64_t lowest = JOURNAL_NONE;
    int rc;

    while ((rc = step(&walk)) == 0) {
        uint64_t one;

        rc = position(&walk, &one);
        if (rc != 0)
            return rc;
        lowest = one < lowest ? one : lowest;
    }
    if (rc != JOURNAL_NOT_FOUND)
        return rc;
    *seq = lowest;
    return 0;
}

int
jn_marks_count(struct jn_txn *txn, uint64_t *count)
{
    struct walk walk = walk_all(txn);
    uint64_t found = 0;
    int rc;

    while ((rc = step(&walk)) == 0)
        found++;
    if (rc != JOURNAL_NOT_FOUND)
        return rc;
    *count = found;
    return 0;
}

int
jn_marks_move_back(struct jn_txn *txn, uint64_t seq)
{
    struct walk walk = walk_all(txn);
    int rc;

    while ((rc = step(&walk)) == 0) {
        uint64_t one;

        rc = position(&walk, &one);
        if (rc == 0 && one > seq)
            rc = put_row(txn, jn_span(walk.at.data, walk.at.size), seq);
        if (rc != 0)
            return rc;
    }
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}
