// MisuseClaims.java - errors and their names; use after close; garbage; threads
// and processes.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

final class MisuseClaims {
    private MisuseClaims() { }

    static void eachCodeHasANameAndWords() {
        Set<String> words = new HashSet<>();
        for (JournalException.Code code : JournalException.Code.values()) {
            if (code == JournalException.Code.ERRNO) {
                continue;
            }
            JournalException e = new JournalException(code.result);
            Check.equal(e.code(), code);
            Check.equal(e.codeName(), "JOURNAL_" + code);
            Check.ok(e.getMessage().startsWith(e.codeName() + ": "));
            words.add(e.getMessage().substring(e.codeName().length() + 2));
        }
        Check.equal(words.size(), 16);
        Check.ok(!words.contains(""));
        JournalException errno = new JournalException(2);
        Check.equal(errno.code(), JournalException.Code.ERRNO);
        Check.equal(errno.result(), 2);
        Check.equal(errno.getMessage(), "ENOENT: No such file or directory");
        Check.equal(new JournalException(-17).codeName(), "UNKNOWN");
        Check.ok(LibJournal.C.journal_version() > 0);
        Check.ok(LibJournal.C.journal_version_string().contains("LMDB"));
    }

    static void aClosedHandleIsRefusedAndNotUsed() {
        Journal journal = Journal.open(Check.place());
        journal.append("k", "v");
        Cursor cursor = journal.replay();
        journal.close();
        journal.close();
        for (Check.Body use : List.<Check.Body>of(
            () -> journal.append("k", "v"), () -> journal.delete("k"),
            () -> journal.append(List.of(Change.put("k", "v"))),
            () -> journal.appendPacked(new byte[0]), journal::sync,
            () -> journal.get("k"), () -> journal.getAt("k", 0),
            () -> journal.read(0), () -> journal.findTime(0), journal::replay,
            () -> journal.query(Query.all()), journal::stat, journal::marks,
            () -> journal.await(0, Duration.ZERO), () -> journal.mark("m", 0),
            () -> journal.marked("m"), () -> journal.unmark("m"),
            () -> journal.prune(0), () -> journal.rewind(0),
            () -> journal.verify((done, total) -> false),
            () -> journal.backup("b", (done, total) -> false))) {
            Check.refuses(IllegalStateException.class, use);
        }
        Check.equal(cursor.next().value(), "v"); // It may outlive its journal.
        cursor.close();
        cursor.close();
        Check.refuses(IllegalStateException.class, cursor::next);
        Check.refuses(IllegalStateException.class, () -> cursor.fill(100));
        Check.refuses(IllegalStateException.class, () -> Check.values(cursor));
    }

    /** Can the journal be removed, which nobody may have open? */
    private static boolean destroyed(String path) {
        try {
            Journal.destroy(path);
            return true;
        } catch (JournalException e) {
            Check.equal(e.code(), JournalException.Code.BUSY);
            return false;
        }
    }

    private static void leaveOpen(String path) {
        for (int i = 0; i < 100; i++) {
            Journal journal = Journal.open(path);
            journal.append("k", "v");
            Check.equal(journal.replay().next().valueText(), "v");
            Check.ok(journal.get("k").isPresent());
        }
    }

    static void whatIsNotClosedIsCollected() throws Exception {
        String path = Check.place();
        leaveOpen(path);
        for (int i = 0; i < 1000 && !destroyed(path); i++) {
            System.gc();
            Thread.sleep(5);
        }
        Check.ok(!Files.exists(Path.of(path)));
    }

    static void aJournalIsNotCollectedUnderItsOwnCall() {
        String path = Check.place();
        for (int i = 0; i < 5; i++) {
            Check.ok(Journal.open(path).verify((done, total) -> {
                System.gc(); // Nothing but this call refers to it any more.
                return false;
            }).ok());
        }
    }

    static void garbageCollectionLeavesWhatIsInUseAlone() throws Exception {
        ExecutorService collector = Executors.newSingleThreadExecutor();
        Future<?> collecting = collector.submit(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                System.gc();
            }
        });
        int right = 0;
        try (Journal journal = Journal.open(Check.place(),
            options -> options.durability = Journal.RELAXED)) {
            for (int i = 0; i < 50; i++) {
                List<Change> changes = new ArrayList<>();
                for (int k = 0; k < 20; k++) {
                    changes.add(Change.put("k" + i, ("v" + k).repeat(100)));
                }
                journal.append(changes);
            }
            Cursor single = journal.replay();
            for (Entry entry : journal.replay()) {
                String value = ("v" + entry.seq() % 20).repeat(100);
                if (entry.valueText().equals(value) &&
                    single.next().valueText().equals(value)) {
                    right++;
                }
            }
        }
        Check.equal(right, 1000);
        collecting.cancel(true);
        collector.shutdown();
        Check.ok(collector.awaitTermination(60, TimeUnit.SECONDS));
    }

    static void keyExpressionsAreThoseOfTheLibrary() {
        Check.ok(Journal.isCanonical("a/**/b"));
        Check.ok(!Journal.isCanonical("a/**/**/b"));
        Check.equal(Journal.canonize("a/**/**/b"), "a/**/b");
        Check.equal(Journal.canonize("**/*"), "*/**");
        Check.raises("EINVAL", () -> Journal.canonize("a//b"));
        Check.ok(Journal.matches("lamp/*", "lamp/hall"));
        Check.ok(!Journal.matches("lamp/*", "lamp"));
        Check.ok(Journal.intersects("a/*", "*/b"));
        Check.ok(!Journal.intersects("a/*", "b/*"));
        Check.ok(Journal.includes("a/**", "a/*"));
        Check.ok(!Journal.includes("a/*", "a/**"));
    }

    private static Callable<Boolean> writer(Journal journal, String key) {
        return () -> {
            long last = -1;
            for (int i = 0; i < 100; i++) {
                long seq = journal.append(key, "" + i);
                if (seq <= last) {
                    return false;
                }
                last = seq;
            }
            return true;
        };
    }

    static void fourThreadsAppendAtTheSameTimeAndNumbersAreDense()
        throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (Journal journal = Journal.open(Check.place())) {
            List<Callable<Boolean>> writers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                writers.add(writer(journal, "t" + i));
            }
            for (Future<Boolean> done : threads.invokeAll(writers)) {
                Check.ok(done.get());
            }
            Map<String, Integer> next = new HashMap<>();
            long seq = 0;
            for (Entry entry : journal.replay()) {
                Check.equal(entry.seq(), seq++);
                int n = next.merge(entry.keyText(), 1, Integer::sum);
                Check.equal(entry.valueText(), "" + (n - 1));
            }
            Check.equal(seq, 400);
        }
        threads.shutdown();
    }

    static void aCloseWaitsForCallsAndEndsWaits() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        String path = Check.place();
        Journal journal = Journal.open(path);
        Future<String> waiting = threads.submit(() -> {
            try {
                journal.await(1000000, Duration.ofSeconds(60));
                return "came";
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        });
        Future<Long> appending = threads.submit(() -> {
            for (long n = 0;; n++) {
                try {
                    journal.append("k", "v");
                } catch (IllegalStateException e) {
                    return n;
                }
            }
        });
        Thread.sleep(30);
        journal.close();
        Check.equal(waiting.get(), "is closed");
        try (Journal again = Journal.open(path)) {
            Check.equal(again.stat().size, appending.get());
        }
        threads.shutdown();
    }

    static void aWaitMayBeInterrupted() throws Exception {
        try (Journal journal = Journal.open(Check.place())) {
            Thread.currentThread().interrupt();
            Check.refuses(InterruptedException.class,
                () -> journal.await(0, Duration.ofSeconds(60)));
            Check.ok(!Thread.interrupted());
        }
    }

    static void whoHasItAloneKeepsOthersOut() throws Exception {
        String path = Check.place();
        try (Journal journal = Journal.open(path,
            options -> options.flags = Journal.EXCLUSIVE)) {
            Check.raises("BUSY", () -> Journal.destroy(path));
            Check.equal(Check.outputOf(Check.child("open", path)),
                "opened JOURNAL_BUSY ");
            Check.equal(journal.append("k", "v"), 0);
        }
        Check.equal(Check.outputOf(Check.child("open", path)),
            "opened opened ");
    }

    static void aJournalThatWasReplacedIsNotWrittenTo() throws IOException {
        String path = Check.place();
        try (Journal journal = Journal.open(path)) {
            journal.append("k", "v");
            Files.move(Path.of(path), Path.of(Check.place("moved")));
            Journal.open(path).close();
            Check.raises("ESTALE", () -> journal.append("k", "w"));
        }
    }
}
