// Journal.java - libjournal for Java, through JNA.

import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * An open journal.
 *
 * <pre>{@code
 * try (Journal journal = Journal.open("events")) {
 *     journal.append("lamp/kitchen", "on");
 *     for (Entry entry : journal.replay()) {
 *         System.out.println(entry);
 *     }
 * }
 * }</pre>
 *
 * <p>Numbers are unsigned longs.  What fails throws a JournalException.  A key
 * or a mark that is not there is no failure: the answer is empty.  Any number
 * of threads may use a journal; close() waits until none is in a call.
 */
final class Journal implements AutoCloseable {
    /** Names no entry; as first and limit: the oldest there is, the end. */
    static final long NONE = -1;

    static final int EXISTING = 1;
    static final int NEW = 2;
    static final int READ_ONLY = 4;
    static final int EXCLUSIVE = 8;
    static final int IMMUTABLE = 16;
    static final int DURABLE = 0;
    static final int RELAXED = 1;

    private static final LibJournal C = LibJournal.C;

    private final Handle handle;
    private final Cleaner.Cleanable cleanable;

    /** Is told how far a call has come; true stops it. */
    interface Progress {
        boolean stop(long done, long total);
    }

    private Journal(Pointer pointer) {
        handle = Handle.shared(pointer, C::journal_close);
        cleanable = handle.ownedBy(this);
    }

    static Journal open(String path) {
        return open(path, options -> { });
    }

    /** Journal.open(path, options -> options.flags = Journal.EXISTING). */
    static Journal open(String path, Consumer<LibJournal.OptionsStruct> set) {
        LibJournal.OptionsStruct options = new LibJournal.OptionsStruct();
        C.journal_options_init(options);
        set.accept(options);
        PointerByReference out = new PointerByReference();
        JournalException.check(C.journal_open(cstring(path), options, out));
        return new Journal(out.getValue());
    }

    @Override
    public void close() {
        handle.refuseWithinCall();
        cleanable.clean();
    }

    static void destroy(String path) {
        JournalException.check(C.journal_destroy(cstring(path)));
    }

    /** C ends a string at a NUL; better to refuse than to cut. */
    private static String cstring(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a NUL in a name");
        }
        return text;
    }

    // ---- append -------------------------------------------------------------

    /** The number of the entry. */
    long append(byte[] key, byte[] value) {
        LongByReference seq = new LongByReference();
        JournalException.check(handle.call(journal -> C.journal_append(journal,
            key, key.length, value, value.length, seq)));
        return seq.getValue();
    }

    long append(String key, String value) {
        return append(Change.utf8(key), Change.utf8(value));
    }

    long delete(String key) {
        byte[] k = Change.utf8(key);
        LongByReference seq = new LongByReference();
        JournalException.check(handle.call(
            journal -> C.journal_delete(journal, k, k.length, seq)));
        return seq.getValue();
    }

    /** All or none; the number of the first. */
    long append(List<Change> changes) {
        Change.Batch batch = new Change.Batch(changes);
        LongByReference seq = new LongByReference();
        JournalException.check(handle.call(journal -> C.journal_append_batch(
            journal, batch.records, changes.size(), seq)));
        return seq.getValue();
    }

    /** The same of packed entries. */
    long appendPacked(byte[] packed) {
        LongByReference seq = new LongByReference();
        JournalException.check(handle.call(journal -> C.journal_append_packed(
            journal, packed, packed.length, null, seq)));
        return seq.getValue();
    }

    void sync() {
        JournalException.check(handle.call(C::journal_sync));
    }

    // ---- read ---------------------------------------------------------------

    private static Optional<Entry> taken(int result, PointerByReference out) {
        if (result == JournalException.Code.NOT_FOUND.result) {
            return Optional.empty();
        }
        JournalException.check(result);
        try {
            return Optional.of(Entry.at(out.getValue()));
        } finally {
            C.journal_entry_free(out.getValue());
        }
    }

    Optional<Entry> get(byte[] key) {
        PointerByReference out = new PointerByReference();
        return taken(handle.call(
            journal -> C.journal_get(journal, key, key.length, out)), out);
    }

    Optional<Entry> get(String key) {
        return get(Change.utf8(key));
    }

    /** As it was when the journal had this size. */
    Optional<Entry> getAt(String key, long size) {
        byte[] k = Change.utf8(key);
        PointerByReference out = new PointerByReference();
        return taken(handle.call(journal ->
            C.journal_get_at(journal, k, k.length, size, out)), out);
    }

    Entry read(long seq) {
        PointerByReference out = new PointerByReference();
        return taken(handle.call(journal -> C.journal_read(journal, seq, out)),
            out).orElseThrow();
    }

    /** The first entry at or after TIME, in ns since 1970. */
    long findTime(long time) {
        LongByReference seq = new LongByReference();
        JournalException.check(handle.call(
            journal -> C.journal_find_time(journal, time, seq)));
        return seq.getValue();
    }

    Cursor replay() {
        return replay(NONE);
    }

    Cursor replay(long first) {
        PointerByReference out = new PointerByReference();
        JournalException.check(handle.call(
            journal -> C.journal_replay(journal, first, out)));
        return new Cursor(this, out.getValue(), false);
    }

    Cursor query(Query query) {
        PointerByReference out = new PointerByReference();
        JournalException.check(handle.call(
            journal -> C.journal_query(journal, query.struct(), out)));
        return new Cursor(this, out.getValue(), query.follows());
    }

    /**
     * Is the entry there, within TIMEOUT?  Nothing ends a wait in C early, so
     * it waits in short ones, for an interrupt or a close() to get in between.
     */
    boolean await(long seq, Duration timeout) throws InterruptedException {
        long until = System.nanoTime() + timeout.toNanos();
        for (;;) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            long left = until - System.nanoTime();
            long ns = Math.max(0, Math.min(left, 100_000_000));
            int rc = handle.call(journal -> C.journal_wait(journal, seq, ns));
            if (rc != JournalException.Code.TIMEOUT.result) {
                JournalException.check(rc);
                return true;
            }
            if (left <= ns) {
                return false;
            }
        }
    }

    // ---- maintain -----------------------------------------------------------

    private long prune(long before, int flags) {
        LongByReference removed = new LongByReference();
        JournalException.check(handle.call(
            journal -> C.journal_prune(journal, before, flags, removed)));
        return removed.getValue();
    }

    /** How many entries went; stops at the slowest mark. */
    long prune(long before) {
        return prune(before, 0);
    }

    long prunePastMarks(long before) {
        return prune(before, 2);
    }

    /** Keeps of each key what is latest. */
    long compact(long before) {
        return prune(before, 1);
    }

    void rewind(long size) {
        JournalException.check(handle.call(
            journal -> C.journal_rewind(journal, size)));
    }

    void mark(String name, long seq) {
        cstring(name);
        JournalException.check(handle.call(
            journal -> C.journal_mark(journal, name, seq)));
    }

    OptionalLong marked(String name) {
        cstring(name);
        LongByReference seq = new LongByReference();
        int result = handle.call(
            journal -> C.journal_marked(journal, name, seq));
        if (result == JournalException.Code.NOT_FOUND.result) {
            return OptionalLong.empty();
        }
        JournalException.check(result);
        return OptionalLong.of(seq.getValue());
    }

    void unmark(String name) {
        cstring(name);
        JournalException.check(handle.call(
            journal -> C.journal_unmark(journal, name)));
    }

    Map<String, Long> marks() {
        byte[] name = new byte[256];
        LongByReference seq = new LongByReference();
        Map<String, Long> marks = new TreeMap<>();
        int rc;
        while ((rc = handle.call(
            journal -> C.journal_next_mark(journal, name, seq))) == 0) {
            int size = 0;
            while (name[size] != 0) {
                size++;
            }
            marks.put(new String(name, 0, size, StandardCharsets.UTF_8),
                seq.getValue());
        }
        if (rc != JournalException.Code.END.result) {
            JournalException.check(rc);
        }
        return marks;
    }

    LibJournal.Stat stat() {
        LibJournal.Stat stat = new LibJournal.Stat();
        JournalException.check(handle.call(
            journal -> C.journal_stat(journal, stat)));
        return stat;
    }

    // ---- damage -------------------------------------------------------------

    /** PROGRESS for C.  An exception must not cross C: it stops the call. */
    private static final class Callback implements LibJournal.ProgressCallback {
        private final Progress progress;
        private RuntimeException thrown;

        Callback(Progress progress) {
            this.progress = progress;
        }

        @Override
        public int invoke(Pointer context, long done, long total) {
            try {
                return progress.stop(done, total) ? 1 : 0;
            } catch (RuntimeException e) {
                thrown = e;
                return 1;
            }
        }

        int result(int result) {
            if (thrown != null) {
                throw thrown;
            }
            return result;
        }
    }

    /** Whether all is well, and what is not. */
    record Verdict(boolean ok, LibJournal.Report report) { }

    Verdict verify(Progress progress) {
        LibJournal.Report report = new LibJournal.Report();
        Callback callback = new Callback(progress);
        int result = callback.result(handle.call(
            journal -> C.journal_verify(journal, report, callback, null)));
        if (result != JournalException.Code.CORRUPT.result) {
            JournalException.check(result);
        }
        return new Verdict(result == 0, report);
    }

    void backup(String path, Progress progress) {
        cstring(path);
        Callback callback = new Callback(progress);
        JournalException.check(callback.result(handle.call(
            journal -> C.journal_backup(journal, path, 0, callback, null))));
    }

    static LibJournal.Report salvage(String from, String to,
        Progress progress) {
        LibJournal.Report report = new LibJournal.Report();
        Callback callback = new Callback(progress);
        JournalException.check(callback.result(C.journal_salvage(cstring(from),
            cstring(to), report, callback, null)));
        return report;
    }

    // ---- key expressions ----------------------------------------------------

    static boolean isCanonical(String expr) {
        byte[] e = Change.utf8(expr);
        return C.journal_expr_check(e, e.length) == 0;
    }

    static String canonize(String expr) {
        byte[] e = Change.utf8(expr);
        LongByReference size = new LongByReference(e.length);
        JournalException.check(C.journal_expr_canonize(e, size));
        return new String(Arrays.copyOf(e, (int) size.getValue()),
            StandardCharsets.UTF_8);
    }

    static boolean matches(String expr, String key) {
        byte[] e = Change.utf8(expr);
        byte[] k = Change.utf8(key);
        return C.journal_expr_matches(e, e.length, k, k.length) == 1;
    }

    static boolean intersects(String left, String right) {
        byte[] a = Change.utf8(left);
        byte[] b = Change.utf8(right);
        return C.journal_expr_intersects(a, a.length, b, b.length) == 1;
    }

    static boolean includes(String left, String right) {
        byte[] a = Change.utf8(left);
        byte[] b = Change.utf8(right);
        return C.journal_expr_includes(a, a.length, b, b.length) == 1;
    }
}
