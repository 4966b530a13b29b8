//! packed.rs - the packed form that journal.h draws, written and read.
use crate::entry::{some_seq, EntryRef, Record, Stamp};
use crate::sys;

const HEADER: usize = 56;
const STAMP: usize = 24;

/// The entries in bytes that `Cursor::fill` has written.
#[derive(Clone, Debug)]
pub struct Packed<'a> {
    rest: &'a [u8],
}

impl<'a> Packed<'a> {
    /// Whatever in `bytes` is not in the packed form ends the iteration.
    pub fn new(bytes: &'a [u8]) -> Packed<'a> {
        Packed { rest: bytes }
    }

    /// The bytes of the entries that are left.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Packed<'a> {
    type Item = EntryRef<'a>;

    fn next(&mut self) -> Option<EntryRef<'a>> {
        let total = read_u32(self.rest, 0)? as usize;
        let whole = self.rest.get(..total)?;
        let entry = unpack(whole)?;
        self.rest = &self.rest[total..];
        Some(entry)
    }
}

/// The one entry that `whole` consists of, but for padding.
fn unpack(whole: &[u8]) -> Option<EntryRef<'_>> {
    let flags = read_u32(whole, 4)?;
    let mut data = whole.get(HEADER..)?;
    let stamp = match flags & sys::STAMPED {
        0 => None,
        _ => {
            let head = data.get(..STAMP)?;
            data = &data[STAMP..];
            Some(Stamp {
                time: read_u64(head, 0)?,
                id: head[8..].try_into().ok()?,
            })
        }
    };
    let key = take(&mut data, read_u32(whole, 40)?)?;
    let meta = take(&mut data, read_u32(whole, 44)?)?;
    let value = take(&mut data, read_u32(whole, 48)?)?;
    Some(EntryRef {
        seq: read_u64(whole, 8)?,
        time: read_u64(whole, 16)?,
        prev: some_seq(read_u64(whole, 24)?),
        revision: read_u64(whole, 32)?,
        tombstone: flags & sys::TOMBSTONE != 0,
        stamp,
        key,
        value,
        meta,
    })
}

fn take<'a>(data: &mut &'a [u8], size: u32) -> Option<&'a [u8]> {
    let taken = data.get(..size as usize)?;
    *data = &data[size as usize..];
    Some(taken)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

impl Record<'_> {
    /// Adds the record to `out`, for `Journal::append_packed`.  The packed
    /// form has no room for expectations: these are left out.
    pub fn pack(&self, out: &mut Vec<u8>) {
        let stamp_size = self.stamp.map_or(0, |_| STAMP);
        let data = self.key.len() + self.meta.len() + self.value.len();
        let end = out.len() + (HEADER + stamp_size + data + 7) / 8 * 8;
        let raw = self.to_raw();
        let flags = raw.flags & (sys::TOMBSTONE | sys::STAMPED);

        put_u32(out, end - out.len());
        put_u32(out, flags as usize);
        out.extend([0; 32]); // seq, time, prev, revision: not for us to say
        put_u32(out, self.key.len());
        put_u32(out, self.meta.len());
        put_u32(out, self.value.len());
        put_u32(out, 0);
        if let Some(stamp) = self.stamp {
            out.extend(stamp.time.to_le_bytes());
            out.extend(stamp.id);
        }
        out.extend(self.key);
        out.extend(self.meta);
        out.extend(self.value);
        out.resize(end, 0);
    }
}

/// What is over the maximum is made the largest there is, which the library
/// refuses.
fn put_u32(out: &mut Vec<u8>, number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    out.extend(number.to_le_bytes());
}
