/* keys.c - the keys that a filter asks for, with their chains. */
#include "query/keys.h"

#include "base/error.h"
#include "journal/view.h"

void
jn_keys_start(struct jn_keys *keys, const struct jn_filter *filter,
              uint64_t as_of)
{
    keys->filter = filter;
    keys->as_of = as_of;
    keys->place = (struct jn_place){.handle = NULL};
    keys->met = keys->placed = keys->done = false;
    jn_index_lowest(&keys->at, filter->literal);
}

int
jn_keys_enter(struct jn_keys *keys, struct jn_txn *txn)
{
    keys->txn = txn;
    if (keys->filter->match == JOURNAL_MATCH_KEY)
        return 0;
    return jn_place_open(&keys->place, txn, JN_LATEST);
}

void
jn_keys_leave(struct jn_keys *keys)
{
    if (keys->placed) {
        memcpy(keys->at.data, keys->row.data, keys->row.size);
        keys->at.size = (uint16_t)keys->row.size;
        keys->placed = false;
    }
    jn_place_close(&keys->place);
    keys->place.handle = NULL;
}

/* The one key that a filter names. */
static int
find_one(struct jn_keys *keys, struct jn_chain *chain, bool *matches)
{
    struct jn_known known;
    int rc;

    if (keys->done)
        return JOURNAL_NOT_FOUND;
    rc = jn_view_find(keys->txn, keys->filter->key, &known);
    if (rc != 0)
        return rc;
    keys->done = true;
    *matches = known.chain.revision > 0;
    *chain = known.chain;
    return 0;
}

/* Goes to the row behind the one that was met last. */
static int
move(struct jn_keys *keys, struct jn_span *value)
{
    struct jn_span at = jn_index_span(&keys->at), row = at;
    int rc = 0;

    /* The first ones may seem to lie before the place where it begins. */
    if (!keys->met)
        rc = jn_view_check_beside(keys->txn, at);
    if (rc != 0)
        return rc;
    if (keys->placed) {
        rc = jn_place_move(&keys->place, JN_NEXT, &row, value);
    } else {
        rc = jn_place_move(&keys->place, JN_AT_OR_AFTER, &row, value);
        if (rc == 0 && keys->met && jn_span_equal(row, at))
            rc = jn_place_move(&keys->place, JN_NEXT, &row, value);
    }
    if (rc == 0 && row.size > JN_INDEX_MAX)
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    keys->row = row;
    keys->met = keys->placed = true;
    return 0;
}

/* Whether what is wanted of some key may not be in the store yet. */
static bool
may_be_recent(const struct jn_keys *keys)
{
    const struct jn_recent_look *look = &keys->txn->look;

    return keys->filter->latest && look->recent != NULL &&
           look->low < look->high && keys->as_of > look->low;
}

/* Whether that is so of KEY. */
static bool
is_recent(const struct jn_keys *keys, struct jn_span key)
{
    return may_be_recent(keys) &&
           jn_recent_find(&keys->txn->look, key, keys->as_of) != NULL;
}

/* Of a key of which the index holds only the start: the entry has all of it. */
static int
match_whole(struct jn_keys *keys, const struct jn_chain *chain, bool *matches)
{
    struct jn_stored stored;
    int rc = jn_view_stored(keys->txn, chain->roots[0], &stored);

    if (rc != 0)
        return rc == JOURNAL_NOT_FOUND ? JOURNAL_CORRUPT : rc;
    *matches = jn_filter_matches(keys->filter, stored.record.key) &&
               !is_recent(keys, stored.record.key);
    return 0;
}

static int
match_row(struct jn_keys *keys, struct jn_span value, struct jn_chain *chain,
          bool *matches)
{
    uint8_t bytes[JN_INDEX_KEY_MAX];
    struct jn_span start = {bytes, jn_index_key_start(keys->row, bytes)};
    bool whole = !jn_index_is_hashed(keys->row);
    int rc;

    *matches = false;
    if (start.size == 0)
        return JOURNAL_CORRUPT;
    /* First: a damaged key may look like one that is not asked for. */
    rc = jn_view_chain(chain, keys->row, value);
    if (rc != 0)
        return rc;
    if (!jn_filter_may_match(keys->filter, start))
        return JOURNAL_NOT_FOUND;
    if (whole && !jn_filter_matches(keys->filter, start))
        return 0;
    *matches = !(whole && is_recent(keys, start));
    if (whole ||
        (jn_filter_knows_by(keys->filter, start.size) && !may_be_recent(keys)))
        return 0;
    return match_whole(keys, chain, matches);
}

int
jn_keys_next(struct jn_keys *keys, struct jn_chain *chain, bool *matches)
{
    struct jn_span value;
    int rc;

    if (keys->filter->match == JOURNAL_MATCH_KEY)
        return find_one(keys, chain, matches);
    if (keys->done)
        return JOURNAL_NOT_FOUND;
    rc = move(keys, &value);
    if (rc == 0)
        rc = match_row(keys, value, chain, matches);
    keys->done = rc == JOURNAL_NOT_FOUND;
    return rc;
}
