//! read.rs - single entries: the present, the past, by number and time.
use crate::check::Outcome;
use journal::{Error, Journal, Options, Prune};
use std::path::Path;

pub fn present(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    check_eq!(journal.get("k")?, None);
    journal.append("k", "1")?;
    journal.append("k", "2")?;
    let entry = journal.get("k")?.ok_or("there is one")?;
    check_eq!((entry.seq, entry.revision, entry.prev), (1, 2, Some(0)));
    check_eq!(entry.value, b"2");

    journal.delete("k")?;
    check_eq!(journal.get("k")?, None);
    journal.append("k", "3")?;
    check_eq!(journal.get("k")?.map(|entry| entry.revision), Some(4));
    // Entries are copies: nothing that happens to the journal touches them.
    journal.close();
    check_eq!(entry.value, b"2");
    Ok(())
}

pub fn past(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    journal.append("k", "1")?;
    journal.delete("k")?;
    journal.append("k", "2")?;
    let value_at = |limit| {
        journal.get_at("k", limit).map(|it| it.map(|entry| entry.value))
    };
    check_eq!(value_at(0)?, None);
    check_eq!(value_at(1)?, Some(b"1".to_vec()));
    check_eq!(value_at(2)?, None);
    check_eq!(value_at(3)?, Some(b"2".to_vec()));
    check_err!(value_at(4), Error::OutOfRange);
    check_eq!(journal.read(1)?.tombstone, true);
    check_err!(journal.read(3), Error::OutOfRange);
    check_err!(journal.read(u64::MAX), Error::OutOfRange);

    check_eq!(journal.prune(2, Prune::default())?, 2);
    check_err!(journal.read(1), Error::Pruned);
    check_err!(value_at(2), Error::Pruned);
    check_eq!(value_at(3)?, Some(b"2".to_vec()));
    Ok(())
}

pub fn time(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    for value in 0..3u8 {
        journal.append("k", [value])?;
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let second = journal.read(1)?.time;
    check!(journal.read(0)?.time < second);
    check_eq!(journal.find_time(0)?, 0);
    check_eq!(journal.find_time(second)?, 1);
    check_eq!(journal.find_time(second + 1)?, 2);
    check_eq!(journal.find_time(u64::MAX)?, 3);
    Ok(())
}

pub fn numbers_of_64_bits(work: &Path) -> Outcome {
    let first = (1 << 63) + 5;
    let options = Options::new().first_seq(first);
    let journal = options.open(work.join("journal"))?;
    check_eq!(journal.append("k", "v")?, first);
    check_eq!(journal.append("k", "v")?, first + 1);
    check_eq!(journal.read(first)?.seq, first);
    check_eq!(journal.get("k")?.and_then(|entry| entry.prev), Some(first));
    let found = journal.replay(Some(first + 1))?.next();
    check_eq!(found.transpose()?.map(|entry| entry.seq), Some(first + 1));
    journal.mark("m", first + 2)?;
    check_eq!(journal.marked("m")?, Some(first + 2));
    Ok(())
}
