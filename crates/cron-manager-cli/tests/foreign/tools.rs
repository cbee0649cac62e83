//! Programs that others wrote.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Where the sources of the clients lie.
pub(crate) const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign");
/// Where our own proto lies.
pub(crate) const OUR_PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cron-manager/proto");

/// A command of Python's, such as `python`, with the packages of `python/requirements.txt`.
pub(crate) fn python(command: &str) -> Command {
    let folder = installed("foreign-python", "python/requirements.txt", |folder, list| {
        let missing = "python3 with venv is missing; install it (Debian: apt-get install python3-venv)";
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")), missing);
        let mut pip = Command::new(folder.join("venv/bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
        must(
            pip.arg("--requirement").arg(list),
            "pip has not installed the packages: it needs to reach the registry of PyPI",
        );
    });
    let mut python = Command::new(folder.join("venv/bin").join(command));
    python.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    python
}

/// Node, in a folder with the packages of `node/package-lock.json` and the clients beside them.
pub(crate) fn node() -> (Command, PathBuf) {
    let folder = installed("foreign-node", "node/package-lock.json", |folder, list| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(list.with_file_name(file), folder.join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
        must(
            &mut npm,
            "npm has not installed the packages: is it there (Debian: apt-get install nodejs npm), and does it reach its registry?",
        );
    });
    (Command::new("node"), folder)
}

/// `curl`, which says no more than it is asked, and gives up after a minute.
pub(crate) fn curl() -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--no-buffer", "--max-time", "60"]);
    curl
}

/// Runs a command to its end: what it wrote on standard output. It must go well.
pub(crate) fn must(command: &mut Command, else_say: &str) -> String {
    let Output { status, stdout, stderr } = output(command);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(status.success(), "{else_say}\n{command:?} ended with {status}\n{}\n{}", text(&stdout), text(&stderr));
    text(&stdout)
}

/// What a command wrote until its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        let name = command.get_program().display();
        panic!("{name} is missing ({error}); install it (Debian: apt-get install python3-venv nodejs npm curl openssl)")
    })
}

/// The folder called `name` among the build's, once `install` has put there what the file `list` says. One test at a time installs.
fn installed(name: &str, list: &str, install: impl FnOnce(&Path, &Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let list = Path::new(SOURCE).join(list);
    let wanted = fs::read(&list).unwrap();
    let mark = folder.join("installed");
    if fs::read(&mark).is_ok_and(|there| there == wanted) {
        return folder;
    }
    install(&folder, &list);
    fs::write(mark, wanted).unwrap();
    folder
}
