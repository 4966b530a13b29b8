//! main.rs - the interface of journal/lib.rs, tried from all sides.
//!
//! Journals go below $JOURNAL_WORK.  With arguments it is the second process
//! that some tests need.
#[macro_use]
mod check;
mod append;
mod child;
mod damage;
mod errors;
mod follow;
mod maintain;
mod open;
mod query;
mod read;
mod share;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.is_empty() {
        return child::main(&arguments);
    }
    let work = std::env::var("JOURNAL_WORK").unwrap_or_else(|_| ".".into());
    let work = Path::new(&work);

    check::run(work, "errors-words", errors::words);
    check::run(work, "errors-io", errors::into_io);
    check::run(work, "errors-arguments", errors::arguments);
    check::run(work, "open-modes", open::modes);
    check::run(work, "open-paths", open::hostile_paths);
    check::run(work, "open-options", open::options);
    check::run(work, "open-versions", open::versions);
    check::run(work, "append-kinds", append::kinds);
    check::run(work, "append-batch", append::batch);
    check::run(work, "append-expectations", append::expectations);
    check::run(work, "append-stamps", append::stamps);
    check::run(work, "append-packed", append::packed);
    check::run(work, "append-limits", append::limits);
    check::run(work, "append-full", append::full);
    check::run(work, "read-present", read::present);
    check::run(work, "read-past", read::past);
    check::run(work, "read-time", read::time);
    check::run(work, "read-numbers", read::numbers_of_64_bits);
    check::run(work, "query-replay", query::replay);
    check::run(work, "query-keys", query::keys);
    check::run(work, "query-ranges", query::ranges);
    check::run(work, "query-latest", query::latest);
    check::run(work, "query-fill", query::fill);
    check::run(work, "query-mistakes", query::mistakes);
    check::run(work, "query-expressions", query::expressions);
    check::run(work, "follow-thread", follow::a_thread);
    check::run(work, "follow-wake-ups", follow::wake_ups);
    check::run(work, "follow-process", follow::a_process);
    check::run(work, "follow-timeout", follow::timeouts);
    check::run(work, "follow-rewind", follow::a_rewind);
    check::run(work, "maintain-prune", maintain::prune);
    check::run(work, "maintain-rewind", maintain::rewind);
    check::run(work, "maintain-marks", maintain::marks);
    check::run(work, "maintain-stat", maintain::stat);
    check::run(work, "maintain-retention", maintain::retention);
    check::run(work, "damage-verify", damage::verify);
    check::run(work, "damage-backup", damage::backup);
    check::run(work, "damage-salvage", damage::salvage);
    check::run(work, "damage-panic", damage::a_panic_in_progress);
    check::run(work, "share-threads", share::threads);
    check::run(work, "share-cursors", share::cursors_between_threads);
    check::run(work, "share-processes", share::processes);
    check::run(work, "share-failed", share::a_write_that_fails);
    check::run(work, "share-fork", share::forks);
    check::run(work, "share-drop", share::dropped_unclosed);

    match check::report() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
