//! maintain.rs - upkeep: both ends of a journal, marks, figures, retention.
use crate::check::Outcome;
use journal::{Error, Journal, Options, Prune, Query};
use std::path::Path;
use std::time::Duration;

/// COUNT entries of the keys a, b, c, a, ...
fn letters(path: &Path, count: u64) -> Result<Journal, Error> {
    let journal = Options::new().relaxed().open(path)?;
    for number in 0..count as usize {
        journal.append(["a", "b", "c"][number % 3], number.to_string())?;
    }
    Ok(journal)
}

pub fn prune(work: &Path) -> Outcome {
    let journal = letters(&work.join("journal"), 12)?;
    journal.mark("reader", 4)?;
    check_eq!(journal.prune(6, Prune::default())?, 4);
    check_eq!(journal.stat()?.first, 4);
    let past = Prune { past_marks: true, ..Prune::default() };
    check_eq!(journal.prune(6, past)?, 2);
    check_eq!(journal.prune(6, past)?, 0);
    check_err!(journal.read(5), Error::Pruned);
    journal.unmark("reader")?;

    journal.delete("a")?;
    let compact = Prune { keep_latest: true, ..Prune::default() };
    check_eq!(journal.prune(u64::MAX, compact)?, 5);
    let left = journal.query(&Query::all())?;
    let left = left.collect::<Result<Vec<_>, _>>()?;
    check_eq!(left.len(), 2);
    check_eq!((left[0].key.as_slice(), left[0].seq), (&b"b"[..], 10));
    check_eq!((left[1].key.as_slice(), left[1].seq), (&b"c"[..], 11));
    check_eq!(journal.append("d", "next")?, 13);
    Ok(())
}

pub fn rewind(work: &Path) -> Outcome {
    let journal = letters(&work.join("journal"), 9)?;
    journal.mark("reader", 9)?;
    journal.prune(2, Prune { past_marks: true, ..Prune::default() })?;
    journal.rewind(5)?;
    check_eq!(journal.stat()?.size, 5);
    check_eq!(journal.marked("reader")?, Some(5));
    check_eq!(journal.get("a")?.map(|entry| entry.seq), Some(3));
    check_err!(journal.rewind(6), Error::INVALID);
    check_err!(journal.rewind(1), Error::Pruned);
    journal.rewind(2)?;
    check_eq!(journal.stat()?.entries, 0);
    check_eq!(journal.append("a", "anew")?, 2);
    Ok(())
}

pub fn marks(work: &Path) -> Outcome {
    let journal = letters(&work.join("journal"), 5)?;
    check_eq!(journal.marks().count(), 0);
    check_eq!(journal.marked("none")?, None);
    check_err!(journal.unmark("none"), Error::NotFound);
    check_err!(journal.mark("far", 6), Error::OutOfRange);
    journal.mark("zebra", 5)?;
    journal.mark("ärger", 3)?;
    journal.mark("ant", 1)?;
    journal.mark("ant", 0)?;
    let longest = "m".repeat(255);
    journal.mark(&longest, 2)?;

    let marks = journal.marks().collect::<Result<Vec<_>, _>>()?;
    let names: Vec<_> = marks.iter().map(|it| it.0.as_str()).collect();
    check_eq!(names, ["ant", longest.as_str(), "zebra", "ärger"]);
    let places: Vec<_> = marks.iter().map(|it| it.1).collect();
    check_eq!(places, [0, 2, 5, 3]);
    journal.unmark("ant")?;
    check_eq!(journal.stat()?.marks, 3);
    Ok(())
}

pub fn stat(work: &Path) -> Outcome {
    let path = work.join("journal");
    let journal = letters(&path, 4)?;
    journal.delete("a")?;
    let stat = journal.stat()?;
    check_eq!((stat.first, stat.size, stat.entries), (0, 5, 5));
    check_eq!((stat.keys, stat.tombstones), (2, 1));
    check_eq!(stat.bytes_logical, 9);
    check_eq!(stat.first_time, journal.read(0)?.time);
    check_eq!(stat.last_time, journal.read(4)?.time);
    check!(stat.durable_size <= 5 && stat.format >= 2);
    check!(stat.bytes_file >= stat.bytes_used && stat.bytes_used > 0);
    check!(stat.id != [0; 16]);
    journal.sync()?;
    check_eq!(journal.stat()?.durable_size, 5);
    journal.close();
    check_eq!(Journal::open(&path)?.stat()?.id, stat.id);
    Ok(())
}

pub fn retention(work: &Path) -> Outcome {
    let options = Options::new().relaxed().keep_entries(10);
    let journal = options.open(work.join("entries"))?;
    for _ in 0..50 {
        journal.append("k", "v")?;
    }
    check_eq!(journal.stat()?.entries, 10);
    check_eq!(journal.stat()?.size, 50);

    let options = Options::new().relaxed().keep_bytes(1000);
    let journal = options.open(work.join("bytes"))?;
    for _ in 0..50 {
        journal.append("k", [0; 99])?;
    }
    check_eq!(journal.stat()?.bytes_logical, 1000);

    let age = Duration::from_millis(1);
    let options = Options::new().relaxed().keep_age(age);
    let journal = options.open(work.join("age"))?;
    journal.append("k", "old")?;
    std::thread::sleep(Duration::from_millis(20));
    journal.append("k", "new")?;
    check_eq!(journal.stat()?.first, 1);
    Ok(())
}
