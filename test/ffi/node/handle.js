// handle.js - who owns a pointer of libjournal's, and when it is given back.
"use strict";

// A handle that nobody closes is closed after it was collected.
const forgotten =
    new FinalizationRegistry(({ close, handle }) => close(handle));

// The handle of a journal or a cursor.  Calls that run on another thread hold
// it, so that a close() meanwhile happens when they are back.
class Handle {
    #handle;
    #close;
    #users = 0;
    #closed = false;

    constructor(handle, close) {
        this.#handle = handle;
        this.#close = close;
        forgotten.register(this, { close, handle }, this);
    }

    get() {
        if (this.#closed) {
            throw new Error("is closed");
        }
        return this.#handle;
    }

    get closed() {
        return this.#closed;
    }

    // The arguments stay referenced until C is back, and this handle too.
    call(f, ...args) {
        this.#users++;
        return new Promise((resolve, reject) => {
            f.async(this.#handle, ...args, (error, result) => {
                this.#users--;
                this.#release();
                args.length = 0;
                error ? reject(error) : resolve(result);
            });
        });
    }

    close() {
        this.#closed = true;
        this.#release();
    }

    #release() {
        if (this.#closed && this.#users === 0 && this.#handle !== null) {
            forgotten.unregister(this);
            this.#close(this.#handle);
            this.#handle = null;
        }
    }
}

module.exports = { Handle };
