//! Reads the symbols and sections of object files.

use std::fs;
use std::path::Path;

use object::read::elf::{FileHeader, SectionHeader as _, Sym as _};
use object::{Endianness, elf};

use crate::refusal::Refusal;

/// The largest size of the shim, which contains a handful of one-line functions; larger objects need not be read.
const SHIM_LIMIT: u64 = 64 * 1024;

/// Every program's allocation goes through this function.
const ALLOCATE: &[u8] = b"__rust_alloc";

/// The function that it calls if the program has no allocator of its own.
const DEFAULT_ALLOCATE: &[u8] = b"__rdl_alloc";

type Header = elf::FileHeader64<Endianness>;

/// Finds the object that rustc makes for every program to connect it with its allocator. The shared object has one too, so the
/// program's is left out, but only if both are the same.
pub(super) fn allocator_shim<'a>(objects: &[&'a str]) -> Result<Option<&'a str>, Refusal> {
    for &object in objects {
        let path = Path::new(object);
        let size = fs::metadata(path).map_err(Refusal::io("look at", path))?.len();
        if size > SHIM_LIMIT {
            continue;
        }
        let data = fs::read(path).map_err(Refusal::io("read", path))?;
        match shim(&data) {
            Some(true) => return Ok(Some(object)),
            Some(false) => return Err(Refusal::Allocator),
            None => {}
        }
    }
    Ok(None)
}

/// Whether the object is the shim, and if so, whether it is for the default allocator. An unreadable object is not: the linker will
/// report it.
fn shim(data: &[u8]) -> Option<bool> {
    let (defined, undefined) = names(data).ok()?;
    let has = |names: &[&[u8]], end: &[u8]| names.iter().any(|name| name.ends_with(end));
    has(&defined, ALLOCATE).then(|| has(&undefined, DEFAULT_ALLOCATE))
}

/// Names of symbols.
type Names<'data> = Vec<&'data [u8]>;

/// The symbols that the object defines, and those that it needs.
fn names(data: &[u8]) -> object::read::Result<(Names<'_>, Names<'_>)> {
    let header = Header::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let symbols = sections.symbols(endian, data, elf::SHT_SYMTAB)?;
    let mut names = (Vec::new(), Vec::new());
    for symbol in symbols.iter() {
        let side = if symbol.is_undefined(endian) { &mut names.1 } else { &mut names.0 };
        side.push(symbol.name(endian, symbols.strings())?);
    }
    Ok(names)
}

/// The first loaded section of the shared object whose name is an identifier. For such sections a linker makes symbols of the
/// beginning and the end, by which crates collect entries from the whole program.
pub(super) fn collected_section(path: &Path) -> Result<Option<String>, Refusal> {
    let data = fs::read(path).map_err(Refusal::io("read", path))?;
    Ok(collected(&data).unwrap_or_default())
}

fn collected(data: &[u8]) -> object::read::Result<Option<String>> {
    let header = Header::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    for section in sections.iter() {
        let name = sections.section_name(endian, section)?;
        let loaded = section.sh_flags(endian) & u64::from(elf::SHF_ALLOC) != 0;
        if loaded && is_identifier(name) {
            return Ok(Some(String::from_utf8_lossy(name).into_owned()));
        }
    }
    Ok(None)
}

fn is_identifier(name: &[u8]) -> bool {
    !name.is_empty()
        && !name[0].is_ascii_digit()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::{collected_section, is_identifier};

    #[test]
    fn identifiers_are_told_from_ordinary_names() {
        for (name, expected) in
            [("linkme_SLICE", true), (".text", false), ("", false), ("1a", false), ("a.b", false)]
        {
            assert_eq!(is_identifier(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn an_ordinary_program_collects_nothing() {
        assert_eq!(collected_section(&std::env::current_exe().unwrap()).unwrap(), None);
    }
}
