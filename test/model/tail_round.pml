/*
 * tail_round.pml - the index of tail.pml, the rounds in which it is written
 * ahead of the entries, prunes beside them, and the rewind, which ends one.
 */

/* What a writer knows of what it is about. */
#define FORGET id = 0; count = 0; end = 0; mark = 0; ok = false; late = false

/* For use within one d_step only. */
hidden byte w_key, w_id, w_view, w_turn, w_rank, w_limit;

/* ---- The index ---------------------------------------------------------- */

/* After a walk: of all that are there, below BELOW. */
inline find_newest(key, below)
{
    w_id = 0;
    w_i = first;
    do
    :: w_i < (below) ->
        w_id = (KEY(found[w_i]) == key -> found[w_i] : w_id);
        w_i++
    :: else -> break
    od
}

/*
 * After a walk: does the index say the truth?  Who sees least sees all below
 * AHEAD, and looks a key up among [next, ahead) first; those who see more look
 * among more first.
 */
inline check_index()
{
    w_rank = 0;
    w_view = (IS_AHEAD -> ahead : next);
    w_view = (w_size < w_view -> w_size : w_view);
    w_key = 0;
    do
    :: w_key < 2 ->
        find_newest(w_key, w_view);
        assert(latest[w_key] == w_id || (w_id != 0 && number[w_id] >= next));
        w_id = latest[w_key];
        assert(w_id == 0 || (number[w_id] >= first && number[w_id] < w_view &&
            found[number[w_id]] == w_id));
        if
        :: w_id != 0 && number[w_id] >= next ->
            find_newest(w_key, next);
            w_rank = (w_id == 0 -> w_rank + 1 : w_rank)
        :: else
        fi;
        w_key++
    :: else -> break
    od;
    assert(ahead_rows == w_rank);
    w_i = 0
}

inline end_ahead()
{
    ahead = 0; ahead_end = 0; keyed = 0; ahead_rows = 0
}

/* In a commit that has moved all; below FROM it is there already. */
inline index_all(from)
{
    w_i = from;
    do
    :: w_i < next -> latest[KEY(entries[w_i])] = entries[w_i]; w_i++
    :: else -> break
    od;
    END_AHEAD;
    walk(IN_CACHE, start);
    check_index()
}

/* ---- A round ------------------------------------------------------------ */

/* After a walk: the row of the key whose turn it is. */
inline write_row()
{
    w_key = 0;
    w_rank = 0;
    do
    :: w_key < 2 ->
        w_turn = IN_TURN(w_key);
        find_newest(w_turn, LEADS_BELOW);
        if
        :: w_id != 0 && number[w_id] >= next ->
            if
            :: w_rank == keyed ->
                ahead_rows = ahead_rows + (latest[w_turn] == 0 -> 1 : 0);
                latest[w_turn] = w_id
            :: else
            fi;
            w_rank++
        :: else
        fi;
        w_key++
    :: else -> break
    od;
    keyed++;
    keyed = (keyed >= w_rank -> ALL_KEYED : keyed)
}

/* Flushes nothing, for the round's beginning has, and touches no key. */
inline move_batch()
{
    w_limit = start + 1;
    walk(IN_CACHE, w_limit);
    do
    :: w_size == next && w_limit < start + CAP ->
        w_limit++;
        walk(IN_CACHE, w_limit)
    :: else -> break
    od;
    assert(w_size > next);
    do
    :: next < w_size ->
        w_key = KEY(found[next]);
        find_newest(w_key, next);
        ahead_rows = ahead_rows - (ahead_rows > 0 && w_id == 0 -> 1 : 0);
        entries[next] = found[next];
        next++
    :: else -> break
    od;
    start = w_end;
    row_run = w_end_run;
    last = cache[(start + CAP - 1) % CAP];
    if
    :: !IS_AHEAD -> end_ahead()
    :: else
    fi
}

/* One commit: what there is to do now, whoever has done what was before it. */
inline commit_round()
{
    walk(IN_CACHE, mark);
    if
    :: !IS_AHEAD && mark > start ->
        assert(w_end == mark);
        ahead = w_size;
        ahead_end = mark
    :: else
    fi;
    walk(IN_CACHE, written);
    assert(!IS_AHEAD || (w_end >= ahead_end && w_size >= ahead));
    if
    :: IS_AHEAD && MAY_MOVE -> move_batch()
    :: IS_AHEAD && !MAY_MOVE -> write_row()
    :: else
    fi;
    walk(IN_CACHE, written);
    check_index()
}

inline flush_before_round()
{
    atomic {
        FLUSH_FIRST;
        if
        :: !ok -> goto poisoned
        :: else
        fi
    };
    d_step {
        MARK_ROUND_AGAIN;
        flushed = MAX(flushed, mark);
        published = MAX(published, mark)
    }
}

inline go_on()
{
    atomic {
        lock == 0 ->
        if
        :: failed && REFUSES -> goto refused
        :: else
        fi;
        d_step { commit_round(); w_i = 0; FORGET }
    }
}

/* ---- A prune ------------------------------------------------------------ */

/* How many keys of the round come before KEY. */
inline find_rank(key)
{
    w_rank = 0;
    w_turn = IN_TURN(0);
    if
    :: w_turn != key ->
        find_newest(w_turn, LEADS_BELOW);
        w_rank = (w_id != 0 && number[w_id] >= next -> 1 : 0)
    :: else
    fi
}

/*
 * Of the key of the entry ID, which goes, all others may be in the tail; then
 * its row is one that is ahead, if it has been written.
 */
inline count_left(id)
{
    w_key = KEY(id);
    find_rank(w_key);
    w_turn = (IS_WRITTEN -> 1 : 0);
    find_newest(w_key, next);
    w_turn = (w_id == id -> w_turn : 0);
    w_limit = (IS_AHEAD -> ahead : next);
    find_newest(w_key, w_limit);
    ahead_rows = ahead_rows + (w_id != id -> w_turn : 0)
}

/* A commit beside the tail: the oldest entry goes. */
inline prune()
{
    walk(IN_CACHE, written);
    w_view = entries[first];
    COUNT_LEFT(w_view);
    w_key = KEY(w_view);
    latest[w_key] = (GOES(latest[w_key], w_view) -> 0 : latest[w_key]);
    gone = gone | BIT(w_view);
    must_outlive_all = must_outlive_all & ~gone;
    must_outlive_power = must_outlive_power & ~gone;
    first++;
    check_index()
}

/* ---- A rewind ----------------------------------------------------------- */

/* All has been drained: the newest entry goes. */
inline take_back()
{
    d_step {
        if
        :: next > first ->
            next--;
            w_i = entries[next];
            entries[next] = 0;
            gone = gone | BIT(w_i);
            must_outlive_all = must_outlive_all & ~gone;
            must_outlive_power = must_outlive_power & ~gone;
            walk(IN_CACHE, start);
            w_key = 0;
            do
            :: w_key < 2 ->
                find_newest(w_key, next);
                latest[w_key] = (gone & BIT(latest[w_key]) ->
                    w_id : latest[w_key]);
                w_key++
            :: else -> break
            od;
            check_index()
        :: else
        fi;
        unlock();
        FORGET
    }
}
