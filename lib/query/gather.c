/* gather.c - the entries that are wanted, found by index and links. */
#include "query/gather.h"

#include "base/error.h"
#include "query/gather_turn.h"
#include "journal/history.h"
#include "journal/view.h"

/* A transaction in which a pass has read so much is ended. */
#define KEYS_A_TURN 16384u
#define ENTRIES_A_TURN 65536u

/*
 * A pass goes over all keys.  So the first one lists some entries for each, on
 * the average, and each lists so many times what the one before did.
 */
#define KEY_SHARE 16u
#define KEY_SHARE_NEWEST 1u
#define GROWTH 8u
#define WIDENING 32u /* of the range gone over, at most: half of this */

static uint64_t
lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What the first pass is to list. */
static size_t
first_most(const struct jn_filter *filter, const struct jn_range *range,
           uint64_t keys)
{
    uint64_t share = range->reverse ? KEY_SHARE_NEWEST : KEY_SHARE;
    uint64_t few = range->reverse ? JN_GATHER_FEW_NEWEST : JN_GATHER_FEW;

    if (filter->latest)
        return JN_GATHER_MOST_LATEST;
    if (keys == 0 || keys > JN_GATHER_MOST / share)
        return JN_GATHER_MOST;
    return higher(keys * share, few);
}

void
jn_gather_start(struct jn_gather *gather, const struct jn_filter *filter,
                const struct jn_range *range, uint64_t keys, uint64_t entries)
{
    gather->passing = gather->listed = false;
    gather->gap = entries == 0 ? 0 : (range->high - range->low) / entries + 1;
    gather->most = first_most(filter, range, keys);
}

void
jn_gather_free(struct jn_gather *gather)
{
    jn_numbers_free(&gather->numbers);
}

/* ---- a pass ------------------------------------------------------------- */

int
jn_turn_list(struct jn_turn *turn, uint64_t seq)
{
    return jn_numbers_add(&turn->gather->numbers, seq);
}

/*
 * Whether row SEQ is a tombstone that is not wanted.  It must be sound to be
 * left out; what is damaged is told of when it is handed out.
 */
bool
jn_turn_is_unwanted(const struct jn_turn *turn, uint64_t seq,
                    struct jn_span bytes)
{
    struct jn_stored stored;

    return turn->filter->live && jn_stored_parse(&stored, bytes, seq) == 0 &&
           (stored.record.flags & JOURNAL_TOMBSTONE) != 0 &&
           jn_stored_decode(&stored, bytes, seq) == 0;
}

/* An entry of the range that was met, with its row. */
int
jn_turn_list_met(void *context, uint64_t seq, struct jn_span bytes)
{
    struct jn_turn *turn = context;
    struct jn_gather *gather = turn->gather;
    uint64_t cut = gather->numbers.cut;
    bool full;
    int rc;

    if (jn_turn_is_unwanted(turn, seq, bytes))
        return 0;
    if (gather->copying) {
        rc = jn_rows_add(turn->rows, seq, bytes, false, &full);
        if (rc != 0)
            return rc;
        gather->copying = !full;
    }
    rc = jn_turn_list(turn, seq);
    if (gather->numbers.cut != cut)
        gather->copying = false; /* rows may lie behind the cut */
    return rc;
}

/*
 * Of a long history only a block is gone through, that which comes first: what
 * lies behind it is cut off, for a later pass.
 */
static int
cut_block(struct jn_turn *turn, const struct jn_history *history, uint64_t low,
          uint64_t high)
{
    struct jn_gather *gather = turn->gather;
    uint64_t block = gather->numbers.most / 2, first, count, seq;
    int rc;

    if (history->chain->revision <= block)
        return 0;
    rc = jn_history_count(history, low, high, &first, &count);
    if (rc != 0 || count <= block)
        return rc;
    first += turn->range->reverse ? count - block : block;
    rc = jn_history_revision(history, first, &seq);
    if (rc == 0)
        jn_numbers_cut(&gather->numbers, seq);
    gather->copying = false; /* rows may lie behind the cut */
    return rc;
}

/* The part of the range that is not cut off. */
void
jn_turn_get_bounds(const struct jn_turn *turn, uint64_t *low, uint64_t *high)
{
    const struct jn_range *range = turn->range;
    uint64_t cut = turn->gather->numbers.cut;

    *low = range->reverse ? higher(range->low, cut) : range->low;
    *high = range->reverse ? range->high : lower(range->high, cut);
}

/* Of this what is not listed with what is recent. */
static void
get_stored_bounds(const struct jn_turn *turn, uint64_t *low, uint64_t *high)
{
    jn_turn_get_bounds(turn, low, high);
    *high = lower(*high, turn->gather->store_end);
}

/*
 * A key's newest entry below the size that is asked about, unless it is listed
 * with what is recent.
 */
static int
list_newest(struct jn_turn *turn, uint64_t seq)
{
    uint64_t low = turn->range->low;
    uint64_t high = lower(turn->range->high, turn->gather->store_end);

    return seq < low || seq >= high ? 0 : jn_turn_list(turn, seq);
}

/*
 * Whether of all that a compaction has left of a key, its latest entry, nothing
 * is there.  Then it is told of as damaged: to a scan nothing is missing.
 */
static bool
is_missing(const struct jn_history *history)
{
    uint64_t seq = history->chain->roots[0];
    struct jn_span bytes;

    return seq < jn_state_linked(history->state) &&
           jn_view_bytes(history->txn, seq, &bytes) == JOURNAL_NOT_FOUND;
}

static int
list_history(struct jn_turn *turn, const struct jn_history *history)
{
    uint64_t low, high;
    int rc;

    get_stored_bounds(turn, &low, &high);
    if (history->chain->roots[0] < low || low >= high)
        return 0;
    rc = cut_block(turn, history, low, high);
    get_stored_bounds(turn, &low, &high);
    if (rc == 0)
        rc = jn_history_walk(history, low, high, jn_turn_list_met, turn);
    if (rc != JOURNAL_CORRUPT || !is_missing(history))
        return rc;
    turn->gather->copying = false; /* there is no row */
    return list_newest(turn, history->chain->roots[0]);
}

/* Goes from later entries of many keys to those that are looked for. */
static int
list_later(struct jn_turn *turn)
{
    struct jn_numbered rows[ROWS_A_LOOK];
    size_t count = turn->later_count, sparse = 0;
    int rc = jn_history_below_many(turn->txn, turn->range->as_of, turn->later,
                                   count);

    turn->later_count = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (turn->later[i] < turn->state->dense)
            rows[sparse++].number = turn->later[i];
        else
            rc = list_newest(turn, turn->later[i]);
    }
    /* What no key's row leads to a compaction may have taken. */
    if (rc == 0)
        rc = jn_view_get_many(turn->txn, rows, sparse);
    for (size_t i = 0; rc == 0 && i < sparse; i++)
        rc = rows[i].found ? list_newest(turn, rows[i].number)
                           : jn_view_check_gone(turn->txn, rows[i].number);
    return rc;
}

static int
list_latest(struct jn_turn *turn, const struct jn_history *history)
{
    const struct jn_range *range = turn->range;
    uint64_t seq = history->chain->roots[0];
    int rc;

    if (seq < range->low)
        return 0;
    if (seq < range->as_of)
        return turn->filter->live && history->chain->tombstone
                   ? 0
                   : list_newest(turn, seq);
    if (range->as_of >= turn->state->dense) {
        turn->later[turn->later_count++] = jn_chain_seek(history->chain,
                                                         range->as_of);
        return turn->later_count < ROWS_A_LOOK ? 0 : list_later(turn);
    }
    rc = jn_history_below(history, range->as_of, &seq);
    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_PRUNED)
        return 0;
    return rc == 0 ? list_newest(turn, seq) : rc;
}

static int
list_key(struct jn_turn *turn, const struct jn_chain *chain)
{
    struct jn_history history = {turn->txn, turn->state, chain};

    return turn->filter->latest ? list_latest(turn, &history)
                                : list_history(turn, &history);
}

/*
 * So much of the range should hold as many as the rows can: somewhat less than
 * half of the list.  Cut off there, a pass does not go through what comes far
 * behind, and what it meets it need not read again.
 */
static void
cut_range(struct jn_turn *turn)
{
    struct jn_gather *gather = turn->gather;
    const struct jn_range *range = turn->range;
    uint64_t share = gather->most / 16 * 7;

    if (turn->filter->latest || gather->gap == 0 ||
        gather->gap >= (range->high - range->low) / share)
        return;
    jn_numbers_cut(&gather->numbers, range->reverse
                                         ? range->high - gather->gap * share
                                         : range->low + gather->gap * share);
}

static int
begin_pass(struct jn_turn *turn)
{
    struct jn_gather *gather = turn->gather;
    const struct jn_range *range = turn->range;

    gather->store_end = jn_view_store_end(turn->txn);
    jn_keys_start(&gather->keys, turn->filter, range->as_of);
    jn_numbers_start(&gather->numbers, gather->most, range->reverse);
    cut_range(turn);
    gather->copying = !turn->filter->latest;
    jn_rows_clear(turn->rows);
    jn_rows_allow_more(turn->rows);
    gather->passing = true;
    return jn_turn_list_recent(turn);
}

/* What the pass tells of the next one. */
static void
learn(struct jn_turn *turn)
{
    struct jn_gather *gather = turn->gather;
    uint64_t found = jn_numbers_count(&gather->numbers), low, high;

    if (turn->filter->latest)
        return;
    jn_turn_get_bounds(turn, &low, &high);
    gather->most = lower(gather->most * GROWTH, JN_GATHER_MOST);
    /* Where little was found the next one takes a larger step, but not all. */
    gather->gap = lower((high - low) / higher(found, 1),
                        ((high - low) / gather->most + 1) * WIDENING) +
                  1;
}

static void
end_pass(struct jn_turn *turn)
{
    struct jn_gather *gather = turn->gather;

    if (!gather->copying)
        jn_numbers_finish(&gather->numbers);
    gather->passing = false;
    gather->listed = true;
    learn(turn);
}

/* What has failed may have met a part of a key: it is begun anew. */
static void
give_up(struct jn_turn *turn)
{
    jn_rows_clear(turn->rows);
    turn->gather->passing = false;
}

/* As many as there is time for; JOURNAL_NOT_FOUND: all have been gone over. */
static int
list_keys(struct jn_turn *turn)
{
    struct jn_keys *keys = &turn->gather->keys;
    uint64_t entries = turn->txn->entries_read + ENTRIES_A_TURN;
    int rc = jn_keys_enter(keys, turn->txn);

    for (unsigned i = 0; rc == 0 && i < KEYS_A_TURN; i++) {
        struct jn_chain chain;
        bool matches;

        rc = jn_keys_next(keys, &chain, &matches);
        if (rc == 0 && matches)
            rc = list_key(turn, &chain);
        if (turn->txn->entries_read > entries)
            break;
    }
    jn_keys_leave(keys);
    return rc;
}

static int
pass(struct jn_turn *turn)
{
    int rc = JOURNAL_NOT_FOUND;
    bool over;

    if (turn->range->low < turn->gather->store_end)
        rc = list_keys(turn);
    over = rc == JOURNAL_NOT_FOUND;

    if (rc == 0 || over)
        rc = list_later(turn);
    if (rc == 0 && over)
        end_pass(turn);
    if (rc != 0)
        give_up(turn);
    return rc;
}

/* ---- what a pass has listed --------------------------------------------- */

/* Everything up to where the pass was cut has been read. */
static void
move_to_cut(struct jn_turn *turn)
{
    struct jn_range *range = turn->range;
    uint64_t cut = turn->gather->numbers.cut;

    if (range->reverse)
        range->high = higher(range->low, cut);
    else
        range->low = lower(range->high, cut);
    turn->gather->listed = false;
}

/* A row that was looked up; *FULL: it is wanted, and there was no room. */
static int
take(struct jn_turn *turn, const struct jn_numbered *row, bool *full)
{
    *full = false;
    if (!row->found)
        return jn_rows_add_damaged(turn->rows, row->number, full);
    if (jn_turn_is_unwanted(turn, row->number, row->value))
        return 0;
    return jn_rows_add(turn->rows, row->number, row->value, false, full);
}

static void
move_past(struct jn_range *range, uint64_t seq)
{
    if (range->reverse)
        range->high = seq;
    else
        range->low = seq + 1;
}

/* The next of those listed, as many as one look is for. */
static size_t
next_listed(const struct jn_turn *turn, struct jn_numbered rows[ROWS_A_LOOK])
{
    const struct jn_numbers *numbers = &turn->gather->numbers;
    size_t count = jn_numbers_count(numbers);
    size_t room = turn->rows->most - turn->rows->count;

    count = count < room ? count : room;
    count = count < ROWS_A_LOOK ? count : ROWS_A_LOOK;
    for (size_t i = 0; i < count; i++)
        rows[i].number = jn_numbers_at(numbers, i);
    return count;
}

/* Reads what is listed, or as much as the rows hold. */
static int
read_listed(struct jn_turn *turn)
{
    struct jn_numbers *numbers = &turn->gather->numbers;
    bool full = false;

    jn_rows_clear(turn->rows);
    while (!full && jn_numbers_count(numbers) > 0 &&
           !jn_rows_is_full(turn->rows)) {
        struct jn_numbered rows[ROWS_A_LOOK];
        size_t count = next_listed(turn, rows);
        int rc = jn_view_get_many(turn->txn, rows, count);

        for (size_t i = 0; rc == 0 && i < count && !full; i++) {
            rc = take(turn, &rows[i], &full);
            if (rc == 0 && !full) {
                jn_numbers_drop_first(numbers);
                move_past(turn->range, rows[i].number);
            }
        }
        /* What has been read is handed out first; then it fails again. */
        if (rc != 0)
            return jn_rows_any(turn->rows) ? 0 : rc;
    }
    if (jn_numbers_count(numbers) == 0)
        move_to_cut(turn);
    return 0;
}

/* What a pass has listed it has copied, too. */
static void
take_copied(struct jn_turn *turn)
{
    jn_rows_sort(turn->rows, turn->range->reverse);
    move_to_cut(turn);
}

int
jn_gather(struct jn_gather *gather, const struct jn_filter *filter,
          struct jn_txn *txn, const struct jn_state *state,
          struct jn_range *range, struct jn_rows *rows)
{
    struct jn_turn turn = {.gather = gather,
                           .filter = filter,
                           .txn = txn,
                           .state = state,
                           .range = range,
                           .rows = rows};
    int rc = 0;

    if (!gather->listed) {
        if (!gather->passing)
            rc = begin_pass(&turn);
        if (rc == 0)
            rc = pass(&turn);
        else
            give_up(&turn);
        if (rc != 0 || gather->passing)
            return rc;
        if (gather->copying) {
            take_copied(&turn);
            return 0;
        }
    }
    return read_listed(&turn);
}
