//! query.rs - many entries: replay, filters, and the packed form.
use crate::check::Outcome;
use journal::{expr, Cursor, Error, Journal, Options, Packed, Prune, Query};
use std::path::Path;

/// fruit/apple, fruit/plum, till, without a key, fruit/apple, till deleted.
fn shop(path: &Path) -> Result<Journal, Error> {
    let journal = Options::new().relaxed().open(path)?;
    journal.append("fruit/apple", "5 kg")?;
    journal.append("fruit/plum", "2 kg")?;
    journal.append("till", "17.20")?;
    journal.append("", "a note")?;
    journal.append("fruit/apple", "3 kg")?;
    journal.delete("till")?;
    Ok(journal)
}

fn numbers(cursor: Cursor<'_>) -> Result<Vec<u64>, Error> {
    cursor.map(|entry| entry.map(|entry| entry.seq)).collect()
}

pub fn replay(work: &Path) -> Outcome {
    let journal = shop(&work.join("journal"))?;
    check_eq!(numbers(journal.replay(None)?)?, [0, 1, 2, 3, 4, 5]);
    check_eq!(numbers(journal.replay(Some(4))?)?, [4, 5]);
    check_eq!(numbers(journal.replay(Some(6))?)?, []);
    check_err!(journal.replay(Some(7)).map(drop), Error::OutOfRange);

    // Past the end there is nothing, as often as it is asked.
    let mut cursor = journal.replay(Some(5))?;
    check!(cursor.next().is_some());
    check!(cursor.next().is_none());
    check!(cursor.next().is_none());
    check_eq!(cursor.next_ref()?, None);

    // Borrowed entries, for those who would rather not copy.
    let mut cursor = journal.replay(None)?;
    let mut bytes = 0;
    while let Some(entry) = cursor.next_ref()? {
        bytes += entry.key.len() + entry.value.len();
    }
    check_eq!(bytes as u64, journal.stat()?.bytes_logical);

    journal.prune(2, Prune::default())?;
    check_err!(journal.replay(Some(1)).map(drop), Error::Pruned);
    check_eq!(numbers(journal.replay(None)?)?, [2, 3, 4, 5]);
    Ok(())
}

pub fn keys(work: &Path) -> Outcome {
    let journal = shop(&work.join("journal"))?;
    let of = |query: Query<'_>| journal.query(&query).and_then(numbers);
    check_eq!(of(Query::all())?, [0, 1, 2, 3, 4, 5]);
    check_eq!(of(Query::key("fruit/apple"))?, [0, 4]);
    check_eq!(of(Query::key("fruit/apple").first_revision(2))?, [4]);
    check_eq!(of(Query::key("nobody"))?, []);
    check_eq!(of(Query::prefix("fruit/"))?, [0, 1, 4]);
    check_eq!(of(Query::prefix(""))?, [0, 1, 2, 4, 5]);
    check_eq!(of(Query::expr("fruit/*"))?, [0, 1, 4]);
    check_eq!(of(Query::expr("**"))?, [0, 1, 2, 4, 5]);
    check_eq!(of(Query::key("fruit/apple").reverse())?, [4, 0]);
    // The query has no need of the key once there is a cursor.
    let cursor = {
        let key = String::from("fruit/plum");
        journal.query(&Query::key(&key))?
    };
    check_eq!(numbers(cursor)?, [1]);
    Ok(())
}

pub fn ranges(work: &Path) -> Outcome {
    let journal = shop(&work.join("journal"))?;
    let of = |query: Query<'_>| journal.query(&query).and_then(numbers);
    check_eq!(of(Query::all().first(1).limit(3))?, [1, 2]);
    check_eq!(of(Query::all().first(4).reverse())?, [5, 4]);
    check_eq!(of(Query::all().limit(0))?, []);
    let third = journal.read(3)?.time;
    let since = of(Query::all().since(third))?;
    check!(since.ends_with(&[3, 4, 5]));
    let until = of(Query::all().until(third))?;
    check!(until.iter().all(|&seq| seq < 3));
    check_eq!(since.len() + until.len(), 6);
    Ok(())
}

pub fn latest(work: &Path) -> Outcome {
    let journal = shop(&work.join("journal"))?;
    let of = |query: Query<'_>| journal.query(&query).and_then(numbers);
    check_eq!(of(Query::all().latest())?, [1, 4, 5]);
    check_eq!(of(Query::all().latest().live())?, [1, 4]);
    check_eq!(of(Query::all().live())?, [0, 1, 2, 3, 4]);
    check_eq!(of(Query::all().latest().limit(4))?, [0, 1, 2]);
    check_eq!(of(Query::prefix("fruit").latest().reverse())?, [4, 1]);
    Ok(())
}

pub fn fill(work: &Path) -> Outcome {
    let journal = shop(&work.join("journal"))?;
    for value in 0..2000u32 {
        journal.append(value.to_string(), value.to_le_bytes())?;
    }
    journal.append("big", vec![7; 100_000])?;

    // A buffer that is too small at first; each entry as next() gives it.
    let mut one_by_one = journal.replay(None)?;
    let mut cursor = journal.replay(None)?;
    let mut buffer = vec![0; 1000];
    let mut same = true;
    let mut count = 0;
    while let Some(entries) = cursor.fill(&mut buffer)? {
        let mut rest = entries.clone();
        for entry in rest.by_ref() {
            same &= one_by_one.next_ref()? == Some(entry);
            count += 1;
        }
        same &= rest.as_bytes().is_empty();
    }
    check!(same);
    check_eq!(count, journal.stat()?.size);
    check!(buffer.len() > 100_000);
    check_eq!(one_by_one.next_ref()?, None);

    // Fill and next take turns, and what was filled can be appended again.
    let mut cursor = journal.replay(None)?;
    check_eq!(cursor.next_ref()?.map(|entry| entry.seq), Some(0));
    let mut buffer = vec![0; 4096];
    let filled = cursor.fill(&mut buffer)?.ok_or("there are more")?;
    let copy = Journal::open(work.join("copy"))?;
    let copied = copy.append_packed(filled.as_bytes())?;
    check_eq!(copied.end, filled.clone().count() as u64);
    for (old, new) in filled.zip(copy.replay(None)?) {
        let new = new?;
        check_eq!(old.key, new.key);
        check_eq!(old.value, new.value);
        check_eq!(old.seq, new.seq + 1);
    }
    check!(Packed::new(&[9; 70]).next().is_none());
    Ok(())
}

pub fn mistakes(work: &Path) -> Outcome {
    let journal = shop(&work.join("journal"))?;
    let wrong = |query: Query<'_>| journal.query(&query).map(drop);
    check_err!(wrong(Query::key("")), Error::INVALID);
    check_err!(wrong(Query::expr("fruit//x")), Error::INVALID);
    check_err!(wrong(Query::expr("**/**")), Error::INVALID);
    check_err!(wrong(Query::all().first_revision(1)), Error::INVALID);
    check_err!(wrong(Query::all().follow().reverse()), Error::INVALID);
    check_err!(wrong(Query::all().follow().latest()), Error::INVALID);
    check_err!(wrong(Query::all().first(7)), Error::OutOfRange);
    check_err!(wrong(Query::all().limit(7)), Error::OutOfRange);
    let big = vec![b'k'; journal::KEY_MAX + 1];
    check_err!(wrong(Query::key(&big)), Error::TooBig);

    // Pruned under a cursor: it says so once, and goes on.
    for _ in 0..100 {
        journal.append("k", vec![0; 100_000])?;
    }
    let mut cursor = journal.replay(None)?;
    check!(matches!(cursor.next(), Some(Ok(_))));
    journal.prune(100, Prune::default())?;
    let rest: Vec<_> = cursor.collect();
    let pruned = rest.iter().filter(|&it| *it == Err(Error::Pruned)).count();
    check_eq!(pruned, 1);
    check!(matches!(rest.last(), Some(Ok(entry)) if entry.seq == 105));
    Ok(())
}

pub fn expressions(_: &Path) -> Outcome {
    check!(expr::is_canonical("a/*/c"));
    check!(!expr::is_canonical("a//c"));
    check_eq!(expr::canonical("a/**/**/*")?, b"a/*/**");
    check_err!(expr::canonical("a//c"), Error::INVALID);
    check!(expr::matches("a/**", "a/b/c"));
    check!(!expr::matches("a/*", "a/b/c"));
    check!(expr::intersects("a/*", "*/b") && !expr::intersects("a/*", "b/*"));
    check!(expr::includes("a/**", "a/*") && !expr::includes("a/*", "a/**"));
    Ok(())
}
