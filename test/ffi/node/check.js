// check.js - what the claims use: counted checks, and places on the disk.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { JournalError } = require("./journal");

const counts = { passed: 0, failed: 0 };
let claim = "";

function count(holds, words) {
    if (holds) {
        counts.passed++;
        return;
    }
    counts.failed++;
    const at = new Error().stack.split("\n").find(
        (line) => line.includes("claims_") || line.includes("test.js"));
    console.log(`${claim}: ${words()}${at}`);
}

const show = (value) => JSON.stringify(value, (_, v) =>
    typeof v === "bigint" ? `${v}n`
        : v?.type === "Buffer" ? Buffer.from(v.data).toString("latin1") : v);

function ok(condition, what = "does not hold") {
    count(condition, () => what);
}

// Buffers are equal to the strings of their bytes, in Latin 1; objects by what
// is in them.
function equal(got, expected) {
    const plain = (value) => Buffer.isBuffer(value)
        ? show(value.toString("latin1")) : show(value);
    count(plain(got) === plain(expected),
          () => `got ${plain(got)}, expected ${plain(expected)}`);
}

// What F throws, or its promise: a JournalError by its code, without JOURNAL_;
// another by the name of its class.
function nameOf(error) {
    return error instanceof JournalError
        ? error.code.replace(/^JOURNAL_/, "") : error.constructor.name;
}

function raises(name, f) {
    let got = "nothing";
    try {
        f();
    } catch (error) {
        got = nameOf(error);
    }
    count(got === name, () => `threw ${got}, expected ${name}`);
}

async function rejects(name, promise) {
    const got = await promise.then(() => "nothing", nameOf);
    count(got === name, () => `rejected with ${got}, expected ${name}`);
}

function place(name = "j") {
    return path.join(process.env.JOURNAL_WORK,
                     `${claim.replaceAll(" ", "-")}-${name}`);
}

const values = (entries) => Array.from(entries, (entry) =>
    entry.tombstone ? "-" : entry.value.toString()).join(" ");

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function run(name, f) {
    claim = name;
    try {
        await f();
    } catch (error) {
        counts.failed++;
        console.log(`${claim}: ${error.stack}`);
    }
}

// Changes a byte in all that the files in DIRECTORY hold of NEEDLE.
function damage(directory, needle) {
    for (const name of ["data.mdb", "tail"]) {
        const file = path.join(directory, name);
        const bytes = fs.readFileSync(file);
        for (let at = -1; (at = bytes.indexOf(needle, at + 1)) >= 0;) {
            bytes[at] ^= 1;
        }
        fs.writeFileSync(file, bytes);
    }
}

module.exports = { counts, damage, equal, ok, place, raises, rejects, run,
                   sleep, values };
