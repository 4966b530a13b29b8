//! lib.rs - a safe interface to libjournal.
//!
//! ```no_run
//! let journal = journal::Journal::open("accounts")?;
//! journal.append("alice", "10 EUR")?;
//! for entry in journal.replay(None)? {
//!     let entry = entry?;
//!     println!("{} {:?}", entry.seq, entry.value);
//! }
//! # Ok::<(), journal::Error>(())
//! ```
//!
//! A `Journal` is shared between threads by reference, and closed when it is
//! dropped.  A `Cursor` borrows its journal, so the compiler sees to it that it
//! is gone by then, and may be moved to another thread.  Bytes that are handed
//! out are copies, or borrowed until the cursor's next call.
//!
//! After a fork() the child's calls on it give `Error::Forked`; dropping it
//! there is fine.
mod cursor;
mod entry;
mod error;
pub mod expr;
mod maintain;
mod options;
mod packed;
mod progress;
mod sys;

pub use cursor::{Cursor, Follow, Query};
pub use entry::{Entry, EntryRef, Expect, Record, Stamp};
pub use error::{Error, Result};
pub use maintain::{destroy, salvage, Marks, Prune};
pub use options::Options;
pub use packed::Packed;
pub use sys::{Report, Stat};

use entry::bytes;
use error::{check, words};
use std::ffi::CString;
use std::ops::Range;
use std::os::raw::c_int;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::time::Duration;

/// Most bytes in a key, in a meta, in a value.
pub const KEY_MAX: usize = 65535;
pub const META_MAX: usize = 65535;
pub const VALUE_MAX: usize = 1 << 30;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    raw: NonNull<sys::Journal>,
}

// Safety: journal.h: "A struct journal may be used from any number of threads".
unsafe impl Send for Journal {}
unsafe impl Sync for Journal {}

impl Drop for Journal {
    fn drop(&mut self) {
        // Safety: nobody borrows the journal any more, so no thread is in a
        // call and no cursor is left.
        unsafe { sys::journal_close(self.raw.as_ptr()) }
    }
}

impl Journal {
    /// Opens the journal in a directory, or creates it.
    pub fn open<P: AsRef<Path>>(path: P) -> Result<Journal> {
        Options::new().open(path)
    }

    /// Closes it now rather than at the end of the block.
    pub fn close(self) {}

    /// Appends an entry, and gives its number.
    pub fn append<K, V>(&self, key: K, value: V) -> Result<u64>
    where
        K: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let (key, value) = (key.as_ref(), value.as_ref());
        self.number(|raw, seq| unsafe {
            sys::journal_append(
                raw,
                bytes(key),
                key.len(),
                bytes(value),
                value.len(),
                seq,
            )
        })
    }

    /// Appends all of the records or none, and gives their numbers.
    pub fn append_batch(&self, records: &[Record<'_>]) -> Result<Range<u64>> {
        let raws: Vec<_> = records.iter().map(|it| it.to_raw()).collect();
        let first = self.number(|raw, seq| unsafe {
            sys::journal_append_batch(raw, raws.as_ptr(), raws.len(), seq)
        })?;
        Ok(first..first + raws.len() as u64)
    }

    /// Appends what `Record::pack` or `Cursor::fill` has written.
    pub fn append_packed(&self, packed: &[u8]) -> Result<Range<u64>> {
        let mut count = 0;
        let first = self.number(|raw, seq| unsafe {
            sys::journal_append_packed(
                raw,
                bytes(packed),
                packed.len(),
                &mut count,
                seq,
            )
        })?;
        Ok(first..first + count as u64)
    }

    /// Appends a tombstone, whether there is such a key or not.
    pub fn delete<K: AsRef<[u8]>>(&self, key: K) -> Result<u64> {
        let key = key.as_ref();
        self.number(|raw, seq| unsafe {
            sys::journal_delete(raw, bytes(key), key.len(), seq)
        })
    }

    /// Makes everything that has been appended survive loss of power.
    pub fn sync(&self) -> Result<()> {
        check(unsafe { sys::journal_sync(self.raw.as_ptr()) })
    }

    /// The latest entry of a key; `None` if it is not known, or deleted.
    pub fn get<K: AsRef<[u8]>>(&self, key: K) -> Result<Option<Entry>> {
        let key = key.as_ref();
        found(self.entry(|raw, entry| unsafe {
            sys::journal_get(raw, bytes(key), key.len(), entry)
        }))
    }

    /// What `get` gave when the journal had the size `limit`.
    pub fn get_at<K>(&self, key: K, limit: u64) -> Result<Option<Entry>>
    where
        K: AsRef<[u8]>,
    {
        let key = key.as_ref();
        found(self.entry(|raw, entry| unsafe {
            sys::journal_get_at(raw, bytes(key), key.len(), limit, entry)
        }))
    }

    /// The entry with a number.
    pub fn read(&self, seq: u64) -> Result<Entry> {
        self.entry(|raw, entry| unsafe { sys::journal_read(raw, seq, entry) })
    }

    /// The number of the first entry at or after `time`, ns since 1970 UTC.
    pub fn find_time(&self, time: u64) -> Result<u64> {
        self.number(|raw, seq| unsafe {
            sys::journal_find_time(raw, time, seq)
        })
    }

    /// Waits until the entry with this number is there; `None`: for ever.
    /// Then `Error::Timeout`.
    pub fn wait(&self, seq: u64, timeout: Option<Duration>) -> Result<()> {
        let ns = timeout.map_or(-1, |timeout| {
            i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX)
        });
        check(unsafe { sys::journal_wait(self.raw.as_ptr(), seq, ns) })
    }

    /// A call that gives a number.
    fn number<F>(&self, call: F) -> Result<u64>
    where
        F: FnOnce(*mut sys::Journal, *mut u64) -> c_int,
    {
        let mut seq = 0;
        check(call(self.raw.as_ptr(), &mut seq))?;
        Ok(seq)
    }

    /// A call that gives an entry of C's, which is copied and freed.
    fn entry<F>(&self, call: F) -> Result<Entry>
    where
        F: FnOnce(*mut sys::Journal, *mut *mut sys::Entry) -> c_int,
    {
        let mut raw = ptr::null_mut();
        check(call(self.raw.as_ptr(), &mut raw))?;
        // Safety: the call has succeeded, so there is an entry, and it is ours.
        unsafe {
            let entry = EntryRef::from_raw(&*raw).to_owned();
            sys::journal_entry_free(raw);
            Ok(entry)
        }
    }
}

/// That there is none is an answer, and not an error.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// C would take a NUL for the end, and open another path than was meant.
fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error::INVALID)
}

fn c_path(path: &Path) -> Result<CString> {
    c_string(path.as_os_str().as_bytes())
}

/// The version of the library that is loaded: major, minor, patch.
pub fn version() -> (u32, u32, u32) {
    let version = unsafe { sys::journal_version() };
    (version >> 16, version >> 8 & 0xff, version & 0xff)
}

/// The same in words, with those of LMDB and xxHash.
pub fn version_string() -> &'static str {
    // Safety: a constant of the library.
    unsafe { words(sys::journal_version_string()) }
}
