//! A borrowed entry is gone with the cursor's next call.  Refused: E0499
use journal::Journal;

fn main() {
    let journal = Journal::open("journal").unwrap();
    let mut cursor = journal.replay(None).unwrap();
    let first = cursor.next_ref().unwrap();
    let second = cursor.next_ref().unwrap();
    println!("{:?} {:?}", first, second);
}
