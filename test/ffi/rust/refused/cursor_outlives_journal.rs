//! A cursor may not be used when its journal is gone.  Refused: E0505
use journal::Journal;

fn main() {
    let journal = Journal::open("journal").unwrap();
    let mut cursor = journal.replay(None).unwrap();
    drop(journal);
    cursor.next();
}
