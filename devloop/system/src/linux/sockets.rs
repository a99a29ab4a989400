use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt as _;

use rustix::process::Pid;

use crate::sockets::Owner;
use crate::way::children::is_running_in;
use crate::way::processes;
use crate::way::strays::carries;

/// The state of a listening socket `[proc_net_tcp(5)]`.
const LISTEN: &str = "0A";

/// The kernel's tables of sockets. A program may use a socket for both versions of IP.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// A line of the kernel's table `[proc_net_tcp(5)]`.
struct Socket<'a> {
    own: &'a str,
    far: &'a str,
    state: &'a str,
    user: &'a str,
    inode: &'a str,
}

impl<'a> Socket<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split_whitespace().skip(1);
        let (own, far, state) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Self { own, far, state, user: fields.nth(3)?, inode: fields.nth(1)? })
    }
}

/// The user and the inode of the first socket of the tables that is meant.
fn find(is_meant: impl Fn(&Socket) -> bool) -> Option<(u32, u64)> {
    TABLES.iter().find_map(|table| find_in(&fs::read_to_string(table).ok()?, &is_meant))
}

/// One without an inode is nobody's any more.
fn find_in(table: &str, is_meant: impl Fn(&Socket) -> bool) -> Option<(u32, u64)> {
    let socket = table.lines().skip(1).filter_map(Socket::parse).find(|socket| is_meant(socket))?;
    let inode = socket.inode.parse().ok().filter(|inode| *inode != 0)?;
    Some((socket.user.parse().ok()?, inode))
}

/// As `/proc/PID/fd` shows a socket.
fn name((_, inode): (u32, u64)) -> String {
    format!("socket:[{inode}]")
}

/// Whether an address such as `0100007F:1F90` has this port.
fn is_port(address: &str, port: u16) -> bool {
    address.rsplit_once(':').is_some_and(|(_, hex)| u16::from_str_radix(hex, 16) == Ok(port))
}

/// Whether it is this address. The kernel writes each four bytes as one number of the machine's own byte order; a program may also use a
/// socket of IPv6 for an address of IPv4.
fn is_at(address: &str, wanted: SocketAddr) -> bool {
    let hex = |bytes: &[u8]| -> String {
        let words =
            bytes.chunks_exact(4).map(|four| u32::from_ne_bytes([four[0], four[1], four[2], four[3]]));
        words.map(|word| format!("{word:08X}")).collect()
    };
    let is_host = |host: &str| match wanted.ip() {
        IpAddr::V4(ip) => host == hex(&ip.octets()) || host == hex(&ip.to_ipv6_mapped().octets()),
        IpAddr::V6(ip) => host == hex(&ip.octets()),
    };
    is_port(address, wanted.port()) && address.split_once(':').is_some_and(|(host, _)| is_host(host))
}

/// Whether the process has the socket open.
fn holds(process: Pid, socket: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())) else { return false };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| target.as_os_str().as_bytes() == socket.as_bytes())
}

pub(crate) fn listener(port: u16) -> Option<u32> {
    let socket = name(find(|socket| socket.state == LISTEN && is_port(socket.own, port))?);
    let process = processes().find(|process| holds(*process, &socket))?;
    Some(process.as_raw_nonzero().get().unsigned_abs())
}

pub(crate) fn name_of(process: u32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{process}/comm")).ok()?.trim().to_owned())
}

pub(crate) fn is_behind(owner: &Owner, far: SocketAddr, near: SocketAddr) -> bool {
    let look = || between(far, near).map(name);
    let leader = owner.leader;
    // A socket that nobody holds is believed to have been an owner's only when the owner has ended: who asks waits for an answer.
    let has_ended = || !is_running_in(leader, leader);
    let Some(socket) = look() else { return has_ended() };
    let is_own = |process: Pid| is_running_in(process, leader) || carries(process, &owner.mark);
    holds(leader, &socket)
        || processes().any(|process| is_own(process) && holds(process, &socket))
        || (look().as_deref() != Some(socket.as_str()) && has_ended())
}

pub(crate) fn user_behind(far: SocketAddr, near: SocketAddr) -> Option<u32> {
    between(far, near).map(|(user, _)| user)
}

fn between(far: SocketAddr, near: SocketAddr) -> Option<(u32, u64)> {
    find(|socket| is_at(socket.own, far) && is_at(socket.far, near))
}

#[cfg(test)]
mod tests {
    use super::{LISTEN, find_in, is_at, is_port};

    #[test]
    fn an_address_is_its_host_and_its_port() {
        let check = |address: &str, wanted: &str, expected: bool| {
            assert_eq!(is_at(address, wanted.parse().unwrap()), expected, "{address} {wanted}");
        };
        let loopback = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]));
        let prefix = format!("{:016X}{:08X}", 0, u32::from_ne_bytes([0, 0, 0xff, 0xff]));
        check(&format!("{loopback}:11D6"), "127.0.0.1:4566", true);
        check(&format!("{prefix}{loopback}:11D6"), "127.0.0.1:4566", true);
        check(&format!("{loopback}:11D6"), "127.0.0.1:4567", false);
        check(&format!("{loopback}:11D6"), "127.0.0.2:4566", false);
        let six = format!("{:024X}{:08X}", 0, u32::from_ne_bytes([0, 0, 0, 1]));
        check(&format!("{six}:0050"), "[::1]:80", true);
        check(&format!("{six}:0050"), "127.0.0.1:80", false);
    }

    #[test]
    fn the_table_of_sockets_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:11D6 0100007F:9999 01 00000000:00000000 00:00000000 00000000 0 0 11 1\n\
            1: 0100007F:11D6 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 22 1\n\
            2: 0100007F:11D7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 0 1\n\
            3: short\n";
        let listens = |port| find_in(table, |socket| socket.state == LISTEN && is_port(socket.own, port));
        assert_eq!(listens(0x11D6), Some((1000, 22)));
        assert_eq!(listens(0x11D7), None, "a socket that nobody has any more");
        assert_eq!(listens(80), None);
        assert_eq!(find_in(table, |socket| is_port(socket.far, 0x9999)), Some((0, 11)));
    }
}
