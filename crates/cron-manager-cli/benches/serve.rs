//! P8: from the start of `cron-manager serve` to the end of its first run, what it holds in memory, and how large it is.
//!
//! `cargo bench -p cron-manager-cli --bench serve`
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 9;
const PROGRAM: &str = env!("CARGO_BIN_EXE_cron-manager");

fn main() {
    let folder = std::env::temp_dir().join(format!("cron-manager-bench-serve-{}", std::process::id()));
    let rounds: Vec<_> = (0..ROUNDS).map(|round| serve(&folder.join(round.to_string()))).collect();
    fs::remove_dir_all(folder).unwrap();
    println!("P8: cron-manager serve with the sample crontab and a new database, {ROUNDS} rounds");
    print("first run done, ms", rounds.iter().map(|(time, _)| time.as_secs_f64() * 1e3));
    print("resident, MiB", rounds.iter().map(|(_, memory)| *memory));
    println!("  {:<18} {:.1}", "stripped, MiB", fs::metadata(PROGRAM).unwrap().len() as f64 / 1_048_576.0);
}

/// One start: the time until the first run is reported as done, and the resident memory then.
fn serve(data: &Path) -> (Duration, f64) {
    let started = Instant::now();
    let mut program = Command::new(PROGRAM);
    program.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).stdin(Stdio::null());
    let mut child = program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("succeeded") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the program ended before its first run did");
    }
    let time = started.elapsed();
    let memory = resident_mib(&child);
    end(&mut child, lines);
    (time, memory)
}

fn resident_mib(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

fn end(child: &mut Child, mut rest: impl Read) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    std::io::copy(&mut rest, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn print(name: &str, values: impl Iterator<Item = f64>) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (least, median, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("  {name:<18} {median:.1} ({least:.1}–{most:.1})");
}
