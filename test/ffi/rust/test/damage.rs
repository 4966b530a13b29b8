//! damage.rs - verify, backup and salvage, and what a flipped bit does.
use crate::check::Outcome;
use journal::{Error, Journal, Options};
use std::fs;
use std::ops::ControlFlow::{Break, Continue};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

/// 100 entries, of which number 42 can be recognized on the disk.
fn hundred(path: &Path) -> Result<(), Error> {
    let journal = Options::new().relaxed().open(path)?;
    for number in 0..100 {
        let value = match number {
            42 => "a needle in the haystack".to_string(),
            _ => format!("{:>100}", number),
        };
        journal.append(format!("key {}", number % 7), value)?;
    }
    Ok(())
}

fn flip_a_bit_of_the_needle(file: &Path) -> Outcome {
    let mut bytes = fs::read(file)?;
    let needle = b"a needle in the haystack";
    let places: Vec<_> = (0..bytes.len() - needle.len())
        .filter(|&at| bytes[at..].starts_with(needle))
        .collect();
    check!(!places.is_empty());
    for at in places {
        bytes[at + 3] ^= 4;
    }
    fs::write(file, bytes)?;
    Ok(())
}

pub fn verify(work: &Path) -> Outcome {
    let path = work.join("journal");
    hundred(&path)?;
    let mut told = 0;
    let report = Journal::open(&path)?.verify(|done, total| {
        told += u64::from(done <= total);
        Continue(())
    })?;
    check!(report.is_sound() && told > 0);
    check_eq!(report.entries_checked, 100);
    check_eq!(report.first_bad, u64::MAX);

    flip_a_bit_of_the_needle(&path.join("data.mdb"))?;
    let journal = Journal::open(&path)?;
    check_err!(journal.read(42), Error::Corrupt);
    check_eq!(journal.read(43)?.seq, 43);
    let report = journal.verify(|_, _| Continue(()))?;
    check!(!report.is_sound());
    check_eq!(report.first_bad, 42);
    check_eq!(report.entries_bad, 1);

    // A replay says it once, and goes on behind it.
    let all: Vec<_> = journal.replay(None)?.collect();
    check_eq!(all.len(), 100);
    check_eq!(all[42], Err(Error::Corrupt));
    check_eq!(all.iter().filter(|it| it.is_ok()).count(), 99);
    Ok(())
}

pub fn backup(work: &Path) -> Outcome {
    let path = work.join("journal");
    hundred(&path)?;
    let journal = Journal::open(&path)?;
    journal.mark("m", 17)?;
    let stop = journal.backup(work.join("stopped"), |_, _| Break(()));
    check_err!(stop, Error::CANCELED);
    check!(!work.join("stopped").exists());

    let to = work.join("copy");
    journal.backup(&to, |_, _| Continue(()))?;
    check_err!(journal.backup(&to, |_, _| Continue(())), Error::Exists);
    let copy = Options::new().existing().open(&to)?;
    check_eq!(copy.stat()?.id, journal.stat()?.id);
    check_eq!(copy.marked("m")?, Some(17));
    check!(copy.replay(None)?.eq(journal.replay(None)?));

    drop(journal);
    flip_a_bit_of_the_needle(&path.join("data.mdb"))?;
    let journal = Journal::open(&path)?;
    let result = journal.backup(work.join("none"), |_, _| Continue(()));
    check_err!(result, Error::Corrupt);
    Ok(())
}

pub fn salvage(work: &Path) -> Outcome {
    let (from, to) = (work.join("journal"), work.join("salvaged"));
    hundred(&from)?;
    // What was in the tail last is found there, so damage has to be in both.
    flip_a_bit_of_the_needle(&from.join("data.mdb"))?;
    flip_a_bit_of_the_needle(&from.join("tail"))?;
    let canceled = journal::salvage(&from, &to, |_, _| Break(()));
    check_err!(canceled, Error::CANCELED);
    let report = journal::salvage(&from, &to, |_, _| Continue(()))?;
    check_eq!(report.salvaged, 99);
    check_eq!(report.first_bad, 42);

    let journal = Journal::open(&to)?;
    check_err!(journal.read(42), Error::Pruned);
    check_eq!(journal.stat()?.entries, 99);
    check!(journal.verify(|_, _| Continue(()))?.is_sound());
    let none = work.join("none");
    let result = journal::salvage(&none, &to, |_, _| Continue(()));
    check_err!(result, Error::NotFound);
    Ok(())
}

pub fn a_panic_in_progress(work: &Path) -> Outcome {
    hundred(&work.join("journal"))?;
    let journal = Journal::open(work.join("journal"))?;
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        journal.backup(work.join("copy"), |_, _| panic!("from the callback"))
    }));
    panic::set_hook(hook);
    let panic = result.expect_err("the panic comes through");
    check_eq!(panic.downcast_ref(), Some(&"from the callback"));
    check!(!work.join("copy").exists());
    // The library has been told to stop, so it holds nothing.
    check_eq!(journal.append("k", "v")?, 100);
    Ok(())
}
