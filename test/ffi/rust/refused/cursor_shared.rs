//! A cursor belongs to one thread at a time.  Refused: E0277
use journal::{Cursor, Journal};

fn may_be_shared<T: Sync>() {}

fn main() {
    may_be_shared::<Journal>();
    may_be_shared::<Cursor>();
}
