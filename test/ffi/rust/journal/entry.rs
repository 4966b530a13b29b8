//! entry.rs - what a journal holds: entries, borrowed and owned, and records
//! that are to become entries.
use crate::sys;
use std::os::raw::c_void;
use std::slice;
use std::time::{Duration, SystemTime};

/// A caller's timestamp: ordered by time, then by the bytes of the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub time: u64,
    pub id: [u8; 16],
}

/// An entry whose bytes belong to somebody else: a cursor, or a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef<'a> {
    pub seq: u64,
    /// Of the append: nanoseconds since 1970 UTC.
    pub time: u64,
    /// The key's entry before this one; it may have been pruned since.
    pub prev: Option<u64>,
    pub revision: u64,
    pub tombstone: bool,
    pub stamp: Option<Stamp>,
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub meta: &'a [u8],
}

/// An entry with bytes of its own, which may live as long as it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub time: u64,
    pub prev: Option<u64>,
    pub revision: u64,
    pub tombstone: bool,
    pub stamp: Option<Stamp>,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub meta: Vec<u8>,
}

impl Entry {
    pub fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.time)
    }

    pub fn as_ref(&self) -> EntryRef<'_> {
        EntryRef {
            seq: self.seq,
            time: self.time,
            prev: self.prev,
            revision: self.revision,
            tombstone: self.tombstone,
            stamp: self.stamp,
            key: &self.key,
            value: &self.value,
            meta: &self.meta,
        }
    }
}

impl EntryRef<'_> {
    pub fn to_owned(&self) -> Entry {
        Entry {
            seq: self.seq,
            time: self.time,
            prev: self.prev,
            revision: self.revision,
            tombstone: self.tombstone,
            stamp: self.stamp,
            key: self.key.to_vec(),
            value: self.value.to_vec(),
            meta: self.meta.to_vec(),
        }
    }
}

impl<'a> EntryRef<'a> {
    /// Safety: `raw` holds an entry of the library's that stays as it is for
    /// as long as 'a, so its pointers are valid, and never NULL.
    pub(crate) unsafe fn from_raw(raw: &'a sys::Entry) -> EntryRef<'a> {
        let stamped = raw.flags & sys::STAMPED != 0;
        EntryRef {
            seq: raw.seq,
            time: raw.time,
            prev: some_seq(raw.prev),
            revision: raw.revision,
            tombstone: raw.flags & sys::TOMBSTONE != 0,
            stamp: stamped
                .then_some(Stamp { time: raw.stamp.time, id: raw.stamp.id }),
            key: slice::from_raw_parts(raw.key.cast(), raw.key_size),
            value: slice::from_raw_parts(raw.value.cast(), raw.value_size),
            meta: slice::from_raw_parts(raw.meta.cast(), raw.meta_size),
        }
    }
}

/// `None` for JOURNAL_NONE.
pub(crate) fn some_seq(seq: u64) -> Option<u64> {
    (seq != sys::NONE).then_some(seq)
}

/// What an append expects the key's latest entry to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Whatever it is.
    Anything,
    /// The key is not known.
    Nothing,
    /// The entry with this number.
    Entry(u64),
}

/// What is to be appended.  `Record::new(key, value).meta(m).expect(...)`.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub meta: &'a [u8],
    pub tombstone: bool,
    pub expect: Expect,
    pub expect_seq: Option<u64>,
    pub stamp: Option<Stamp>,
}

impl<'a> Record<'a> {
    /// An empty key: the entry has none, and is in no index.
    pub fn new<K, V>(key: &'a K, value: &'a V) -> Record<'a>
    where
        K: AsRef<[u8]> + ?Sized,
        V: AsRef<[u8]> + ?Sized,
    {
        Record {
            key: key.as_ref(),
            value: value.as_ref(),
            meta: &[],
            tombstone: false,
            expect: Expect::Anything,
            expect_seq: None,
            stamp: None,
        }
    }

    /// An entry that deletes the key.
    pub fn tombstone<K: AsRef<[u8]> + ?Sized>(key: &'a K) -> Record<'a> {
        Record { tombstone: true, ..Record::new(key, "") }
    }

    pub fn meta<M: AsRef<[u8]> + ?Sized>(self, meta: &'a M) -> Record<'a> {
        Record { meta: meta.as_ref(), ..self }
    }

    /// Else `Error::Conflict`.
    pub fn expect(self, expect: Expect) -> Record<'a> {
        Record { expect, ..self }
    }

    /// The number that the entry has to get, or `Error::Conflict`.
    pub fn expect_seq(self, seq: u64) -> Record<'a> {
        Record { expect_seq: Some(seq), ..self }
    }

    /// `Error::Outdated` if it is older than the one in force for the key.
    pub fn stamp(self, stamp: Stamp) -> Record<'a> {
        Record { stamp: Some(stamp), ..self }
    }

    /// Points into what the record borrows, so it is for a call only.
    pub(crate) fn to_raw(self) -> sys::Record {
        let stamp = self.stamp.unwrap_or_default();
        let expecting = self.expect != Expect::Anything;
        sys::Record {
            key: bytes(self.key),
            key_size: self.key.len(),
            value: bytes(self.value),
            value_size: self.value.len(),
            meta: bytes(self.meta),
            meta_size: self.meta.len(),
            flags: flag(self.tombstone, sys::TOMBSTONE)
                | flag(expecting, sys::EXPECT)
                | flag(self.expect_seq.is_some(), sys::EXPECT_SEQ)
                | flag(self.stamp.is_some(), sys::STAMPED),
            reserved: 0,
            expect: match self.expect {
                Expect::Entry(seq) => seq,
                _ => sys::NONE,
            },
            expect_seq: self.expect_seq.unwrap_or(0),
            stamp: sys::Stamp { time: stamp.time, id: stamp.id },
        }
    }
}

pub(crate) fn flag(is_set: bool, flag: u32) -> u32 {
    if is_set {
        flag
    } else {
        0
    }
}

pub(crate) fn bytes(slice: &[u8]) -> *const c_void {
    slice.as_ptr().cast()
}
