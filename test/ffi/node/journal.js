// journal.js - libjournal for Node, through koffi.
//
//     const { Journal } = require("./journal");
//     const journal = new Journal("events");
//     journal.append("lamp/kitchen", "on");
//     for (const entry of journal.replay())
//         console.log(entry.seq, entry.key.toString(), entry.value.toString());
//     journal.close();
//
// Numbers are BigInt; safe whole Numbers are taken too.  Bytes are Buffers;
// strings are taken for their UTF-8.  What fails throws a JournalError, whose
// code is "JOURNAL_PRUNED" or "ENOENT" and whose errno is the number.  A key or
// a mark that is not there is no failure: the answer is null.
"use strict";

const { functions: C, types } = require("./library");
const { JournalError, check, codes, text } = require("./errors");
const { Handle } = require("./handle");
const { NONE, bytes, number, pack, unpack } = require("./packed");
const { bigNumbers, entryAt, optionsOf, queryOf, recordOf, sized, taken } =
    require("./structs");

const EXISTING = 1, NEW = 2, READ_ONLY = 4, EXCLUSIVE = 8, IMMUTABLE = 16;
const DURABLE = 0, RELAXED = 1;

const word = () => new BigUint64Array(1); // where C writes a number to

// ---- cursors ----------------------------------------------------------------

class Cursor {
    #handle;
    #follows;
    #ended = false;

    constructor(handle, follows) {
        this.#handle = new Handle(handle, C.cursor_close);
        this.#follows = follows;
    }

    // A cursor keeps its journal open for others, who get JOURNAL_BUSY, until
    // it is closed; so one that has nothing more to give is closed at once.
    #end() {
        if (!this.#follows) {
            this.#ended = true;
            this.close();
        }
        return null;
    }

    // The next entry; null at the end, and for as long as there is none.
    next() {
        if (this.#ended) {
            return null;
        }
        const out = [null];
        const result = C.next(this.#handle.get(), out);
        if (result === codes.END) {
            return this.#end();
        }
        check(result);
        return entryAt(out[0]);
    }

    // The packed entries that fit into SIZE bytes; null at the end.
    fill(size = 1 << 18) {
        if (this.#ended) {
            return null;
        }
        const [used, count] = [word(), word()];
        const buffer = Buffer.allocUnsafeSlow(size);
        const result = C.fill(this.#handle.get(), buffer, size, used, count);
        if (result === codes.TOO_BIG) {
            return this.fill(Number(used[0]));
        }
        if (result === codes.END) {
            return this.#end();
        }
        check(result);
        return { packed: buffer.subarray(0, Number(used[0])),
                 count: Number(count[0]) };
    }

    // Reads ahead in pieces: a call into C costs more than an entry.  An entry
    // that is kept keeps its piece.  A loop that is left, by an exception too,
    // gives the cursor back.
    *[Symbol.iterator]() {
        try {
            for (let piece; (piece = this.fill()) !== null;) {
                yield* unpack(piece.packed);
            }
        } finally {
            if (!this.#follows) {
                this.close();
            }
        }
    }

    close() {
        this.#handle.close();
    }
}

// ---- journals ---------------------------------------------------------------

// Calls F with a callback for PROGRESS, a function(done, total) that may return
// true to stop.  What it throws stops the call, and is thrown again behind it.
function withProgress(progress, f) {
    let thrown = null;
    const result = f(progress && ((_, done, total) => {
        try {
            return progress(BigInt(done), BigInt(total)) ? 1 : 0;
        } catch (error) {
            thrown = { error };
            return 1;
        }
    }));
    if (thrown) {
        throw thrown.error;
    }
    return result;
}

class Journal {
    #handle;

    // OPTIONS has the fields of struct journal_options.
    constructor(path, options = {}) {
        const out = [null];
        check(C.open(text(path), optionsOf(options), out));
        this.#handle = new Handle(out[0], C.close);
    }

    close() {
        this.#handle.close();
    }

    // append, delete: the number of the entry.  MORE: meta, expect,
    // expect_seq, stamp, as in appendBatch().
    append(key, value, more) {
        if (more !== undefined) {
            return this.appendBatch([{ key, value, ...more }]);
        }
        const [k, v, seq] = [bytes(key), bytes(value), word()];
        check(C.append(this.#handle.get(), k, k.length, v, v.length, seq));
        return seq[0];
    }

    delete(key) {
        const [k, seq] = [bytes(key), word()];
        check(C.delete(this.#handle.get(), k, k.length, seq));
        return seq[0];
    }

    // On a thread of koffi's; many at the same time share a flush.
    async appendAsync(key, value) {
        const [k, v, seq] = [bytes(key), bytes(value), word()];
        this.#handle.get();
        check(await this.#handle.call(C.append, k, k.length, v, v.length, seq));
        return seq[0];
    }

    // RECORDS: {key, value, meta, tombstone, expect, expect_seq, stamp: {time,
    // id}}, all of them optional.  The number of the first.
    appendBatch(records) {
        const [batch, seq] = [records.map(recordOf), word()];
        check(C.append_batch(this.#handle.get(), batch, batch.length, seq));
        return seq[0];
    }

    appendPacked(piece) {
        const [p, count, seq] = [bytes(piece), word(), word()];
        check(C.append_packed(this.#handle.get(), p, p.length, count, seq));
        return { count: Number(count[0]), first: seq[0] };
    }

    sync() {
        check(C.sync(this.#handle.get()));
    }

    get(key) {
        const [k, out] = [bytes(key), [null]];
        return taken(C.get(this.#handle.get(), k, k.length, out), out);
    }

    getAt(key, limit) {
        const [k, at, out] = [bytes(key), number(limit), [null]];
        return taken(C.get_at(this.#handle.get(), k, k.length, at, out), out);
    }

    read(seq) {
        const out = [null];
        check(C.read(this.#handle.get(), number(seq), out));
        return taken(0, out);
    }

    findTime(time) {
        const seq = word();
        check(C.find_time(this.#handle.get(), number(time), seq));
        return seq[0];
    }

    replay(first = NONE) {
        const out = [null];
        check(C.replay(this.#handle.get(), number(first), out));
        return new Cursor(out[0], false);
    }

    // One of key, prefix, expr; reverse, latest, live, follow; first, limit,
    // since, until, first_revision.
    query(options = {}) {
        const [query, out] = [queryOf(options), [null]];
        check(C.query(this.#handle.get(), query, out));
        return new Cursor(out[0], Boolean(options.follow));
    }

    // Is the entry there, within MS milliseconds?  Stops everything else, but
    // for a wait of 0.
    wait(seq, ms) {
        const ns = BigInt(Math.round(ms * 1e6));
        const result = C.wait(this.#handle.get(), number(seq), ns);
        if (result !== codes.TIMEOUT) {
            check(result);
        }
        return result === 0;
    }

    // The same on a thread of koffi's.
    async waitAsync(seq, ms) {
        const ns = BigInt(Math.round(ms * 1e6));
        this.#handle.get();
        const result = await this.#handle.call(C.wait, number(seq), ns);
        if (result !== codes.TIMEOUT) {
            check(result);
        }
        return result === 0;
    }

    // Yields what query() gives, and then what is appended, until SIGNAL, an
    // AbortSignal, or close().  Nothing ends a wait in C early, so it waits in
    // short ones; and for the size anew, which is lower after a rewind.
    async *follow(options = {}, signal = undefined) {
        const cursor = this.query({ ...options, follow: true });
        try {
            while (!signal?.aborted && !this.#handle.closed) {
                // Asked for first: what comes behind it is not waited for.
                const size = this.stat().size;
                yield* cursor;
                if (!signal?.aborted && !this.#handle.closed) {
                    await this.waitAsync(size, 100);
                }
            }
        } finally {
            cursor.close();
        }
    }

    // How many entries went.
    prune(before, { pastMarks = false, keepLatest = false } = {}) {
        const removed = word();
        const flags = (keepLatest ? 1 : 0) | (pastMarks ? 2 : 0);
        check(C.prune(this.#handle.get(), number(before), flags, removed));
        return removed[0];
    }

    rewind(size) {
        check(C.rewind(this.#handle.get(), number(size)));
    }

    mark(name, seq) {
        check(C.mark(this.#handle.get(), text(name), number(seq)));
    }

    marked(name) {
        const seq = word();
        const result = C.marked(this.#handle.get(), text(name), seq);
        if (result === codes.NOT_FOUND) {
            return null;
        }
        check(result);
        return seq[0];
    }

    unmark(name) {
        check(C.unmark(this.#handle.get(), text(name)));
    }

    // Yields [name, number].
    *marks() {
        const [name, seq] = [Buffer.alloc(256), word()];
        let result;
        while ((result = C.next_mark(this.#handle.get(), name, seq)) === 0) {
            yield [name.toString("utf8", 0, name.indexOf(0)), seq[0]];
        }
        if (result !== codes.END) {
            check(result);
        }
    }

    stat() {
        const stat = sized(types.stat);
        check(C.stat(this.#handle.get(), stat));
        return bigNumbers(stat);
    }

    // Whether all is well, and the report.
    verify(progress = null) {
        const [handle, report] = [this.#handle.get(), sized(types.report)];
        const result = withProgress(progress,
            (callback) => C.verify(handle, report, callback, null));
        if (result !== codes.CORRUPT) {
            check(result);
        }
        return { ok: result === 0, report: bigNumbers(report) };
    }

    backup(path, progress = null) {
        const [handle, to] = [this.#handle.get(), text(path)];
        check(withProgress(progress,
            (callback) => C.backup(handle, to, 0, callback, null)));
    }

    async backupAsync(path) {
        this.#handle.get();
        check(await this.#handle.call(C.backup, text(path), 0, null, null));
    }
}

if (Symbol.dispose) {
    Journal.prototype[Symbol.dispose] = Journal.prototype.close;
    Cursor.prototype[Symbol.dispose] = Cursor.prototype.close;
}

// ---- without a journal ------------------------------------------------------

function destroy(path) {
    check(C.destroy(text(path)));
}

function salvage(from, to, progress = null) {
    const report = sized(types.report);
    const [a, b] = [text(from), text(to)];
    check(withProgress(progress,
        (callback) => C.salvage(a, b, report, callback, null)));
    return bigNumbers(report);
}

const compares = (f) => (a, b) => {
    const [x, y] = [bytes(a), bytes(b)];
    return f(x, x.length, y, y.length) === 1;
};

const expr = {
    isCanonical(expression) {
        const e = bytes(expression);
        return C.expr_check(e, e.length) === 0;
    },
    canonize(expression) {
        const e = Buffer.from(bytes(expression));
        const size = BigUint64Array.of(BigInt(e.length));
        check(C.expr_canonize(e, size));
        return e.subarray(0, Number(size[0])).toString();
    },
    matches: compares(C.expr_matches),
    intersects: compares(C.expr_intersects),
    includes: compares(C.expr_includes),
};

module.exports = {
    NONE, EXISTING, NEW, READ_ONLY, EXCLUSIVE, IMMUTABLE, DURABLE, RELAXED,
    Journal, JournalError, codes, destroy, salvage, expr, pack, unpack,
    version: () => [C.version(), C.version_string()],
};
