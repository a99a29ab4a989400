//! Who may call a Runtime API: only the function's own processes. On Linux, `/proc` shows which process has the other end
//! of a connection; on other systems every process is let in.

use std::net::SocketAddr;

use rustix::process::Pid;

/// The processes that a Runtime API is for.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// The function's process, which leads its process group.
    pub(super) leader: Pid,
    /// The API's address. Processes that left the group are recognised by this address in their variables.
    pub(super) runtime_api: String,
}

impl Owner {
    /// Whether the connection from `peer` comes from the function. A connection whose other end has closed meanwhile is let
    /// in, because nobody receives the answer. Reads the process table: call it where blocking is allowed.
    #[cfg(target_os = "linux")]
    pub(super) fn is_behind(&self, peer: SocketAddr, own: SocketAddr) -> bool {
        let Some(socket) = linux::socket_between(peer.port(), own.port()) else { return true };
        linux::holds(self.leader, &socket)
            || linux::others(self).any(|process| linux::holds(process, &socket))
            // The socket has changed hands or closed while the processes were searched.
            || linux::socket_between(peer.port(), own.port()).as_deref() != Some(socket.as_str())
    }

    /// This system does not show the process of a connection, so every process is admitted.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_behind(&self, _peer: SocketAddr, _own: SocketAddr) -> bool {
        let Self { leader: _, runtime_api: _ } = self;
        true
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, os::unix::ffi::OsStrExt as _};

    use rustix::process::Pid;

    use super::Owner;
    use crate::lambda::environment::strays::carries;

    /// The name of the socket with this local port and far port, as `/proc/PID/fd` shows it.
    pub(super) fn socket_between(port: u16, far: u16) -> Option<String> {
        // A program may use an IPv6 socket for IPv4.
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].iter().find_map(|table| {
            let table = fs::read_to_string(table).ok()?;
            let line = table.lines().skip(1).find(|line| {
                let mut columns = line.split_whitespace().skip(1);
                columns.next().is_some_and(|own| is_port(own, port))
                    && columns.next().is_some_and(|other| is_port(other, far))
            })?;
            let inode = line.split_whitespace().nth(9).filter(|inode| *inode != "0")?;
            Some(format!("socket:[{inode}]"))
        })
    }

    /// Whether an address such as `0100007F:1F90` has this port.
    fn is_port(address: &str, port: u16) -> bool {
        address.rsplit_once(':').is_some_and(|(_, hex)| u16::from_str_radix(hex, 16) == Ok(port))
    }

    /// Whether the process has the socket open.
    pub(super) fn holds(process: Pid, socket: &str) -> bool {
        let Ok(files) = fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())) else { return false };
        files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| target.as_os_str().as_bytes() == socket.as_bytes())
    }

    /// The function's other processes: those of its group, and those that left the group.
    pub(super) fn others(owner: &Owner) -> impl Iterator<Item = Pid> {
        let mark = format!("AWS_LAMBDA_RUNTIME_API={}", owner.runtime_api);
        let leader = owner.leader;
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
        processes.filter(move |process| {
            rustix::process::getpgid(Some(*process)) == Ok(leader) || carries(*process, &mark)
        })
    }
}
