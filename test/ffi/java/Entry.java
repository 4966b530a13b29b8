// Entry.java - an entry of a journal, and a caller's timestamp.

import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry; its bytes are copies.
 *
 * <p>Numbers and times are unsigned, as all 64-bit ones here: compare them with
 * Long.compareUnsigned().
 *
 * @param prev the key's entry before this one, or Journal.NONE
 * @param stamp null if there is none
 */
record Entry(long seq, long time, long prev, long revision, boolean tombstone,
    Stamp stamp, byte[] key, byte[] value, byte[] meta) {

    static final int TOMBSTONE = 1;
    static final int STAMPED = 4;

    /** Ordered by time, then by the 16 bytes of id. */
    record Stamp(long time, byte[] id) {
        Stamp {
            if (id.length != 16) {
                throw new IllegalArgumentException("an id has 16 bytes");
            }
        }
    }

    String keyText() {
        return new String(key, StandardCharsets.UTF_8);
    }

    String valueText() {
        return new String(value, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(seq) + " " + keyText() +
            (tombstone ? " deleted" : " = " + valueText());
    }

    static Entry at(Pointer address) {
        LibJournal.EntryStruct from = new LibJournal.EntryStruct(address);
        Stamp stamp = (from.flags & STAMPED) == 0 ? null
            : new Stamp(from.stamp.time, from.stamp.id);
        return new Entry(from.seq, from.time, from.prev, from.revision,
            (from.flags & TOMBSTONE) != 0, stamp,
            from.key.getByteArray(0, Math.toIntExact(from.key_size)),
            from.value.getByteArray(0, Math.toIntExact(from.value_size)),
            from.meta.getByteArray(0, Math.toIntExact(from.meta_size)));
    }

    /** The entries of journal_fill()'s packed form in SIZE bytes of PIECE. */
    static List<Entry> unpack(byte[] piece, int size) {
        ByteBuffer bytes = ByteBuffer.wrap(piece, 0, size)
            .order(ByteOrder.LITTLE_ENDIAN);
        List<Entry> entries = new ArrayList<>();
        while (bytes.hasRemaining()) {
            int end = bytes.position() + bytes.getInt();
            entries.add(unpackOne(bytes));
            bytes.position(end);
        }
        return entries;
    }

    private static Entry unpackOne(ByteBuffer from) {
        int flags = from.getInt();
        long seq = from.getLong();
        long time = from.getLong();
        long prev = from.getLong();
        long revision = from.getLong();
        byte[] key = new byte[from.getInt()];
        byte[] meta = new byte[from.getInt()];
        byte[] value = new byte[from.getInt()];
        from.getInt();
        Stamp stamp = null;
        if ((flags & STAMPED) != 0) {
            stamp = new Stamp(from.getLong(), new byte[16]);
            from.get(stamp.id);
        }
        from.get(key).get(meta).get(value);
        return new Entry(seq, time, prev, revision, (flags & TOMBSTONE) != 0,
            stamp, key, value, meta);
    }
}
