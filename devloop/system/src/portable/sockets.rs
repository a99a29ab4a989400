use std::net::SocketAddr;

use crate::sockets::Owner;
use crate::way::tables::{carriers_of, lsof, ps};

pub(crate) fn listener(port: u16) -> Option<u32> {
    let table = lsof(&[&format!("-iTCP:{port}"), "-sTCP:LISTEN", "-Fp"])?;
    table.lines().find_map(|line| line.strip_prefix('p')?.parse().ok())
}

pub(crate) fn name_of(process: u32) -> Option<String> {
    let path = ps(&["-o", "comm=", "-p", &process.to_string()])?;
    // Some systems tell the whole path.
    path.trim().rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

pub(crate) fn is_behind(owner: &Owner, far: SocketAddr, near: SocketAddr) -> bool {
    let group = owner.leader.as_raw_nonzero().to_string();
    let of_port = format!("-iTCP:{}", far.port());
    // Nearly always it is the group's, and its processes are looked at in a fraction of the time.
    let Some(of_group) = lsof(&["-a", "-g", &group, &of_port, "-Fpn"]) else { return true };
    if !holders(&of_group, far, near).is_empty() {
        return true;
    }
    let Some(all) = lsof(&[&of_port, "-Fpn"]) else { return true };
    let holders = holders(&all, far, near);
    let in_group = |id: &u32| {
        ps(&["-o", "pgid=", "-p", &id.to_string()]).is_some_and(|its_group| its_group.trim() == group)
    };
    if holders.is_empty() || holders.iter().any(in_group) {
        return true;
    }
    let carriers = carriers_of(&owner.mark.variable);
    holders.iter().any(|holder| carriers.contains(holder))
}

pub(crate) fn user_behind(far: SocketAddr, near: SocketAddr) -> Option<u32> {
    let process =
        holders(&lsof(&[&format!("-iTCP:{}", far.port()), "-Fpn"])?, far, near).into_iter().next()?;
    ps(&["-o", "uid=", "-p", &process.to_string()])?.trim().parse().ok()
}

/// The processes that hold the end at `far` of a connection to `near`, from lsof's lines of processes (`p`) and
/// names (`n`).
fn holders(table: &str, far: SocketAddr, near: SocketAddr) -> Vec<u32> {
    let (mut process, mut holders) = (None, Vec::new());
    for line in table.lines() {
        if let Some(id) = line.strip_prefix('p') {
            process = id.parse::<u32>().ok();
        } else if let Some((own, other)) = line.strip_prefix('n').and_then(|name| name.split_once("->"))
            && is_at(own, far)
            && is_at(other, near)
        {
            holders.extend(process);
        }
    }
    holders
}

/// Whether it is this address. A program may also use a socket of IPv6 for an address of IPv4.
fn is_at(address: &str, wanted: SocketAddr) -> bool {
    let at = address.parse::<SocketAddr>();
    at.is_ok_and(|at| at.port() == wanted.port() && at.ip().to_canonical() == wanted.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::holders;

    #[test]
    fn the_ends_of_a_connection_are_told_apart() {
        let table =
            "p12\nf3\nn127.0.0.1:4000->127.0.0.1:5000\np13\nf4\nn127.0.0.1:5000->127.0.0.1:4000\nn*:5000\n";
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(holders(table, at(4000), at(5000)), [12]);
        assert_eq!(holders(table, at(5000), at(4000)), [13]);
        assert_eq!(holders(table, at(4001), at(5000)), [0; 0]);
        assert_eq!(holders(table, at(4000), SocketAddr::from(([127, 0, 0, 2], 5000))), [0; 0]);
    }
}
