// claims_upkeep.js - marks, prune, rewind, figures, damage and its repair.
"use strict";

const { Journal, pack, salvage, NONE, EXISTING, READ_ONLY, IMMUTABLE } =
    require("./journal");
const { damage, equal, ok, place, raises, rejects, values } =
    require("./check");

function ten(options) {
    const journal = new Journal(place(), options);
    for (let i = 0; i < 10; i++) {
        journal.append(i % 2 ? "odd" : "even", `${i}`);
    }
    return journal;
}

module.exports = {
    "a mark is kept, listed in order and removed"() {
        const journal = ten();
        journal.mark("b", 3);
        journal.mark("a", 10);
        journal.mark("é", 0);
        equal(journal.marked("b"), 3n);
        journal.mark("b", 2);
        equal(journal.marked("b"), 2n);
        equal(journal.marked("nobody"), null);
        equal([...journal.marks()], [["a", 10n], ["b", 2n], ["é", 0n]]);
        raises("OUT_OF_RANGE", () => journal.mark("a", 11));
        raises("EINVAL", () => journal.mark("", 0));
        raises("EINVAL", () => journal.mark("n".repeat(256), 0));
        raises("TypeError", () => journal.mark("a\0b", 0));
        journal.unmark("b");
        raises("NOT_FOUND", () => journal.unmark("b"));
        equal(journal.stat().marks, 2n);
        journal.close();
    },

    "a prune stops at the slowest mark"() {
        const journal = ten();
        journal.mark("slow", 4);
        equal(journal.prune(8), 4n);
        equal(journal.stat().first, 4n);
        raises("PRUNED", () => journal.read(3));
        raises("PRUNED", () => journal.replay(3));
        raises("PRUNED", () => journal.getAt("odd", 4));
        equal(journal.prune(6, { pastMarks: true }), 2n);
        journal.unmark("slow");
        equal(journal.prune(NONE), 4n);
        equal(journal.get("even"), null);
        equal(journal.append("k", "v"), 10n);
        journal.close();
    },

    "a cursor says once that entries were pruned, and goes on"() {
        const journal = new Journal(place());
        const piece = pack({ key: "k", value: Buffer.alloc(1 << 20) });
        for (let i = 0; i < 20; i++) {
            journal.appendPacked(piece);
        }
        const cursor = journal.replay();
        equal(cursor.next().seq, 0n);
        journal.prune(18);
        let [last, overtaken] = [0n, 0];
        for (let entry = {}; entry !== null;) {
            try {
                entry = cursor.next();
                last = entry?.seq ?? last;
            } catch (error) {
                equal(error.code, "JOURNAL_PRUNED");
                overtaken++;
            }
        }
        equal(overtaken, 1);
        equal(last, 19n);
        journal.close();
    },

    "a compaction keeps what is latest"() {
        const journal = ten();
        journal.delete("odd");
        equal(journal.prune(NONE, { keepLatest: true }), 10n);
        equal(values(journal.replay()), "8");
        equal(journal.get("odd"), null);
        equal(journal.get("even").revision, 5n);
        journal.close();
    },

    "a rewind takes back what came after"() {
        const journal = ten();
        journal.mark("m", 9);
        journal.rewind(3);
        equal(journal.get("odd").value, "1");
        equal(journal.marked("m"), 3n);
        equal(journal.append("odd", "again"), 3n);
        raises("EINVAL", () => journal.rewind(5));
        journal.prune(2);
        raises("PRUNED", () => journal.rewind(1));
        journal.close();
    },

    "retention removes by itself"() {
        const journal = ten({ keep_entries: 4 });
        equal(values(journal.replay()), "6 7 8 9");
        journal.close();
    },

    "the figures are right"() {
        const journal = ten();
        journal.delete("odd");
        const stat = journal.stat();
        equal(stat.size, 11n);
        equal(stat.entries, 11n);
        equal(stat.keys, 1n);
        equal(stat.tombstones, 1n);
        equal(stat.bytes_logical, BigInt(5 * 5 + 5 * 4 + 3));
        equal(stat.durable_size, 11n);
        equal(stat.first_time, journal.read(0).time);
        equal(stat.last_time, journal.read(10).time);
        equal(stat.marks, 0n);
        journal.close();
    },

    async "a backup is the same journal"() {
        const journal = ten();
        journal.mark("m", 2);
        const to = place("backup");
        let told = 0;
        journal.backup(to, (done, total) => {
            ok(done <= total);
            told++;
        });
        ok(told > 0);
        raises("EXISTS", () => journal.backup(to));
        raises("ENOENT", () => journal.backup(to + "/no/where"));
        await journal.backupAsync(to + "-2");
        await rejects("EXISTS", journal.backupAsync(to + "-2"));
        for (const path of [to, to + "-2"]) {
            const copy = new Journal(path, { flags: EXISTING });
            equal(values(copy.replay()), "0 1 2 3 4 5 6 7 8 9");
            equal(copy.marked("m"), 2n);
            equal(Buffer.from(copy.stat().id), Buffer.from(journal.stat().id));
            copy.close();
        }
        journal.close();
    },

    "a backup serves readers that take no lock"() {
        const [journal, to] = [ten(), place("backup")];
        journal.backup(to);
        const copy = new Journal(to, { flags: READ_ONLY | IMMUTABLE });
        equal(copy.read(9).value, "9");
        equal(copy.wait(9, 0), true);
        raises("UNSUPPORTED", () => copy.wait(10, -1));
        raises("READ_ONLY", () => copy.append("k", "v"));
        copy.close();
        journal.close();
    },

    "progress may stop a call, and may fail"() {
        const [journal, to] = [ten(), place("backup")];
        raises("ECANCELED", () => journal.backup(to, () => true));
        raises("ECANCELED", () => journal.verify(() => true));
        raises("SyntaxError", () => journal.verify(() => {
            throw new SyntaxError("of the caller's");
        }));
        raises("NOT_FOUND", () => new Journal(to, { flags: EXISTING }));
        let size = 0n; // It may use the journal.
        journal.verify(() => {
            size = journal.stat().size;
        });
        equal(size, 10n);
        journal.close();
    },

    "damage is told, goes around and is mended"() {
        const [path, to] = [place(), place("salvaged")];
        const whole = ten();
        whole.append("hit", "a value to be damaged");
        whole.append("even", "last");
        const { ok: fine, report } = whole.verify();
        ok(fine);
        equal(report.entries_checked, 12n);
        equal(report.first_bad, NONE);
        whole.close();
        damage(path, "a value to be damaged");

        const journal = new Journal(path);
        raises("CORRUPT", () => journal.read(10));
        raises("CORRUPT", () => journal.get("hit"));
        equal(journal.read(11).value, "last");
        const cursor = journal.replay(9);
        equal(cursor.next().seq, 9n);
        raises("CORRUPT", () => cursor.next());
        equal(cursor.next().seq, 11n);
        equal(cursor.next(), null);
        raises("CORRUPT", () => values(journal.replay()));
        const told = journal.verify();
        ok(!told.ok);
        equal(told.report.entries_bad, 1n);
        equal(told.report.first_bad, 10n);
        raises("CORRUPT", () => journal.backup(place("backup")));
        raises("BUSY", () => salvage(path, to));
        journal.close();

        raises("ECANCELED", () => salvage(path, to, () => true));
        raises("NOT_FOUND", () => salvage(to, place("other")));
        equal(salvage(path, to).salvaged, 11n);
        const mended = new Journal(to);
        raises("PRUNED", () => mended.read(10));
        equal(mended.read(11).value, "last");
        ok(mended.verify().ok);
        mended.close();
    },
};
