//! child.rs - the second process: this program again, with arguments.
use journal::{Error, Journal, Options};
use std::io;
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
