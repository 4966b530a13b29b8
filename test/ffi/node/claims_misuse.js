// claims_misuse.js - errors and their names; use after close; garbage; threads
// and processes.
"use strict";

const fs = require("node:fs");
const { spawnSync } = require("node:child_process");
const { once } = require("node:events");
const { Worker } = require("node:worker_threads");
const { Journal, JournalError, codes, destroy, expr, version, EXCLUSIVE,
        EXISTING, RELAXED } = require("./journal");
const { equal, ok, place, raises, rejects, sleep, values } = require("./check");

const REQUIRED = `require(${JSON.stringify(__dirname + "/journal")})`;

// In a function of its own, whose variables are gone afterwards.
function leaveOpen(path) {
    new Journal(path).append("k", "v");
    for (let i = 0; i < 100; i++) {
        const journal = new Journal(path);
        ok(journal.replay().next());
        ok(journal.get("k"));
    }
}

// Can the journal be removed, which nobody may have open?
function destroyed(path) {
    try {
        destroy(path);
        return true;
    } catch (error) {
        if (error.code !== "JOURNAL_BUSY") {
            throw error;
        }
        return false;
    }
}

module.exports = {
    "each code has a name and words"() {
        const words = new Set();
        for (const [name, code] of Object.entries(codes)) {
            const error = new JournalError(code);
            equal(error.code, `JOURNAL_${name}`);
            equal(error.errno, code);
            ok(error.message.startsWith(`JOURNAL_${name}: `));
            ok(error instanceof Error);
            words.add(error.message.split(": ")[1]);
        }
        equal(words.size, 16);
        ok(!words.has(""));
        equal(new JournalError(-17).code, "UNKNOWN");
        equal(new JournalError(2).message, "ENOENT: No such file or directory");
        ok(version()[0] > 0);
        ok(version()[1].includes("LMDB"));
    },

    "a closed handle is refused and not used"() {
        const journal = new Journal(place());
        journal.append("k", "v");
        const cursor = journal.replay();
        journal.close();
        journal.close();
        for (const [name, ...args] of [
            ["append", "k", "v"], ["delete", "k"], ["get", "k"], ["read", 0],
            ["getAt", "k", 0], ["replay"], ["query"], ["stat"], ["sync"],
            ["wait", 0, 0], ["verify"], ["backup", "b"], ["mark", "m", 0],
            ["marked", "m"], ["unmark", "m"], ["prune", 0], ["rewind", 0],
            ["findTime", 0], ["appendBatch", []], ["appendPacked", ""],
        ]) {
            raises("Error", () => journal[name](...args));
        }
        raises("Error", () => [...journal.marks()]);
        equal(cursor.next().value, "v"); // It may outlive its journal.
        cursor.close();
        cursor.close();
        raises("Error", () => cursor.next());
        raises("Error", () => cursor.fill());
        raises("Error", () => values(cursor));
    },

    async "a close waits for the calls on other threads"() {
        const path = place();
        const journal = new Journal(path);
        const waiting = journal.waitAsync(0, 100);
        const appending = journal.appendAsync("k", "v");
        journal.close();
        await rejects("Error", journal.waitAsync(0, 0));
        await rejects("Error", journal.appendAsync("k", "v"));
        equal(await appending, 0n);
        equal(await waiting, true);
        destroy(path); // JOURNAL_BUSY, were it still open.
        ok(!fs.existsSync(path));
    },

    async "a close ends who follows"() {
        const journal = new Journal(place());
        journal.append("k", "v");
        const seen = [];
        setTimeout(() => journal.close(), 50);
        for await (const entry of journal.follow()) {
            seen.push(entry.value.toString());
        }
        equal(seen, ["v"]);
        raises("Error", () => journal.stat());
    },

    async "what is not closed is collected"() {
        const path = place();
        leaveOpen(path);
        // Finalizers are tasks of their own, some time after the collection.
        for (let i = 0; i < 1000 && !destroyed(path); i++) {
            global.gc();
            await sleep(5);
        }
        raises("NOT_FOUND", () => new Journal(path, { flags: EXISTING }));
    },

    "garbage collection leaves what is in use alone"() {
        const journal = new Journal(place(), { durability: RELAXED });
        const value = (i, k) => `value ${i} ${k} `.repeat(20);
        for (let i = 0; i < 50; i++) {
            const records = [];
            for (let k = 0; k < 20; k++) {
                records.push({ key: `k${i}`, value: value(i, k) });
            }
            journal.appendBatch(records);
            global.gc();
        }
        const kept = [...journal.replay()];
        const single = journal.replay();
        for (let entry; (entry = single.next()) !== null;) {
            kept.push(entry);
        }
        journal.close();
        global.gc();
        const right = kept.filter((entry, n) => {
            const [i, k] = [Math.floor(n % 1000 / 20), n % 20];
            return entry.key.toString() === `k${i}` &&
                entry.value.toString() === value(i, k);
        });
        equal(right.length, 2000);
    },

    "a loop that is left early gives its cursor back"() {
        const path = place();
        const journal = new Journal(path);
        for (let i = 0; i < 10; i++) {
            journal.append("k", `${i}`);
        }
        for (const entry of journal.replay()) {
            equal(entry.seq, 0n);
            break;
        }
        journal.close();
        destroy(path);
        ok(!fs.existsSync(path));
    },

    "arguments of a wrong type do not reach C"() {
        const journal = new Journal(place());
        for (const wrong of [5, 5n, {}, [], null, true, () => 0]) {
            raises("TypeError", () => journal.append("k", wrong));
            raises("TypeError", () => journal.append(wrong, "v"));
            raises("TypeError", () => journal.get(wrong));
            raises("TypeError", () => journal.mark(wrong, 0));
        }
        raises("TypeError", () => journal.replay("x"));
        raises("TypeError", () => journal.query({ first: "0" }));
        equal(journal.stat().size, 0n);
        journal.close();
    },

    "key expressions are those of the library"() {
        ok(expr.isCanonical("a/**/b"));
        ok(!expr.isCanonical("a/**/**/b"));
        equal(expr.canonize("a/**/**/b"), "a/**/b");
        equal(expr.canonize("**/*"), "*/**");
        raises("EINVAL", () => expr.canonize("a//b"));
        ok(expr.matches("lamp/*", "lamp/hall"));
        ok(!expr.matches("lamp/*", "lamp"));
        ok(expr.intersects("a/*", "*/b"));
        ok(!expr.intersects("a/*", "b/*"));
        ok(expr.includes("a/**", "a/*"));
        ok(!expr.includes("a/*", "a/**"));
    },

    async "appends on threads at the same time have dense numbers"() {
        const journal = new Journal(place());
        const numbers = await Promise.all(Array.from({ length: 100 },
            (_, i) => journal.appendAsync(`k${i % 4}`, `${i}`)));
        numbers.sort((a, b) => (a < b ? -1 : 1));
        equal(numbers, Array.from({ length: 100 }, (_, i) => BigInt(i)));
        journal.close();
    },

    async "four workers append at the same time, and numbers are dense"() {
        const path = place();
        const journal = new Journal(path);
        const workers = [1, 2, 3, 4].map((number) => new Worker(`
            const { Journal } = ${REQUIRED};
            const journal = new Journal(${JSON.stringify(path)});
            for (let i = 0, last = -1n; i < 100; i++) {
                const seq = journal.append("t${number}", String(i));
                if (seq <= last)
                    process.exit(1);
                last = seq;
            }
            journal.close();
        `, { eval: true }));
        for (const status of await Promise.all(
            workers.map((worker) => once(worker, "exit")))) {
            equal(status[0], 0);
        }
        const next = {};
        let seq = 0n;
        for (const entry of journal.replay()) {
            equal(entry.seq, seq++);
            const n = next[entry.key] ?? 0;
            equal(entry.value, `${n}`);
            next[entry.key] = n + 1;
        }
        equal(seq, 400n);
        journal.close();
    },

    "who has it alone keeps others out"() {
        const path = place();
        const journal = new Journal(path, { flags: EXCLUSIVE });
        raises("BUSY", () => destroy(path));
        const child = spawnSync(process.execPath, ["-e", `
            const { Journal, READ_ONLY } = ${REQUIRED};
            const path = ${JSON.stringify(path)};
            new Journal(path, { flags: READ_ONLY }).close();
            try {
                new Journal(path);
            } catch (error) {
                console.log(error.code);
            }
        `], { stdio: ["ignore", "pipe", "inherit"] });
        equal(child.stdout, "JOURNAL_BUSY\n");
        journal.close();
    },

    "a journal that was replaced is not written to"() {
        const path = place();
        const journal = new Journal(path);
        journal.append("k", "v");
        fs.renameSync(path, place("moved"));
        new Journal(path).close();
        raises("ESTALE", () => journal.append("k", "w"));
        journal.close();
    },

    "a scope may close a journal"() {
        if (Symbol.dispose) {
            const journal = new Journal(place());
            journal[Symbol.dispose]();
            raises("Error", () => journal.stat());
        }
    },
};
