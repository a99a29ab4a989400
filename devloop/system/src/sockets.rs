//! Which process has a socket. All functions read tables of the whole machine: call them where blocking is allowed.

use std::net::SocketAddr;

use rustix::process::Pid;

use crate::children::Mark;
use crate::way;

/// The process that listens on this port of this machine, if devloop may inspect it.
pub fn listener(port: u16) -> Option<u32> {
    way::listener(port)
}

/// The name of a process.
pub fn name_of(process: u32) -> Option<String> {
    way::name_of(process)
}

/// The processes that may be at the other end of a connection: the process group of `leader`, and those with `mark`.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The process that leads the group.
    pub leader: Pid,
    /// What only processes of this owner have.
    pub mark: Mark,
}

impl Owner {
    /// Whether the owner has the end at `far` of a connection of this machine to `near`. Also true if nobody has it any more, because
    /// then nobody reads the answer, and if the system cannot tell.
    pub fn is_behind(&self, far: SocketAddr, near: SocketAddr) -> bool {
        way::is_behind(self, far, near)
    }
}

/// The user whose process has the end at `far` of a connection of this machine to `near`; none if no process has it any more, or none
/// that devloop may inspect. Both addresses count: somebody else may connect the same ports of other addresses.
pub fn user_behind(far: SocketAddr, near: SocketAddr) -> Option<u32> {
    way::user_behind(far, near)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_listens_is_found_and_has_a_name() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert_eq!(listener(port), Some(std::process::id()));
        assert!(name_of(std::process::id()).is_some_and(|name| !name.is_empty()));
        drop(socket);
        assert_eq!(listener(port), None);
    }

    #[test]
    fn a_connection_is_its_owner_s_and_nobody_else_s() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = socket.local_addr().unwrap();
        let client = TcpStream::connect(near).unwrap();
        let far = client.local_addr().unwrap();
        let _accepted = socket.accept().unwrap();
        let owner =
            |child| Owner { leader: Pid::from_child(child), mark: Mark::new("SYSTEM_TEST=none".to_owned()) };
        let sleeper =
            |stdin: Stdio| Command::new("sleep").arg("60").stdin(stdin).process_group(0).spawn().unwrap();
        let mut holder = sleeper(OwnedFd::from(client).into());
        let mut stranger = sleeper(Stdio::null());
        assert!(owner(&holder).is_behind(far, near), "its group holds it");
        assert!(!owner(&stranger).is_behind(far, near), "another group does not");
        assert_eq!(user_behind(far, near), Some(rustix::process::geteuid().as_raw()));
        // The same ports of another address are another connection, of which there is none.
        let elsewhere = SocketAddr::from(([127, 0, 0, 2], near.port()));
        assert_eq!(user_behind(far, elsewhere), None);
        for child in [&mut holder, &mut stranger] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
