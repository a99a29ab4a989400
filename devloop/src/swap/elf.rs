//! What a binary needs from the machine it is to run on, read from its own tables.

use std::fs::File;
use std::path::Path;

use object::read::ReadCache;
use object::read::elf::{FileHeader, SectionHeader as _};
use object::{Endianness, elf};

use crate::engine::Machine;
use crate::swap::SwapError;

/// The newest glibc that Amazon Linux 2023 has, and with it the `provided.al2023` runtime.
pub(super) const AMAZON_LINUX_2023: Glibc = Glibc { major: 2, minor: 34 };

/// A glibc version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glibc {
    /// Two, for as long as anybody remembers.
    pub(super) major: u32,
    /// What counts.
    pub(super) minor: u32,
}

impl Glibc {
    /// Reads `GLIBC_2.34` and `GLIBC_2.2.5`; other version names are none of glibc's numbers.
    fn parse(name: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut numbers = text.split('.').map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

/// The processor's ELF number. The host's is the one that the embedded cloud runs.
fn number_of(machine: Machine) -> u16 {
    match machine {
        Machine::Host if cfg!(target_arch = "aarch64") => elf::EM_AARCH64,
        Machine::Host | Machine::X86_64 => elf::EM_X86_64,
        Machine::Arm64 => elf::EM_AARCH64,
    }
}

/// Checks that the file is a 64-bit ELF program for the machine, and returns the newest glibc whose symbols it needs.
pub(super) fn inspect(path: &Path, wanted: Machine) -> Result<Option<Glibc>, SwapError> {
    let file = File::open(path).map_err(|error| SwapError::io("open", path, error))?;
    let cache = ReadCache::new(file);
    let header = elf::FileHeader64::<Endianness>::parse(&cache).map_err(|_| SwapError::not_elf(path))?;
    let endian = header.endian().map_err(|_| SwapError::not_elf(path))?;
    let machine = header.e_machine.get(endian);
    if machine != number_of(wanted) {
        let (machine, wanted_name) = (machine_name(machine), machine_name(number_of(wanted)));
        let path = path.to_owned();
        return Err(SwapError::WrongMachine {
            path,
            machine,
            wanted: wanted_name,
            here: wanted == Machine::Host,
        });
    }
    newest_glibc(header, endian, &cache).map_err(|_| SwapError::not_elf(path))
}

fn newest_glibc(
    header: &elf::FileHeader64<Endianness>,
    endian: Endianness,
    cache: &ReadCache<File>,
) -> object::read::Result<Option<Glibc>> {
    let sections = header.sections(endian, cache)?;
    let mut newest = None;
    for section in sections.iter() {
        let Some((mut needs, strings)) = section.gnu_verneed(endian, cache)? else { continue };
        let strings = sections.strings(endian, cache, strings)?;
        while let Some((_, mut versions)) = needs.next()? {
            while let Some(version) = versions.next()? {
                newest = newest.max(Glibc::parse(version.name(endian, strings)?));
            }
        }
    }
    Ok(newest)
}

fn machine_name(machine: u16) -> String {
    match machine {
        elf::EM_X86_64 => "x86_64".to_owned(),
        elf::EM_AARCH64 => "aarch64".to_owned(),
        other => format!("ELF machine {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Glibc;

    fn check(name: &str, expected: Option<(u32, u32)>) {
        let found = Glibc::parse(name.as_bytes()).map(|glibc| (glibc.major, glibc.minor));
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn version_names_are_read_and_ordered_by_number() {
        check("GLIBC_2.34", Some((2, 34)));
        check("GLIBC_2.2.5", Some((2, 2)));
        check("GLIBC_PRIVATE", None);
        check("GCC_3.0", None);
        assert!(Glibc::parse(b"GLIBC_2.9") < Glibc::parse(b"GLIBC_2.34"));
    }
}
