// test.js - libjournal through koffi: each claim is a function that gets an
// empty place on the disk.
//
//     JOURNAL_WORK=directory NODE_PATH=modules node --expose-gc test.js
//
// Prints what does not hold, and "N passed, M failed" at the end.
"use strict";

const { counts, run } = require("./check");

async function main() {
    process.exitCode = 1; // Should the event loop run dry before the end.
    for (const group of ["writing", "reading", "upkeep", "misuse"]) {
        const claims = require(`./claims_${group}`);
        for (const [name, f] of Object.entries(claims)) {
            await run(name, f);
        }
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed`);
    process.exitCode = counts.failed === 0 ? 0 : 1;
}

main();
