//! Reads from a binary's own tables what it needs from its machine.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use object::read::ReadCache;
use object::read::elf::{FileHeader, SectionHeader as _};
use object::{Endianness, elf};

use crate::machine::Architecture;

/// A glibc version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glibc {
    /// The major version, so far always 2.
    pub(crate) major: u32,
    /// The minor version, which distinguishes releases.
    pub(crate) minor: u32,
}

impl Glibc {
    /// Reads `GLIBC_2.34` and `GLIBC_2.2.5`; `None` for names that are not glibc versions.
    fn parse(name: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut numbers = text.split('.').map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// What a program's tables say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binary {
    /// The processor, if it is one of Lambda's.
    pub(crate) architecture: Option<Architecture>,
    /// The processor's name, whatever it is.
    pub(crate) machine: String,
    /// The newest glibc whose symbols it needs; a static program needs none.
    pub(crate) glibc: Option<Glibc>,
}

/// Why a file cannot be read as a program.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It cannot be read.
    Io(io::Error),
    /// It is not a 64-bit ELF program.
    NotElf,
}

/// Reads a 64-bit ELF program's tables.
pub(crate) fn inspect(path: &Path) -> Result<Binary, ReadError> {
    let file = File::open(path).map_err(ReadError::Io)?;
    let cache = ReadCache::new(file);
    let header = elf::FileHeader64::<Endianness>::parse(&cache).map_err(|_| ReadError::NotElf)?;
    let endian = header.endian().map_err(|_| ReadError::NotElf)?;
    let (architecture, machine) = match header.e_machine.get(endian) {
        elf::EM_X86_64 => (Some(Architecture::X86_64), "x86_64".to_owned()),
        elf::EM_AARCH64 => (Some(Architecture::Arm64), "aarch64".to_owned()),
        other => (None, format!("ELF machine {other}")),
    };
    let glibc = match newest_glibc(header, endian, &cache) {
        Ok(newest) => newest,
        // Of a program for another processor only the processor is read.
        Err(_) if architecture != Some(Architecture::host()) => None,
        Err(_) => return Err(ReadError::NotElf),
    };
    Ok(Binary { architecture, machine, glibc })
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

#[cfg(test)]
mod tests {
    use super::{Glibc, inspect};
    use crate::machine::Architecture;

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

    #[test]
    fn this_very_program_is_one_of_this_machine_s() {
        let binary = inspect(&std::env::current_exe().unwrap()).unwrap();
        assert_eq!(binary.architecture, Some(Architecture::host()));
        assert!(binary.glibc >= Some(Glibc { major: 2, minor: 17 }), "{binary:?}");
    }
}
