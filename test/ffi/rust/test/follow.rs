//! follow.rs - entries that come while somebody waits for them.
use crate::check::Outcome;
use crate::child;
use journal::{Error, Journal, Options, Query};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any test should take, so that a lost wake-up is noticed.
const LONG: Duration = Duration::from_secs(60);

pub fn a_thread(work: &Path) -> Outcome {
    let journal = Options::new().relaxed().open(work.join("journal"))?;
    journal.append("odd", "before")?;

    thread::scope(|scope| -> Outcome {
        let writer = scope.spawn(|| -> Result<(), Error> {
            for number in 1..500u64 {
                let key = if number % 2 == 0 { "even" } else { "odd" };
                journal.append(key, number.to_string())?;
            }
            Ok(())
        });
        let all = journal.follow(Query::all(), LONG)?.take(500);
        let all = all.map(|it| it.map(|it| it.seq));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        check!(all.into_iter().eq(0..500));
        let odd = journal.follow(Query::key("odd"), LONG)?.take(251);
        check!(odd.map(|it| it.map(|it| it.seq)).last() == Some(Ok(499)));
        writer.join().expect("a writer that ends")?;
        Ok(())
    })
}

/// If the wake-ups did not come, each would take as long as a look: 250 ms.
pub fn wake_ups(work: &Path) -> Outcome {
    const ROUNDS: u32 = 40;
    let journal = Options::new().relaxed().open(work.join("journal"))?;
    thread::scope(|scope| -> Outcome {
        let (sender, seen) = mpsc::channel();
        let follow = journal.follow(Query::all(), LONG)?;
        scope.spawn(move || {
            for entry in follow.take(ROUNDS as usize) {
                sender.send(entry).expect("somebody who listens");
            }
        });
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            thread::sleep(Duration::from_millis(1)); // so that it sleeps
            let seq = journal.append("k", "v")?;
            check_eq!(seen.recv()??.seq, seq);
        }
        check!(begun.elapsed() < Duration::from_millis(250) * ROUNDS / 2);
        Ok(())
    })
}

pub fn a_process(work: &Path) -> Outcome {
    let path = work.join("journal");
    let journal = Journal::open(&path)?;
    let child = child::start("append", &path, 50)?;
    let followed = journal.follow(Query::key("child"), LONG)?.take(50);
    for (number, entry) in followed.enumerate() {
        let entry = entry?;
        check_eq!(entry.seq, number as u64);
        check_eq!(entry.value, number.to_string().into_bytes());
    }
    check!(child.wait_with_output()?.status.success());
    check_eq!(journal.stat()?.size, 50);
    Ok(())
}

pub fn timeouts(work: &Path) -> Outcome {
    let journal = Journal::open(work.join("journal"))?;
    check_err!(journal.wait(0, Some(Duration::ZERO)), Error::Timeout);
    let begun = Instant::now();
    let short = Duration::from_millis(30);
    check_err!(journal.wait(0, Some(short)), Error::Timeout);
    check!(begun.elapsed() >= short);

    let mut follow = journal.follow(Query::all(), short)?;
    check!(follow.next().is_none());
    journal.append("k", "v")?;
    journal.wait(0, None)?;
    check_eq!(follow.next().transpose()?.map(|it| it.seq), Some(0));
    check!(follow.next().is_none());
    // Forever is a long time, but no overflow.
    journal.append("k", "v")?;
    let mut patient = journal.follow(Query::all().first(1), Duration::MAX)?;
    check_eq!(patient.next().transpose()?.map(|it| it.seq), Some(1));

    drop((follow, patient));
    journal.close();
    let options = Options::new().read_only().immutable();
    let immutable = options.open(work.join("journal"))?;
    check_err!(immutable.wait(9, None), Error::Unsupported);
    Ok(())
}

pub fn a_rewind(work: &Path) -> Outcome {
    let journal = Options::new().relaxed().open(work.join("journal"))?;
    for value in 0..10u8 {
        journal.append("k", [value])?;
    }
    thread::scope(|scope| -> Outcome {
        let mut follow = journal.follow(Query::all().first(10), LONG)?;
        let found = scope.spawn(move || follow.next());
        thread::sleep(Duration::from_millis(20));
        journal.rewind(3)?;
        journal.append("k", "anew")?;
        let entry = found.join().expect("a follower").transpose()?;
        check_eq!(
            entry.map(|it| (it.seq, it.value)),
            Some((3, b"anew".to_vec()))
        );
        Ok(())
    })
}
