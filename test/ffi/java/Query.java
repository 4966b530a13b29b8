// Query.java - which entries of a journal, and in which order.

import com.sun.jna.Memory;

/** Query.prefix("lamp/").reverse(): each method narrows what is asked. */
final class Query {
    private static final int KEY = 1;
    private static final int PREFIX = 2;
    private static final int EXPR = 3;

    private final LibJournal.QueryStruct struct = new LibJournal.QueryStruct();

    private Query(int match, byte[] key) {
        LibJournal.C.journal_query_init(struct);
        struct.match = match;
        if (key.length > 0) {
            struct.key = new Memory(key.length); // Lives as long as the field.
            struct.key.write(0, key, 0, key.length);
            struct.key_size = key.length;
        }
    }

    static Query all() {
        return new Query(0, new byte[0]);
    }

    static Query key(String key) {
        return new Query(KEY, Change.utf8(key));
    }

    static Query prefix(String prefix) {
        return new Query(PREFIX, Change.utf8(prefix));
    }

    static Query expr(String expr) {
        return new Query(EXPR, Change.utf8(expr));
    }

    /** Newest first. */
    Query reverse() {
        return flag(1);
    }

    /** Of each key its latest entry only. */
    Query latest() {
        return flag(2);
    }

    /** Without tombstones. */
    Query live() {
        return flag(4);
    }

    /** And what is appended later. */
    Query follow() {
        return flag(8);
    }

    private Query flag(int flag) {
        struct.flags |= flag;
        return this;
    }

    Query first(long seq) {
        struct.first = seq;
        return this;
    }

    Query limit(long seq) {
        struct.limit = seq;
        return this;
    }

    Query since(long time) {
        struct.since = time;
        return this;
    }

    Query until(long time) {
        struct.until = time;
        return this;
    }

    Query firstRevision(long revision) {
        struct.first_revision = revision;
        return this;
    }

    boolean follows() {
        return (struct.flags & 8) != 0;
    }

    LibJournal.QueryStruct struct() {
        return struct;
    }
}
