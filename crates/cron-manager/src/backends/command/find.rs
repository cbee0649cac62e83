//! Where the program of a listed command is.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::ListedCommand;

/// The file that would be run: the program itself if it has a slash in it, or the first one of its name in the folders of `path` that may be
/// executed (`execvp(3)`).
///
/// Errors: a text that says what is missing.
pub fn find(command: &ListedCommand) -> Result<PathBuf, String> {
    let ListedCommand { argv, directory, path, .. } = command;
    if !directory.is_dir() {
        return Err(format!("directory: {} is no folder", directory.display()));
    }
    let program = argv.first().map(String::as_str).unwrap_or_default();
    if program.contains('/') {
        let file = PathBuf::from(program);
        return match () {
            () if !file.is_file() => Err(format!("{program} is no file")),
            () if !is_executable(&file) => Err(format!("{program} may not be executed by this user")),
            () => Ok(file),
        };
    }
    // A folder that is not absolute is looked for where the command runs.
    let files = path.split(':').map(|folder| directory.join(folder).join(program));
    let found = files.into_iter().find(|file| file.is_file() && is_executable(file));
    found.ok_or_else(|| format!("{program} is in none of {path}, or may not be executed by this user"))
}

fn is_executable(file: &Path) -> bool {
    access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(program: &str, path: &str, directory: &str) -> Result<PathBuf, String> {
        let command = ListedCommand { path: path.into(), directory: directory.into(), ..ListedCommand::new([program]) };
        find(&command)
    }

    #[test]
    fn a_program_is_looked_for_where_it_will_be() {
        assert_eq!(found("/bin/sh", "", "/"), Ok("/bin/sh".into()));
        assert_eq!(found("sh", "/none:/bin", "/"), Ok("/bin/sh".into()));
        assert_eq!(found("sh", "bin", "/"), Ok("/bin/sh".into()));
        assert_eq!(found("sh", "", "/bin"), Ok("/bin/sh".into()), "an empty part is the folder itself");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (program, path, directory, named) in [
            ("/no/such", "", "/", "/no/such is no file"),
            ("/bin", "", "/", "/bin is no file"),
            ("/etc/passwd", "", "/", "/etc/passwd may not be executed"),
            ("no-such", "/usr/bin:/bin", "/", "no-such is in none of /usr/bin:/bin"),
            ("passwd", "/etc", "/", "passwd is in none of /etc"),
            ("sh", "/bin", "/no/such", "directory: /no/such"),
        ] {
            let error = found(program, path, directory).unwrap_err();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
