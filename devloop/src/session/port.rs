//! The error for a port that is in use, with the process that listens on it.

use std::io;

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

/// The process that listens on the port, such as `devloop (process 4711)`. Linux tells; processes of other users stay
/// unnamed.
pub(crate) fn owner(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let socket = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let has_it = descriptors.flatten().any(|descriptor| {
            std::fs::read_link(descriptor.path()).is_ok_and(|link| link.as_os_str() == socket.as_str())
        });
        if has_it {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {id})", name.trim()));
        }
    }
    None
}

/// The socket's number in the kernel's table, for a listening socket on the port [proc(5), `/proc/net/tcp`].
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let (_, hex) = local.rsplit_once(':')?;
        (*state == LISTEN && u16::from_str_radix(hex, 16).ok()? == port).then(|| (*inode).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{listening_inode, refused};

    #[test]
    fn the_table_of_sockets_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:11D6 0100007F:9999 01 00000000:00000000 00:00000000 00000000 0 0 11 1\n\
            1: 0100007F:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 22 1\n";
        assert_eq!(listening_inode(table, 0x11D6).as_deref(), Some("22"));
        assert_eq!(listening_inode(table, 80), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_busy_ports_owner_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap_err();
        let text = refused(port, &error).to_string();
        assert!(text.contains(&format!("(process {}) has the port", std::process::id())), "{text}");
    }
}
