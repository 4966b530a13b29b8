/*
 * tail_read.pml - the process of tail.pml that reads.
 */

#define LOOK_AWAY ends_at = 0; from = 0; end = 0; size = 0; of_run = 0; \
    top = 0; bad = false; more = false; ok = false; \
    low = 0; row[0] = 0; row[1] = 0

/* The unit at END of the copy: is it the one that follows? */
inline copy()
{
    d_step {
        w_unit = cache[end % CAP];
        if
        :: w_unit == TORN || POS(w_unit) != end || RUN(w_unit) != of_run ->
            bad = true
        :: else ->
            if
            :: IS_RUN(w_unit) -> of_run = ID(w_unit); bad = bad || more
            :: else ->
                bad = bad || SEQ(w_unit) != size || behind[ID(w_unit)] != top;
                top = ID(w_unit);
                row[KEY(top)] = top;
                size++;
                more = MORE(w_unit)
            fi
        fi;
        end++
    }
}

/* What a look-up gives is the newest of all that the reader sees. */
inline check_rows()
{
    w_key = 0;
    do
    :: w_key < 2 ->
        w_id = top;
        do
        :: w_id != 0 && KEY(w_id) != w_key -> w_id = behind[w_id]
        :: else -> break
        od;
        w_id = (w_id != 0 && number[w_id] < low -> 0 : w_id);
        assert(row[w_key] == w_id);
        w_key++
    :: else -> break
    od
}

/* What was copied is believed only if no writer has got as far meanwhile. */
inline judge()
{
    if
    :: d_step { OVERTAKEN && end > from ->
            assert(start > from);
            LOOK_AWAY
        }
    :: d_step { !(OVERTAKEN && end > from) ->
            assert((!bad && !more) || (errors > 0 && RELAXED));
            if
            :: !bad -> check_rows()
            :: else
            fi;
            assert(size >= seen);
            seen = size;
            promise(BIT(top), RELAXED == 0);
            reads++;
            LOOK_AWAY
        }
    fi
}

inline take_snapshot()
{
    d_step {
        from = start; end = start; size = next; of_run = row_run;
        top = (next > 0 -> entries[next - 1] : 0);
        low = first; row[0] = latest[0]; row[1] = latest[1];
        ends_at = MAX(ends_at, LEAST_END)
    }
}

/*
 * The snapshot is not older than the word: a commit in between may have begun
 * a new run without a frame that says so.
 */
inline read_all()
{
#ifdef SNAPSHOT_FIRST
    take_snapshot();
    ends_at = MAX(ends_at, published);
#else
    ends_at = published;
    take_snapshot();
#endif
    do
    :: atomic { end < ends_at -> copy() }
    :: atomic { end >= ends_at -> break }
    od;
    judge()
}

proctype Reader(byte me)
{
    byte reads, ends_at, from, end, size, of_run, top, i;
    byte low, row[2];
    bool bad, more, ok, fresh;

    goto opened;
reopen:
    {
        join();
opened:
        do
        :: reads < READS -> read_all()
        :: else -> break
        od;
        present = present & ~BIT(me);
        goto done
    } unless {
        d_step { killed[me] -> killed[me] = false; LOOK_AWAY };
        if
        :: reads < READS && !over -> goto reopen
        :: else
        fi
    };
done:
    skip
}
