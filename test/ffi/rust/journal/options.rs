//! options.rs - how a journal is opened, in the manner of `fs::OpenOptions`.
use crate::error::{check, Result};
use crate::{c_path, sys, Journal};
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::time::Duration;

/// `Options::new().relaxed().keep_entries(1000).open("events")`.
#[derive(Clone, Copy)]
pub struct Options {
    raw: sys::Options,
}

impl Options {
    pub fn new() -> Options {
        let mut raw = MaybeUninit::uninit();
        // Safety: init writes all of the struct, whose layout is C's.
        unsafe {
            sys::journal_options_init(raw.as_mut_ptr());
            Options { raw: raw.assume_init() }
        }
    }

    fn with(mut self, flag: u32) -> Options {
        self.raw.flags |= flag;
        self
    }

    /// Never create: `Error::NotFound`.
    pub fn existing(self) -> Options {
        self.with(sys::OPEN_EXISTING)
    }

    /// Create, or `Error::Exists`.
    pub fn create_new(self) -> Options {
        self.with(sys::OPEN_NEW)
    }

    /// Never create, never change.
    pub fn read_only(self) -> Options {
        self.with(sys::OPEN_READ_ONLY)
    }

    /// No other process may write.
    pub fn exclusive(self) -> Options {
        self.with(sys::OPEN_EXCLUSIVE)
    }

    /// Nobody writes, so locks are not taken; with `read_only`.
    pub fn immutable(self) -> Options {
        self.with(sys::OPEN_IMMUTABLE)
    }

    /// Permissions of new files.
    pub fn mode(mut self, mode: u32) -> Options {
        self.raw.mode = mode;
        self
    }

    /// An append survives the death of the process, and loss of power once
    /// `Journal::sync` has been called.
    pub fn relaxed(mut self) -> Options {
        self.raw.durability = 1;
        self
    }

    /// The number of the first entry of a journal that is created.
    pub fn first_seq(mut self, seq: u64) -> Options {
        self.raw.first_seq = seq;
        self
    }

    /// Most bytes on the disk; over them an append gives `Error::Full`.
    pub fn bytes_max(mut self, bytes: u64) -> Options {
        self.raw.bytes_max = bytes;
        self
    }

    /// Retention: appends remove the oldest over so many.
    pub fn keep_entries(mut self, entries: u64) -> Options {
        self.raw.keep_entries = entries;
        self
    }

    /// Retention by the bytes of keys, metas and values.
    pub fn keep_bytes(mut self, bytes: u64) -> Options {
        self.raw.keep_bytes = bytes;
        self
    }

    /// Retention by age.
    pub fn keep_age(mut self, age: Duration) -> Options {
        self.raw.keep_ns = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// The size of the tail.
    pub fn tail_bytes(mut self, bytes: u64) -> Options {
        self.raw.tail_bytes = bytes;
        self
    }

    pub fn open<P: AsRef<Path>>(&self, path: P) -> Result<Journal> {
        let path = c_path(path.as_ref())?;
        let mut raw = ptr::null_mut();
        // Safety: both pointers are to live values; the handle is then ours.
        check(unsafe {
            sys::journal_open(path.as_ptr(), &self.raw, &mut raw)
        })?;
        let raw = NonNull::new(raw).expect("a journal that is open");
        Ok(Journal { raw })
    }
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}
