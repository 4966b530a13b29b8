// structs.js - libjournal's structs, from and to JavaScript's objects.
"use strict";

const { functions: C, koffi, types } = require("./library");
const { check, codes } = require("./errors");
const { NONE, TOMBSTONE, STAMPED, bytes, number, stampId } =
    require("./packed");

function copyOf(address, size) {
    return size === 0 ? Buffer.alloc(0)
                      : Buffer.from(Buffer.from(koffi.view(address, size)));
}

// koffi gives a Number for what fits into one, so all are made BigInt.
function entryAt(address) {
    const from = koffi.decode(address, types.entry);
    const prev = BigInt(from.prev);
    return {
        seq: BigInt(from.seq),
        time: BigInt(from.time),
        prev: prev === NONE ? null : prev,
        revision: BigInt(from.revision),
        tombstone: (from.flags & TOMBSTONE) !== 0,
        stamp: !(from.flags & STAMPED) ? null
            : { time: BigInt(from.stamp.time), id: Buffer.from(from.stamp.id) },
        key: copyOf(from.key, from.key_size),
        meta: copyOf(from.meta, from.meta_size),
        value: copyOf(from.value, from.value_size),
    };
}

function taken(result, [address]) {
    if (result === codes.NOT_FOUND) {
        return null;
    }
    check(result);
    try {
        return entryAt(address);
    } finally {
        C.entry_free(address);
    }
}

// What an entry that was read has beside these does not count.
const MEMBERS = ["key", "value", "meta", "tombstone", "expect", "expect_seq",
                 "stamp", "seq", "time", "prev", "revision"];

// An expectation that is spelt wrong, or is of an entry that is not there, must
// not become an append without one.
function recordOf(from) {
    for (const name of Object.keys(from)) {
        if (!MEMBERS.includes(name)) {
            throw new TypeError(`no such member: ${name}`);
        }
    }
    const [key, value, meta] = [from.key, from.value, from.meta].map(bytes);
    const expected = (name) => Object.hasOwn(from, name);
    let flags = from.tombstone ? TOMBSTONE : 0;
    flags |= expected("expect") ? 2 : 0;
    flags |= from.stamp ? STAMPED : 0;
    flags |= expected("expect_seq") ? 8 : 0;
    return {
        key, key_size: key.length,
        value, value_size: value.length,
        meta, meta_size: meta.length,
        flags, reserved: 0,
        expect: expected("expect") ? number(from.expect) : 0,
        expect_seq: expected("expect_seq") ? number(from.expect_seq) : 0,
        stamp: from.stamp
            ? { time: number(from.stamp.time), id: stampId(from.stamp) }
            : { time: 0, id: Buffer.alloc(16) },
    };
}

const MATCHES = { key: 1, prefix: 2, expr: 3 };
const SWITCHES = { reverse: 1, latest: 2, live: 4, follow: 8 };
const NUMBERS = ["first", "limit", "since", "until", "first_revision"];

function queryOf(options) {
    const query = {};
    C.query_init(query);
    for (const [name, value] of Object.entries(options)) {
        if (Object.hasOwn(MATCHES, name)) {
            query.match = MATCHES[name];
            query.key = bytes(value);
            query.key_size = query.key.length;
        } else if (Object.hasOwn(SWITCHES, name)) {
            query.flags |= value ? SWITCHES[name] : 0;
        } else if (NUMBERS.includes(name)) {
            query[name] = number(value);
        } else {
            throw new TypeError(`no such option: ${name}`);
        }
    }
    return query;
}

const SHORT = ["struct_size", "flags", "mode", "durability"];

function optionsOf(given) {
    const options = {};
    C.options_init(options);
    for (const [name, value] of Object.entries(given)) {
        if (!Object.hasOwn(options, name)) {
            throw new TypeError(`no such option: ${name}`);
        }
        options[name] = number(value, SHORT.includes(name) ? 32n : 64n);
    }
    return options;
}

// Structs that tell their own size, as objects with BigInt for 64 bits.
function sized(type) {
    const struct = {};
    for (const [name, member] of Object.entries(type.members)) {
        struct[name] = member.type.length ? new Uint8Array(16) : 0;
    }
    struct.struct_size = koffi.sizeof(type);
    return struct;
}

function bigNumbers(struct) {
    for (const name in struct) {
        if (typeof struct[name] === "number" &&
            name !== "struct_size" && name !== "flags") {
            struct[name] = BigInt(struct[name]);
        }
    }
    return struct;
}

module.exports = { bigNumbers, entryAt, optionsOf, queryOf, recordOf, sized,
                   taken };
