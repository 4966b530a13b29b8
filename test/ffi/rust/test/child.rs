//! child.rs - the second process: this program again, with arguments.
use journal::{Error, Journal, Options};
use std::io;
use std::os::raw::{c_int, c_ulong};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

/// Starts the second process, with its standard input in our hands.
pub fn start(what: &str, path: &Path, number: u64) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg(what)
        .arg(path)
        .arg(number.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// Runs the second process to its end, and gives what it has printed.
pub fn output(what: &str, path: &Path, number: u64) -> io::Result<String> {
    let output = start(what, path, number)?.wait_with_output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

pub fn main(arguments: &[String]) -> ExitCode {
    let (what, path) = (&arguments[0], &arguments[1]);
    let number = arguments[2].parse().expect("a number");
    let result = match what.as_str() {
        "append" => append(path, number),
        "fail" => fail(path, number),
        "open" => open(path, Options::new()),
        "open-exclusive" => open(path, Options::new().exclusive()),
        _ => panic!("no such part: {}", what),
    };
    match result {
        Ok(()) => println!("done"),
        Err(error) => println!("{}", error.name()),
    }
    ExitCode::SUCCESS
}

fn append(path: &str, count: u64) -> Result<(), Error> {
    let journal = Journal::open(path)?;
    for number in 0..count {
        journal.append("child", number.to_string())?;
    }
    Ok(())
}

fn open(path: &str, options: Options) -> Result<(), Error> {
    options.open(path).map(drop)
}

#[repr(C)]
struct Limit {
    soft: c_ulong,
    hard: c_ulong,
}

extern "C" {
    fn setrlimit(resource: c_int, limit: *const Limit) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
}

/// Files may not grow beyond `size`, so a write fails in the midst of the tail.
fn fail(path: &str, size: u64) -> Result<(), Error> {
    const RLIMIT_FSIZE: c_int = 1;
    const SIGXFSZ: c_int = 25;
    const SIG_IGN: usize = 1;
    let journal = Journal::open(path)?;
    journal.append("k", "first")?;
    journal.append("k", "whole")?; // the second makes the tail
    let limit = Limit { soft: size as c_ulong, hard: size as c_ulong };
    // Safety: plain calls; nobody here minds the signal.
    unsafe {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    let failed = journal.append("k", vec![0; 100_000]).err();
    let is_errno = matches!(failed, Some(Error::Os(_)));
    let whole = journal.get("k")?.map(|entry| entry.value);
    print!("{} {} ", is_errno, whole == Some(b"whole".to_vec()));
    journal.append("k", "small").map(drop)
}
