//! Reads from a program which shared object it was linked against.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::read::elf::{Dyn as _, FileHeader};
use object::{Endianness, elf};

/// The beginning of a shared object's file name; a digest of its inputs follows.
pub(super) const START: &str = "libdevloop_dependencies_";

/// The end of the file name.
pub(super) const END: &str = ".so";

/// Why a program's shared object is not known.
#[derive(Debug, thiserror::Error)]
pub enum CompanionError {
    /// The program cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its dynamic section cannot be parsed.
    #[error("its dynamic section cannot be read: {0}")]
    Elf(#[from] object::read::Error),
    /// A name lies outside of its string table.
    #[error("a name in its dynamic section cannot be read")]
    Name,
    /// The shared object is in none of the places where the program would look for it.
    #[error("it was linked against {0}, which is gone")]
    Missing(String),
}

/// The path of the shared object that the program needs, in the folder where it was made. Most programs need none.
pub fn companion_of(program: &Path) -> Result<Option<PathBuf>, CompanionError> {
    let Dynamic { needed, directories } = Dynamic::read(program)?;
    let Some(name) = needed.into_iter().find(|name| is_companion(name.as_ref())) else { return Ok(None) };
    let mut places = directories.iter().filter(|directory| directory.is_absolute());
    let found = places.find_map(|directory| Some(directory.join(&name)).filter(|path| path.is_file()));
    found.map(Some).ok_or(CompanionError::Missing(name))
}

/// Whether a file of this name is such a shared object.
pub fn is_companion(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(START.as_bytes()) && name.ends_with(END.as_bytes())
}

/// The program's entries for the dynamic loader.
#[derive(Debug, Default)]
struct Dynamic {
    needed: Vec<String>,
    directories: Vec<PathBuf>,
}

impl Dynamic {
    fn read(program: &Path) -> Result<Self, CompanionError> {
        let cache = ReadCache::new(File::open(program)?);
        let header = elf::FileHeader64::<Endianness>::parse(&cache)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, &cache)?;
        let mut dynamic = Self::default();
        let Some((entries, strings)) = sections.dynamic(endian, &cache)? else { return Ok(dynamic) };
        let strings = sections.strings(endian, &cache, strings)?;
        for entry in entries {
            let text = || {
                let offset = entry.val32(endian).unwrap_or_default();
                strings.get(offset).map_err(|()| CompanionError::Name)
            };
            match entry.tag32(endian) {
                Some(elf::DT_NEEDED) => dynamic.needed.push(String::from_utf8_lossy(text()?).into_owned()),
                Some(elf::DT_RUNPATH | elf::DT_RPATH) => {
                    let directories = text()?.split(|byte| *byte == b':');
                    dynamic
                        .directories
                        .extend(directories.map(|directory| OsStr::from_bytes(directory).into()));
                }
                _ => {}
            }
        }
        Ok(dynamic)
    }
}

#[cfg(test)]
mod tests {
    use super::{companion_of, is_companion};

    #[test]
    fn an_ordinary_program_has_none() {
        assert_eq!(companion_of(&std::env::current_exe().unwrap()).unwrap(), None);
    }

    #[test]
    fn its_name_tells_it() {
        assert!(is_companion("libdevloop_dependencies_0123.so".as_ref()));
        assert!(!is_companion("libc.so.6".as_ref()));
        assert!(!is_companion("bootstrap".as_ref()));
    }
}
