//! The program that is asked.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// A job that says a line and ends, which nothing but a trigger starts; its id is 1.
pub(crate) const GREET: &str = "# name: greet\n0 0 29 2 * echo hello\n";
/// The same, with two lines, and one that takes its time, which nothing but a trigger starts: `greet` has the id 1, `wait` the id 2.
const CRONTAB: &str =
    "# name: greet\n0 0 29 2 * echo hello; echo world\n# name: wait\n0 0 29 2 * echo begun; exec sleep 10\n";

/// A program that serves; ended when this is dropped, and its folder with it.
pub(crate) struct Program {
    child: Child,
    /// Its host and port.
    pub(crate) address: String,
    folder: PathBuf,
}

impl Program {
    /// Starts it, with the original library's service under the name `inventory`.
    pub(crate) fn start() -> Self {
        Self::with(|_| Vec::new())
    }

    /// Starts it with further settings, as the environment has them. They may name files in the folder of the test.
    pub(crate) fn with(settings: impl FnOnce(&Path) -> Vec<(&'static str, String)>) -> Self {
        Self::with_crontab(CRONTAB, settings)
    }

    /// The same with another crontab.
    pub(crate) fn with_crontab(text: &str, settings: impl FnOnce(&Path) -> Vec<(&'static str, String)>) -> Self {
        let folder = folder();
        let crontab = folder.join("crontab");
        fs::write(&crontab, text).unwrap();
        let settings = settings(&folder);
        let mut command = Command::new(env!("CARGO_BIN_EXE_cron-manager"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--service", "inventory", "--crontab"]).arg(crontab);
        command.arg("--data-dir").arg(&folder).env_clear().env("PATH", env::var_os("PATH").unwrap()).envs(settings);
        command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let address = lines.find_map(|line| {
            let address = line.starts_with("  http ").then(|| line.split_once("://")).flatten();
            let address = address.map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned());
            said.push(line);
            address
        });
        let address = address.unwrap_or_else(|| panic!("it does not serve:\n{}", said.join("\n")));
        // What it says further is read, so that it need not wait.
        thread::spawn(move || lines.for_each(drop));
        Self { child, address, folder }
    }

    /// The folder of the test.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("foreign-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
