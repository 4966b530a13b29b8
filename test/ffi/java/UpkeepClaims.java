// UpkeepClaims.java - marks, prune, rewind, figures, damage and its repair.

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

final class UpkeepClaims {
    private static final Journal.Progress ON = (done, total) -> false;
    private static final Journal.Progress STOP = (done, total) -> true;

    private UpkeepClaims() { }

    private static Journal ten(Consumer<LibJournal.OptionsStruct> options) {
        Journal journal = Journal.open(Check.place(), options);
        for (int i = 0; i < 10; i++) {
            journal.append(i % 2 == 0 ? "even" : "odd", "" + i);
        }
        return journal;
    }

    private static Journal ten() {
        return ten(options -> { });
    }

    static void aMarkIsKeptListedInOrderAndRemoved() {
        try (Journal journal = ten()) {
            journal.mark("b", 3);
            journal.mark("a", 10);
            journal.mark("\u00e9", 0);
            Check.equal(journal.marked("b").orElseThrow(), 3);
            journal.mark("b", 2);
            Check.equal(journal.marked("b").orElseThrow(), 2);
            Check.ok(journal.marked("nobody").isEmpty());
            Check.equal(journal.marks(),
                Map.of("a", 10L, "b", 2L, "\u00e9", 0L));
            Check.raises("OUT_OF_RANGE", () -> journal.mark("a", 11));
            Check.raises("EINVAL", () -> journal.mark("", 0));
            Check.raises("EINVAL", () -> journal.mark("n".repeat(256), 0));
            Check.refuses(IllegalArgumentException.class,
                () -> journal.mark("a\0b", 0));
            journal.unmark("b");
            Check.raises("NOT_FOUND", () -> journal.unmark("b"));
            Check.equal(journal.stat().marks, 2);
        }
    }

    static void aPruneStopsAtTheSlowestMark() {
        try (Journal journal = ten()) {
            journal.mark("slow", 4);
            Check.equal(journal.prune(8), 4);
            Check.equal(journal.stat().first, 4);
            Check.raises("PRUNED", () -> journal.read(3));
            Check.raises("PRUNED", () -> journal.replay(3));
            Check.raises("PRUNED", () -> journal.getAt("odd", 4));
            Check.equal(journal.prunePastMarks(6), 2);
            journal.unmark("slow");
            Check.equal(journal.prune(Journal.NONE), 4);
            Check.ok(journal.get("even").isEmpty());
            Check.equal(journal.append("k", "v"), 10);
        }
    }

    static void aCursorSaysOnceThatEntriesWerePrunedAndGoesOn() {
        try (Journal journal = Journal.open(Check.place())) {
            byte[] value = new byte[1 << 20];
            for (int i = 0; i < 20; i++) {
                journal.append(List.of(Change.put(new byte[] {'k'}, value)));
            }
            Cursor cursor = journal.replay();
            Check.equal(cursor.next().seq(), 0);
            journal.prune(18);
            int overtaken = 0;
            long last = 0;
            for (boolean more = true; more;) {
                try {
                    Entry entry = cursor.next();
                    more = entry != null;
                    last = more ? entry.seq() : last;
                } catch (JournalException e) {
                    Check.equal(e.code(), JournalException.Code.PRUNED);
                    overtaken++;
                }
            }
            Check.equal(overtaken, 1);
            Check.equal(last, 19);
        }
    }

    static void aCompactionKeepsWhatIsLatest() {
        try (Journal journal = ten()) {
            journal.delete("odd");
            Check.equal(journal.compact(Journal.NONE), 10);
            Check.equal(Check.values(journal.replay()), "8");
            Check.ok(journal.get("odd").isEmpty());
            Check.equal(journal.get("even").orElseThrow().revision(), 5);
        }
    }

    static void aRewindTakesBackWhatCameAfter() {
        try (Journal journal = ten()) {
            journal.mark("m", 9);
            journal.rewind(3);
            Check.equal(journal.get("odd").orElseThrow().value(), "1");
            Check.equal(journal.marked("m").orElseThrow(), 3);
            Check.equal(journal.append("odd", "again"), 3);
            Check.raises("EINVAL", () -> journal.rewind(5));
            journal.prune(2);
            Check.raises("PRUNED", () -> journal.rewind(1));
        }
    }

    static void retentionRemovesByItself() {
        try (Journal journal = ten(options -> options.keep_entries = 4)) {
            Check.equal(Check.values(journal.replay()), "6 7 8 9");
        }
    }

    static void theFiguresAreRight() {
        try (Journal journal = ten()) {
            journal.delete("odd");
            LibJournal.Stat stat = journal.stat();
            Check.equal(stat.size, 11);
            Check.equal(stat.entries, 11);
            Check.equal(stat.keys, 1);
            Check.equal(stat.tombstones, 1);
            Check.equal(stat.bytes_logical, 5 * 5 + 5 * 4 + 3);
            Check.equal(stat.durable_size, 11);
            Check.equal(stat.first_time, journal.read(0).time());
            Check.equal(stat.last_time, journal.read(10).time());
            Check.equal(stat.marks, 0);
        }
    }

    static void aBackupIsTheSameJournal() {
        String to = Check.place("backup");
        try (Journal journal = ten()) {
            journal.mark("m", 2);
            int[] told = {0};
            journal.backup(to, (done, total) -> {
                Check.ok(Long.compareUnsigned(done, total) <= 0);
                told[0]++;
                return false;
            });
            Check.ok(told[0] > 0);
            Check.raises("EXISTS", () -> journal.backup(to, ON));
            Check.raises("ENOENT", () -> journal.backup(to + "/no/where", ON));
            try (Journal copy = Journal.open(to,
                options -> options.flags = Journal.EXISTING)) {
                Check.equal(Check.values(copy.replay()), "0 1 2 3 4 5 6 7 8 9");
                Check.equal(copy.marked("m").orElseThrow(), 2);
                Check.equal(copy.stat().id, journal.stat().id);
            }
        }
    }

    static void aBackupServesReadersThatTakeNoLock() {
        String to = Check.place("backup");
        try (Journal journal = ten()) {
            journal.backup(to, ON);
        }
        try (Journal copy = Journal.open(to, options -> options.flags =
            Journal.READ_ONLY | Journal.IMMUTABLE)) {
            Check.equal(copy.read(9).value(), "9");
            Check.raises("UNSUPPORTED",
                () -> copy.await(10, java.time.Duration.ofSeconds(1)));
            Check.raises("READ_ONLY", () -> copy.append("k", "v"));
        }
    }

    static void progressMayStopACallAndMayFail() {
        String to = Check.place("backup");
        try (Journal journal = ten()) {
            Check.raises("ECANCELED", () -> journal.backup(to, STOP));
            Check.raises("ECANCELED", () -> journal.verify(STOP));
            Check.refuses(ArithmeticException.class, () -> journal.verify(
                (done, total) -> done / (total - total) == 0));
            Check.raises("NOT_FOUND", () -> Journal.open(to,
                options -> options.flags = Journal.EXISTING));
            Check.ok(journal.verify( // It may use the journal.
                (done, total) -> journal.stat().size != 10).ok());
            Runnable close = journal::close; // But not close it.
            Check.refuses(IllegalStateException.class, () -> journal.verify(
                (done, total) -> {
                    close.run();
                    return false;
                }));
            Check.equal(journal.stat().size, 10);
        }
    }

    static void damageIsToldGoesAroundAndIsMended() throws Exception {
        String path = Check.place();
        String to = Check.place("salvaged");
        try (Journal whole = ten()) {
            whole.append("hit", "a value to be damaged");
            whole.append("even", "last");
            Journal.Verdict verdict = whole.verify(ON);
            Check.ok(verdict.ok());
            Check.equal(verdict.report().entries_checked, 12);
            Check.equal(verdict.report().first_bad, Journal.NONE);
        }
        Check.damage(path, "a value to be damaged");

        try (Journal journal = Journal.open(path)) {
            Check.raises("CORRUPT", () -> journal.read(10));
            Check.raises("CORRUPT", () -> journal.get("hit"));
            Check.equal(journal.read(11).value(), "last");
            Cursor cursor = journal.replay(9);
            Check.equal(cursor.next().seq(), 9);
            Check.raises("CORRUPT", cursor::next);
            Check.equal(cursor.next().seq(), 11);
            Check.equal(cursor.next(), null);
            Journal.Verdict verdict = journal.verify(ON);
            Check.ok(!verdict.ok());
            Check.equal(verdict.report().entries_bad, 1);
            Check.equal(verdict.report().first_bad, 10);
            Check.raises("CORRUPT",
                () -> journal.backup(Check.place("backup"), ON));
            Check.raises("BUSY", () -> Journal.salvage(path, to, ON));
        }
        Check.raises("ECANCELED", () -> Journal.salvage(path, to, STOP));
        Check.raises("NOT_FOUND",
            () -> Journal.salvage(to, Check.place("other"), ON));
        Check.equal(Journal.salvage(path, to, ON).salvaged, 11);
        try (Journal mended = Journal.open(to)) {
            Check.raises("PRUNED", () -> mended.read(10));
            Check.equal(mended.read(11).value(), "last");
            Check.ok(mended.verify(ON).ok());
        }
    }
}
