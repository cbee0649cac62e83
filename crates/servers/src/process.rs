//! A server and its children, as processes.

use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::guard::Guard;

/// How long to wait between two looks at something.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often to look before giving up: 60 s.
pub(crate) const LOOKS: u32 = 6_000;

/// A server's first process. Killed with its children when this is dropped.
pub(crate) struct Process {
    // Dropped first: it must not outlive the process, whose id may then be somebody else's.
    _guard: Guard,
    child: Child,
    id: Pid,
}

impl Process {
    /// Starts it in a group of its own, so that signals of the terminal do not reach it.
    pub(crate) fn spawn(command: &mut Command, folder: &Path) -> io::Result<Self> {
        let mut child = command.process_group(0).spawn()?;
        let guard = Guard::watch(child.id(), folder);
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        match (guard, id) {
            (Ok(guard), Some(id)) => Ok(Self { _guard: guard, child, id }),
            (guard, _) => {
                child.kill()?;
                child.wait()?;
                Err(guard.err().unwrap_or_else(|| io::Error::other("a process id that is none")))
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(self.id, signal)?)
    }

    /// Signals the first process and then its children, which are returned.
    pub(crate) fn signal_all(&self, signal: Signal) -> io::Result<Vec<Pid>> {
        self.signal(signal)?;
        let children = self.children()?;
        for child in &children {
            // One that has ended by itself needs no signal.
            let _ = kill_process(*child, signal);
        }
        Ok(children)
    }

    /// Its end, if it comes in time.
    pub(crate) fn ended(&mut self, looks: u32) -> io::Result<Option<ExitStatus>> {
        for _ in 0..looks {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(None)
    }

    /// Kills it and its children, and waits until they are gone.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        // Stopped, it has no more children in the meantime.
        self.signal(Signal::STOP)?;
        let children = self.signal_all(Signal::KILL)?;
        self.child.wait()?;
        for _ in 0..LOOKS {
            if !children.iter().any(|child| runs(*child)) {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(io::Error::other(format!("children of process {} do not end", self.child.id())))
    }

    fn children(&self) -> io::Result<Vec<Pid>> {
        let ids = fs::read_dir("/proc")?.flatten().filter_map(|process| {
            let id = process.file_name().to_str()?.parse().ok()?;
            Pid::from_raw(id)
        });
        Ok(ids.filter(|id| stat(*id).is_some_and(|(_, parent)| parent == self.id.as_raw_nonzero().get())).collect())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.kill();
    }
}

/// Whether the process runs; one that only waits to be buried does not.
fn runs(id: Pid) -> bool {
    stat(id).is_some_and(|(state, _)| state != "Z")
}

/// The state and the parent of a process (proc(5)).
fn stat(id: Pid) -> Option<(String, i32)> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).ok()?;
    let mut fields = stat.rsplit(") ").next()?.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
