//! A buffer is not filled again while its entries are looked at.
//! Refused: E0499
use journal::Journal;

fn main() {
    let journal = Journal::open("journal").unwrap();
    let mut cursor = journal.replay(None).unwrap();
    let mut buffer = vec![0; 4096];
    let entries = cursor.fill(&mut buffer).unwrap();
    cursor.fill(&mut buffer).unwrap();
    println!("{:?}", entries);
}
