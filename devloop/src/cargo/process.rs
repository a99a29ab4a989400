//! Process groups: cargo leads one, so that its compilers and build scripts can be stopped with it.

use std::io;

use devloop_system::children::{die_with_this_process, wait_for_end_of_group};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};

/// Makes the command the leader of a process group of its own. It is killed when devloop ends, however that happens.
///
/// Start it from a thread that lives as long as devloop, such as the runtime's workers ([`die_with_this_process`]).
pub(crate) fn lead_a_group(command: &mut Command) {
    command.process_group(0).kill_on_drop(true);
    die_with_this_process(command, Signal::KILL);
}

/// A running process group; it is killed when this is dropped before [`Group::disarm`].
#[derive(Debug)]
pub(crate) struct Group {
    leader: Option<Pid>,
}

impl Group {
    /// The group that the child leads.
    pub(crate) fn of(child: &Child) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { leader }
    }

    /// Kills every process of the group at once. The leader must not have been reaped yet: another process could have its id by
    /// then.
    pub(crate) fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            // The only possible error is that no process of the group is left.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Kills every process of the group and resolves when none of them runs any more. They end one by one, some
    /// only after the leader is gone. The leader must not have been reaped yet.
    pub(crate) async fn end(&mut self) {
        let leader = self.leader;
        self.kill();
        if let Some(leader) = leader {
            let _ = tokio::task::spawn_blocking(move || wait_for_end_of_group(leader)).await;
        }
    }

    /// Waits until the leader ends, without reaping it, so that its process id stays its own. Returns the signal that ended it, if any.
    pub(crate) async fn leader_end(&self) -> io::Result<Option<i32>> {
        let Some(leader) = self.leader else { return Ok(None) };
        let waiting = move || {
            loop {
                match waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                    Err(Errno::INTR) => {}
                    result => return result,
                }
            }
        };
        let status = tokio::task::spawn_blocking(waiting).await.map_err(io::Error::other)??;
        Ok(status.and_then(|status| status.terminating_signal()))
    }

    /// The leader has ended by itself and was reaped.
    pub(crate) fn disarm(&mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
