/* removal.c - old entries are taken out: for prune, compaction, retention. */
#include "write/removal.h"

#include "base/error.h"
#include "journal/view.h"

/* ---- rows --------------------------------------------------------------- */

/* A row of `entries`, and what it says. */
struct row {
    uint64_t seq;
    struct jn_span bytes;
    struct jn_stored stored;
    bool sound;
};

/* JOURNAL_NOT_FOUND at the end. */
static int
move_to_row(struct jn_place *place, enum jn_move move, uint64_t from,
            struct row *row)
{
    uint8_t number[8];
    struct jn_span key = {number, sizeof(number)};
    int rc;

    jn_put_be64(number, from);
    rc = jn_place_move(place, move, &key, &row->bytes);
    if (rc == 0 && key.size != 8)
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        row->seq = jn_get_be64(key.data);
    return rc;
}

/* Reads it, without a look at its checksum. */
static void
parse_row(struct row *row)
{
    row->sound = jn_stored_parse(&row->stored, row->bytes, row->seq) == 0;
}

/*
 * A damaged row is taken for all key, meta and value: a little too much, where
 * nothing would count it for ever.
 */
static uint64_t
bytes_of(const struct row *row)
{
    return row->sound ? jn_record_logical(&row->stored.record)
                      : row->bytes.size;
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
 * it.  A key that damage has changed leads to no such row, and stays.  No key
 * goes back to an older entry while some are removed: so what was not its
 * latest, of which there are most, need not be looked for.
 */
static int
forget_key_of(struct jn_txn *txn, struct jn_state *state, uint64_t seq,
              struct jn_span key, bool *held)
{
    struct jn_known known;
    int rc;

    if (jn_view_was_superseded(txn, key, seq))
        return 0;
    rc = jn_view_find_stored(txn, key, &known);
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
time_of(const struct jn_state *state, const struct row *row)
{
    uint64_t time = row->sound ? row->stored.record.time : 0;

    return time > state->last_time ? 0 : time;
}

int
jn_oldest_time(struct jn_txn *txn, const struct jn_state *state, uint64_t *time)
{
    struct jn_place place = {.handle = NULL};
    struct row row;
    int rc = jn_place_open(&place, txn, JN_ENTRIES);

    if (rc == 0)
        rc = move_to_row(&place, JN_FIRST, 0, &row);
    if (rc == 0) {
        parse_row(&row);
        *time = time_of(state, &row);
    }
    jn_place_close(&place);
    return rc;
}

/* A removal of the oldest. */
struct removal {
    struct jn_txn *txn;
    struct jn_state *state;
    const struct jn_goal *goal;
    struct jn_place place;
    uint64_t entries; /* that have gone, */
    uint64_t bytes;   /* how many there were before, */
    uint64_t reached; /* and below which there are none any more */
};

/* Whether the goal has been reached where ROW is the oldest. */
static bool
is_done(struct removal *removal, const struct row *row)
{
    const struct jn_goal *goal = removal->goal;
    const struct jn_state *state = removal->state;

    if (row->seq >= goal->before) {
        removal->reached = goal->before;
        return true;
    }
    return jn_store_count(removal->txn, JN_ENTRIES) <= goal->keep_entries &&
           state->bytes_logical <= goal->keep_bytes &&
           time_of(state, row) >= goal->keep_since;
}

static bool
is_enough(const struct removal *removal, const struct jn_amount *most)
{
    return removal->entries >= most->entries ||
           removal->bytes - removal->state->bytes_logical >= most->bytes;
}

/* Removes ROW, where the place is; *HELD: it is still there. */
static int
remove_row(struct removal *removal, const struct row *row, bool *held)
{
    uint64_t bytes = bytes_of(row);
    int rc = 0;

    *held = false;
    if (row->sound && row->stored.record.key.size > 0)
        rc = forget_key_of(removal->txn, removal->state, row->seq,
                           row->stored.record.key, held);
    if (rc != 0 || *held)
        return rc;
    forget_bytes(removal->state, bytes);
    removal->entries++;
    removal->reached = row->seq + 1;
    return jn_place_delete(&removal->place);
}

/* From the oldest on; *OLDEST is the one that it has come to. */
static int
remove_rows(struct removal *removal, const struct jn_amount *most,
            uint64_t *oldest, bool *done)
{
    bool held = false;

    for (enum jn_move move = JN_FIRST; !held; move = JN_NEXT) {
        struct row row;
        int rc = move_to_row(&removal->place, move, 0, &row);

        *done = rc == JOURNAL_NOT_FOUND;
        if (*done) {
            removal->reached = removal->goal->before;
            *oldest = removal->state->next;
            return 0;
        }
        if (rc != 0)
            return rc;
        parse_row(&row);
        *oldest = row.seq;
        *done = is_done(removal, &row);
        if (*done || is_enough(removal, most))
            return 0;
        rc = remove_row(removal, &row, &held);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int
jn_remove_oldest(struct jn_txn *txn, struct jn_state *state,
                 const struct jn_goal *goal, const struct jn_amount *most,
                 uint64_t *removed, bool *done)
{
    struct removal removal = {.txn = txn,
                              .state = state,
                              .goal = goal,
                              .bytes = state->bytes_logical,
                              .reached = state->first};
    uint64_t oldest;
    int rc = jn_place_open(&removal.place, txn, JN_ENTRIES);

    if (rc == 0)
        rc = remove_rows(&removal, most, &oldest, done);
    if (rc == 0)
        set_first(state, removal.reached, oldest);
    *removed = removal.entries;
    jn_place_close(&removal.place);
    return rc;
}

/* ---- what later entries have superseded --------------------------------- */

/* A removal of what is superseded. */
struct compaction {
    struct jn_txn *txn;
    struct jn_state *state;
    struct jn_place place;
    uint64_t removed;
    uint64_t highest; /* of those that were */
};

enum verdict { STAYS, GOES, GOES_WITH_KEY };

/*
 * Whether the entry goes.  One that is damaged stays, and so does one whose
 * key's row does not lead to it or past it: it may be all there is of the key.
 */
static int
judge(struct compaction *compaction, const struct row *row,
      struct jn_known *known, enum verdict *verdict)
{
    struct jn_span key = row->stored.record.key;
    int rc;

    *verdict = GOES;
    if (key.size == 0 || jn_view_was_superseded(compaction->txn, key, row->seq))
        return 0;
    *verdict = STAYS;
    rc = jn_view_find(compaction->txn, key, known);
    if (rc != 0)
        return rc == JOURNAL_CORRUPT ? 0 : rc;
    if (known->chain.revision == 0 || known->chain.roots[0] < row->seq)
        return 0;
    if (known->chain.roots[0] > row->seq)
        *verdict = GOES;
    else if (known->chain.tombstone)
        *verdict = GOES_WITH_KEY;
    return 0;
}

static int
judge_row(struct compaction *compaction, struct row *row)
{
    struct jn_known known;
    enum verdict verdict;
    int rc;

    if (jn_stored_decode(&row->stored, row->bytes, row->seq) != 0)
        return 0;
    rc = judge(compaction, row, &known, &verdict);
    if (rc != 0 || verdict == STAYS)
        return rc;
    compaction->removed++;
    compaction->highest = row->seq;
    forget_bytes(compaction->state, jn_record_logical(&row->stored.record));
    if (verdict == GOES_WITH_KEY)
        rc = forget_key(compaction->txn, compaction->state, &known);
    return rc == 0 ? jn_place_delete(&compaction->place) : rc;
}

/* Notes what has gone, and where the rest begin. */
static int
note_holes(struct compaction *compaction)
{
    struct jn_state *state = compaction->state;
    struct row row = {.seq = state->next};
    int rc = move_to_row(&compaction->place, JN_FIRST, 0, &row);

    if (rc != 0 && rc != JOURNAL_NOT_FOUND)
        return rc;
    if (state->dense <= compaction->highest)
        state->dense = compaction->highest + 1;
    set_first(state, state->first, row.seq);
    return jn_view_add_cut(compaction->txn, JN_REMOVALS, ~compaction->highest);
}

static int
look_from(struct compaction *compaction, uint64_t *at, uint64_t before,
          uint64_t most)
{
    enum jn_move move = JN_AT_OR_AFTER;
    int rc = 0;

    for (uint64_t i = 0; rc == 0 && *at < before && i < most; i++) {
        struct row row;

        rc = move_to_row(&compaction->place, move, *at, &row);
        if (rc == JOURNAL_NOT_FOUND || (rc == 0 && row.seq >= before)) {
            *at = before;
            break;
        }
        if (rc != 0)
            return rc;
        rc = judge_row(compaction, &row);
        *at = row.seq + 1;
        move = JN_NEXT;
    }
    if (rc == JOURNAL_NOT_FOUND)
        rc = 0;
    return rc == 0 && compaction->removed > 0 ? note_holes(compaction) : rc;
}

int
jn_remove_superseded(struct jn_txn *txn, struct jn_state *state, uint64_t *at,
                     uint64_t before, uint64_t most, uint64_t *removed)
{
    struct compaction compaction = {.txn = txn, .state = state};
    int rc = jn_place_open(&compaction.place, txn, JN_ENTRIES);

    if (rc == 0)
        rc = look_from(&compaction, at, before, most);
    *removed = compaction.removed;
    jn_place_close(&compaction.place);
    return rc;
}
