//! Where the programs of a server are.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Where Debian keeps PostgreSQL, a folder per version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with `initdb` and `postgres`: the first of `PATH`, or else Debian's newest.
///
/// Errors: not found, with what to install.
pub(crate) fn postgres() -> io::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).find(|folder| holds_postgres(folder)).or_else(newest);
    found.ok_or_else(|| {
        let message = format!(
            "PostgreSQL is missing: neither PATH nor {DEBIAN} holds `initdb` and `postgres` (Debian: apt-get install postgresql)"
        );
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.flatten().filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin")))
    });
    versions.filter(|(_, folder)| holds_postgres(folder)).max().map(|(_, folder)| folder)
}

fn holds_postgres(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}
