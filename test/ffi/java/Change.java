// Change.java - a record to be appended.

import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a batch appends: Change.put("key", "value").expect(7). */
final class Change {
    private static final int EXPECT = 2;
    private static final int EXPECT_SEQ = 8;
    private static final int HEAD = 56;
    private static final int STAMP = 24;

    private final byte[] key;
    private final byte[] value;
    private byte[] meta = {};
    private int flags;
    private long expect;
    private long expectSeq;
    private Entry.Stamp stamp;

    private Change(byte[] key, byte[] value, int flags) {
        this.key = key;
        this.value = value;
        this.flags = flags;
    }

    /** An empty key makes an entry without one. */
    static Change put(byte[] key, byte[] value) {
        return new Change(key, value, 0);
    }

    static Change put(String key, String value) {
        return put(utf8(key), utf8(value));
    }

    static Change delete(String key) {
        return new Change(utf8(key), new byte[0], Entry.TOMBSTONE);
    }

    Change meta(byte[] bytes) {
        meta = bytes;
        return this;
    }

    /** Only if SEQ is the key's latest; Journal.NONE: if it has none. */
    Change expect(long seq) {
        flags |= EXPECT;
        expect = seq;
        return this;
    }

    /** Only if it gets this number. */
    Change expectSeq(long seq) {
        flags |= EXPECT_SEQ;
        expectSeq = seq;
        return this;
    }

    Change stamp(long time, byte[] id) {
        flags |= Entry.STAMPED;
        stamp = new Entry.Stamp(time, id);
        return this;
    }

    /** In journal_fill()'s packed form, which has no expectations. */
    byte[] pack() {
        int size = HEAD + (stamp == null ? 0 : STAMP) + key.length +
            meta.length + value.length;
        ByteBuffer to = ByteBuffer.allocate((size + 7) / 8 * 8)
            .order(ByteOrder.LITTLE_ENDIAN);
        to.putInt(to.capacity()).putInt(flags);
        to.position(40);
        to.putInt(key.length).putInt(meta.length).putInt(value.length);
        to.putInt(0);
        if (stamp != null) {
            to.putLong(stamp.time()).put(stamp.id());
        }
        return to.put(key).put(meta).put(value).array();
    }

    /** All bytes are in MEMORY, which has to live until C is back. */
    static final class Batch {
        final LibJournal.RecordStruct[] records;
        private final Memory memory;
        private long at;

        Batch(List<Change> changes) {
            long size = 1; // Memory has at least a byte.
            for (Change change : changes) {
                size += change.key.length + change.value.length +
                    change.meta.length;
            }
            memory = new Memory(size);
            records = (LibJournal.RecordStruct[]) new LibJournal.RecordStruct()
                .toArray(Math.max(changes.size(), 1));
            for (int i = 0; i < changes.size(); i++) {
                set(records[i], changes.get(i));
            }
        }

        private void set(LibJournal.RecordStruct to, Change from) {
            to.key = memory.share(at);
            to.key_size = add(from.key);
            to.value = memory.share(at);
            to.value_size = add(from.value);
            to.meta = memory.share(at);
            to.meta_size = add(from.meta);
            to.flags = from.flags;
            to.expect = from.expect;
            to.expect_seq = from.expectSeq;
            if (from.stamp != null) {
                to.stamp.time = from.stamp.time();
                to.stamp.id = from.stamp.id();
            }
        }

        private long add(byte[] bytes) {
            memory.write(at, bytes, 0, bytes.length);
            at += bytes.length;
            return bytes.length;
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
