// WritingClaims.java - open and append in all their forms.

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

final class WritingClaims {
    private WritingClaims() { }

    private static Journal open(String path, int flags) {
        return Journal.open(path, options -> options.flags = flags);
    }

    static void aJournalIsMadeOpenedAgainAndNotMadeTwice() {
        String path = Check.place();
        Check.raises("NOT_FOUND", () -> open(path, Journal.EXISTING));
        try (Journal journal = open(path, Journal.NEW)) {
            Check.equal(journal.append("k", "v"), 0L);
        }
        Check.raises("EXISTS", () -> open(path, Journal.NEW));
        try (Journal journal = open(path, Journal.EXISTING)) {
            Check.equal(journal.get("k").orElseThrow().value(), "v");
        }
    }

    static void aReadOnlyJournalRefusesWhatWouldChangeIt() {
        String path = Check.place();
        Check.raises("NOT_FOUND", () -> open(path, Journal.READ_ONLY));
        try (Journal journal = Journal.open(path)) {
            journal.append("k", "v");
            try (Journal reader = open(path, Journal.READ_ONLY)) {
                Check.equal(reader.get("k").orElseThrow().value(), "v");
                byte[] packed = Change.put("k", "w").pack();
                for (Check.Body change : List.<Check.Body>of(
                    () -> reader.append("k", "w"),
                    () -> reader.append(List.of(Change.put("k", "w"))),
                    () -> reader.appendPacked(packed),
                    () -> reader.delete("k"),
                    () -> reader.prune(1),
                    () -> reader.rewind(0),
                    () -> reader.mark("m", 0),
                    () -> reader.unmark("m"),
                    () -> reader.sync())) {
                    Check.raises("READ_ONLY", change);
                }
            }
            Check.equal(journal.stat().size, 1L);
        }
    }

    static void aHostilePathIsAnErrorWithAName() throws Exception {
        String path = Check.place();
        Check.raises("ENOENT", () -> Journal.open(path + "/a/b"));
        Check.raises("EINVAL", () -> Journal.open(""));
        Check.raises("ENAMETOOLONG", () -> Journal.open("x".repeat(5000)));
        Check.refuses(IllegalArgumentException.class,
            () -> Journal.open(path + "\0hidden"));
        Check.refuses(NullPointerException.class, () -> Journal.open(null));
        Files.writeString(Path.of(path), "no journal");
        Check.raises("UNSUPPORTED", () -> Journal.open(path));
        String odd = Check.place("\n %s ; \u00e9");
        Journal.open(odd).close();
        Journal.destroy(odd);
        Check.raises("NOT_FOUND", () -> Journal.destroy(odd));
    }

    static void whatIsNoJournalIsNotTakenForOne() throws Exception {
        Path path = Path.of(Check.place());
        Files.createDirectory(path);
        Files.writeString(path.resolve("data.mdb"),
            "not a database ".repeat(1000));
        Check.raises("UNSUPPORTED", () -> Journal.open(path.toString()));
    }

    static void optionsReachTheLibrary() {
        String path = Check.place();
        List<Consumer<LibJournal.OptionsStruct>> wrong = List.of(
            options -> options.flags = Journal.NEW | Journal.EXISTING,
            options -> options.flags = 1024,
            options -> options.struct_size = 4,
            options -> options.first_seq = Journal.NONE);
        for (Consumer<LibJournal.OptionsStruct> set : wrong) {
            Check.raises("EINVAL", () -> Journal.open(path, set));
        }
        try (Journal journal = Journal.open(path, options -> {
            options.first_seq = Long.MIN_VALUE; // 2^63
            options.bytes_max = 1 << 30;
            options.tail_bytes = 1 << 17;
        })) {
            Check.equal(journal.append("k", ""), Long.MIN_VALUE);
            Check.equal(journal.append("k", ""), Long.MIN_VALUE + 1);
            Check.equal(journal.stat().bytes_max, 1L << 30);
            Check.equal(journal.stat().tail_bytes, 1L << 17);
            Check.equal(journal.read(Long.MIN_VALUE).toString(),
                "9223372036854775808 k = ");
        }
    }

    static void theLastNumberThereIsCanBeUsed() {
        try (Journal journal = Journal.open(Check.place(),
            options -> options.first_seq = -2)) {
            Check.equal(Long.toUnsignedString(journal.append("k", "")),
                "18446744073709551614");
            Check.raises("FULL", () -> journal.append("k", ""));
            Check.equal(journal.read(-2).seq(), -2L);
        }
    }

    static void bytesComeBackAsTheyWentIn() {
        byte[] all = new byte[256];
        for (int i = 0; i < 256; i++) {
            all[i] = (byte) i;
        }
        byte[] none = {};
        byte[] big = new byte[1 << 21];
        Arrays.fill(big, (byte) 0xff);
        byte[][][] pairs = {
            {{'k'}, {'v'}}, {none, {'v'}}, {{'e'}, none}, {none, none},
            {{0}, {0, 0}}, {all, all}, {{'b'}, big},
        };
        try (Journal journal = Journal.open(Check.place())) {
            for (int i = 0; i < pairs.length; i++) {
                Check.equal(journal.append(pairs[i][0], pairs[i][1]), i);
                Entry entry = journal.read(i);
                Check.ok(Arrays.equals(entry.key(), pairs[i][0]));
                Check.ok(Arrays.equals(entry.value(), pairs[i][1]));
                Check.equal(entry.meta(), "");
                Check.equal(entry.revision(), pairs[i][0].length == 0 ? 0 : 1);
                Check.equal(entry.prev(), Journal.NONE);
            }
            journal.append("\u00e9", "\u20ac");
            Check.equal(journal.get("\u00e9").orElseThrow().valueText(),
                "\u20ac");
        }
    }

    static void aBatchIsAppendedAsAWholeOrNotAtAll() {
        byte[] id = "0123456789abcde\0".getBytes();
        try (Journal journal = Journal.open(Check.place())) {
            journal.append("a", "0");
            Check.equal(journal.append(List.of(
                Change.put("a", "1").meta(new byte[] {'m', 0}).expect(0),
                Change.put("", "no key"),
                Change.put("b", "").stamp(7, id).expect(Journal.NONE),
                Change.delete("a").expectSeq(4))), 1);
            Check.equal(journal.read(1).meta(), "m\0");
            Check.equal(journal.read(1).prev(), 0);
            Check.equal(journal.read(1).revision(), 2);
            Check.equal(journal.read(2).stamp(), null);
            Check.equal(journal.read(3).stamp().time(), 7);
            Check.equal(journal.read(3).stamp().id(), id);
            Check.ok(journal.read(4).tombstone());
            Check.raises("EINVAL", () -> journal.append(List.of()));
            Check.raises("CONFLICT", () -> journal.append(List.of(
                Change.put("c", ""), Change.put("b", "").expect(0))));
            Check.raises("CONFLICT", () -> journal.append(List.of(
                Change.put("b", "").expect(Journal.NONE))));
            Check.raises("CONFLICT", () -> journal.append(List.of(
                Change.put("c", "").expectSeq(9))));
            Check.raises("EINVAL", () -> journal.append(List.of(
                Change.put("", "").expect(0))));
            Check.raises("EINVAL", () -> journal.append(List.of(
                Change.delete(""))));
            Check.refuses(IllegalArgumentException.class,
                () -> Change.put("k", "").stamp(1, new byte[15]));
            Check.equal(journal.stat().size, 5);
        }
    }

    static void aBatchOfManyRecordsIsPassedOn() {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 10000; i++) {
            changes.add(Change.put("key " + i % 100, "value " + i));
        }
        try (Journal journal = Journal.open(Check.place())) {
            Check.equal(journal.append(changes), 0);
            int right = 0;
            for (Entry entry : journal.replay()) {
                if (entry.keyText().equals("key " + right % 100) &&
                    entry.valueText().equals("value " + right)) {
                    right++;
                }
            }
            Check.equal(right, 10000);
        }
    }

    private static long put(Journal journal, long time, int last) {
        byte[] id = new byte[16];
        id[15] = (byte) last;
        return journal.append(List.of(Change.put("k", "").stamp(time, id)));
    }

    static void anOlderStampIsOutdatedAndAnEqualOneIsNot() {
        try (Journal journal = Journal.open(Check.place())) {
            Check.equal(put(journal, 5, 5), 0);
            Check.raises("OUTDATED", () -> put(journal, 4, 255));
            Check.raises("OUTDATED", () -> put(journal, 5, 4));
            Check.equal(put(journal, 5, 5), 1);
            Check.equal(put(journal, 5, 200), 2); // Bytes are unsigned.
            Check.equal(put(journal, -1, 0), 3);
            Check.equal(journal.read(3).stamp().time(), -1L);
        }
    }

    private static byte[] joined(byte[]... parts) {
        int size = 0;
        for (byte[] part : parts) {
            size += part.length;
        }
        byte[] all = new byte[size];
        size = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, size, part.length);
            size += part.length;
        }
        return all;
    }

    static void whatIsPackedInJavaComesBack() {
        byte[] id = "iiiiiiiiiiiiiiii".getBytes();
        byte[] stamped = Change.put("\u00e9\0", "\0").meta(new byte[] {'m'})
            .stamp(-3, id).pack();
        try (Journal journal = Journal.open(Check.place())) {
            Check.equal(journal.appendPacked(joined(
                Change.put("k", "v").pack(), Change.put("", "no key").pack(),
                Change.put("", "").pack(), stamped,
                Change.delete("k").pack())), 0);
            Check.equal(values(journal), "k=v =no key = \u00e9\0=\0 k deleted");
            Check.equal(journal.read(3).meta(), "m");
            Check.equal(journal.read(3).stamp().time(), -3L);
            Check.equal(journal.read(3).stamp().id(), id);
            for (int size = 0; size < stamped.length; size++) {
                byte[] cut = Arrays.copyOf(stamped, size);
                Check.raises("EINVAL", () -> journal.appendPacked(cut));
            }
            Check.equal(journal.stat().size, 5);
        }
    }

    private static String values(Journal journal) {
        List<String> words = new ArrayList<>();
        try (Cursor cursor = journal.replay()) {
            cursor.stream().map(entry -> entry.keyText() +
                (entry.tombstone() ? " deleted" : "=" + entry.valueText()))
                .forEach(words::add);
        }
        return String.join(" ", words);
    }

    static void whatIsTooBigIsRefused() {
        try (Journal journal = Journal.open(Check.place())) {
            String most = "k".repeat(65535);
            Check.equal(journal.append(most, "v"), 0);
            Check.equal(journal.get(most).orElseThrow().keyText(), most);
            Check.raises("TOO_BIG", () -> journal.append(most + "k", "v"));
            Check.raises("TOO_BIG", () -> journal.append(List.of(
                Change.put("k", "v").meta(new byte[65536]))));
            Check.raises("TOO_BIG", () -> journal.get(most + "k"));
            Check.equal(journal.stat().size, 1);
        }
    }

    static void aFullJournalTakesEntriesAgainOnceItIsPruned() {
        try (Journal journal = Journal.open(Check.place(),
            options -> options.bytes_max = 1 << 20)) {
            String value = "v".repeat(10000);
            Check.raises("FULL", () -> {
                for (int i = 0; i < 1000; i++) {
                    journal.append("k", value);
                }
            });
            long size = journal.stat().size;
            Check.ok(size > 0);
            Check.equal(journal.prune(size), size);
            Check.equal(journal.append("k", value), size);
        }
    }

    static void whatIsNotDurableYetIsSoAfterASync() {
        try (Journal journal = Journal.open(Check.place(),
            options -> options.durability = Journal.RELAXED)) {
            for (int i = 0; i < 10; i++) {
                journal.append("k", "v");
            }
            LibJournal.Stat stat = journal.stat();
            Check.ok(stat.durable_size < stat.size);
            journal.sync();
            Check.equal(journal.stat().durable_size, 10);
        }
    }
}
