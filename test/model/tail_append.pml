/*
 * tail_append.pml - the processes of tail.pml that append: opening, recovery,
 * drain, append.
 */

/* ---- Opening ------------------------------------------------------------ */

inline clear_words()
{
    reserved = 0; written = 0; published = 0; flushed = 0;
    broken = false; failed = false
}

/* Writes the valid prefix again, since what has it clean may be lying. */
inline write_prefix_again()
{
    d_step {
        walk(IN_CACHE, start + CAP);
        check(must_outlive_all);
        check_no_alarm(IN_CACHE);
        check_index();
        my_end = w_end;
#ifndef NO_REWRITE
        w_i = start;
        do
        :: w_i < w_end && !(READ_ONLY && me == READER) ->
            dirty[w_i % CAP] = disk[w_i % CAP] != cache[w_i % CAP];
            w_i++
        :: else -> break
        od
#endif
    }
}

/* Begins a new run too: the next writer sees to it. */
inline set_words()
{
    d_step {
        clear_words();
        reserved = my_end; written = my_end;
        published = my_end; flushed = my_end;
#ifndef NO_RUN_AT_OPEN
        broken = true;
#endif
        my_end = 0
    }
}

/*
 * One step, even if it is to recover: the door keeps others out, and whoever
 * dies in it leaves what was there before, or what will be there after.
 */
inline join()
{
    atomic {
        !failed || present == 0 ->
        told[me] = errors;
        fresh = DRAINS_AT_JOIN;
        if
        :: present == 0 ->
            write_prefix_again();
            FLUSH_AT_OPEN;
            if
            :: ok -> set_words()
            :: else -> my_end = 0; goto reopen
            fi
        :: else
        fi;
        ok = false;
        present = present | BIT(me)
    }
}

/* ---- Draining ----------------------------------------------------------- */

/* The last drained frame stays: it shows that tail and store go together. */
#ifdef REUSE_LAST
#define LIMIT (start + CAP)
#elif defined REUSE_AHEAD
#define LIMIT (MAX((last != 0 -> POS(last) : start), ahead_end) + CAP)
#else
#define LIMIT ((last != 0 -> POS(last) : start) + CAP)
#endif

/* What is written goes to the store, and if DIRECT the new entries too. */
inline commit(direct)
{
    w_limit = (IS_AHEAD && keyed == ALL_KEYED -> ahead : next);
    w_i = next;
    do
    :: w_i < w_size -> entries[w_i] = found[w_i]; w_i++
    :: else -> break
    od;
    next = w_size;
    last = (written > start -> cache[(written + CAP - 1) % CAP] : last);
    start = written;
    if
    :: broken -> runs++; assert(runs < 8); row_run = runs
    :: else -> row_run = w_end_run
    fi;
    my_run = row_run;
    w_i = 0;
    do
    :: direct && w_i < count -> entries[next] = id + w_i; next++; w_i++
    :: else -> break
    od;
    index_all(w_limit)
}

inline drain()
{
    atomic {
        ok = true;
        FLUSH_LAST;
        if
        :: !ok -> goto poisoned
        :: else
        fi
    };
#ifdef START_BEFORE_COMMIT
    d_step { my_end = start; start = written };
#endif
    atomic {
        d_step {
#ifdef START_BEFORE_COMMIT
            start = my_end;
#endif
            my_end = 0;
            walk(IN_CACHE, written);
            ok = w_end == written;
            if
            :: ok -> commit(fresh)
            :: else
            fi
        };
        if
        :: !ok -> goto poisoned
        :: else
        fi
    };
    d_step {
        broken = false;
        flushed = MAX(flushed, start);
        published = MAX(published, start)
    }
}

/* ---- Appending ---------------------------------------------------------- */

inline unlock()
{
    my_end = 0; my_next = 0; my_run = 0; my_top = 0; lock = 0
}

/* With the lock: the numbers, and what the entries stand behind. */
inline begin()
{
    d_step {
        walk(IN_CACHE, written);
        if
        :: w_end == written ->
            count = ((BATCHES >> me) & 1 -> 2 : 1);
            count = (begun + count > ENTRIES -> 1 : count);
            my_next = w_size; my_run = w_end_run;
            my_top = (w_size > 0 -> found[w_size - 1] : 0);
            id = begun + 1;
            begun = begun + count;
            number[id] = w_size;
            behind[id] = my_top;
            if
            :: count == 2 -> number[id + 1] = w_size + 1; behind[id + 1] = id
            :: else
            fi
        :: else ->
            /* Only a page that is lost after a failed flush does this. */
            assert(errors > 0)
        fi
    }
}

inline take_lock()
{
    lock = me + 1;
    late = failed;
    if
    :: failed && REFUSES -> goto refused
    :: else
    fi;
    LOWER_RESERVED;
    begin();
    if
    :: id == 0 -> goto poisoned
    :: else
    fi
}

inline write_frame(pos, unit)
{
    torn(pos);
    put(pos, unit)
}

/* A new run begins behind a writer that died, and behind what was recovered. */
inline write_frames()
{
    if
    :: atomic { broken -> RESERVE(count + 1) };
        atomic { runs++; assert(runs < 8); torn(my_end) };
        atomic {
            put(my_end, RUN_UNIT(my_end, my_run, runs, flushed));
            my_run = runs;
            my_end++
        }
    :: atomic { !broken -> broken = true; RESERVE(count) }
    fi;
    write_frame(my_end, UNIT(my_end, my_next, my_run, id, count - 1, KNOWN));
    if
    :: count == 2 ->
        write_frame(my_end + 1,
            UNIT(my_end + 1, my_next + 1, my_run, id + 1, 0, KNOWN))
    :: else
    fi;
#ifdef MEND_EARLY
    broken = false;
#endif
    d_step { written = end; reserved = MAX(reserved, end) };
    d_step { broken = false; unlock() }
}

inline flush_for_all()
{
    if
    :: atomic { flushed < end -> mark = written };
        atomic {
            FLUSH;
            if
            :: !ok -> goto poisoned
            :: else
            fi
        };
        d_step { MARK_AGAIN; flushed = MAX(flushed, mark) }
    :: atomic { flushed >= end -> mark = end }
    fi
}

inline acknowledge(durable)
{
    assert(published >= end || start >= end);
    assert(!late || !REFUSES);
    promise(BIT(id) | BIT(id + count - 1), durable);
    FORGET
}

inline append()
{
    if
    :: fresh || written + count + (broken -> 1 : 0) > LIMIT -> drain()
    :: else
    fi;
    if
    :: d_step { fresh ->
            fresh = false;
            end = start;
            unlock();
            acknowledge(true)
        }
    :: !fresh ->
        write_frames();
        if
        :: IS_RELAXED(me) -> mark = end
        :: else -> PUBLISH_AT_ONCE; flush_for_all()
        fi;
        d_step {
            published = MAX(published, mark);
            acknowledge(!IS_RELAXED(me))
        }
    fi
}

proctype Writer(byte me)
{
    byte id, count, end, mark, i;
    bool ok, fresh, late;

    goto opened;
reopen:
    {
        join();
opened:
        do
        :: atomic { begun < ENTRIES && lock == 0 -> take_lock() };
            append()
#if ROUNDS
        :: atomic { !IS_AHEAD && MAY_BEGIN && rounds > 0 && written > start ->
                rounds--; mark = written };
            flush_before_round();
            go_on()
        :: IS_AHEAD -> go_on()
#endif
#if PRUNES
        :: atomic { prunes > 0 && lock == 0 && first < next && !failed ->
                d_step { prunes--; prune(); w_i = 0 } }
#endif
#if REWINDS
        :: atomic { rewinds > 0 && lock == 0 && !failed ->
                rewinds--; lock = me + 1 };
            drain();
            take_back()
#endif
        :: begun == ENTRIES -> break
        od;
        present = present & ~BIT(me);
        goto done;
poisoned:
        failed = true;
refused:
        atomic {
            skip;
            d_step {
                if
                :: lock == me + 1 -> unlock()
                :: else
                fi;
                FORGET
            };
            if
            :: !REFUSES -> goto opened
            :: else
            fi;
            present = present & ~BIT(me)
        };
        goto reopen
    } unless {
        d_step { killed[me] -> killed[me] = false; fresh = false; FORGET };
        if
        :: begun < ENTRIES && !over -> goto reopen
        :: else
        fi
    };
done:
    skip
}
