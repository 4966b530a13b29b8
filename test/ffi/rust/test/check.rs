//! check.rs - claims are counted; those that do not hold are printed.
use std::error::Error;
use std::fmt::Debug;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub type Outcome = Result<(), Box<dyn Error>>;

static PASSED: AtomicUsize = AtomicUsize::new(0);
static FAILED: AtomicUsize = AtomicUsize::new(0);

pub fn note(holds: bool, file: &str, line: u32, claim: &str) {
    if holds {
        PASSED.fetch_add(1, Relaxed);
    } else {
        FAILED.fetch_add(1, Relaxed);
        println!("{}:{}: {}", file, line, claim);
    }
}

pub fn equal<T, U>(file: &str, line: u32, claim: &str, got: &T, want: &U)
where
    T: Debug + PartialEq<U>,
    U: Debug,
{
    let holds = got == want;
    let claim = match holds {
        true => String::new(),
        false => format!("{}: {:?} is not {:?}", claim, got, want),
    };
    note(holds, file, line, &claim);
}

/// `check!(condition)`
#[macro_export]
macro_rules! check {
    ($claim:expr) => {
        $crate::check::note($claim, file!(), line!(), stringify!($claim))
    };
}

/// `check_eq!(what there is, what there should be)`
#[macro_export]
macro_rules! check_eq {
    ($got:expr, $want:expr) => {
        $crate::check::equal(file!(), line!(), stringify!($got), &$got, &$want)
    };
}

/// `check_err!(call, the error that it should give)`
#[macro_export]
macro_rules! check_err {
    ($call:expr, $want:expr) => {
        $crate::check::equal(
            file!(),
            line!(),
            stringify!($call),
            &$call.err(),
            &Some($want),
        )
    };
}

/// Runs one test in a directory of its own.
pub fn run(work: &Path, name: &str, test: fn(&Path) -> Outcome) {
    let directory: PathBuf = work.join(name);
    let made = fs::create_dir_all(&directory);
    let result = panic::catch_unwind(AssertUnwindSafe(|| test(&directory)));
    let claim = match &result {
        Ok(Err(error)) => format!("ended early: {:?}: {}", error, error),
        _ => "ends without a panic".to_string(),
    };
    let holds = made.is_ok() && matches!(result, Ok(Ok(())));
    note(holds, name, 0, &claim);
}

/// The last line; true if nothing has failed.
pub fn report() -> bool {
    let (passed, failed) = (PASSED.load(Relaxed), FAILED.load(Relaxed));
    println!("{} passed, {} failed", passed, failed);
    failed == 0
}
