// errors.js - a result of libjournal's as an exception.
"use strict";

const { functions: C } = require("./library");

const codes = {
    END: -1, NOT_FOUND: -2, PRUNED: -3, OUT_OF_RANGE: -4, CONFLICT: -5,
    OUTDATED: -6, TOO_BIG: -7, FULL: -8, READ_ONLY: -9, BUSY: -10,
    CORRUPT: -11, FAILED: -12, UNSUPPORTED: -13, TIMEOUT: -14, FORKED: -15,
    EXISTS: -16,
};

class JournalError extends Error {
    constructor(result) {
        const code = C.errname(result);
        super(`${code}: ${C.strerror(result)}`);
        this.name = "JournalError";
        this.code = code;
        this.errno = result;
    }
}

function check(result) {
    if (result !== 0) {
        throw new JournalError(result);
    }
}

// C ends a path or a name at a NUL; better to refuse than to cut.
function text(value) {
    if (typeof value !== "string" || value.includes("\0")) {
        throw new TypeError("a string without NUL expected");
    }
    return value;
}

module.exports = { JournalError, check, codes, text };
