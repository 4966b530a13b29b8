// claims_reading.js - get, replay, query, fill and follow.
"use strict";

const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { Journal, pack, unpack, NONE } = require("./journal");
const { equal, ok, place, raises, rejects, sleep, values } = require("./check");

// Entries 0 to 6; the value of each is its number.
function lamps() {
    const journal = new Journal(place());
    journal.append("lamp/kitchen", "0");
    journal.append("lamp/hall", "1");
    journal.append("", "2");
    journal.append("lamp/kitchen", "3");
    journal.append("door", "4");
    journal.delete("lamp/hall");
    journal.append("lamp/kitchen", "6");
    return journal;
}

// Another process appends the numbers below COUNT; resolves to its status.
async function writer(path, count) {
    const child = spawn(process.execPath, ["-e", `
        const { Journal } = require(${JSON.stringify(__dirname + "/journal")});
        const journal = new Journal(${JSON.stringify(path)});
        for (let i = 0; i < ${count}; i++)
            journal.append(i % 2 ? "odd" : "even", String(i));
        journal.close();
    `], { stdio: "inherit" });
    return (await once(child, "exit"))[0];
}

module.exports = {
    "a key has a present and a past"() {
        const journal = lamps();
        equal(journal.get("lamp/kitchen").value, "6");
        equal(journal.get("lamp/kitchen").revision, 3n);
        equal(journal.get("lamp/kitchen").prev, 3n);
        equal(journal.get("lamp/hall"), null);
        equal(journal.get("nobody"), null);
        equal(journal.getAt("lamp/kitchen", 3).value, "0");
        equal(journal.getAt("lamp/kitchen", 0), null);
        equal(journal.getAt("lamp/hall", 5).value, "1");
        equal(journal.getAt("lamp/hall", 6), null);
        raises("OUT_OF_RANGE", () => journal.getAt("door", 8));
        raises("EINVAL", () => journal.get(""));
        raises("EINVAL", () => journal.delete(""));
        journal.close();
    },

    "an entry is read by its number"() {
        const journal = lamps();
        for (let seq = 0n; seq < 7n; seq++) {
            equal(journal.read(seq).seq, seq);
        }
        ok(journal.read(5).tombstone);
        raises("OUT_OF_RANGE", () => journal.read(7));
        raises("OUT_OF_RANGE", () => journal.read(NONE));
        raises("RangeError", () => journal.read(-1));
        raises("RangeError", () => journal.read(2n ** 64n));
        raises("RangeError", () => journal.read(NaN));
        raises("TypeError", () => journal.read("0"));
        raises("TypeError", () => journal.read());
        journal.close();
    },

    "a replay is a loop"() {
        const journal = lamps();
        equal(values(journal.replay()), "0 1 2 3 4 - 6");
        equal(values(journal.replay(5)), "- 6");
        equal(values(journal.replay(7)), "");
        raises("OUT_OF_RANGE", () => journal.replay(8));
        const cursor = journal.replay(6);
        ok(cursor.next());
        for (let i = 0; i < 3; i++) {
            equal(cursor.next(), null);
            equal(cursor.fill(), null);
        }
        journal.close();
    },

    "a query chooses"() {
        const journal = lamps();
        for (const [options, expected] of [
            [{}, "0 1 2 3 4 - 6"],
            [{ prefix: "lamp/" }, "0 1 3 - 6"],
            [{ prefix: "" }, "0 1 3 4 - 6"],
            [{ expr: "*/kitchen" }, "0 3 6"],
            [{ expr: "**", live: true }, "0 1 3 4 6"],
            [{ key: "lamp/hall" }, "1 -"],
            [{ key: "lamp/kitchen", reverse: true }, "6 3 0"],
            [{ key: "lamp/kitchen", first_revision: 2 }, "3 6"],
            [{ key: "nobody" }, ""],
            [{ latest: true }, "4 - 6"],
            [{ latest: true, live: true }, "4 6"],
            [{ latest: true, limit: 4 }, "1 3"],
            [{ first: 1, limit: 4 }, "1 2 3"],
            [{ reverse: true, limit: 3 }, "2 1 0"],
        ]) {
            equal(values(journal.query(options)), expected);
        }
        journal.close();
    },

    "a query that makes no sense is refused"() {
        const journal = lamps();
        const query = (options) => () => journal.query(options);
        raises("EINVAL", query({ key: "" }));
        raises("EINVAL", query({ expr: "a//b" }));
        raises("EINVAL", query({ expr: "**/**" }));
        raises("EINVAL", query({ follow: true, reverse: true }));
        raises("EINVAL", query({ follow: true, latest: true }));
        raises("EINVAL", query({ prefix: "a", first_revision: 2 }));
        raises("OUT_OF_RANGE", query({ first: 8 }));
        raises("OUT_OF_RANGE", query({ limit: 8 }));
        raises("TOO_BIG", query({ key: "k".repeat(65536) }));
        raises("TypeError", query({ match: 4 }));
        raises("TypeError", query({ key: 4 }));
        journal.close();
    },

    async "times find entries"() {
        const journal = lamps();
        await sleep(2);
        journal.append("late", "7");
        const time = journal.read(7).time;
        ok(time > journal.read(6).time);
        equal(journal.findTime(time), 7n);
        equal(journal.findTime(time + 1n), 8n);
        equal(journal.findTime(0), 0n);
        equal(values(journal.query({ since: time })), "7");
        equal(values(journal.query({ until: time, first: 5 })), "- 6");
        journal.close();
    },

    "packed entries are those that next gives"() {
        const journal = lamps();
        journal.appendPacked(pack({
            key: "s", value: "v".repeat(3000), meta: "m",
            stamp: { time: NONE, id: "\x01".repeat(16) } }));
        for (const size of [0, 64, 200, 4000, 1 << 18]) {
            const [packed, single] = [journal.replay(), journal.replay()];
            let n = 0;
            for (let piece; (piece = packed.fill(size)) !== null;) {
                const entries = [...unpack(piece.packed)];
                equal(entries.length, piece.count);
                for (const entry of entries) {
                    const other = single.next();
                    for (const name in other) {
                        equal(entry[name], other[name]);
                    }
                    n++;
                }
            }
            equal(n, 8);
            equal(single.next(), null);
        }
        journal.close();
    },

    "fill and next may take turns"() {
        const journal = lamps();
        const cursor = journal.replay();
        equal(cursor.next().seq, 0n);
        equal(cursor.fill(150).count, 2);
        equal(cursor.next().seq, 3n);
        cursor.close();
        journal.close();
    },

    "a packed piece is appended as it is"() {
        const journal = lamps();
        equal(journal.appendPacked(journal.replay().fill().packed),
              { count: 7, first: 7n });
        equal(values(journal.replay(7)), "0 1 2 3 4 - 6");
        journal.close();
    },

    async "a follower sees what another process appends, each once"() {
        const journal = new Journal(place());
        const status = writer(place(), 200);
        const done = new AbortController();
        const evens = (async () => {
            let seen = 0n;
            for await (const entry of journal.follow({ key: "even" },
                                                     done.signal)) {
                equal(entry.seq, 2n * seen++);
            }
            return seen;
        })();
        let next = 0n;
        for await (const entry of journal.follow({}, done.signal)) {
            equal(entry.seq, next);
            equal(entry.value, `${next}`);
            if (++next === 200n) {
                break;
            }
        }
        await sleep(300);
        done.abort();
        equal(await evens, 100n);
        equal(await status, 0);
        journal.close();
    },

    async "a follower goes on behind a rewind"() {
        const journal = lamps();
        const seen = [];
        for await (const entry of journal.follow({ first: 4 })) {
            seen.push(entry.value.toString());
            if (seen.length === 3) {
                setTimeout(() => {
                    journal.rewind(2);
                    journal.append("k", "after");
                }, 20);
            } else if (seen.length === 4) {
                break;
            }
        }
        equal(seen, ["4", "", "6", "after"]);
        equal(journal.stat().size, 3n);
        journal.close();
    },

    async "a wait ends with its time or with the entry"() {
        const journal = new Journal(place());
        equal(journal.wait(0, 0), false);
        const begun = performance.now();
        equal(await journal.waitAsync(0, 50), false);
        ok(performance.now() - begun >= 50);
        const waiting = journal.waitAsync(0, 60000);
        await sleep(10);
        journal.append("k", "v");
        equal(await waiting, true);
        equal(journal.wait(0, -1), true);
        await rejects("RangeError", journal.waitAsync(-1, 0));
        journal.close();
    },
};
