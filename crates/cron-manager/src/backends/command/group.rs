//! The process group of a command: all that it starts and that does not leave the group.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::Child;

/// A process group that ends with this value, unless it is released.
pub(super) struct Group {
    /// `None`: nothing is left to end.
    leader: Option<Pid>,
}

impl Group {
    /// The group that a child was started to lead.
    pub(super) fn led_by(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(Pid::from_raw) }
    }

    /// Sends a signal to all members; members that are gone need none.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Whether it has members. Its number is not given to another group while it has.
    pub(super) fn is_alive(&self) -> bool {
        self.leader.is_some_and(|leader| test_kill_process_group(leader).is_ok())
    }

    /// Lets what is left of the group go on.
    pub(super) fn release(mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
