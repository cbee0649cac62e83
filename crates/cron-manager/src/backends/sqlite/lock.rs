//! One process per file.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{Error, ErrorKind, Result};

/// The sole right to write to a database, held until dropped: an advisory lock on a file beside it. The file stays
/// when the right ends, since removing it would let two others lock two files of the same name.
pub(super) struct LockFile {
    _file: File,
}

impl LockFile {
    /// Takes the right to the database at `path`, or says who has it.
    pub(super) fn take(path: &Path) -> Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let beside = PathBuf::from(beside);
        let mut file = private(&beside)?;
        match file.try_lock() {
            Ok(()) => {
                sign(&mut file).map_err(|error| unusable(&beside, error))?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(held(path, &mut file)),
            Err(TryLockError::Error(error)) => Err(unusable(&beside, error)),
        }
    }
}

/// Opens or creates a file that only its owner may read.
pub(super) fn private(path: &Path) -> Result<File> {
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    options.map_err(|error| unusable(path, error))
}

/// Leaves our process id in the file, for whoever asks next.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn held(path: &Path, file: &mut File) -> Error {
    let mut pid = String::new();
    // The message can do without the process id.
    let _ = file.read_to_string(&mut pid);
    let message = format!(
        "{} is in use by process {}; one process at a time may write to it",
        path.display(),
        if pid.trim().is_empty() { "?" } else { pid.trim() }
    );
    Error::new(ErrorKind::FailedPrecondition, message)
}

/// A file that the operating system does not let us use.
pub(super) fn unusable(path: &Path, error: io::Error) -> Error {
    Error::unavailable(format!("{} cannot be used", path.display())).with_source(error)
}
