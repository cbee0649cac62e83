//! Whose crontab it is, and which users there are.

use std::{collections::HashSet, env, fs};

use rustix::process::getuid;

/// The user that runs this program, and the names of all users of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    /// The name of the user that runs this program.
    pub(crate) name: String,
    /// Their home directory.
    pub(crate) home: String,
    all: HashSet<String>,
}

impl Users {
    /// As `/etc/passwd` has it; a user that is not in there is who the environment says.
    pub(crate) fn of_this_machine() -> Self {
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let uid = getuid().as_raw();
        let (name, home) = find(&passwd, uid).unwrap_or_else(|| {
            let name = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| uid.to_string());
            (name, variable("HOME").unwrap_or_else(|| "/".to_owned()))
        });
        Self { name, home, all: names(&passwd) }
    }

    /// The users of a `passwd` file, of whom `uid` runs the program.
    #[cfg(test)]
    pub(crate) fn of(passwd: &str, uid: u32) -> Self {
        let (name, home) = find(passwd, uid).unwrap();
        Self { name, home, all: names(passwd) }
    }

    /// Whether there is a user of that name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.all.contains(name)
    }
}

fn names(passwd: &str) -> HashSet<String> {
    passwd.lines().filter_map(|line| line.split(':').next()).map(str::to_owned).collect()
}

/// The name and the home of a user (passwd(5)).
fn find(passwd: &str, uid: u32) -> Option<(String, String)> {
    passwd.lines().find_map(|line| match *line.split(':').collect::<Vec<_>>() {
        [name, _, id, _, _, home, ..] if id.parse() == Ok(uid) => Some((name.to_owned(), home.to_owned())),
        _ => None,
    })
}

/// Whether a crontab may mean a command by this word: the common ones that share their name with a user of Debian, and
/// what a shell that searches `path` finds.
pub(super) fn is_command(word: &str, path: &str) -> bool {
    const SHARED: [&str; 4] = ["lp", "mail", "man", "sync"];
    SHARED.contains(&word) || env::split_paths(path).any(|folder| folder.join(word).is_file())
}
