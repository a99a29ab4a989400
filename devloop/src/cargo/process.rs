//! Process groups: cargo leads one, so that its compilers and build scripts can be stopped with it.

use tokio::process::{Child, Command};

/// Makes the command the leader of a process group of its own, killed when devloop dies in whatever way.
///
/// Start it from a thread that lives as long as devloop: the kernel watches the thread that forked, not the process.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "the death signal can only be asked for between fork and exec"))]
pub(crate) fn lead_a_group(command: &mut Command) {
    command.process_group(0).kill_on_drop(true);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
        let parent = getpid();
        let prepare = move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have died before the signal was asked for.
            if getppid() == Some(parent) { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
        };
        // SAFETY: the two system calls are async-signal-safe and touch no memory of this process.
        unsafe {
            command.pre_exec(prepare);
        }
    }
}

/// A running process group; it is killed when this is dropped before [`Group::disarm`].
#[derive(Debug)]
pub(crate) struct Group {
    leader: Option<rustix::process::Pid>,
}

impl Group {
    /// The group that the child leads.
    pub(crate) fn of(child: &Child) -> Self {
        Self { leader: child.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)) }
    }

    /// Kills every process of the group at once. The leader must not have been reaped yet: its number could be another's.
    pub(crate) fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            // An error means that the group is gone already.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }

    /// The leader has ended by itself and is about to be reaped.
    pub(crate) fn disarm(&mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
