//! The error for a port that is in use, with the process that listens on it.

use std::io;

use devloop_system::sockets;

use crate::engine::Problem;
use crate::error::{Exit, UserError};

/// The error of a failed bind, with the port's owner where the system tells.
pub(super) fn refused(port: u16, error: &io::Error) -> UserError {
    let problem = if error.kind() == io::ErrorKind::AddrInUse {
        let owner = owner(port).unwrap_or_else(|| "another process".to_owned());
        Problem::new("port_busy", format!("listen on 127.0.0.1:{port}: {owner} has the port"))
            .with_hint("stop it, or choose another port with `--port N` (0 takes a free one)")
    } else {
        Problem::new("listen_failed", format!("listen on 127.0.0.1:{port}: {error}"))
    };
    UserError { problem, exit: Exit::Cloud }
}

/// The process that listens on the port, such as `devloop (process 4711)`, where the system tells; processes of other users stay
/// unnamed. Reads tables of the whole machine.
pub(crate) fn owner(port: u16) -> Option<String> {
    let process = sockets::listener(port)?;
    let name = sockets::name_of(process).unwrap_or_default();
    Some(format!("{name} (process {process})"))
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn a_busy_ports_owner_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap_err();
        let text = refused(port, &error).to_string();
        assert!(text.contains(&format!("(process {}) has the port", std::process::id())), "{text}");
    }
}
