//! maintain.rs - upkeep: prune, rewind, marks, figures, damage.
use crate::error::{check, Error, Result};
use crate::progress::with_progress;
use crate::{c_path, c_string, entry, found, sys, Journal, Report, Stat};
use std::ffi::CStr;
use std::mem;
use std::ops::ControlFlow;
use std::os::raw::c_char;
use std::path::Path;

/// How `Journal::prune` goes about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prune {
    /// Keep the latest entry of each key: compaction.
    pub keep_latest: bool,
    /// Do not stop at the slowest mark.
    pub past_marks: bool,
}

impl Journal {
    /// Removes the entries below `before`, and gives how many that were.
    pub fn prune(&self, before: u64, how: Prune) -> Result<u64> {
        let flags = entry::flag(how.keep_latest, sys::PRUNE_KEEP_LATEST)
            | entry::flag(how.past_marks, sys::PRUNE_PAST_MARKS);
        self.number(|raw, removed| unsafe {
            sys::journal_prune(raw, before, flags, removed)
        })
    }

    /// Keeps the entries below `size`, and drops the others.
    pub fn rewind(&self, size: u64) -> Result<()> {
        check(unsafe { sys::journal_rewind(self.raw.as_ptr(), size) })
    }

    /// Sets a mark: all below `seq` has been handled.
    pub fn mark(&self, name: &str, seq: u64) -> Result<()> {
        let name = c_string(name.as_bytes())?;
        check(unsafe {
            sys::journal_mark(self.raw.as_ptr(), name.as_ptr(), seq)
        })
    }

    /// Where a mark stands, if there is one of that name.
    pub fn marked(&self, name: &str) -> Result<Option<u64>> {
        let name = c_string(name.as_bytes())?;
        found(self.number(|raw, seq| unsafe {
            sys::journal_marked(raw, name.as_ptr(), seq)
        }))
    }

    /// `Error::NotFound` if there is none of that name.
    pub fn unmark(&self, name: &str) -> Result<()> {
        let name = c_string(name.as_bytes())?;
        check(unsafe { sys::journal_unmark(self.raw.as_ptr(), name.as_ptr()) })
    }

    /// All marks with where they stand, by name.
    pub fn marks(&self) -> Marks<'_> {
        Marks { journal: self, name: [0; sys::MARK_SIZE], failed: false }
    }

    pub fn stat(&self) -> Result<Stat> {
        let mut stat = Stat {
            struct_size: mem::size_of::<Stat>() as u32,
            ..Stat::default()
        };
        check(unsafe { sys::journal_stat(self.raw.as_ptr(), &mut stat) })?;
        Ok(stat)
    }

    /// Looks at everything.  That there is damage is what the report says, and
    /// not an error.
    pub fn verify<F>(&self, progress: F) -> Result<Report>
    where
        F: FnMut(u64, u64) -> ControlFlow<()>,
    {
        let mut report = Report::sized();
        let result = with_progress(progress, |progress, context| unsafe {
            let raw = self.raw.as_ptr();
            sys::journal_verify(raw, &mut report, progress, context)
        });
        match check(result) {
            Ok(()) | Err(Error::Corrupt) => Ok(report),
            Err(error) => Err(error),
        }
    }

    /// Makes a journal at `path` of all that is readable now.
    pub fn backup<P, F>(&self, path: P, progress: F) -> Result<()>
    where
        P: AsRef<Path>,
        F: FnMut(u64, u64) -> ControlFlow<()>,
    {
        let path = c_path(path.as_ref())?;
        check(with_progress(progress, |progress, context| unsafe {
            let raw = self.raw.as_ptr();
            sys::journal_backup(raw, path.as_ptr(), 0, progress, context)
        }))
    }
}

impl Report {
    fn sized() -> Report {
        Report {
            struct_size: mem::size_of::<Report>() as u32,
            ..Report::default()
        }
    }

    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.entries_bad == 0
            && self.index_bad == 0
            && self.links_bad == 0
            && self.pages_bad == 0
    }
}

/// Makes a new journal of what can be read of a damaged one.
pub fn salvage<P, Q, F>(from: P, to: Q, progress: F) -> Result<Report>
where
    P: AsRef<Path>,
    Q: AsRef<Path>,
    F: FnMut(u64, u64) -> ControlFlow<()>,
{
    let from = c_path(from.as_ref())?;
    let to = c_path(to.as_ref())?;
    let mut report = Report::sized();
    check(with_progress(progress, |progress, context| unsafe {
        sys::journal_salvage(
            from.as_ptr(),
            to.as_ptr(),
            &mut report,
            progress,
            context,
        )
    }))?;
    Ok(report)
}

/// Removes a journal from the disk; `Error::Busy` while anybody has it open.
pub fn destroy<P: AsRef<Path>>(path: P) -> Result<()> {
    let path = c_path(path.as_ref())?;
    check(unsafe { sys::journal_destroy(path.as_ptr()) })
}

/// The marks of a journal, each with its name and where it stands.
pub struct Marks<'j> {
    journal: &'j Journal,
    name: [c_char; sys::MARK_SIZE],
    failed: bool,
}

impl Iterator for Marks<'_> {
    type Item = Result<(String, u64)>;

    /// An error is the last that it gives: the next name is not known.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let name = self.name.as_mut_ptr();
        let next = self.journal.number(|raw, seq| unsafe {
            sys::journal_next_mark(raw, name, seq)
        });
        self.failed = next.is_err();
        match next {
            Err(Error::End) => None,
            Err(error) => Some(Err(error)),
            // Safety: on success the buffer holds a name and its NUL.
            Ok(seq) => unsafe {
                let name = CStr::from_ptr(self.name.as_ptr());
                Some(Ok((name.to_string_lossy().into_owned(), seq)))
            },
        }
    }
}
