//! A PostgreSQL of one's own.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    thread,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    binaries,
    folder::Folder,
    log::Log,
    port,
    process::{LOOK_EVERY, LOOKS, Process},
    user::User,
};

/// A PostgreSQL in a folder of its own, on a loopback port of its own, which it keeps. It trusts everybody on this machine.
/// Ended, and its folder removed, when this is dropped.
pub struct Postgres {
    // Dropped before its folder.
    process: Option<Process>,
    binaries: PathBuf,
    user: Option<User>,
    port: u16,
    durable: bool,
    folder: Folder,
}

impl Postgres {
    /// Starts one that keeps what it acknowledged, as by default.
    ///
    /// Errors: PostgreSQL is not installed; it does not start (with its log).
    pub fn start() -> io::Result<Self> {
        Self::new(true)
    }

    /// Starts one that does not wait for the disk, for tests that do not look at it after a crash of the machine.
    ///
    /// Errors: as [`Postgres::start`].
    pub fn fast() -> io::Result<Self> {
        Self::new(false)
    }

    fn new(durable: bool) -> io::Result<Self> {
        let (binaries, user, folder) = (binaries::postgres()?, User::instead_of_root()?, Folder::new("postgres")?);
        if let Some(user) = user {
            user.own(folder.path())?;
        }
        let mut server = Self { process: None, binaries, user, port: port::free()?, durable, folder };
        server.init()?;
        server.launch()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The id of its first process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Kills all its processes at once, as a crash would. [`Postgres::restart`] brings it back.
    ///
    /// Errors: it does not end.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Ends its sessions and stops it in order.
    ///
    /// Errors: it does not end.
    pub fn stop(&mut self) -> io::Result<()> {
        self.end(Signal::INT)
    }

    /// Stops it in order if it runs, and starts it again with the same data on the same port.
    ///
    /// Errors: it does not end, or does not start (with its log).
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop()?;
        self.launch()
    }

    /// Holds all its processes still, until [`Postgres::resume`].
    ///
    /// Errors: the system's.
    pub fn pause(&self) -> io::Result<()> {
        self.signal_all(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// Errors: the system's.
    pub fn resume(&self) -> io::Result<()> {
        self.signal_all(Signal::CONT)
    }

    fn signal_all(&self, signal: Signal) -> io::Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal_all(signal).map(drop))
    }

    fn end(&mut self, signal: Signal) -> io::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        // One that is paused could not end.
        process.signal_all(Signal::CONT)?;
        process.signal(signal)?;
        match process.ended(LOOKS)? {
            Some(_) => Ok(()),
            None => Err(self.log().failure("PostgreSQL does not end")),
        }
    }

    fn init(&self) -> io::Result<()> {
        let mut initdb = self.command("initdb")?;
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        match initdb.arg("--pgdata").arg(self.data()).status()? {
            status if status.success() => Ok(()),
            status => Err(self.log().failure(&format!("initdb ended with {status}"))),
        }
    }

    fn launch(&mut self) -> io::Result<()> {
        let mut postgres = self.command("postgres")?;
        postgres.arg("-D").arg(self.data()).arg(format!("--port={}", self.port));
        postgres.arg(format!("--unix_socket_directories={}", self.folder.path().display()));
        // What a killed server leaves of its shared memory lies in the folder, too.
        postgres.args(["--listen_addresses=127.0.0.1", "--dynamic_shared_memory_type=mmap", "--max_connections=200"]);
        if !self.durable {
            postgres.args(["--fsync=off", "--synchronous_commit=off", "--full_page_writes=off"]);
        }
        let process = self.process.insert(Process::spawn(&mut postgres, self.folder.path())?);
        for _ in 0..LOOKS {
            if answers(self.port) {
                return Ok(());
            }
            if let Some(status) = process.ended(1)? {
                return Err(self.log().failure(&format!("PostgreSQL ended with {status}")));
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(self.log().failure("PostgreSQL does not answer"))
    }

    /// One of its programs, as its user, writing to the log.
    fn command(&self, program: &str) -> io::Result<Command> {
        let mut command = Command::new(self.binaries.join(program));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        self.log().record(&mut command)?;
        if let Some(user) = self.user {
            user.run(&mut command);
        }
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> Log {
        Log::within(self.folder.path())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, but so that it clears its shared memory away; dropping the process kills what is left.
        let _ = self.end(Signal::QUIT);
    }
}

/// Whether the server lets a session begin: a startup message of protocol 3.0, answered by an authentication message
/// ("Message Formats" in PostgreSQL's documentation).
fn answers(port: u16) -> bool {
    const WAIT: Duration = Duration::from_secs(1);
    let ask = || -> io::Result<u8> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, WAIT)?;
        stream.set_read_timeout(Some(WAIT))?;
        let parameters = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
        let length = u32::try_from(parameters.len() + 4).unwrap_or_default();
        stream.write_all(&[&length.to_be_bytes()[..], parameters].concat())?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        Ok(kind[0])
    };
    matches!(ask(), Ok(b'R'))
}
