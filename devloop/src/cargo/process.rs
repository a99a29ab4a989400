//! Process groups: cargo leads one, so that its compilers and build scripts can be stopped with it.

use tokio::process::{Child, Command};

/// Makes the command the leader of a process group of its own, killed when devloop dies in whatever way.
///
/// Start it from a thread that lives as long as devloop: the kernel watches the thread that forked, not the process.
#[expect(unsafe_code, reason = "the death signal can only be asked for between fork and exec")]
pub(crate) fn lead_a_group(command: &mut Command) {
    command.process_group(0).kill_on_drop(true);
    #[cfg(target_os = "linux")]
    {
        let parent = std::process::id();
        // SAFETY: prctl and getppid are async-signal-safe and touch no memory of this process.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                // The parent may have died before the signal was asked for.
                if u32::try_from(libc::getppid()) != Ok(parent) {
                    return Err(std::io::Error::from_raw_os_error(libc::ESRCH));
                }
                Ok(())
            });
        }
    }
}

/// A running process group; it is killed when this is dropped before [`Group::disarm`].
#[derive(Debug)]
pub(crate) struct Group {
    leader: Option<i32>,
}

impl Group {
    /// The group that the child leads.
    pub(crate) fn of(child: &Child) -> Self {
        Self { leader: child.id().and_then(|id| i32::try_from(id).ok()) }
    }

    /// Kills every process of the group at once. The leader must not have been reaped yet: its number could be another's.
    #[expect(unsafe_code, reason = "the standard library kills single processes only")]
    pub(crate) fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            // SAFETY: kill takes two integers. The leader is unreaped, so the number is still this group's.
            unsafe {
                libc::kill(-leader, libc::SIGKILL);
            }
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
