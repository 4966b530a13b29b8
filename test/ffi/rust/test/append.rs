//! append.rs - entries of every kind go in, and come out as they were.
use crate::check::Outcome;
use journal::{Error, Expect, Journal, Options, Prune, Record, Stamp};
use std::path::Path;

pub fn kinds(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    let binary: Vec<u8> = (0..=255).collect();

    check_eq!(journal.append("key", "value")?, 0);
    check_eq!(journal.append("", "no key")?, 1);
    check_eq!(journal.append("empty", "")?, 2);
    check_eq!(journal.append("", "")?, 3);
    check_eq!(journal.append(&binary, &binary)?, 4);
    check_eq!(journal.append(String::from("\0"), vec![0; 3])?, 5);
    check_eq!(journal.delete("key")?, 6);
    check_eq!(journal.delete("never there")?, 7);

    let entries = journal.replay(None)?.collect::<Result<Vec<_>, _>>()?;
    check_eq!(entries.len(), 8);
    check_eq!(entries[0].key, b"key");
    check_eq!(entries[0].value, b"value");
    check_eq!(entries[0].revision, 1);
    check_eq!(entries[0].prev, None);
    check_eq!(entries[1].key, b"");
    check_eq!(entries[1].revision, 0);
    check_eq!(entries[2].value, b"");
    check_eq!(entries[3].value, b"");
    check_eq!(entries[4].key, binary);
    check_eq!(entries[4].value, binary);
    check_eq!(entries[5].key, b"\0");
    check_eq!(entries[5].value, b"\0\0\0");
    check!(entries[6].tombstone && !entries[5].tombstone);
    check_eq!(entries[6].prev, Some(0));
    check_eq!(entries[6].revision, 2);
    check!(entries[7].tombstone);
    check!(entries.windows(2).all(|it| it[0].time <= it[1].time));
    check!(entries[0].system_time().elapsed()?.as_secs() < 3600);
    check_eq!(entries[0].as_ref().to_owned(), entries[0]);
    Ok(())
}

pub fn batch(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    let stamp = Stamp { time: 7, id: [0xab; 16] };
    let numbers = journal.append_batch(&[
        Record::new("a", "1").meta("text/plain"),
        Record::new("b", "2").stamp(stamp),
        Record::new("", "3").meta(&[0, 1, 2]),
        Record::tombstone("a").meta("why"),
    ])?;
    check_eq!(numbers, 0..4);

    let entries = journal.replay(None)?.collect::<Result<Vec<_>, _>>()?;
    check_eq!(entries[0].meta, b"text/plain");
    check_eq!(entries[0].stamp, None);
    check_eq!(entries[1].stamp, Some(stamp));
    check_eq!(entries[1].meta, b"");
    check_eq!(entries[2].meta, [0, 1, 2]);
    check!(entries[3].tombstone);
    check_eq!(entries[3].meta, b"why");

    let spoilt = Record { value: b"v", ..Record::tombstone("a") };
    let records = [Record::new("c", "4"), spoilt];
    check_err!(journal.append_batch(&records), Error::INVALID);
    let records = [Record::new("c", "4"), Record::tombstone("")];
    check_err!(journal.append_batch(&records), Error::INVALID);
    check_eq!(journal.stat()?.size, 4);
    Ok(())
}

pub fn expectations(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    let new = Record::new("k", "1").expect(Expect::Nothing);
    journal.append_batch(&[new])?;
    check_err!(journal.append_batch(&[new]), Error::Conflict);

    let next = Record::new("k", "2").expect(Expect::Entry(0));
    check_eq!(journal.append_batch(&[next])?, 1..2);
    let records = [Record::new("other", "x"), next];
    check_err!(journal.append_batch(&records), Error::Conflict);
    check_eq!(journal.get("other")?, None);

    let numbered = Record::new("", "3").expect_seq(2);
    check_eq!(journal.append_batch(&[numbered])?, 2..3);
    check_err!(journal.append_batch(&[numbered]), Error::Conflict);
    let keyless = Record::new("", "4").expect(Expect::Nothing);
    check_err!(journal.append_batch(&[keyless]), Error::INVALID);
    check_eq!(journal.stat()?.size, 3);
    Ok(())
}

pub fn stamps(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    let at = |time, id| {
        let stamp = Stamp { time, id: [id; 16] };
        journal.append_batch(&[Record::new("k", "v").stamp(stamp)])
    };
    check_eq!(at(u64::MAX - 1, 5)?, 0..1);
    check_eq!(at(u64::MAX - 1, 5)?, 1..2);
    check_err!(at(u64::MAX - 1, 4), Error::Outdated);
    check_err!(at(9, 9), Error::Outdated);
    check_eq!(at(u64::MAX, 0)?, 2..3);
    let stamp = journal.get("k")?.and_then(|entry| entry.stamp);
    check_eq!(stamp, Some(Stamp { time: u64::MAX, id: [0; 16] }));
    check!(Stamp { time: 1, id: [9; 16] } < Stamp { time: 2, id: [0; 16] });
    Ok(())
}

pub fn packed(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    let stamp = Stamp { time: 3, id: *b"0123456789abcdef" };
    let records = [
        Record::new("key", "value").meta("meta"),
        Record::new("", ""),
        Record::new("\0", "\0\0").stamp(stamp),
        Record::tombstone("key"),
    ];
    let mut bytes = Vec::new();
    records.iter().for_each(|record| record.pack(&mut bytes));
    check_eq!(journal.append_packed(&bytes)?, 0..4);

    for (record, entry) in records.iter().zip(journal.replay(None)?) {
        let entry = entry?;
        check_eq!(entry.key, record.key);
        check_eq!(entry.value, record.value);
        check_eq!(entry.meta, record.meta);
        check_eq!(entry.tombstone, record.tombstone);
        check_eq!(entry.stamp, record.stamp);
    }
    // At any address, and as a whole or not at all.
    let moved = [b"x", &bytes[..]].concat();
    check_eq!(journal.append_packed(&moved[1..])?, 4..8);
    for end in 1..bytes.len() {
        if let Ok(numbers) = journal.append_packed(&bytes[..end]) {
            check!(numbers.end - numbers.start < 4);
            check_eq!(end % 8, 0);
        }
    }
    bytes[4] = 0x80;
    check_err!(journal.append_packed(&bytes), Error::INVALID);
    Ok(())
}

pub fn limits(work: &Path) -> Outcome {
    let journal = Options::new().relaxed().open(work.join("journal"))?;
    let big = vec![b'k'; journal::KEY_MAX];
    check_eq!(journal.append(&big, "v")?, 0);
    check_eq!(journal.get(&big)?.map(|entry| entry.key == big), Some(true));
    let too_big = vec![b'k'; journal::KEY_MAX + 1];
    check_err!(journal.append(&too_big, "v"), Error::TooBig);
    check_err!(journal.get(&too_big), Error::TooBig);
    check_err!(journal.delete(&too_big), Error::TooBig);

    let record = Record::new("k", "v").meta(&big);
    check_eq!(journal.append_batch(&[record])?, 1..2);
    let record = Record::new("k", "v").meta(&too_big);
    check_err!(journal.append_batch(&[record]), Error::TooBig);
    // Untouched zeros cost no memory, and nobody looks at them.
    let too_big = vec![0; journal::VALUE_MAX + 1];
    check_err!(journal.append("k", &too_big), Error::TooBig);
    check_eq!(journal.stat()?.size, 2);
    Ok(())
}

pub fn full(work: &Path) -> Outcome {
    let options = Options::new().relaxed().bytes_max(1 << 20);
    let journal = options.open(work.join("journal"))?;
    let value = vec![b'v'; 10_000];
    let mut count = 0;
    let error = loop {
        match journal.append("k", &value) {
            Ok(seq) => check_eq!(seq, count),
            Err(error) => break error,
        }
        count += 1;
    };
    check_eq!(error, Error::Full);
    check!(count > 10);
    check!(journal.stat()?.bytes_file <= 1 << 20);
    check_eq!(journal.stat()?.size, count);
    check_eq!(journal.prune(count, Prune::default())?, count);
    check_eq!(journal.append("k", &value)?, count);

    let options = Options::new().first_seq(u64::MAX - 1);
    let last = options.open(work.join("last"))?;
    check_eq!(last.append("k", "v")?, u64::MAX - 1);
    check_err!(last.append("k", "v"), Error::Full);
    Ok(())
}
