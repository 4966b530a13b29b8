// LibJournal.java - what libjournal's header declares, as JNA reads it.

import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.Map;

/**
 * The library's functions and structs, one for one.
 *
 * <p>A {@code size_t} is a {@code long} here, as on every 64-bit system.
 */
interface LibJournal extends Library {
    LibJournal C = load();

    private static LibJournal load() {
        if (Native.SIZE_T_SIZE != Long.BYTES) {
            throw new UnsatisfiedLinkError("size_t has not 64 bits");
        }
        return Native.load("libjournal.so.0", LibJournal.class,
            Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
    }

    @FieldOrder({"struct_size", "flags", "mode", "durability", "first_seq",
        "bytes_max", "keep_entries", "keep_bytes", "keep_ns", "tail_bytes"})
    class OptionsStruct extends Structure {
        public int struct_size, flags, mode, durability;
        public long first_seq, bytes_max;
        public long keep_entries, keep_bytes, keep_ns;
        public long tail_bytes;
    }

    @FieldOrder({"time", "id"})
    class StampStruct extends Structure {
        public long time;
        public byte[] id = new byte[16];
    }

    @FieldOrder({"key", "key_size", "value", "value_size", "meta", "meta_size",
        "flags", "reserved", "expect", "expect_seq", "stamp"})
    class RecordStruct extends Structure {
        public Pointer key;
        public long key_size;
        public Pointer value;
        public long value_size;
        public Pointer meta;
        public long meta_size;
        public int flags, reserved;
        public long expect, expect_seq;
        public StampStruct stamp;
    }

    @FieldOrder({"seq", "time", "prev", "revision", "flags", "reserved",
        "stamp", "key", "key_size", "value", "value_size", "meta", "meta_size"})
    class EntryStruct extends Structure {
        public long seq, time, prev, revision;
        public int flags, reserved;
        public StampStruct stamp;
        public Pointer key;
        public long key_size;
        public Pointer value;
        public long value_size;
        public Pointer meta;
        public long meta_size;

        EntryStruct(Pointer address) {
            super(address);
            read();
        }
    }

    @FieldOrder({"struct_size", "flags", "match", "reserved", "key", "key_size",
        "first", "limit", "since", "until", "first_revision"})
    class QueryStruct extends Structure {
        public int struct_size, flags, match, reserved;
        public Pointer key;
        public long key_size;
        public long first, limit, since, until, first_revision;
    }

    /** The journal's figures; all long ones are unsigned. */
    @FieldOrder({"struct_size", "flags", "first", "size", "durable_size",
        "entries", "keys", "tombstones", "bytes_logical", "bytes_used",
        "bytes_file", "bytes_max", "tail_bytes_used", "tail_bytes",
        "first_time", "last_time", "format", "id", "marks"})
    class Stat extends Structure {
        public int struct_size, flags;
        public long first, size, durable_size;
        public long entries, keys, tombstones;
        public long bytes_logical, bytes_used, bytes_file, bytes_max;
        public long tail_bytes_used, tail_bytes;
        public long first_time, last_time;
        public long format;
        public byte[] id = new byte[16];
        public long marks;

        Stat() {
            struct_size = size();
        }
    }

    /** What a verification or a salvage found. */
    @FieldOrder({"struct_size", "flags", "entries_checked", "entries_bad",
        "index_bad", "links_bad", "pages_bad", "first_bad", "salvaged",
        "tail_records", "tail_bytes_discarded"})
    class Report extends Structure {
        public int struct_size, flags;
        public long entries_checked, entries_bad, index_bad, links_bad;
        public long pages_bad, first_bad, salvaged;
        public long tail_records, tail_bytes_discarded;

        Report() {
            struct_size = size();
        }
    }

    interface ProgressCallback extends Callback {
        int invoke(Pointer context, long done, long total);
    }

    void journal_options_init(OptionsStruct options);

    int journal_open(String path, OptionsStruct options,
        PointerByReference journal);

    void journal_close(Pointer journal);

    int journal_destroy(String path);

    int journal_append(Pointer journal, byte[] key, long keySize, byte[] value,
        long valueSize, LongByReference seq);

    int journal_append_batch(Pointer journal, RecordStruct[] records,
        long count, LongByReference firstSeq);

    int journal_append_packed(Pointer journal, byte[] packed, long size,
        LongByReference count, LongByReference firstSeq);

    int journal_delete(Pointer journal, byte[] key, long keySize,
        LongByReference seq);

    int journal_sync(Pointer journal);

    int journal_get(Pointer journal, byte[] key, long keySize,
        PointerByReference entry);

    int journal_get_at(Pointer journal, byte[] key, long keySize, long limit,
        PointerByReference entry);

    int journal_read(Pointer journal, long seq, PointerByReference entry);

    void journal_entry_free(Pointer entry);

    int journal_find_time(Pointer journal, long time, LongByReference seq);

    void journal_query_init(QueryStruct query);

    int journal_replay(Pointer journal, long first, PointerByReference cursor);

    int journal_query(Pointer journal, QueryStruct query,
        PointerByReference cursor);

    int journal_next(Pointer cursor, PointerByReference entry);

    int journal_fill(Pointer cursor, byte[] buffer, long size,
        LongByReference used, LongByReference count);

    void journal_cursor_close(Pointer cursor);

    int journal_wait(Pointer journal, long seq, long timeoutNs);

    int journal_prune(Pointer journal, long before, int flags,
        LongByReference removed);

    int journal_rewind(Pointer journal, long size);

    int journal_mark(Pointer journal, String name, long seq);

    int journal_marked(Pointer journal, String name, LongByReference seq);

    int journal_unmark(Pointer journal, String name);

    int journal_next_mark(Pointer journal, byte[] name, LongByReference seq);

    int journal_stat(Pointer journal, Stat stat);

    int journal_verify(Pointer journal, Report report,
        ProgressCallback progress, Pointer context);

    int journal_backup(Pointer journal, String path, int flags,
        ProgressCallback progress, Pointer context);

    int journal_salvage(String from, String to, Report report,
        ProgressCallback progress, Pointer context);

    int journal_expr_check(byte[] expr, long size);

    int journal_expr_canonize(byte[] expr, LongByReference size);

    int journal_expr_matches(byte[] expr, long exprSize, byte[] key,
        long keySize);

    int journal_expr_intersects(byte[] a, long aSize, byte[] b, long bSize);

    int journal_expr_includes(byte[] a, long aSize, byte[] b, long bSize);

    String journal_strerror(int result);

    String journal_errname(int result);

    int journal_version();

    String journal_version_string();
}
