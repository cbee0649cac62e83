//! Who a server runs as.

use std::{fs, io, os::unix::process::CommandExt, path::Path, process::Command};

use rustix::process::geteuid;

/// The user that a server runs as in place of root, whom PostgreSQL refuses, and through whose Redis everybody on the machine would be root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    id: u32,
    group: u32,
}

impl User {
    /// Nobody else, unless this process runs as root.
    pub(crate) fn instead_of_root() -> io::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd")?;
        let user = ["postgres", "nobody"].iter().find_map(|name| Self::of_passwd(&passwd, name));
        user.map(Some)
            .ok_or_else(|| io::Error::other("no server is run as root, and there is no user postgres or nobody"))
    }

    fn of_passwd(passwd: &str, name: &str) -> Option<Self> {
        let mut fields =
            passwd.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?;
        let id = fields.nth(2)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Self { id, group })
    }

    /// Gives the folder away.
    pub(crate) fn own(self, folder: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(folder, Some(self.id), Some(self.group))
    }

    /// Lets the command run as this user, without root's groups.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.id).gid(self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "post:x:1:2::/:\npostgres:x:101:104:PostgreSQL:/var:/bin/sh\n";
        assert_eq!(User::of_passwd(passwd, "postgres"), Some(User { id: 101, group: 104 }));
        assert_eq!(User::of_passwd(passwd, "nobody"), None);
    }
}
