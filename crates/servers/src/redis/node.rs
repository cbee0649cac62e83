//! One process of Redis.

use std::{fs, io, path::PathBuf, process::Command, thread};

use rustix::process::Signal;

use super::ask::ask;
use crate::{
    binaries,
    folder::Folder,
    log::Log,
    port,
    process::{LOOK_EVERY, LOOKS, Process},
    user::User,
};

/// One `redis-server` in a folder of its own, on a port of its own.
pub(super) struct Node {
    // Dropped before its folder.
    process: Option<Process>,
    program: PathBuf,
    user: Option<User>,
    port: u16,
    mode: Mode,
    folder: Folder,
}

/// What a `redis-server` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Server,
    Sentinel,
}

impl Node {
    /// Makes one that does not run yet.
    pub(super) fn new(mode: Mode, settings: &str) -> io::Result<Self> {
        let (program, user, folder) = (binaries::redis()?, User::instead_of_root()?, Folder::new("redis")?);
        let node = Self { process: None, program, user, port: port::free()?, mode, folder };
        let (port, folder, conf) = (node.port, node.folder.path(), node.conf());
        fs::write(&conf, format!("bind 127.0.0.1\nport {port}\ndir {}\nsave \"\"\n{settings}\n", folder.display()))?;
        if let Some(user) = user {
            user.own(folder)?;
            user.own(&conf)?;
        }
        Ok(node)
    }

    pub(super) fn start(mode: Mode, settings: &str) -> io::Result<Self> {
        let mut node = Self::new(mode, settings)?;
        node.launch()?;
        Ok(node)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Starts the process, and waits until it answers.
    pub(super) fn launch(&mut self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).arg(self.conf());
        if self.mode == Mode::Sentinel {
            command.arg("--sentinel");
        }
        if let Some(user) = self.user {
            user.run(&mut command);
        }
        self.log().record(&mut command)?;
        let process = self.process.insert(Process::spawn(&mut command, self.folder.path())?);
        for _ in 0..LOOKS {
            if ask(self.port, &["PING"]).is_ok() {
                return Ok(());
            }
            if let Some(status) = process.ended(1)? {
                return Err(self.log().failure(&format!("Redis ended with {status}")));
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(self.log().failure("Redis does not answer"))
    }

    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    pub(super) fn stop(&mut self) -> io::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        // One that is paused could not end.
        process.signal(Signal::CONT)?;
        process.signal(Signal::TERM)?;
        match process.ended(LOOKS)? {
            Some(_) => Ok(()),
            None => Err(self.log().failure("Redis does not end")),
        }
    }

    pub(super) fn pause(&self) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::STOP))
    }

    pub(super) fn resume(&self) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::CONT))
    }

    /// Asks until the answer is as it should be.
    pub(super) fn wait_for(&self, words: &[&str], wanted: impl Fn(&str) -> bool) -> io::Result<String> {
        for _ in 0..LOOKS {
            if let Some(answer) = ask(self.port, words).ok().filter(|answer| wanted(answer)) {
                return Ok(answer);
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(self.log().failure(&format!("{words:?} is not answered as it should be")))
    }

    /// Its settings; a Sentinel keeps what it learns there, too.
    fn conf(&self) -> PathBuf {
        self.folder.path().join("conf")
    }

    fn log(&self) -> Log {
        Log::within(self.folder.path())
    }
}
