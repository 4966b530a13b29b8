/*
 * tail_ring.pml - the world of tail.pml: what is stored, what is known, and how
 * the ring is written, flushed and gone over.
 */

/* ---- Units -------------------------------------------------------------- */

#define UNIT(pos, seq, run, id, more, knows) ((pos) | (seq) << 5 | \
    (run) << 8 | (id) << 11 | (more) << 14 | (knows) << 16)
#define RUN_UNIT(pos, run, new, knows) \
    (UNIT(pos, 0, run, new, 0, knows) | 1 << 15)
#define TORN (1 << 21)
#define POS(unit)   ((unit) & 31)
#define SEQ(unit)   ((unit) >> 5 & 7)
#define RUN(unit)   ((unit) >> 8 & 7)   /* 0: nothing was ever written here */
#define ID(unit)    ((unit) >> 11 & 7)  /* of a run frame: the run to come */
#define MORE(unit)  ((unit) >> 14 & 1)
#define IS_RUN(unit) ((unit) >> 15 & 1)
#define KNOWS(unit) ((unit) >> 16 & 31) /* what was flushed when it was made */

#define BIT(n) (1 << (n))
#define MAX(a, b) ((a) > (b) -> (a) : (b))

#define KEY(id) (KEYS >> (id) & 1)
#define IS_AHEAD (ahead > next)
#define ALL_KEYED 2

/* The ring, as seen from one side; spin has no pointers to arrays. */
#define IN_CACHE 0
#define ON_DISK  1
#define AT(where, slot) (where == ON_DISK -> disk[slot] : cache[slot])

/* ---- The state of the world --------------------------------------------- */

int cache[CAP], disk[CAP];
bool dirty[CAP];

/* The store: entries by number, and the row `tail`. */
byte entries[ENTRIES + 1];
byte next, start;
byte row_run = 1;
int last;               /* the last drained frame; 0: none */
byte ahead, ahead_end;  /* of a round; 0: there is none */
byte keyed;             /* keys whose row is ahead */
byte ahead_rows;        /* of keys of which the store has no entry */
byte first;             /* those below have been pruned */
byte latest[2];         /* the index: of each key the newest entry */

/* The words in the page of journal.lock. */
byte reserved, written, published, flushed;
bool broken;            /* somebody is writing, or died of it */
bool failed;

byte lock;              /* who holds it, + 1 */
byte present = (READS > 0 -> 7 : 3); /* bits: who has the journal open */
bool killed[3];
bool over;
byte runs = 1;          /* stands for random numbers */

/* Failed flushes, and how many of them each process has been told of. */
byte errors, told[3];

byte kills = KILLS, ends = ENDS, powers = POWERS, fails = FAILS;
byte rounds = ROUNDS, rewinds = REWINDS, prunes = PRUNES;

/* Who holds the lock, or recovers, keeps here what he has found. */
byte my_end, my_next, my_run, my_top;

/*
 * What really happened: entries that were begun, 1 and up, which numbers they
 * were to have, which entries they stand behind (0: none); and which must be
 * there after the death of all, and after loss of power.
 */
byte begun;
byte number[ENTRIES + 2], behind[ENTRIES + 2];
byte must_outlive_all, must_outlive_power;
byte gone;              /* were taken back, or pruned */
byte seen;              /* size that the reader was shown */

/* For use within one d_step only. */
hidden byte found[ENTRIES + 2];
hidden byte w_pos, w_next, w_run, w_end, w_size, w_i;
hidden byte w_end_run;
hidden int w_unit;
hidden byte w_more;

/* ---- The ring ----------------------------------------------------------- */

inline write_back(slot)
{
    if
    :: dirty[slot] -> disk[slot] = cache[slot]
    :: true
    fi
}

inline put(pos, unit)
{
    atomic {
        write_back((pos) % CAP);
        cache[(pos) % CAP] = unit;
        dirty[(pos) % CAP] = disk[(pos) % CAP] != cache[(pos) % CAP];
    }
}

#ifdef TEAR
#define torn(pos) put(pos, TORN)
#else
#define torn(pos) skip
#endif

inline fail_flush()
{
    fails--;
    i = 0;
    do
    :: i < CAP ->
        write_back(i);
        dirty[i] = false;
        i++
    :: else -> break
    od;
    i = 0;
    errors++;
    told[me] = errors;
    ok = false
}

inline flush()
{
    atomic {
        if
        :: fails > 0 -> fail_flush()
        :: d_step {
                w_i = 0;
                do
                :: w_i < CAP ->
                    disk[w_i] = (dirty[w_i] -> cache[w_i] : disk[w_i]);
                    dirty[w_i] = false;
                    w_i++
                :: else -> break
                od;
                ok = told[me] == errors;
                told[me] = errors
            }
        fi
    }
}

/*
 * The last frame is written again and flushed: an earlier flush that failed may
 * have left it clean, and who was told of that died of it.
 */
inline flush_last()
{
    if
    :: written > start -> d_step {
            w_i = (written + CAP - 1) % CAP;
#ifndef DRAIN_NO_REWRITE
            dirty[w_i] = true;
#endif
            disk[w_i] = (dirty[w_i] -> cache[w_i] : disk[w_i]);
            dirty[w_i] = false;
            ok = told[me] == errors;
            told[me] = errors
        }
    :: else
    fi
}

/*
 * The valid prefix, WHERE it is looked for, below LIMIT: ends at w_end, in
 * w_end_run; found is the journal as it would be with it, of w_size entries.
 */
inline walk(where, limit)
{
    w_i = 0;
    do
    :: w_i < next -> found[w_i] = entries[w_i]; w_i++
    :: else -> break
    od;
    w_pos = start; w_next = next; w_run = row_run; w_more = false;
    w_end = start; w_size = next; w_end_run = row_run;
    do
    :: w_pos < (limit) ->
        w_unit = AT(where, w_pos % CAP);
        if
        :: w_unit == TORN || RUN(w_unit) != w_run || POS(w_unit) != w_pos ->
            break
        :: else
        fi;
        if
        :: IS_RUN(w_unit) && !w_more -> w_run = ID(w_unit)
        :: !IS_RUN(w_unit) && SEQ(w_unit) == w_next ->
            found[w_next] = ID(w_unit);
            w_next++;
            w_more = MORE(w_unit)
        :: else -> break
        fi;
        w_pos++;
        if
        :: !w_more ->
            w_end = w_pos; w_size = w_next; w_end_run = w_run
        :: else
        fi
    :: else -> break
    od
}

/*
 * The entries BITS were acknowledged or shown.  Those that are not on the disk
 * have nobody's word any more once a flush has failed.
 */
inline promise(bits, durable)
{
    must_outlive_all = (durable || errors == 0 ->
        must_outlive_all | ((bits) & ~gone) : must_outlive_all);
    must_outlive_power = (durable ->
        must_outlive_power | ((bits) & ~gone) : must_outlive_power)
}

/* After a walk: is it a chain, with all that MUST be there? */
inline check(must)
{
    w_i = 0;
    do
    :: w_i < w_size ->
        assert(number[found[w_i]] == w_i);
        assert(behind[found[w_i]] == (w_i > 0 -> found[w_i - 1] : 0));
        w_i++
    :: else -> break
    od;
    w_i = 1;
    do
    :: w_i <= begun ->
        assert(!(must & BIT(w_i)) ||
            (number[w_i] < w_size && found[number[w_i]] == w_i));
        w_i++
    :: else -> break
    od
}

/* After a walk: would recovery call anything of this damage? */
inline check_no_alarm(where)
{
    assert(last == 0 || AT(where, POS(last) % CAP) == last);
    assert(!IS_AHEAD || w_end >= ahead_end || DAMAGE);
    w_pos = w_end;
    do
    :: w_pos < start + CAP ->
        w_unit = AT(where, w_pos % CAP);
        assert(w_unit == TORN || RUN(w_unit) == 0 || POS(w_unit) != w_pos ||
            KNOWS(w_unit) <= w_end);
        w_pos++
    :: else -> break
    od
}
