//! error.rs - a C result becomes a `Result`.
use crate::sys;
use std::ffi::CStr;
use std::fmt;
use std::io;
use std::os::raw::c_int;

/// Why a call failed: one case for each decision that a caller can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    End,
    NotFound,
    Pruned,
    OutOfRange,
    Conflict,
    Outdated,
    TooBig,
    Full,
    ReadOnly,
    Busy,
    Corrupt,
    Failed,
    Unsupported,
    Timeout,
    Forked,
    Exists,
    /// An errno of the system's.
    Os(i32),
    /// A code that a newer library has, and this binding does not know.
    Unknown(i32),
}

pub type Result<T> = std::result::Result<T, Error>;

/// The first has the result -1, the next -2, and so on.
const CODES: [Error; 16] = [
    Error::End,
    Error::NotFound,
    Error::Pruned,
    Error::OutOfRange,
    Error::Conflict,
    Error::Outdated,
    Error::TooBig,
    Error::Full,
    Error::ReadOnly,
    Error::Busy,
    Error::Corrupt,
    Error::Failed,
    Error::Unsupported,
    Error::Timeout,
    Error::Forked,
    Error::Exists,
];

impl Error {
    /// A mistake in the arguments: EINVAL.
    pub const INVALID: Error = Error::Os(22);
    /// The caller's progress function said stop: ECANCELED.
    pub const CANCELED: Error = Error::Os(125);

    /// The error that C means by `result`, which is not 0.
    pub fn from_result(result: i32) -> Error {
        if result > 0 {
            return Error::Os(result);
        }
        let index = usize::try_from(-1 - i64::from(result));
        let known = index.ok().and_then(|index| CODES.get(index));
        known.copied().unwrap_or(Error::Unknown(result))
    }

    /// What C calls it: the other direction of `from_result`.
    pub fn result(self) -> i32 {
        match self {
            Error::Os(code) | Error::Unknown(code) => code,
            _ => match CODES.iter().position(|&code| code == self) {
                Some(index) => -1 - index as i32,
                None => unreachable!("each case is in CODES"),
            },
        }
    }

    /// `"JOURNAL_PRUNED"`, `"EINVAL"`.
    pub fn name(self) -> &'static str {
        // Safety: never NULL; constants of the library.
        unsafe { words(sys::journal_errname(self.result())) }
    }
}

/// Safety: `text` is a constant of the library, ending with a NUL.
pub(crate) unsafe fn words(text: *const std::os::raw::c_char) -> &'static str {
    CStr::from_ptr(text).to_str().unwrap_or("not in UTF-8")
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Safety: as in name().
        let text = unsafe { words(sys::journal_strerror(self.result())) };
        write!(out, "{} ({})", text, self.name())
    }
}

impl std::error::Error for Error {}

/// So that `?` works in functions that give `io::Result`.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error {
            Error::Os(errno) => return io::Error::from_raw_os_error(errno),
            Error::NotFound => io::ErrorKind::NotFound,
            Error::Exists => io::ErrorKind::AlreadyExists,
            Error::Timeout => io::ErrorKind::TimedOut,
            Error::ReadOnly => io::ErrorKind::PermissionDenied,
            Error::Corrupt => io::ErrorKind::InvalidData,
            Error::Unsupported => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

pub(crate) fn check(result: c_int) -> Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(Error::from_result(result)),
    }
}
