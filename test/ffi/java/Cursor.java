// Cursor.java - a replay or a query in progress.

import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Entries, one after the other: in a loop, as a stream, or polled for.
 *
 * <p>A cursor keeps its journal open for others, who get JOURNAL_BUSY, until it
 * is closed; so one that has nothing more to give is closed at once.
 */
final class Cursor implements AutoCloseable, Iterable<Entry> {
    private static final int PIECE = 1 << 18;

    private final Journal journal; // for poll()
    private final Handle handle;
    private final Cleaner.Cleanable cleanable;
    private final boolean follows;
    private boolean ended;

    Cursor(Journal journal, Pointer pointer, boolean follows) {
        this.journal = journal;
        this.handle = Handle.exclusive(pointer,
            LibJournal.C::journal_cursor_close);
        this.cleanable = handle.ownedBy(this);
        this.follows = follows;
    }

    /** The next entry; null at the end, and for as long as there is none. */
    Entry next() {
        if (ended) {
            return null;
        }
        Entry[] entry = {null};
        PointerByReference out = new PointerByReference();
        int result = handle.call(cursor -> {
            int rc = LibJournal.C.journal_next(cursor, out);
            // It belongs to the cursor, so it is copied before anybody closes.
            entry[0] = rc == 0 ? Entry.at(out.getValue()) : null;
            return rc;
        });
        return endedBy(result) ? null : entry[0];
    }

    /** Packed entries, as many as fit into SIZE bytes; null at the end. */
    byte[] fill(int size) {
        if (ended) {
            return null;
        }
        byte[] buffer = new byte[size];
        LongByReference used = new LongByReference();
        int result = handle.call(cursor ->
            LibJournal.C.journal_fill(cursor, buffer, size, used, null));
        if (result == JournalException.Code.TOO_BIG.result) {
            return fill(Math.toIntExact(used.getValue()));
        }
        return endedBy(result) ? null
            : Arrays.copyOf(buffer, (int) used.getValue());
    }

    private boolean endedBy(int result) {
        if (result != JournalException.Code.END.result) {
            JournalException.check(result);
            return false;
        }
        if (!follows) {
            ended = true;
            close();
        }
        return true;
    }

    /** The next entry, which is waited for; null once the time has passed. */
    Entry poll(Duration timeout) throws InterruptedException {
        long until = System.nanoTime() + timeout.toNanos();
        for (;;) {
            long size = journal.stat().size;
            Entry entry = next();
            long left = until - System.nanoTime();
            if (entry != null || left <= 0) {
                return entry;
            }
            // Not for long: after a rewind the size is lower.
            journal.await(size, Duration.ofNanos(Math.min(left, 100_000_000)));
        }
    }

    /**
     * Reads ahead in pieces, as a call into C costs more than an entry.  Goes
     * on where this cursor stands, and ends at the present end.
     */
    @Override
    public Iterator<Entry> iterator() {
        Queue<Entry> ahead = new ArrayDeque<>();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                if (ahead.isEmpty()) {
                    byte[] piece = fill(PIECE);
                    if (piece != null) {
                        ahead.addAll(Entry.unpack(piece, piece.length));
                    }
                }
                return !ahead.isEmpty();
            }

            @Override
            public Entry next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return ahead.remove();
            }
        };
    }

    Stream<Entry> stream() {
        return StreamSupport.stream(spliterator(), false).onClose(this::close);
    }

    @Override
    public void close() {
        cleanable.clean();
    }
}
