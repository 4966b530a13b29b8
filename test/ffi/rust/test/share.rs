//! share.rs - one journal, and many threads, processes and handles.
use crate::check::Outcome;
use crate::child;
use journal::{destroy, Error, Journal, Options};
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::os::raw::c_int;
use std::path::Path;
use std::sync::Arc;
use std::thread;

extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

pub fn threads(work: &Path) -> Outcome {
    let journal =
        Arc::new(Options::new().relaxed().open(work.join("journal"))?);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let journal = Arc::clone(&journal);
            thread::spawn(move || -> Result<Vec<u64>, Error> {
                (0..500)
                    .map(|n| journal.append([writer], format!("{}", n)))
                    .collect()
            })
        })
        .collect();
    let mut seen = HashSet::new();
    for writer in writers {
        let numbers = writer.join().expect("a writer that ends")?;
        check!(numbers.windows(2).all(|it| it[0] < it[1]));
        seen.extend(numbers);
    }
    check_eq!(seen.len(), 2000);
    check!((0..2000).all(|number| seen.contains(&number)));
    let entry = journal.get([3])?.ok_or("there is one")?;
    check_eq!((entry.revision, entry.value), (500, b"499".to_vec()));
    Ok(())
}

pub fn cursors_between_threads(work: &Path) -> Outcome {
    let journal = Options::new().relaxed().open(work.join("journal"))?;
    for value in 0..100u8 {
        journal.append("k", [value])?;
    }
    let mut cursor = journal.replay(None)?;
    check_eq!(cursor.by_ref().take(50).count(), 50);
    let rest = thread::scope(|scope| {
        let reader = scope.spawn(move || cursor.flatten().last());
        reader.join().expect("a reader that ends")
    });
    check_eq!(rest.map(|entry| entry.seq), Some(99));
    Ok(())
}

pub fn processes(work: &Path) -> Outcome {
    let path = work.join("journal");
    let journal = Journal::open(&path)?;
    check_eq!(child::output("open", &path, 0)?, "done");
    check_eq!(child::output("open-exclusive", &path, 0)?, "JOURNAL_BUSY");
    check_eq!(child::output("append", &path, 3)?, "done");
    check_eq!(journal.get("child")?.map(|entry| entry.seq), Some(2));
    journal.close();

    let alone = Options::new().exclusive().open(&path)?;
    check_eq!(child::output("open", &path, 0)?, "JOURNAL_BUSY");
    alone.close();
    check_eq!(child::output("open-exclusive", &path, 0)?, "done");
    Ok(())
}

/// After a write that failed all others do, until it is opened again.
pub fn a_write_that_fails(work: &Path) -> Outcome {
    let path = work.join("journal");
    let said = child::output("fail", &path, 65536)?;
    check_eq!(said, "true true JOURNAL_FAILED");
    let journal = Journal::open(&path)?;
    let entry = journal.get("k")?.ok_or("there is one")?;
    check_eq!((entry.seq, entry.value), (1, b"whole".to_vec()));
    check_eq!(journal.append("k", "again")?, 2);
    check!(journal.verify(|_, _| ControlFlow::Continue(()))?.is_sound());
    Ok(())
}

/// What the child of a fork sees; 0 if all is as it should be.
fn in_the_child(journal: Journal, path: &Path) -> c_int {
    if journal.append("k", "v").err() != Some(Error::Forked)
        || journal.get("k").err() != Some(Error::Forked)
        || journal.replay(None).err() != Some(Error::Forked)
    {
        return 1;
    }
    drop(journal);
    match Journal::open(path).and_then(|own| own.append("k", "child")) {
        Ok(1) => 0,
        _ => 2,
    }
}

pub fn forks(work: &Path) -> Outcome {
    let path = work.join("journal");
    let journal = Journal::open(&path)?;
    journal.append("k", "parent")?;
    // Safety: no other thread runs now, so the child may go on as we would.
    match unsafe { fork() } {
        0 => {
            let status = in_the_child(journal, &path);
            unsafe { _exit(status) }
        }
        child => {
            let mut status = -1;
            check_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
            check_eq!(status, 0);
        }
    }
    check_eq!(journal.append("k", "parent")?, 2);
    Ok(())
}

pub fn dropped_unclosed(work: &Path) -> Outcome {
    let open_files = || fs::read_dir("/proc/self/fd").map(|it| it.count());
    let path = work.join("journal");
    let before = open_files()?;
    for _ in 0..20 {
        let journal = Options::new().relaxed().open(&path)?;
        journal.append("k", "v")?;
        let second = Journal::open(&path)?;
        let mut cursor = second.replay(None)?;
        check!(cursor.next().is_some());
        // An error on the way out closes all three as well.
        let early = || -> Result<(), Error> {
            let third = Journal::open(&path)?;
            third.read(1000).map(drop)
        };
        check_err!(early(), Error::OutOfRange);
    }
    check_eq!(open_files()?, before);
    destroy(&path)?;
    Ok(())
}
