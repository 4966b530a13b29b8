/*
 * tail.pml - the protocol of the tail, for spin to check exhaustively.
 *
 * protocol_test.sh runs it, in small sizes, and then with one rule of the
 * protocol after the other left out: there an assertion must fail, which shows
 * that the assertions bite and that the rule is needed.
 *
 * What is modelled.  Processes 0 and 1 append, process 2 reads.  A frame is one
 * *unit*, the ring has CAP of them, positions count units.  A batch is two
 * frames; a group of appends is one too, but for its being all or nothing.  The
 * store (LMDB) is a row of state that a commit replaces at once, on the disk
 * too.  Its writer lock is robust: it falls free when its holder dies.  The
 * ring has two faces: the *cache*, which all processes see and which outlives
 * them, and the *disk*.
 *
 * Fate kills a process, or all of them, or takes the power: then each unit that
 * was not flushed is on the disk or is not, in any combination.  A unit that is
 * written again before it was flushed may have reached the disk in its old form
 * (decided when it is overwritten: later would be the same).  A flush is one
 * step; one that takes long, beside writes, is the same as one that happens at
 * some point of that time, with some units written back by the system before.
 * A flush that fails drops any of the dirty units: they are clean, the cache
 * has them, the disk does not, and the cache may forget them (as ext4 and XFS
 * do); each other process that had the file open by then is told at its next
 * flush, once, and one that opens it later never (Linux's errseq).
 *
 * Each entry has one of two keys, and the index (`latest`) a row for each: the
 * newest entry.  Whoever looks a key up looks among the entries of the tail
 * first, in what he sees of it.  A writer, at any time, may begin a round, or
 * make the next commit of the one in progress: one key's row, or one batch, so
 * that there are as many places to die at as there can be.
 *
 * Steps that nobody can tell apart are one: what a process does by itself, and
 * what it does with the lock held as long as it changes nothing that others
 * look at.
 *
 * Which step stands for what in lib/:
 *     join                  what is done within the door, by whoever opens:
 *                           alone, the valid prefix is written again, flushed
 *     take_lock .. unlock   begin and abort of LMDB's write transaction
 *     drain                 jn_drain_all(): the last frame's flush, a commit
 *     flush_before_round    the flush that a round begins with; here without
 *                           the lock, so that others write meanwhile
 *     commit_round          a slice: write_row, of the index; move_batch
 *     prune                 a step of a prune: one commit, beside the tail
 *     take_back             a rewind, behind a drain
 *     write_frames          jn_tail_write(), jn_tail_store(), frame by frame
 *     flush                 jn_tail_flush()
 *     the words             reserved, written, published, flushed, failed, in
 *                           the page of journal.lock: each is one store, or
 *                           one atomic maximum.  `broken`: set while somebody
 *                           writes, and by recovery: who finds it with the
 *                           lock held begins a new run
 *     walk                  jn_tail_walk_next(): the valid prefix
 *     read_all              a transaction that sees store and tail as one
 *
 * What is left out, and why.  Frames of many sizes, bytes, checksums: a unit
 * carries what its checksum binds (position, run, number, content), so that one
 * that was torn or is of another lap is known; that bytes are checked is for
 * the tests of tail.c.  The order of loads and stores between processors: the
 * words are sequentially consistent.  The threads of a process: each is to the
 * others as a process is, but dies with them.  A failed commit of LMDB: it sets
 * the failed word as it ever did.  Marks, which are one commit; a compaction,
 * which drains and is one.  A clean close, which drains; creating the tail.
 * Damage: but for DAMAGE nothing is damaged here, so JOURNAL_CORRUPT would be a
 * false alarm, and that there is none is asserted.
 *
 * What is asserted after the death of all and after loss of power, at each
 * open, each look and each acknowledgement:
 *   - an acknowledged entry outlives all processes; a durable one, the power;
 *   - what is found is a chain: every entry stands behind the one behind which
 *     it was begun, so there is no gap, no mixture of two histories, and what
 *     loss of power takes of relaxed entries is the end;
 *   - a batch is there as a whole or not at all;
 *   - who was shown an entry sees it again, and if all appends are durable, no
 *     loss of power takes it;
 *   - a reader is given the units that it asked for, or knows that it was not;
 *     if it was not it need not try for ever; it sees its own appends;
 *   - recovery finds the last drained frame in its place, no frame behind the
 *     prefix that says more was flushed, and all that the index is ahead by;
 *   - a row of the index leads to what is in the journal, at every commit too;
 *     who looks a key up gets the newest entry of all that he sees of it;
 *   - a round can be gone on with by anybody, and leaves the index right; keys
 *     whose row is ahead, and of which the store has no entry, are counted;
 *   - nothing is acknowledged between a failed flush and the next open alone;
 *   - nobody waits for ever (spin looks for such ends by itself).
 */

/* ---- Sizes -------------------------------------------------------------- */

#ifndef CAP
#define CAP 3           /* units in the ring */
#endif
#ifndef ENTRIES
#define ENTRIES 3       /* begun in all; a killed one counts */
#endif
#ifndef READS
#define READS 0         /* looks of the reader; 0: there is none */
#endif
#ifndef KILLS
#define KILLS 0         /* deaths of one process */
#endif
#ifndef ENDS
#define ENDS 0          /* deaths of all at once */
#endif
#ifndef POWERS
#define POWERS 0        /* losses of power; the run ends with the last */
#endif
#ifndef FAILS
#define FAILS 0         /* flushes that fail */
#endif
#ifndef RELAXED
#define RELAXED 0       /* bits: processes whose appends are relaxed */
#endif
#ifndef BATCHES
#define BATCHES 0       /* bits: processes whose appends are of two entries */
#endif

#ifndef ROUNDS
#define ROUNDS 0        /* rounds that are begun */
#endif
#ifndef REWINDS
#define REWINDS 0       /* by one entry; not beside a reader */
#endif
#ifndef PRUNES
#define PRUNES 0        /* of one entry each */
#endif
#ifndef KEYS
#define KEYS 52         /* bits: entries, from 1 up, of key 1; others: key 0 */
#endif
#ifndef DAMAGE
#define DAMAGE 0        /* 1: with the power, to what the index is ahead by */
#endif

#ifndef READ_ONLY
#define READ_ONLY 0     /* 1: the reader may not write, not even recovering */
#endif

#define READER 2
#define IS_RELAXED(me) ((RELAXED >> (me)) & 1)

/* ---- Rules, and what is left of each when a -D takes it away ------------ */

/* It matters to failed flushes only, and would hide much of the rest. */
#ifdef NO_DRAIN_AT_JOIN
#define DRAINS_AT_JOIN false
#else
#define DRAINS_AT_JOIN (FAILS > 0)
#endif

#ifdef NO_FLUSH_AT_OPEN
#define FLUSH_AT_OPEN ok = true
#else
#define FLUSH_AT_OPEN flush()
#endif

#ifdef DRAIN_UNFLUSHED
#define FLUSH_LAST skip
#else
#define FLUSH_LAST flush_last()
#endif

#ifdef NO_FLUSH
#define FLUSH ok = true
#else
#ifdef FLUSH_AGAIN
#define FLUSH flush(); if :: !ok -> flush() :: else fi
#else
#define FLUSH flush()
#endif
#endif

#ifdef MARK_LATE
#define MARK_AGAIN mark = written
#else
#define MARK_AGAIN skip
#endif

#ifdef PUBLISH_EARLY
#define PUBLISH_AT_ONCE published = MAX(published, end)
#else
#define PUBLISH_AT_ONCE skip
#endif

#ifdef NO_RESERVE
#define RESERVE(n) d_step { my_end = written; end = written + n }
#else
#define RESERVE(n) d_step { my_end = written; end = written + n; \
    reserved = MAX(reserved, end) }
#endif

#ifdef RESERVE_FALLS
#define LOWER_RESERVED reserved = (broken -> written : reserved)
#else
#define LOWER_RESERVED skip
#endif

#ifdef KNOWS_TOO_MUCH
#define KNOWN my_end
#else
#define KNOWN flushed
#endif

#ifdef IGNORE_FAILED
#define REFUSES false
#else
#define REFUSES true
#endif

#ifdef NO_CHECK
#define OVERTAKEN false
#else
#define OVERTAKEN (reserved > from + CAP)
#endif

#ifdef ROUND_UNFLUSHED
#define FLUSH_FIRST ok = true
#else
#define FLUSH_FIRST flush()
#endif

#ifdef MARK_ROUND_LATE
#define MARK_ROUND_AGAIN mark = written
#else
#define MARK_ROUND_AGAIN skip
#endif

#ifdef ROUND_WHEN_FRESH
#define MAY_BEGIN true
#else
#define MAY_BEGIN !fresh
#endif

#ifdef LEADS_TOO_FAR
#define LEADS_BELOW w_size
#else
#define LEADS_BELOW ahead
#endif

#ifdef ORDER_OF_ITS_OWN
#define IN_TURN(key) (me == 0 -> (key) : 1 - (key))
#else
#define IN_TURN(key) (key)
#endif

#ifdef MOVE_EARLY
#define MAY_MOVE (keyed > 0)
#else
#define MAY_MOVE (keyed == ALL_KEYED)
#endif

#ifdef AHEAD_STAYS
#define END_AHEAD skip
#else
#define END_AHEAD end_ahead()
#endif

#ifdef PRUNE_COUNTS_ALL
#define IS_WRITTEN true
#else
#define IS_WRITTEN (keyed == ALL_KEYED || w_rank < keyed)
#endif

#ifdef PRUNE_TAKES_ROW
#define GOES(row, id) (KEY(row) == KEY(id))
#else
#define GOES(row, id) ((row) == (id))
#endif

#ifdef PRUNE_UNCOUNTED
#define COUNT_LEFT(id) skip
#else
#define COUNT_LEFT(id) count_left(id)
#endif

#ifdef LIMIT_NOT_RAISED
#define LEAST_END from
#else
#define LEAST_END (IS_AHEAD -> ahead_end : from)
#endif

#ifdef NO_COMPLAINT
#define COMPLAINS false
#else
#define COMPLAINS true
#endif

#include "tail_ring.pml"
#include "tail_round.pml"
#include "tail_append.pml"
#include "tail_read.pml"

/* ---- Fate --------------------------------------------------------------- */

inline kill_one()
{
    if
    :: present & 1 -> i = 0
    :: present & 2 -> i = 1
    :: present & 4 -> i = 2
    fi;
    d_step {
        killed[i] = true;
        present = present & ~BIT(i);
        if
        :: lock == i + 1 ->
            unlock();
#ifdef NO_RUN_BESIDE_DEAD
            broken = false
#endif
        :: else
        fi;
        i = 0
    }
}

inline kill_all()
{
    killed[0] = true; killed[1] = true; killed[2] = READS > 0;
    present = 0;
    unlock();
    clear_words()
}

inline end_all()
{
    d_step {
        ends--;
        kill_all();
        walk(IN_CACHE, start + CAP);
        check(must_outlive_all);
        check_index()
    }
}

inline forget_lost()
{
    w_i = 1;
    do
    :: w_i <= begun ->
        must_outlive_all = (number[w_i] < w_size && found[number[w_i]] == w_i ->
            must_outlive_all : must_outlive_all & ~BIT(w_i));
        w_i++
    :: else -> break
    od
}

/* One of the units that are on the disk, says the row, or none. */
inline damage()
{
    if
    :: i = 0
    :: i = 1
    :: i = 2
    :: i = CAP
    fi;
    if
    :: i < CAP && IS_AHEAD && POS(disk[i]) >= start &&
            POS(disk[i]) < ahead_end ->
        disk[i] = TORN;
        cache[i] = TORN
    :: else
    fi
}

inline lose_power()
{
    i = 0;
    do
    :: i < CAP ->
        write_back(i);
        cache[i] = disk[i];
        dirty[i] = false;
        i++
    :: else -> break
    od;
    skip;
#if DAMAGE
    damage();
#endif
    d_step {
        i = 0;
        kill_all();
        errors = 0; told[0] = 0; told[1] = 0; told[2] = 0;
        seen = 0;
        walk(ON_DISK, start + CAP);
        if
        :: DAMAGE && COMPLAINS && IS_AHEAD && w_end < ahead_end ->
            powers = 0
        :: else ->
            check(must_outlive_power);
            check_no_alarm(ON_DISK);
            check_index();
            forget_lost()
        fi;
        over = powers == 0
    }
}

/*
 * A page that a failed flush left clean is read from the disk again: this may
 * take relaxed entries without any death.
 */
inline evict()
{
    if
    :: i = 0
    :: i = 1
    :: i = 2
    fi;
    d_step {
        if
        :: !dirty[i] && cache[i] != disk[i] ->
            cache[i] = disk[i];
            must_outlive_all = must_outlive_power
        :: else
        fi;
        i = 0
    }
}

proctype Fate()
{
    byte i;

end:
    do
    :: atomic { kills > 0 && present != 0 -> kills--; kill_one() }
    :: atomic { ends > 0 && present != 0 -> end_all() }
    :: atomic { powers > 0 -> powers--; lose_power() }
#if FAILS
    :: atomic { errors > 0 && !over -> evict() }
#endif
    od
}

init
{
    atomic {
        run Fate();
        run Writer(0);
        run Writer(1);
        if
        :: READS > 0 -> run Reader(2)
        :: else
        fi
    }
}
