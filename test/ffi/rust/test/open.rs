//! open.rs - journals opened in every way.
use crate::check::Outcome;
use journal::{destroy, Error, Journal, Options};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::Path;

pub fn modes(work: &Path) -> Outcome {
    let path = work.join("journal");
    check_err!(Options::new().existing().open(&path), Error::NotFound);
    check_err!(Options::new().read_only().open(&path), Error::NotFound);
    check!(!path.exists());

    Options::new().create_new().open(&path)?.append("k", "v")?;
    check_err!(Options::new().create_new().open(&path), Error::Exists);
    let both = Options::new().existing().create_new();
    check_err!(both.open(&path), Error::INVALID);
    check_err!(Options::new().immutable().open(&path), Error::INVALID);

    let again = Options::new().existing().open(&path)?;
    check_eq!(again.get("k")?.map(|entry| entry.value), Some(b"v".to_vec()));
    check_err!(destroy(&path), Error::Busy);
    again.close();

    for options in
        [Options::new().read_only(), Options::new().read_only().immutable()]
    {
        let reader = options.open(&path)?;
        check_eq!(reader.read(0)?.value, b"v");
        check_err!(reader.append("k", "w"), Error::ReadOnly);
        check_err!(reader.delete("k"), Error::ReadOnly);
        check_err!(reader.mark("m", 0), Error::ReadOnly);
        check_err!(reader.rewind(0), Error::ReadOnly);
        check_err!(reader.sync(), Error::ReadOnly);
    }
    destroy(&path)?;
    check!(!path.exists());
    check_err!(destroy(&path), Error::NotFound);
    Ok(())
}

pub fn hostile_paths(work: &Path) -> Outcome {
    let options = Options::new();
    check_err!(options.open("nul\0inside"), Error::INVALID);
    check_err!(options.open(""), Error::INVALID);
    check_err!(options.open("/dev/null"), Error::Unsupported);
    check_err!(options.open(work.join("n".repeat(300))), Error::Os(36));
    check_err!(options.open(work.join("no/such")), Error::Os(2));

    let strange = work.join(OsStr::from_bytes(b"\xff \n\xe2\x82"));
    options.open(&strange)?.append("k", "v")?;
    check_eq!(Journal::open(&strange)?.stat()?.size, 1);

    let other = work.join("other");
    fs::create_dir(&other)?;
    fs::write(other.join("data.mdb"), "no journal")?;
    check_err!(options.open(&other), Error::Unsupported);
    check_eq!(fs::read(other.join("data.mdb"))?, b"no journal");

    let link = work.join("link");
    symlink(&strange, &link)?;
    check_eq!(Journal::open(&link)?.stat()?.size, 1);
    Ok(())
}

pub fn options(work: &Path) -> Outcome {
    let path = work.join("journal");
    let options = Options::new().mode(0o600).first_seq(1000).relaxed();
    let options = options.bytes_max(1 << 24).tail_bytes(1 << 18);
    let journal = options.open(&path)?;
    check_eq!(journal.append("k", "v")?, 1000);
    check_eq!(journal.append("k", "v")?, 1001);
    let stat = journal.stat()?;
    check_eq!(stat.first, 1000);
    check_eq!(stat.size, 1002);
    check_eq!(stat.bytes_max, 1 << 24);
    check_eq!(stat.tail_bytes, 1 << 18);
    let mode = fs::metadata(path.join("data.mdb"))?.permissions().mode();
    check_eq!(mode & 0o777, 0o600);

    journal.sync()?;
    check_eq!(journal.stat()?.durable_size, 1002);
    let last = Options::new().first_seq(u64::MAX);
    check_err!(last.open(work.join("last")), Error::INVALID);
    Ok(())
}

pub fn versions(_: &Path) -> Outcome {
    let (major, minor, patch) = journal::version();
    let words = journal::version_string();
    check!(words.contains(&format!("{}.{}.{}", major, minor, patch)));
    check!(words.contains("LMDB"));
    Ok(())
}
