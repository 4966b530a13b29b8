// ReadingClaims.java - get, replay, query, fill and follow.

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

final class ReadingClaims {
    private ReadingClaims() { }

    /** Entries 0 to 6; the value of each is its number. */
    private static Journal lamps() {
        Journal journal = Journal.open(Check.place());
        journal.append("lamp/kitchen", "0");
        journal.append("lamp/hall", "1");
        journal.append("", "2");
        journal.append("lamp/kitchen", "3");
        journal.append("door", "4");
        journal.delete("lamp/hall");
        journal.append("lamp/kitchen", "6");
        return journal;
    }

    static void aKeyHasAPresentAndAPast() {
        try (Journal journal = lamps()) {
            Entry latest = journal.get("lamp/kitchen").orElseThrow();
            Check.equal(latest.value(), "6");
            Check.equal(latest.revision(), 3);
            Check.equal(latest.prev(), 3);
            Check.ok(journal.get("lamp/hall").isEmpty());
            Check.ok(journal.get("nobody").isEmpty());
            Check.equal(journal.getAt("lamp/kitchen", 3).orElseThrow().value(),
                "0");
            Check.ok(journal.getAt("lamp/kitchen", 0).isEmpty());
            Check.equal(journal.getAt("lamp/hall", 5).orElseThrow().value(),
                "1");
            Check.ok(journal.getAt("lamp/hall", 6).isEmpty());
            Check.raises("OUT_OF_RANGE", () -> journal.getAt("door", 8));
            Check.raises("EINVAL", () -> journal.get(""));
            Check.raises("EINVAL", () -> journal.delete(""));
        }
    }

    static void anEntryIsReadByItsNumber() {
        try (Journal journal = lamps()) {
            for (long seq = 0; seq < 7; seq++) {
                Check.equal(journal.read(seq).seq(), seq);
            }
            Check.ok(journal.read(5).tombstone());
            Check.raises("OUT_OF_RANGE", () -> journal.read(7));
            Check.raises("OUT_OF_RANGE", () -> journal.read(Journal.NONE));
            Check.raises("OUT_OF_RANGE", () -> journal.read(Long.MIN_VALUE));
        }
    }

    static void aReplayIsALoop() {
        try (Journal journal = lamps()) {
            Check.equal(Check.values(journal.replay()), "0 1 2 3 4 - 6");
            Check.equal(Check.values(journal.replay(5)), "- 6");
            Check.equal(Check.values(journal.replay(7)), "");
            Check.raises("OUT_OF_RANGE", () -> journal.replay(8));
            Cursor cursor = journal.replay(6);
            Check.equal(cursor.next().seq(), 6);
            for (int i = 0; i < 3; i++) {
                Check.equal(cursor.next(), null);
                Check.equal(cursor.fill(100), null);
            }
            Iterator<Entry> ended = cursor.iterator();
            Check.ok(!ended.hasNext());
            Check.refuses(NoSuchElementException.class, ended::next);
        }
    }

    static void aQueryChooses() {
        Map<Query, String> cases = new LinkedHashMap<>();
        cases.put(Query.all(), "0 1 2 3 4 - 6");
        cases.put(Query.prefix("lamp/"), "0 1 3 - 6");
        cases.put(Query.prefix(""), "0 1 3 4 - 6");
        cases.put(Query.expr("*/kitchen"), "0 3 6");
        cases.put(Query.expr("**").live(), "0 1 3 4 6");
        cases.put(Query.key("lamp/hall"), "1 -");
        cases.put(Query.key("lamp/kitchen").reverse(), "6 3 0");
        cases.put(Query.key("lamp/kitchen").firstRevision(2), "3 6");
        cases.put(Query.key("nobody"), "");
        cases.put(Query.all().latest(), "4 - 6");
        cases.put(Query.all().latest().live(), "4 6");
        cases.put(Query.all().latest().limit(4), "1 3");
        cases.put(Query.all().first(1).limit(4), "1 2 3");
        cases.put(Query.all().reverse().limit(3), "2 1 0");
        try (Journal journal = lamps()) {
            cases.forEach((query, expected) ->
                Check.equal(Check.values(journal.query(query)), expected));
        }
    }

    static void aQueryThatMakesNoSenseIsRefused() {
        try (Journal journal = lamps()) {
            for (Query query : List.of(Query.key(""), Query.expr("a//b"),
                Query.expr("**/**"), Query.all().follow().reverse(),
                Query.all().follow().latest(),
                Query.prefix("a").firstRevision(2))) {
                Check.raises("EINVAL", () -> journal.query(query));
            }
            Check.raises("OUT_OF_RANGE",
                () -> journal.query(Query.all().first(8)));
            Check.raises("OUT_OF_RANGE",
                () -> journal.query(Query.all().limit(8)));
            Check.raises("TOO_BIG",
                () -> journal.query(Query.key("k".repeat(65536))));
        }
    }

    static void timesFindEntries() throws Exception {
        try (Journal journal = lamps()) {
            Thread.sleep(2);
            journal.append("late", "7");
            long time = journal.read(7).time();
            Check.ok(time > journal.read(6).time());
            Check.equal(journal.findTime(time), 7);
            Check.equal(journal.findTime(time + 1), 8);
            Check.equal(journal.findTime(0), 0);
            Check.equal(Check.values(journal.query(Query.all().since(time))),
                "7");
            Check.equal(Check.values(journal.query(
                Query.all().until(time).first(5))), "- 6");
        }
    }

    private static void same(Entry a, Entry b) {
        Check.equal(a.seq(), b.seq());
        Check.equal(a.time(), b.time());
        Check.equal(a.prev(), b.prev());
        Check.equal(a.revision(), b.revision());
        Check.equal(a.tombstone(), b.tombstone());
        Check.equal(a.key(), b.key());
        Check.equal(a.value(), b.value());
        Check.equal(a.meta(), b.meta());
        Check.equal(a.stamp() == null, b.stamp() == null);
        if (a.stamp() != null && b.stamp() != null) {
            Check.equal(a.stamp().time(), b.stamp().time());
            Check.equal(a.stamp().id(), b.stamp().id());
        }
    }

    static void packedEntriesAreThoseThatNextGives() {
        try (Journal journal = lamps()) {
            journal.append(List.of(Change.put("s", "v".repeat(3000))
                .meta(new byte[] {'m'}).stamp(-1, new byte[16])));
            for (int size : new int[] {0, 64, 200, 4000, 1 << 18}) {
                Cursor packed = journal.replay();
                Cursor single = journal.replay();
                byte[] piece;
                int n = 0;
                while ((piece = packed.fill(size)) != null) {
                    for (Entry entry : Entry.unpack(piece, piece.length)) {
                        same(entry, single.next());
                        n++;
                    }
                }
                Check.equal(n, 8);
                Check.equal(single.next(), null);
            }
        }
    }

    static void fillAndNextMayTakeTurns() {
        try (Journal journal = lamps(); Cursor cursor = journal.replay()) {
            Check.equal(cursor.next().seq(), 0);
            byte[] piece = cursor.fill(150);
            Check.equal(Entry.unpack(piece, piece.length).size(), 2);
            Check.equal(cursor.next().seq(), 3);
        }
    }

    static void aPackedPieceIsAppendedAsItIs() {
        try (Journal journal = lamps()) {
            Check.equal(journal.appendPacked(journal.replay().fill(10000)), 7);
            Check.equal(Check.values(journal.replay(7)), "0 1 2 3 4 - 6");
        }
    }

    static void aFollowerSeesWhatAnotherProcessAppendsEachOnce()
        throws Exception {
        try (Journal journal = Journal.open(Check.place());
            Cursor all = journal.query(Query.all().follow());
            Cursor even = journal.query(Query.key("even").follow())) {
            Process child = Check.child("append", Check.place(), "200");
            CompletableFuture<Long> evens = CompletableFuture.supplyAsync(
                () -> countEven(even));
            for (long seq = 0; seq < 200; seq++) {
                Entry entry = all.poll(Duration.ofSeconds(60));
                Check.equal(entry.seq(), seq);
                Check.equal(entry.valueText(), "" + seq);
            }
            Check.equal(all.poll(Duration.ofMillis(20)), null);
            Check.equal(evens.get(), 100);
            Check.equal(even.next(), null);
            Check.equal(Check.outputOf(child), "");
        }
    }

    private static long countEven(Cursor even) {
        try {
            long n = 0;
            while (n < 100) {
                Check.equal(even.poll(Duration.ofSeconds(60)).seq(), 2 * n++);
            }
            return n;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void aFollowerGoesOnBehindARewind() throws Exception {
        try (Journal journal = lamps();
            Cursor cursor = journal.query(Query.all().follow().first(4))) {
            for (long seq = 4; seq < 7; seq++) {
                Check.equal(cursor.poll(Duration.ZERO).seq(), seq);
            }
            CompletableFuture<Void> rewinding = CompletableFuture.runAsync(
                () -> {
                    journal.rewind(2);
                    journal.append("k", "after");
                },
                CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS));
            Check.equal(cursor.poll(Duration.ofSeconds(60)).value(), "after");
            rewinding.get();
            Check.equal(journal.stat().size, 3);
        }
    }

    static void aWaitEndsWithItsTimeOrWithTheEntry() throws Exception {
        try (Journal journal = Journal.open(Check.place())) {
            Check.ok(!journal.await(0, Duration.ZERO));
            long begun = System.nanoTime();
            Check.ok(!journal.await(0, Duration.ofMillis(150)));
            Check.ok(System.nanoTime() - begun >= 150_000_000);
            CompletableFuture<Boolean> waiting =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return journal.await(0, Duration.ofSeconds(60));
                    } catch (InterruptedException e) {
                        return false;
                    }
                });
            Thread.sleep(10);
            journal.append("k", "v");
            Check.ok(waiting.get());
            Check.ok(journal.await(0, Duration.ZERO));
        }
    }
}
