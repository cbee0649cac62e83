//! Starting the program, and watching it.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use cron_manager::{backends::system::SystemClock, contracts::Clock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use servers::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// How long anything may take before a test fails.
const DEADLINE: Duration = Duration::from_secs(90);

/// The program, with nothing from the environment but `PATH`.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cron-manager"));
    command.args(arguments).env_clear().env("PATH", env::var_os("PATH").unwrap()).stdin(Stdio::null());
    command
}

/// Runs the program to its end: its exit code, and what it printed on standard output and standard error.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    shown(program(arguments).output().unwrap())
}

/// The same of a program that has ended.
pub(crate) fn shown(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A folder of one test, gone when the test has ended.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("program-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Writes the crontab of the test.
    pub(crate) fn crontab(&self, text: &str) {
        fs::write(self.path("crontab"), text).unwrap();
    }

    /// Starts to serve the crontab of the test.
    pub(crate) fn serve(&self) -> Serving {
        Serving::start(program(&["serve", "--crontab"]).arg(self.path("crontab")), self)
    }

    /// Starts to serve without any argument.
    pub(crate) fn serve_sample(&self) -> Serving {
        Serving::start(&mut program(&[]), self)
    }

    /// Starts a program that serves, with its data in the folder.
    pub(crate) fn start(&self, command: &mut Command) -> Serving {
        Serving::start(command, self)
    }

    /// `check ledger`: its exit code and its rows.
    pub(crate) fn check_ledger(&self) -> (i32, Vec<Value>) {
        let mut check = program(&["check", "ledger", "-o", "json", "--data-dir"]);
        let (code, rows, errors) = shown(check.arg(&self.0).output().unwrap());
        let rows = serde_json::from_str(&rows).unwrap_or_else(|_| panic!("{code}: {rows}{errors}"));
        (code, rows)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that serves; killed when this is dropped.
pub(crate) struct Serving {
    child: Child,
    lines: Receiver<String>,
    /// All lines that were looked at.
    pub(crate) seen: Vec<String>,
    pub(crate) began: Duration,
}

impl Serving {
    fn start(command: &mut Command, folder: &Folder) -> Self {
        command.env("CRON_MANAGER_DATA_DIR", &folder.0).env("CRON_MANAGER_LISTEN", "127.0.0.1:0");
        let began = SystemClock.elapsed();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let (output, errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        read_lines(output, sender.clone());
        read_lines(errors, sender);
        Self { child, lines, seen: Vec::new(), began }
    }

    /// The next line that holds all of these texts.
    pub(crate) fn line(&mut self, texts: &[&str]) -> String {
        let deadline = SystemClock.elapsed() + DEADLINE;
        loop {
            let left = deadline.saturating_sub(SystemClock.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {texts:?} came after:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if texts.iter().all(|text| line.contains(text)) {
                return line;
            }
        }
    }

    /// Takes lines for so long.
    pub(crate) fn watch(&mut self, length: Duration) {
        let end = SystemClock.elapsed() + length;
        while let Ok(line) = self.lines.recv_timeout(end.saturating_sub(SystemClock.elapsed())) {
            self.seen.push(line);
        }
    }

    /// What `look` finds, as soon as it finds something.
    pub(crate) fn comes<T>(&mut self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = SystemClock.elapsed() + DEADLINE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(SystemClock.elapsed() < deadline, "it never came to this: {what}\n{}", self.seen.join("\n"));
            self.watch(Duration::from_millis(10));
        }
    }

    /// Where the HTTP face listens.
    pub(crate) fn address(&mut self) -> String {
        let line = self.line(&["  http ", "http://"]);
        line.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Waits for the end: the exit code, if it ended by itself.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let deadline = SystemClock.elapsed() + DEADLINE;
        loop {
            // The program alone holds its output open.
            match self.lines.recv_timeout(deadline.saturating_sub(SystemClock.elapsed())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().code(),
                Err(RecvTimeoutError::Timeout) => panic!("it did not end:\n{}", self.seen.join("\n")),
            }
        }
    }
}

fn read_lines(stream: impl Read + Send + 'static, sender: Sender<String>) {
    let lines = BufReader::new(stream).lines();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether processes of a group run; those that only wait to be buried do not count (proc(5)).
pub(crate) fn group_runs(group: i32) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok()).any(|stat| {
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        fields.get(2).is_some_and(|of| of.parse() == Ok(group)) && fields[0] != "Z"
    })
}

/// The URL of a login called `reports`, made there with these rights.
pub(crate) fn login(postgres: &Postgres, rights: &str) -> String {
    execute(postgres, &format!("CREATE ROLE reports LOGIN {rights}"));
    postgres.url().replace("postgres@", "reports@")
}

/// Runs statements as the owner of the server.
pub(crate) fn execute(postgres: &Postgres, sql: &str) {
    block_on(async {
        let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    });
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The JSON that a GET answers.
pub(crate) fn get(address: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    serde_json::from_str(body).unwrap()
}
