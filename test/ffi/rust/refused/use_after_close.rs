//! A journal that was closed cannot be called any more.  Refused: E0382
use journal::Journal;

fn main() {
    let journal = Journal::open("journal").unwrap();
    journal.close();
    journal.append("key", "value").unwrap();
}
