// library.js - what libjournal's header declares, as koffi reads it.
"use strict";

const koffi = require("koffi");

koffi.pointer("Journal", koffi.opaque());
koffi.pointer("Cursor", koffi.opaque());

const options = koffi.struct("journal_options", {
    struct_size: "uint32_t",
    flags: "uint32_t",
    mode: "uint32_t",
    durability: "uint32_t",
    first_seq: "uint64_t",
    bytes_max: "uint64_t",
    keep_entries: "uint64_t",
    keep_bytes: "uint64_t",
    keep_ns: "uint64_t",
    tail_bytes: "uint64_t",
});

const stamp = koffi.struct("journal_stamp", {
    time: "uint64_t",
    id: koffi.array("uint8_t", 16),
});

const record = koffi.struct("journal_record", {
    key: "const void *",
    key_size: "size_t",
    value: "const void *",
    value_size: "size_t",
    meta: "const void *",
    meta_size: "size_t",
    flags: "uint32_t",
    reserved: "uint32_t",
    expect: "uint64_t",
    expect_seq: "uint64_t",
    stamp,
});

const entry = koffi.struct("journal_entry", {
    seq: "uint64_t",
    time: "uint64_t",
    prev: "uint64_t",
    revision: "uint64_t",
    flags: "uint32_t",
    reserved: "uint32_t",
    stamp,
    key: "void *",
    key_size: "size_t",
    value: "void *",
    value_size: "size_t",
    meta: "void *",
    meta_size: "size_t",
});

const query = koffi.struct("journal_query", {
    struct_size: "uint32_t",
    flags: "uint32_t",
    match: "uint32_t",
    reserved: "uint32_t",
    key: "const void *",
    key_size: "size_t",
    first: "uint64_t",
    limit: "uint64_t",
    since: "uint64_t",
    until: "uint64_t",
    first_revision: "uint64_t",
});

const stat = koffi.struct("journal_stat", {
    struct_size: "uint32_t",
    flags: "uint32_t",
    first: "uint64_t",
    size: "uint64_t",
    durable_size: "uint64_t",
    entries: "uint64_t",
    keys: "uint64_t",
    tombstones: "uint64_t",
    bytes_logical: "uint64_t",
    bytes_used: "uint64_t",
    bytes_file: "uint64_t",
    bytes_max: "uint64_t",
    tail_bytes_used: "uint64_t",
    tail_bytes: "uint64_t",
    first_time: "uint64_t",
    last_time: "uint64_t",
    format: "uint64_t",
    id: koffi.array("uint8_t", 16),
    marks: "uint64_t",
});

const report = koffi.struct("journal_report", {
    struct_size: "uint32_t",
    flags: "uint32_t",
    entries_checked: "uint64_t",
    entries_bad: "uint64_t",
    index_bad: "uint64_t",
    links_bad: "uint64_t",
    pages_bad: "uint64_t",
    first_bad: "uint64_t",
    salvaged: "uint64_t",
    tail_records: "uint64_t",
    tail_bytes_discarded: "uint64_t",
});

koffi.pointer("Progress", koffi.proto(
    "int journal_progress(void *context, uint64_t done, uint64_t total)"));

// Where C writes a number to, `void *` stands for a BigUint64Array: as an
// _Out_ uint64_t koffi would give a Number or a BigInt, by its size.
const prototypes = `
void journal_options_init(_Out_ journal_options *options)
int journal_open(const char *path, journal_options *options, _Out_ Journal *out)
void journal_close(Journal j)
int journal_destroy(const char *path)
int journal_append(Journal j, void *k, size_t ks, void *v, size_t vs, void *seq)
int journal_append_batch(Journal j, journal_record *r, size_t count, void *seq)
int journal_append_packed(Journal j, void *p, size_t n, void *count, void *seq)
int journal_delete(Journal j, void *key, size_t key_size, void *seq)
int journal_sync(Journal j)
int journal_get(Journal j, void *key, size_t key_size, _Out_ void **entry)
int journal_get_at(Journal j, void *k, size_t n, uint64_t at, _Out_ void **out)
int journal_read(Journal j, uint64_t seq, _Out_ void **entry)
void journal_entry_free(void *entry)
int journal_find_time(Journal j, uint64_t time, void *seq)
void journal_query_init(_Out_ journal_query *query)
int journal_replay(Journal j, uint64_t first, _Out_ Cursor *cursor)
int journal_query(Journal j, journal_query *query, _Out_ Cursor *cursor)
int journal_next(Cursor cursor, _Out_ void **entry)
int journal_fill(Cursor c, void *buffer, size_t size, void *used, void *count)
void journal_cursor_close(Cursor cursor)
int journal_wait(Journal j, uint64_t seq, int64_t timeout_ns)
int journal_prune(Journal j, uint64_t before, uint32_t flags, void *removed)
int journal_rewind(Journal j, uint64_t size)
int journal_mark(Journal j, const char *name, uint64_t seq)
int journal_marked(Journal j, const char *name, void *seq)
int journal_unmark(Journal j, const char *name)
int journal_next_mark(Journal j, void *name, void *seq)
int journal_stat(Journal j, _Inout_ journal_stat *stat)
int journal_verify(Journal j, _Inout_ journal_report *r, Progress p, void *c)
int journal_backup(Journal j, const char *to, uint32_t f, Progress p, void *c)
int journal_salvage(str a, str b, _Inout_ journal_report *r, Progress p, void *)
int journal_expr_check(void *expr, size_t size)
int journal_expr_canonize(void *expr, void *size)
int journal_expr_matches(void *a, size_t a_size, void *b, size_t b_size)
int journal_expr_intersects(void *a, size_t a_size, void *b, size_t b_size)
int journal_expr_includes(void *a, size_t a_size, void *b, size_t b_size)
const char *journal_strerror(int result)
const char *journal_errname(int result)
uint32_t journal_version(void)
const char *journal_version_string(void)
`;

const library = koffi.load("libjournal.so.0");
const functions = {};
for (const line of prototypes.trim().split("\n")) {
    const name = line.match(/journal_(\w+)\(/)[1];
    functions[name] = library.func(line);
}

module.exports = { functions, koffi, types: { entry, record, stat, report } };
