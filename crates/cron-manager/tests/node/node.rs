//! Processes of Node.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use serde_json::json;

use crate::{ALONE, BARE, HELD, TAKES, journal::Tick};

/// Installs the packages of `package-lock.json`, unless they are, into a folder among the build's; the replica lies beside them.
pub(crate) fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::read(source.join("package-lock.json")).unwrap();
    let is_installed = fs::read(folder.join("installed")).is_ok_and(|installed| installed == lock);
    for file in ["package.json", "package-lock.json", "replica.mjs"] {
        fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    if !is_installed {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
        let status = npm.status().expect("npm is missing; install it (Debian: apt-get install nodejs npm)");
        assert!(status.success(), "npm ci ended with {status}: it needs to reach the npm registry");
        fs::write(folder.join("installed"), lock).unwrap();
    }
    folder
}

/// A replica in a process of its own, which ends with this value.
pub(crate) struct Replica(Child);

impl Replica {
    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> std::io::Result<std::process::ExitStatus> {
        self.0.wait()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two replicas that call for all jobs in each of those seconds: the first from 100 ms before it to 400 ms after it, the other one
/// 0 to 500 ms after the first.
pub(crate) fn start_two(folder: &Path, redis_url: &str, journal: &Path, seconds: Range<Tick>) -> [Replica; 2] {
    let skews = [json!({"base": -100, "step": 137, "span": 500}), json!({"base": 0, "step": 211, "span": 500})];
    let mut at = 0;
    skews.map(|skew| {
        at += 1;
        let job = |name: &str, takes: u64| json!({"name": name, "takes": takes});
        let told = json!({
            "replica": format!("theirs-{at}"),
            "redisUrl": redis_url,
            "journal": journal,
            "from": seconds.start,
            "to": seconds.end,
            "jobs": [job(BARE, TAKES), job(HELD, TAKES), job(ALONE, 10)],
            "skew": skew,
        });
        let mut node = Command::new("node");
        let node = node.arg("replica.mjs").arg(told.to_string()).current_dir(folder).spawn();
        Replica(node.expect("Node is missing; install it (Debian: apt-get install nodejs npm)"))
    })
}
