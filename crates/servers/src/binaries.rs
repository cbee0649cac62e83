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
    let found = on_path(holds_postgres).or_else(newest);
    found.ok_or_else(|| {
        let message = format!(
            "PostgreSQL is missing: neither PATH nor {DEBIAN} holds `initdb` and `postgres` (Debian: apt-get install postgresql)"
        );
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}

/// The program `redis-server`: the first of `PATH`.
///
/// Errors: not found, with what to install.
pub(crate) fn redis() -> io::Result<PathBuf> {
    let found = on_path(|folder| folder.join("redis-server").is_file());
    found.map(|folder| folder.join("redis-server")).ok_or_else(|| {
        let message = "Redis is missing: PATH does not hold `redis-server` (Debian: apt-get install redis-server)";
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}

fn on_path(holds: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).find(|folder| holds(folder))
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
