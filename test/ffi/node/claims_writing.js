// claims_writing.js - open and append in all their forms.
"use strict";

const fs = require("node:fs");
const { Journal, destroy, pack, NONE, EXISTING, NEW, READ_ONLY, RELAXED } =
    require("./journal");
const { equal, ok, place, raises, values } = require("./check");

module.exports = {
    "a journal is made, opened again and not made twice"() {
        const path = place();
        raises("NOT_FOUND", () => new Journal(path, { flags: EXISTING }));
        const first = new Journal(path, { flags: NEW });
        equal(first.append("k", "v"), 0n);
        first.close();
        raises("EXISTS", () => new Journal(path, { flags: NEW }));
        const second = new Journal(path, { flags: EXISTING });
        equal(second.get("k").value, "v");
        second.close();
    },

    "a read-only journal refuses what would change it"() {
        const path = place();
        raises("NOT_FOUND", () => new Journal(path, { flags: READ_ONLY }));
        const journal = new Journal(path);
        journal.append("k", "v");
        const reader = new Journal(path, { flags: READ_ONLY });
        equal(reader.get("k").value, "v");
        for (const change of [
            () => reader.append("k", "w"),
            () => reader.appendBatch([{ key: "k" }]),
            () => reader.appendPacked(pack({ key: "k" })),
            () => reader.delete("k"),
            () => reader.prune(1),
            () => reader.rewind(0),
            () => reader.mark("m", 0),
            () => reader.unmark("m"),
            () => reader.sync(),
        ]) {
            raises("READ_ONLY", change);
        }
        reader.close();
        equal(journal.stat().size, 1n);
        journal.close();
    },

    "a hostile path is an error with a name"() {
        const path = place();
        raises("ENOENT", () => new Journal(path + "/a/b"));
        raises("EINVAL", () => new Journal(""));
        raises("ENAMETOOLONG", () => new Journal("x".repeat(5000)));
        raises("TypeError", () => new Journal(path + "\0hidden"));
        raises("TypeError", () => new Journal(5));
        raises("TypeError", () => new Journal(null));
        raises("TypeError", () => new Journal());
        fs.writeFileSync(path, "no journal");
        raises("UNSUPPORTED", () => new Journal(path));
        const odd = place("\n %s ; é \u{1f4d3}");
        new Journal(odd).close();
        ok(fs.existsSync(odd));
        destroy(odd);
        raises("NOT_FOUND", () => destroy(odd));
    },

    "what is no journal is not taken for one"() {
        const path = place();
        fs.mkdirSync(path);
        fs.writeFileSync(path + "/data.mdb", "not a database ".repeat(1000));
        raises("UNSUPPORTED", () => new Journal(path));
    },

    "options reach the library"() {
        const path = place();
        const open = (options) => () => new Journal(path, options);
        raises("EINVAL", open({ flags: NEW | EXISTING }));
        raises("EINVAL", open({ flags: 1024 }));
        raises("EINVAL", open({ struct_size: 4 }));
        raises("EINVAL", open({ first_seq: NONE }));
        raises("TypeError", open({ no_such_option: 1 }));
        raises("TypeError", open({ toString: 1 }));
        raises("RangeError", open({ flags: 2 ** 32 }));
        raises("RangeError", open({ bytes_max: -1 }));
        raises("RangeError", open({ bytes_max: 1.5 }));
        raises("RangeError", open({ bytes_max: 2 ** 53 })); // needs BigInt
        const journal = new Journal(path, {
            first_seq: 2n ** 53n + 1n, bytes_max: 2 ** 30, tail_bytes: 2 ** 17,
        });
        equal(journal.append("k", ""), 9007199254740993n);
        equal(journal.append("k", ""), 9007199254740994n);
        equal(journal.stat().bytes_max, 2n ** 30n);
        equal(journal.stat().tail_bytes, 2n ** 17n);
        journal.close();
    },

    "the last number there is can be used"() {
        const journal = new Journal(place(), { first_seq: NONE - 1n });
        equal(journal.append("k", ""), 18446744073709551614n);
        raises("FULL", () => journal.append("k", ""));
        equal(journal.read(NONE - 1n).seq, NONE - 1n);
        journal.close();
    },

    "bytes come back as they went in"() {
        const journal = new Journal(place());
        const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        const long = Buffer.alloc(2 ** 21, all);
        [["key", "value"], ["", "no key"], ["empty", ""], ["", ""],
         ["\0", "\0\0"], [all, all], ["long", long],
         [new Uint8Array([1]), new Uint8Array(all.buffer, 8, 3)],
        ].forEach(([key, value], i) => {
            equal(journal.append(key, value), BigInt(i));
            const entry = journal.read(i);
            ok(entry.key.equals(Buffer.from(key)));
            ok(entry.value.equals(Buffer.from(value)));
            equal(entry.meta.length, 0);
            equal(entry.revision, key === "" ? 0n : 1n);
            equal(entry.prev, null);
        });
        equal(journal.append("é"), 8n);
        equal(journal.get("é").key, "\xc3\xa9");
        journal.close();
    },

    "an expectation that says nothing is refused"() {
        const journal = new Journal(place());
        journal.append("k", "v");
        raises("TypeError", () => journal.append("k", "w", { expct: 0 }));
        raises("TypeError", () => journal.append("k", "w", { expectSeq: 1 }));
        raises("TypeError", () => journal.append("k", "w", { expect: null }));
        raises("TypeError", () => journal.append("k", "w", {
            expect: journal.get("none")?.seq,
        }));
        raises("TypeError", () => journal.append("k", "w", {
            expect_seq: undefined,
        }));
        equal(values(journal.replay()), "v");
        journal.appendBatch([...journal.replay()]);
        equal(values(journal.replay()), "v v");
        equal(journal.read(1).stamp, null);
        journal.close();
    },

    "a batch is appended as a whole or not at all"() {
        const journal = new Journal(place());
        const batch = (...records) => journal.appendBatch(records);
        journal.append("a", "0");
        const id = "0123456789abcde\0";
        equal(batch({ key: "a", value: "1", meta: "m\0", expect: 0 },
                    { value: "no key" },
                    { key: "b", stamp: { time: 7, id }, expect: NONE },
                    { key: "a", tombstone: true, expect_seq: 4 }), 1n);
        equal(journal.read(1).meta, "m\0");
        equal(journal.read(1).prev, 0n);
        equal(journal.read(1).revision, 2n);
        equal(journal.read(3).stamp.time, 7n);
        equal(journal.read(3).stamp.id, id);
        ok(journal.read(4).tombstone);
        raises("EINVAL", () => batch());
        raises("CONFLICT", () => batch({ key: "c" }, { key: "b", expect: 0 }));
        raises("CONFLICT", () => batch({ key: "b", expect: NONE }));
        raises("CONFLICT", () => batch({ expect_seq: 9 }));
        raises("CONFLICT", () => journal.append("b", "v", { expect: 0 }));
        raises("EINVAL", () => batch({ expect: 0 }));
        raises("EINVAL", () => batch({ tombstone: true }));
        raises("EINVAL", () => batch({ key: "c", value: "v",
                                         tombstone: true }));
        raises("RangeError", () => batch({ stamp: { time: 1, id: "short" } }));
        raises("TypeError", () => batch({ key: 5 }));
        raises("TypeError", () => batch({ key: {} }));
        equal(journal.stat().size, 5n);
        journal.close();
    },

    "a batch of many records is passed on"() {
        const journal = new Journal(place());
        const records = Array.from({ length: 20000 }, (_, i) =>
            ({ key: `key ${i % 100}`, value: `value ${i}` }));
        equal(journal.appendBatch(records), 0n);
        let i = 0;
        for (const entry of journal.replay()) {
            if (entry.value.toString() === `value ${i}` &&
                entry.key.toString() === `key ${i % 100}`) {
                i++;
            }
        }
        equal(i, 20000);
        journal.close();
    },

    "an older stamp is outdated and an equal one is not"() {
        const journal = new Journal(place());
        const put = (time, last) => journal.appendBatch([{ key: "k", stamp: {
            time, id: Buffer.alloc(16).fill(last, 15) } }]);
        equal(put(5, 5), 0n);
        raises("OUTDATED", () => put(4, 255));
        raises("OUTDATED", () => put(5, 4));
        equal(put(5, 5), 1n);
        equal(put(NONE, 0), 2n);
        equal(journal.read(2).stamp.time, NONE);
        journal.close();
    },

    "what is packed in JavaScript comes back"() {
        const journal = new Journal(place());
        const records = [
            { key: "k", value: "v" }, { value: "no key" }, {},
            { key: Buffer.of(255, 0), value: "\0", meta: "m", stamp: {
                time: 9007199254740993n, id: "i".repeat(16) } },
            { key: "k", tombstone: true },
        ];
        const pieces = records.map(pack);
        equal(journal.appendPacked(Buffer.concat(pieces)),
              { count: 5, first: 0n });
        records.forEach((record, i) => {
            const entry = journal.read(i);
            ok(entry.key.equals(Buffer.from(record.key ?? "")));
            equal(entry.value, record.value ?? "");
            equal(entry.meta, record.meta ?? "");
            equal(entry.tombstone, record.tombstone ?? false);
            equal(entry.stamp?.time, record.stamp?.time);
        });
        for (let size = 0; size < pieces[3].length; size++) {
            raises("EINVAL",
                   () => journal.appendPacked(pieces[3].subarray(0, size)));
        }
        equal(journal.stat().size, 5n);
        journal.close();
    },

    "what is too big is refused"() {
        const journal = new Journal(place());
        const most = "k".repeat(65535);
        equal(journal.append(most, "v"), 0n);
        equal(journal.get(most).key, most);
        raises("TOO_BIG", () => journal.append(most + "k", "v"));
        raises("TOO_BIG", () => journal.appendBatch([{ meta: most + "m" }]));
        raises("TOO_BIG", () => journal.get(most + "k"));
        equal(journal.stat().size, 1n);
        journal.close();
    },

    "a full journal takes entries again once it is pruned"() {
        const journal = new Journal(place(), { bytes_max: 2 ** 20 });
        const value = "v".repeat(10000);
        let appended = 0;
        raises("FULL", () => {
            for (; appended < 1000; appended++) {
                journal.append("k", value);
            }
        });
        equal(journal.stat().size, BigInt(appended));
        equal(journal.prune(appended), BigInt(appended));
        equal(journal.append("k", value), BigInt(appended));
        journal.close();
    },

    "what is not durable yet is so after a sync"() {
        const journal = new Journal(place(), { durability: RELAXED });
        for (let i = 0; i < 10; i++) {
            journal.append("k", `${i}`);
        }
        ok(journal.stat().durable_size < journal.stat().size);
        journal.sync();
        equal(journal.stat().durable_size, 10n);
        equal(values(journal.replay()), "0 1 2 3 4 5 6 7 8 9");
        journal.close();
    },
};
