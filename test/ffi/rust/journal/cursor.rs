//! cursor.rs - replays and queries: many entries, one after the other.
use crate::entry::{bytes, Entry, EntryRef};
use crate::error::{check, Error, Result};
use crate::packed::Packed;
use crate::{sys, Journal};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

/// Which entries: `Query::prefix("fruit/").latest().live()`.
#[derive(Clone, Copy)]
pub struct Query<'k> {
    raw: sys::Query,
    key: PhantomData<&'k [u8]>,
}

impl<'k> Query<'k> {
    fn new(kind: u32, key: &'k [u8]) -> Query<'k> {
        let mut raw = MaybeUninit::uninit();
        // Safety: init writes all of the struct, whose layout is C's.
        let mut raw: sys::Query = unsafe {
            sys::journal_query_init(raw.as_mut_ptr());
            raw.assume_init()
        };
        raw.kind = kind;
        raw.key = bytes(key);
        raw.key_size = key.len();
        Query { raw, key: PhantomData }
    }

    fn with(mut self, flag: u32) -> Query<'k> {
        self.raw.flags |= flag;
        self
    }

    /// Every entry, those without a key too.
    pub fn all() -> Query<'static> {
        Query { raw: Query::new(0, &[]).raw, key: PhantomData }
    }

    /// The history of one key.
    pub fn key<K: AsRef<[u8]> + ?Sized>(key: &'k K) -> Query<'k> {
        Query::new(sys::MATCH_KEY, key.as_ref())
    }

    /// Keys that begin with these bytes.
    pub fn prefix<K: AsRef<[u8]> + ?Sized>(prefix: &'k K) -> Query<'k> {
        Query::new(sys::MATCH_PREFIX, prefix.as_ref())
    }

    /// Keys that match a key expression, which has to be canonical.
    pub fn expr<K: AsRef<[u8]> + ?Sized>(expr: &'k K) -> Query<'k> {
        Query::new(sys::MATCH_EXPR, expr.as_ref())
    }

    /// Numbers from `first` on.
    pub fn first(mut self, first: u64) -> Query<'k> {
        self.raw.first = first;
        self
    }

    /// Numbers below `limit`.
    pub fn limit(mut self, limit: u64) -> Query<'k> {
        self.raw.limit = limit;
        self
    }

    /// Appended at that time, ns since 1970 UTC, or later.
    pub fn since(mut self, time: u64) -> Query<'k> {
        self.raw.since = time;
        self
    }

    /// Appended before that time.
    pub fn until(mut self, time: u64) -> Query<'k> {
        self.raw.until = time;
        self
    }

    /// With `key`: from that revision on.
    pub fn first_revision(mut self, revision: u64) -> Query<'k> {
        self.raw.first_revision = revision;
        self
    }

    /// Newest first.
    pub fn reverse(self) -> Query<'k> {
        self.with(sys::QUERY_REVERSE)
    }

    /// Of each key its latest entry only.
    pub fn latest(self) -> Query<'k> {
        self.with(sys::QUERY_LATEST)
    }

    /// Without tombstones.
    pub fn live(self) -> Query<'k> {
        self.with(sys::QUERY_LIVE)
    }

    /// After the last entry, go on with what has been appended since.
    pub fn follow(self) -> Query<'k> {
        self.with(sys::QUERY_FOLLOW)
    }
}

/// A replay or a query in progress.
///
/// As an iterator it gives copies.  An error ends nothing: `Error::Pruned` and
/// `Error::Corrupt` stand for what is missing, and the next call goes on behind
/// it.  If it follows, it may give entries again after `None`.
pub struct Cursor<'j> {
    raw: NonNull<sys::Cursor>,
    journal: PhantomData<&'j Journal>,
}

// Safety: journal.h: "used by one thread at a time", any thread.  So it is not
// Sync, and each call takes &mut.
unsafe impl Send for Cursor<'_> {}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        // Safety: ours, and closed this once.
        unsafe { sys::journal_cursor_close(self.raw.as_ptr()) }
    }
}

impl<'j> Cursor<'j> {
    fn new(raw: *mut sys::Cursor) -> Cursor<'j> {
        let raw = NonNull::new(raw).expect("a cursor that is open");
        Cursor { raw, journal: PhantomData }
    }

    /// The next entry, whose bytes are the cursor's until its next call: it
    /// copies nothing, and the compiler sees to the rest.
    pub fn next_ref(&mut self) -> Result<Option<EntryRef<'_>>> {
        let mut raw = ptr::null();
        match check(unsafe { sys::journal_next(self.raw.as_ptr(), &mut raw) }) {
            // Safety: valid until the next call on the cursor, for which the
            // entry, which borrows it, has to be gone.
            Ok(()) => Ok(Some(unsafe { EntryRef::from_raw(&*raw) })),
            Err(Error::End) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As many of the next entries as fit into `buffer`, with a single call of
    /// C's.  The buffer grows if not even one fits.
    pub fn fill<'b>(
        &mut self,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Option<Packed<'b>>> {
        let mut used = 0;
        loop {
            // Safety: C writes at most as many bytes as the buffer has.
            let result = check(unsafe {
                sys::journal_fill(
                    self.raw.as_ptr(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    &mut used,
                    ptr::null_mut(),
                )
            });
            match result {
                Ok(()) => return Ok(Some(Packed::new(&buffer[..used]))),
                Err(Error::TooBig) => buffer.resize(used, 0),
                Err(Error::End) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Iterator for Cursor<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        let next = self.next_ref().map(|it| it.map(|it| it.to_owned()));
        next.transpose()
    }
}

/// Entries as they are appended.  `None` says that none has come for the time
/// given; the next call waits again.
pub struct Follow<'j> {
    journal: &'j Journal,
    cursor: Cursor<'j>,
    timeout: Duration,
}

/// A rewind may make the number that is waited for a distant one; so what to
/// wait for is asked anew so often.
const LOOK: Duration = Duration::from_millis(250);

impl Iterator for Follow<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        // None: so far away that the clock has no word for it.
        let deadline = Instant::now().checked_add(self.timeout);
        let mut size = None;

        loop {
            if let Some(found) = self.cursor.next() {
                return Some(found);
            }
            // Asked before the cursor has said once more that there is none:
            // what is appended in between has that number, or a higher one.
            if let Some(size) = size {
                match self.wait(size, deadline) {
                    Err(Error::Timeout) => return None,
                    Err(error) => return Some(Err(error)),
                    Ok(()) => (),
                }
            }
            match self.journal.stat() {
                Ok(stat) => size = Some(stat.size),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Follow<'_> {
    /// Waits a little; a timeout is one only when the deadline has come.
    fn wait(&self, seq: u64, deadline: Option<Instant>) -> Result<()> {
        let left = deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        match self.journal.wait(seq, Some(left.min(LOOK))) {
            Err(Error::Timeout) if left > LOOK => Ok(()),
            result => result,
        }
    }
}

impl Journal {
    /// All entries from `first` to the present end; `None`: from the oldest.
    pub fn replay(&self, first: Option<u64>) -> Result<Cursor<'_>> {
        let mut raw = ptr::null_mut();
        check(unsafe {
            sys::journal_replay(
                self.raw.as_ptr(),
                first.unwrap_or(sys::NONE),
                &mut raw,
            )
        })?;
        Ok(Cursor::new(raw))
    }

    /// The entries that match; the key is not needed any more on return.
    pub fn query(&self, query: &Query<'_>) -> Result<Cursor<'_>> {
        let mut raw = ptr::null_mut();
        check(unsafe {
            sys::journal_query(self.raw.as_ptr(), &query.raw, &mut raw)
        })?;
        Ok(Cursor::new(raw))
    }

    /// The entries that match, and then those to come; each `next` waits so
    /// long for one.
    pub fn follow(
        &self,
        query: Query<'_>,
        timeout: Duration,
    ) -> Result<Follow<'_>> {
        let cursor = self.query(&query.follow())?;
        Ok(Follow { journal: self, cursor, timeout })
    }
}
