//! `Fn::Cidr`: blocks of addresses within a block [Fn::Cidr, CloudFormation User Guide].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first `count` blocks in `block` with `bits` bits for the addresses of each; without `bits`, with all bits that
/// `block` has for addresses.
pub(super) fn blocks(block: &str, count: &str, bits: Option<&str>) -> Result<Vec<String>, String> {
    let unreadable = || format!("needs a block such as 10.0.0.0/16, not `{block}`");
    let (address, prefix) = block.split_once('/').ok_or_else(unreadable)?;
    let address: IpAddr = address.parse().map_err(|_| unreadable())?;
    let (width, start) = match address {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    };
    let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= width).ok_or_else(unreadable)?;
    let most = count.parse::<u128>().ok().filter(|count| (1..=256).contains(count));
    let count_read = most.ok_or_else(|| format!("needs a count from 1 to 256, not `{count}`"))?;
    let bits = bits.unwrap_or("8");
    let no_room = || format!("finds no room for {count} blocks of {bits} bits in {block}");
    let free: u32 = bits.parse().ok().filter(|free| *free < width).ok_or_else(no_room)?;
    let room = (width - prefix).checked_sub(free).ok_or_else(no_room)?;
    if room < 9 && count_read > 1 << room {
        return Err(no_room());
    }
    let start = if prefix == 0 { 0 } else { start >> (width - prefix) << (width - prefix) };
    Ok((0..count_read)
        .map(|index| {
            let address = start + (index << free);
            let address: IpAddr = if width == 32 {
                Ipv4Addr::from(address as u32).into()
            } else {
                Ipv6Addr::from(address).into()
            };
            format!("{address}/{}", width - free)
        })
        .collect())
}
