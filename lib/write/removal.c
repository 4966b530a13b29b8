/* removal.c - old entries are taken out: for prune, compaction, retention. */
#include "write/removal.h"

#include "base/error.h"
#include "journal/view.h"

/* ---- one entry ---------------------------------------------------------- */

static void
forget_bytes(struct jn_state *state, uint64_t size)
{
    state->bytes_logical -= size < state->bytes_logical ? size
                                                        : state->bytes_logical;
}

/* The key of an entry that goes, and is its latest. */
static int
forget_key(struct jn_txn *txn, struct jn_state *state, struct jn_known *known)
{
    if (known->chain.tombstone && state->tombstones > 0)
        state->tombstones--;
    known->chain.revision = 0;
    return jn_view_put_chain(txn, known);
}

/*
 * Entries of a key may be recent when its row in the store goes.  They tell the
 * key's chain, and bring the row back when they are moved; the store alone
 * remains a journal meanwhile.  But they also tell that a tombstone is buried,
 * which is to be counted once; and for a row under a hash a place may be
 * wanting then.
 */
static bool
is_held(const struct jn_txn *txn, const struct jn_known *known,
        struct jn_span key)
{
    struct jn_span index_key = jn_index_span(&known->index_key);

    return jn_view_has_recent(txn) &&
           (known->chain.tombstone || jn_index_is_hashed(index_key)) &&
           jn_recent_find(&txn->look, key, UINT64_MAX) != NULL;
}

/*
 * Forgets KEY if entry SEQ is its latest in the store: its row then leads to
 * it.  A key that damage has changed leads to no such row, and stays.
 */
static int
forget_key_of(struct jn_txn *txn, struct jn_state *state, uint64_t seq,
              struct jn_span key, bool *held)
{
    struct jn_known known;
    int rc = jn_view_find_stored(txn, key, &known);

    if (rc != 0 || known.chain.revision == 0 || known.chain.roots[0] != seq)
        return rc == JOURNAL_CORRUPT ? 0 : rc;
    *held = is_held(txn, &known, key);
    return *held ? 0 : forget_key(txn, state, &known);
}

/* ---- the oldest --------------------------------------------------------- */

/*
 * What is damaged counts as old; so does what says to be newer than the newest,
 * which would otherwise hold up all that is behind it.
 */
static uint64_t
time_of(const struct jn_state *state, const struct jn_record *record)
{
    if (record == NULL || record->time > state->last_time)
        return 0;
    return record->time;
}

int
jn_oldest_time(struct jn_txn *txn, const struct jn_state *state, uint64_t *time)
{
    struct jn_place place = {.handle = NULL};
    struct jn_stored stored;
    struct jn_span key, value;
    bool sound;
    int rc = jn_place_open(&place, txn, JN_ENTRIES);

    if (rc == 0)
        rc = jn_place_move(&place, JN_FIRST, &key, &value);
    if (rc == 0 && key.size != 8)
        rc = JOURNAL_CORRUPT;
    if (rc == 0) {
        sound = jn_stored_parse(&stored, value, jn_get_be64(key.data)) == 0;
        *time = time_of(state, sound ? &stored.record : NULL);
    }
    jn_place_close(&place);
    return rc;
}

static bool
is_to_go(struct jn_txn *txn, const struct jn_state *state,
         const struct jn_goal *goal, uint64_t time)
{
    return jn_store_count(txn, JN_ENTRIES) > goal->keep_entries ||
           state->bytes_logical > goal->keep_bytes || time < goal->keep_since;
}

/*
 * RECORD is NULL where the ROW is damaged.  It is then taken for all key, meta
 * and value: a little too much, where nothing would count it for ever.  *HELD:
 * it is still there.
 */
static int
remove_row(struct jn_txn *txn, struct jn_state *state, struct jn_place *place,
           uint64_t seq, struct jn_span row, const struct jn_record *record,
           bool *held)
{
    uint64_t bytes = record != NULL ? jn_record_logical(record) : row.size;
    int rc = 0;

    *held = false;
    if (record != NULL && record->key.size > 0)
        rc = forget_key_of(txn, state, seq, record->key, held);
    if (rc != 0 || *held)
        return rc;
    forget_bytes(state, bytes);
    return jn_place_delete(place);
}

/* Where the journal begins: REACHED, or in its sparse part the OLDEST entry. */
static void
set_first(struct jn_state *state, uint64_t reached, uint64_t oldest)
{
    if (reached < state->dense)
        reached = oldest < state->dense ? oldest : state->dense;
    if (reached > state->first)
        state->first = reached;
    if (state->dense < state->first)
        state->dense = state->first;
}

static int
remove_from(struct jn_txn *txn, struct jn_state *state,
            const struct jn_goal *goal, uint64_t most, struct jn_place *place,
            uint64_t *removed, bool *done)
{
    uint64_t reached = state->first;

    for (;;) {
        struct jn_span key, value;
        struct jn_stored stored;
        bool sound, held;
        uint64_t seq, time;
        int rc = jn_place_move(place, JN_FIRST, &key, &value);

        *done = rc == JOURNAL_NOT_FOUND;
        if (*done) {
            set_first(state, goal->before, state->next);
            return 0;
        }
        if (rc == 0 && key.size != 8)
            rc = JOURNAL_CORRUPT;
        if (rc != 0)
            return rc;
        seq = jn_get_be64(key.data);
        sound = jn_stored_parse(&stored, value, seq) == 0;
        time = time_of(state, sound ? &stored.record : NULL);
        if (seq >= goal->before)
            reached = goal->before;
        *done = seq >= goal->before || !is_to_go(txn, state, goal, time);
        if (*done || *removed == most) {
            set_first(state, reached, seq);
            return 0;
        }
        rc = remove_row(txn, state, place, seq, value,
                        sound ? &stored.record : NULL, &held);
        if (rc != 0)
            return rc;
        if (held) {
            set_first(state, reached, seq);
            return 0;
        }
        reached = seq + 1;
        ++*removed;
    }
}

int
jn_remove_oldest(struct jn_txn *txn, struct jn_state *state,
                 const struct jn_goal *goal, uint64_t most, uint64_t *removed,
                 bool *done)
{
    struct jn_place place = {.handle = NULL};
    int rc = jn_place_open(&place, txn, JN_ENTRIES);

    *removed = 0;
    if (rc == 0)
        rc = remove_from(txn, state, goal, most, &place, removed, done);
    jn_place_close(&place);
    return rc;
}

/* ---- what later entries have superseded --------------------------------- */

enum verdict { STAYS, GOES, GOES_WITH_KEY };

/*
 * Whether the entry goes.  One that is damaged stays, and so does one whose
 * key's row does not lead to it or past it: it may be all there is of the key.
 */
static int
judge(struct jn_txn *txn, uint64_t seq, const struct jn_stored *stored,
      struct jn_known *known, enum verdict *verdict)
{
    int rc;

    *verdict = stored->record.key.size == 0 ? GOES : STAYS;
    if (*verdict == GOES)
        return 0;
    rc = jn_view_find(txn, stored->record.key, known);
    if (rc != 0)
        return rc == JOURNAL_CORRUPT ? 0 : rc;
    if (known->chain.revision == 0 || known->chain.roots[0] < seq)
        return 0;
    if (known->chain.roots[0] > seq)
        *verdict = GOES;
    else if (known->chain.tombstone)
        *verdict = GOES_WITH_KEY;
    return 0;
}

static int
judge_row(struct jn_txn *txn, struct jn_state *state, struct jn_place *place,
          uint64_t seq, struct jn_span value, bool *goes)
{
    struct jn_stored stored;
    struct jn_known known;
    enum verdict verdict;
    int rc;

    *goes = false;
    if (jn_stored_decode(&stored, value, seq) != 0)
        return 0;
    rc = judge(txn, seq, &stored, &known, &verdict);
    if (rc != 0 || verdict == STAYS)
        return rc;
    *goes = true;
    forget_bytes(state, jn_record_logical(&stored.record));
    if (verdict == GOES_WITH_KEY)
        rc = forget_key(txn, state, &known);
    return rc == 0 ? jn_place_delete(place) : rc;
}

/* Notes that entries up to HIGHEST have gone, and where the rest begin. */
static int
note_holes(struct jn_txn *txn, struct jn_state *state, struct jn_place *place,
           uint64_t highest)
{
    struct jn_span key, value;
    uint64_t oldest = state->next;
    int rc = jn_place_move(place, JN_FIRST, &key, &value);

    if (rc == 0 && key.size != 8)
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        oldest = jn_get_be64(key.data);
    else if (rc != JOURNAL_NOT_FOUND)
        return rc;
    if (state->dense <= highest)
        state->dense = highest + 1;
    set_first(state, state->first, oldest);
    return jn_view_add_cut(txn, JN_REMOVALS, ~highest);
}

static int
look_from(struct jn_txn *txn, struct jn_state *state, uint64_t *at,
          uint64_t before, uint64_t most, struct jn_place *place,
          uint64_t *removed)
{
    uint8_t bytes[8];
    struct jn_span key = {bytes, sizeof(bytes)}, value;
    enum jn_move move = JN_AT_OR_AFTER;
    uint64_t highest = 0;
    int rc = 0;

    jn_put_be64(bytes, *at);
    for (uint64_t i = 0; rc == 0 && *at < before && i < most; i++) {
        uint64_t seq = before;
        bool goes;

        rc = jn_place_move(place, move, &key, &value);
        if (rc == 0 && key.size != 8)
            rc = JOURNAL_CORRUPT;
        if (rc == 0)
            seq = jn_get_be64(key.data);
        if (seq >= before) {
            *at = before;
            break;
        }
        rc = judge_row(txn, state, place, seq, value, &goes);
        *removed += goes;
        highest = goes ? seq : highest;
        *at = seq + 1;
        move = JN_NEXT;
    }
    if (rc == JOURNAL_NOT_FOUND)
        rc = 0;
    return rc == 0 && *removed > 0 ? note_holes(txn, state, place, highest)
                                   : rc;
}

int
jn_remove_superseded(struct jn_txn *txn, struct jn_state *state, uint64_t *at,
                     uint64_t before, uint64_t most, uint64_t *removed)
{
    struct jn_place place = {.handle = NULL};
    int rc = jn_place_open(&place, txn, JN_ENTRIES);

    *removed = 0;
    if (rc == 0)
        rc = look_from(txn, state, at, before, most, &place, removed);
    jn_place_close(&place);
    return rc;
}
