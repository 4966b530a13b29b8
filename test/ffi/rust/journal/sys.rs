//! sys.rs - what journal.h declares, in Rust's words.
//!
//! Layouts and names are C's; the safe interface is built on this in the
//! other files, and nothing here is seen outside of the crate but `Stat` and
//! `Report`.
use std::os::raw::{c_char, c_int, c_void};

pub const NONE: u64 = u64::MAX;
pub const MARK_SIZE: usize = 256;

pub const OPEN_EXISTING: u32 = 1 << 0;
pub const OPEN_NEW: u32 = 1 << 1;
pub const OPEN_READ_ONLY: u32 = 1 << 2;
pub const OPEN_EXCLUSIVE: u32 = 1 << 3;
pub const OPEN_IMMUTABLE: u32 = 1 << 4;

pub const TOMBSTONE: u32 = 1 << 0;
pub const EXPECT: u32 = 1 << 1;
pub const STAMPED: u32 = 1 << 2;
pub const EXPECT_SEQ: u32 = 1 << 3;

pub const MATCH_KEY: u32 = 1;
pub const MATCH_PREFIX: u32 = 2;
pub const MATCH_EXPR: u32 = 3;

pub const QUERY_REVERSE: u32 = 1 << 0;
pub const QUERY_LATEST: u32 = 1 << 1;
pub const QUERY_LIVE: u32 = 1 << 2;
pub const QUERY_FOLLOW: u32 = 1 << 3;

pub const PRUNE_KEEP_LATEST: u32 = 1 << 0;
pub const PRUNE_PAST_MARKS: u32 = 1 << 1;

/// An open journal; C knows what is in it.
#[repr(C)]
pub struct Journal {
    private: [u8; 0],
}

/// A replay or a query in progress.
#[repr(C)]
pub struct Cursor {
    private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Options {
    pub struct_size: u32,
    pub flags: u32,
    pub mode: u32,
    pub durability: u32,
    pub first_seq: u64,
    pub bytes_max: u64,
    pub keep_entries: u64,
    pub keep_bytes: u64,
    pub keep_ns: u64,
    pub tail_bytes: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Stamp {
    pub time: u64,
    pub id: [u8; 16],
}

#[repr(C)]
pub struct Record {
    pub key: *const c_void,
    pub key_size: usize,
    pub value: *const c_void,
    pub value_size: usize,
    pub meta: *const c_void,
    pub meta_size: usize,
    pub flags: u32,
    pub reserved: u32,
    pub expect: u64,
    pub expect_seq: u64,
    pub stamp: Stamp,
}

#[repr(C)]
pub struct Entry {
    pub seq: u64,
    pub time: u64,
    pub prev: u64,
    pub revision: u64,
    pub flags: u32,
    pub reserved: u32,
    pub stamp: Stamp,
    pub key: *const c_void,
    pub key_size: usize,
    pub value: *const c_void,
    pub value_size: usize,
    pub meta: *const c_void,
    pub meta_size: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Query {
    pub struct_size: u32,
    pub flags: u32,
    pub kind: u32, // match, which is a word of Rust's
    pub reserved: u32,
    pub key: *const c_void,
    pub key_size: usize,
    pub first: u64,
    pub limit: u64,
    pub since: u64,
    pub until: u64,
    pub first_revision: u64,
}

/// The journal's figures, all of one moment; journal.h says what each is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Stat {
    pub(crate) struct_size: u32,
    pub flags: u32,
    pub first: u64,
    pub size: u64,
    pub durable_size: u64,
    pub entries: u64,
    pub keys: u64,
    pub tombstones: u64,
    pub bytes_logical: u64,
    pub bytes_used: u64,
    pub bytes_file: u64,
    pub bytes_max: u64,
    pub tail_bytes_used: u64,
    pub tail_bytes: u64,
    pub first_time: u64,
    pub last_time: u64,
    pub format: u64,
    pub id: [u8; 16],
    pub marks: u64,
}

/// What a verification or a salvage has found; journal.h says what each is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    pub(crate) struct_size: u32,
    pub flags: u32,
    pub entries_checked: u64,
    pub entries_bad: u64,
    pub index_bad: u64,
    pub links_bad: u64,
    pub pages_bad: u64,
    pub first_bad: u64,
    pub salvaged: u64,
    pub tail_records: u64,
    pub tail_bytes_discarded: u64,
}

pub type Progress = extern "C" fn(*mut c_void, u64, u64) -> c_int;

#[link(name = "journal")]
extern "C" {
    pub fn journal_options_init(options: *mut Options);
    pub fn journal_open(
        path: *const c_char,
        options: *const Options,
        journal: *mut *mut Journal,
    ) -> c_int;
    pub fn journal_close(journal: *mut Journal);
    pub fn journal_destroy(path: *const c_char) -> c_int;

    pub fn journal_append(
        journal: *mut Journal,
        key: *const c_void,
        key_size: usize,
        value: *const c_void,
        value_size: usize,
        seq: *mut u64,
    ) -> c_int;
    pub fn journal_append_batch(
        journal: *mut Journal,
        records: *const Record,
        count: usize,
        first_seq: *mut u64,
    ) -> c_int;
    pub fn journal_append_packed(
        journal: *mut Journal,
        packed: *const c_void,
        size: usize,
        count: *mut usize,
        first_seq: *mut u64,
    ) -> c_int;
    pub fn journal_delete(
        journal: *mut Journal,
        key: *const c_void,
        key_size: usize,
        seq: *mut u64,
    ) -> c_int;
    pub fn journal_sync(journal: *mut Journal) -> c_int;

    pub fn journal_get(
        journal: *mut Journal,
        key: *const c_void,
        key_size: usize,
        entry: *mut *mut Entry,
    ) -> c_int;
    pub fn journal_get_at(
        journal: *mut Journal,
        key: *const c_void,
        key_size: usize,
        limit: u64,
        entry: *mut *mut Entry,
    ) -> c_int;
    pub fn journal_read(
        journal: *mut Journal,
        seq: u64,
        entry: *mut *mut Entry,
    ) -> c_int;
    pub fn journal_entry_free(entry: *mut Entry);
    pub fn journal_find_time(
        journal: *mut Journal,
        time: u64,
        seq: *mut u64,
    ) -> c_int;

    pub fn journal_query_init(query: *mut Query);
    pub fn journal_query(
        journal: *mut Journal,
        query: *const Query,
        cursor: *mut *mut Cursor,
    ) -> c_int;
    pub fn journal_replay(
        journal: *mut Journal,
        first: u64,
        cursor: *mut *mut Cursor,
    ) -> c_int;
    pub fn journal_next(cursor: *mut Cursor, entry: *mut *const Entry)
        -> c_int;
    pub fn journal_fill(
        cursor: *mut Cursor,
        buffer: *mut c_void,
        size: usize,
        used: *mut usize,
        count: *mut usize,
    ) -> c_int;
    pub fn journal_cursor_close(cursor: *mut Cursor);
    pub fn journal_wait(
        journal: *mut Journal,
        seq: u64,
        timeout_ns: i64,
    ) -> c_int;

    pub fn journal_prune(
        journal: *mut Journal,
        before: u64,
        flags: u32,
        removed: *mut u64,
    ) -> c_int;
    pub fn journal_rewind(journal: *mut Journal, size: u64) -> c_int;
    pub fn journal_mark(
        journal: *mut Journal,
        name: *const c_char,
        seq: u64,
    ) -> c_int;
    pub fn journal_marked(
        journal: *mut Journal,
        name: *const c_char,
        seq: *mut u64,
    ) -> c_int;
    pub fn journal_unmark(journal: *mut Journal, name: *const c_char) -> c_int;
    pub fn journal_next_mark(
        journal: *mut Journal,
        name: *mut c_char,
        seq: *mut u64,
    ) -> c_int;
    pub fn journal_stat(journal: *mut Journal, stat: *mut Stat) -> c_int;

    pub fn journal_verify(
        journal: *mut Journal,
        report: *mut Report,
        progress: Option<Progress>,
        context: *mut c_void,
    ) -> c_int;
    pub fn journal_backup(
        journal: *mut Journal,
        path: *const c_char,
        flags: u32,
        progress: Option<Progress>,
        context: *mut c_void,
    ) -> c_int;
    pub fn journal_salvage(
        from: *const c_char,
        to: *const c_char,
        report: *mut Report,
        progress: Option<Progress>,
        context: *mut c_void,
    ) -> c_int;

    pub fn journal_expr_check(expr: *const c_void, size: usize) -> c_int;
    pub fn journal_expr_canonize(expr: *mut c_void, size: *mut usize) -> c_int;
    pub fn journal_expr_matches(
        expr: *const c_void,
        expr_size: usize,
        key: *const c_void,
        key_size: usize,
    ) -> c_int;
    pub fn journal_expr_intersects(
        a: *const c_void,
        a_size: usize,
        b: *const c_void,
        b_size: usize,
    ) -> c_int;
    pub fn journal_expr_includes(
        a: *const c_void,
        a_size: usize,
        b: *const c_void,
        b_size: usize,
    ) -> c_int;

    pub fn journal_strerror(result: c_int) -> *const c_char;
    pub fn journal_errname(result: c_int) -> *const c_char;
    pub fn journal_version() -> u32;
    pub fn journal_version_string() -> *const c_char;
}
