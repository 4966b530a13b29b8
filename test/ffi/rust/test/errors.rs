//! errors.rs - each code has its name, its words and its case.
use crate::check::Outcome;
use journal::{Error, Journal};
use std::collections::HashSet;
use std::io;
use std::path::Path;

const NAMES: [(Error, &str); 16] = [
    (Error::End, "JOURNAL_END"),
    (Error::NotFound, "JOURNAL_NOT_FOUND"),
    (Error::Pruned, "JOURNAL_PRUNED"),
    (Error::OutOfRange, "JOURNAL_OUT_OF_RANGE"),
    (Error::Conflict, "JOURNAL_CONFLICT"),
    (Error::Outdated, "JOURNAL_OUTDATED"),
    (Error::TooBig, "JOURNAL_TOO_BIG"),
    (Error::Full, "JOURNAL_FULL"),
    (Error::ReadOnly, "JOURNAL_READ_ONLY"),
    (Error::Busy, "JOURNAL_BUSY"),
    (Error::Corrupt, "JOURNAL_CORRUPT"),
    (Error::Failed, "JOURNAL_FAILED"),
    (Error::Unsupported, "JOURNAL_UNSUPPORTED"),
    (Error::Timeout, "JOURNAL_TIMEOUT"),
    (Error::Forked, "JOURNAL_FORKED"),
    (Error::Exists, "JOURNAL_EXISTS"),
];

pub fn words(_: &Path) -> Outcome {
    let mut seen = HashSet::new();
    for (index, (error, name)) in NAMES.into_iter().enumerate() {
        check_eq!(error.result(), -1 - index as i32);
        check_eq!(Error::from_result(error.result()), error);
        check_eq!(error.name(), name);
        check!(error.to_string().ends_with(&format!(" ({})", name)));
        check!(seen.insert(error.to_string()));
    }
    check_eq!(Error::from_result(-17), Error::Unknown(-17));
    check_eq!(Error::from_result(i32::MIN), Error::Unknown(i32::MIN));
    check_eq!(Error::Unknown(-17).name(), "UNKNOWN");
    check_eq!(Error::INVALID.name(), "EINVAL");
    check_eq!(Error::CANCELED.name(), "ECANCELED");
    check!(Error::INVALID.to_string().contains("nvalid argument"));
    Ok(())
}

fn opens_with_io(path: &Path) -> io::Result<Journal> {
    Ok(journal::Options::new().existing().open(path)?)
}

pub fn into_io(work: &Path) -> Outcome {
    let error = opens_with_io(&work.join("missing")).unwrap_err();
    check_eq!(error.kind(), io::ErrorKind::NotFound);
    check!(error.to_string().contains("JOURNAL_NOT_FOUND"));
    let error = opens_with_io(&work.join("no/such/directory")).unwrap_err();
    check_eq!(error.kind(), io::ErrorKind::NotFound);
    let error = io::Error::from(Error::Os(28));
    check_eq!(error.raw_os_error(), Some(28));
    let error = io::Error::from(Error::Full);
    check_eq!(
        error.get_ref().and_then(|it| it.downcast_ref::<Error>()),
        Some(&Error::Full)
    );
    Ok(())
}

pub fn arguments(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    check_err!(journal.get(""), Error::INVALID);
    check_err!(journal.get_at("", 0), Error::INVALID);
    check_err!(journal.delete(""), Error::INVALID);
    check_err!(journal.append_batch(&[]), Error::INVALID);
    check_err!(journal.append_packed(b""), Error::INVALID);
    check_err!(journal.mark("", 0), Error::INVALID);
    check_err!(journal.mark("a\0b", 0), Error::INVALID);
    check_err!(journal.mark(&"m".repeat(256), 0), Error::INVALID);
    check_err!(journal.rewind(1), Error::INVALID);
    check_eq!(journal.stat()?.size, 0);
    Ok(())
}
