// packed.js - libjournal's packed form, from and to JavaScript's objects.
//
// Numbers are BigInt, bytes are Buffers.
"use strict";

const NONE = 0xffffffffffffffffn; // names no entry
const TOMBSTONE = 1;
const STAMPED = 4;
const HEAD = 56;
const STAMP = 24;

// What a caller gives for bytes: a string stands for its UTF-8.  To let koffi
// see anything else would be to take a number for an address.
function bytes(value) {
    if (value === undefined) {
        return Buffer.alloc(0);
    }
    if (typeof value === "string") {
        return Buffer.from(value);
    }
    if (value instanceof Uint8Array) {
        return value;
    }
    throw new TypeError("a string or a Uint8Array expected");
}

function number(value, bits = 64n) {
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
        throw new RangeError(`${value} is not a whole number, or needs BigInt`);
    }
    if (typeof value !== "number" && typeof value !== "bigint") {
        throw new TypeError("a Number or a BigInt expected");
    }
    const big = BigInt(value);
    if (big < 0n || big >> bits !== 0n) {
        throw new RangeError(`${value} is no unsigned number of ${bits} bits`);
    }
    return big;
}

function stampId(stamp) {
    const id = bytes(stamp.id);
    if (id.length !== 16) {
        throw new RangeError("the id of a stamp has 16 bytes");
    }
    return id;
}

// {key, value, meta, tombstone, stamp: {time, id}} in the packed form.
function pack(record) {
    const parts = [record.key, record.meta, record.value].map(bytes);
    const size = parts.reduce((sum, part) => sum + part.length, 0) + HEAD +
        (record.stamp ? STAMP : 0);
    const packed = Buffer.alloc(Math.ceil(size / 8) * 8);
    packed.writeUInt32LE(packed.length, 0);
    packed.writeUInt32LE((record.tombstone ? TOMBSTONE : 0) |
                         (record.stamp ? STAMPED : 0), 4);
    parts.forEach((part, i) => packed.writeUInt32LE(part.length, 40 + 4 * i));
    let at = HEAD;
    if (record.stamp) {
        packed.writeBigUInt64LE(number(record.stamp.time), at);
        packed.set(stampId(record.stamp), at + 8);
        at += STAMP;
    }
    for (const part of parts) {
        packed.set(part, at);
        at += part.length;
    }
    return packed;
}

function unpackOne(piece, at) {
    const flags = piece.readUInt32LE(at + 4);
    const prev = piece.readBigUInt64LE(at + 24);
    const entry = {
        seq: piece.readBigUInt64LE(at + 8),
        time: piece.readBigUInt64LE(at + 16),
        prev: prev === NONE ? null : prev,
        revision: piece.readBigUInt64LE(at + 32),
        tombstone: (flags & TOMBSTONE) !== 0,
        stamp: null,
    };
    const [key, meta, value] = [40, 44, 48].map(
        (offset) => piece.readUInt32LE(at + offset));
    at += HEAD;
    if (flags & STAMPED) {
        entry.stamp = { time: piece.readBigUInt64LE(at),
                        id: piece.subarray(at + 8, at + STAMP) };
        at += STAMP;
    }
    entry.key = piece.subarray(at, at + key);
    entry.meta = piece.subarray(at + key, at + key + meta);
    entry.value = piece.subarray(at + key + meta, at + key + meta + value);
    return entry;
}

// Yields the entries in PIECE; their bytes are those of PIECE, not copies.
function* unpack(piece) {
    for (let at = 0; at < piece.length; at += piece.readUInt32LE(at)) {
        yield unpackOne(piece, at);
    }
}

module.exports = { NONE, TOMBSTONE, STAMPED, bytes, number, pack, stampId,
                   unpack };
