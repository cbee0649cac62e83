//! Ends a server whose starter has died.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Waits for the end of its input, which only the starter holds open; then kills the server with its children and removes the folder.
const SCRIPT: &str = r#"
cat >/dev/null
kill -KILL "$1" $(cat "/proc/$1/task/$1/children" 2>/dev/null)
rm -rf "$2"
"#;

/// A shell that outlives this process by as long as it takes to clean up after it. (A parent's death signal would come with the end of
/// the *thread* that started the server.)
pub(crate) struct Guard(Child);

impl Guard {
    /// Guards the process with that id, which lives in `folder`.
    pub(crate) fn watch(id: u32, folder: &Path) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "guard"]).arg(id.to_string()).arg(folder).current_dir("/");
        // In a group of its own, an interrupt from the terminal does not reach it.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        shell.spawn().map(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Its `cat` ends with the input; the shell must be gone by then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
