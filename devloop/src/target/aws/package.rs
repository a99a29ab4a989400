//! The zip with a function's code. The same binary always makes the same zip, so that equal code is known by its digest.

use std::io::{self, Cursor, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::engine::{Digest, Problem};

/// The zip's only entry.
const ENTRY: &str = "bootstrap";

/// Code in a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// The zip.
    pub(super) zip: Bytes,
    /// Its SHA-256.
    pub(super) sha: [u8; 32],
}

impl Package {
    /// The package of an existing zip.
    pub(super) fn of_zip(zip: Bytes) -> Self {
        let sha = Sha256::digest(&zip).into();
        Self { zip, sha }
    }

    /// Packs the binary. Blocks for as long as compressing takes.
    pub(super) fn of_binary(path: &Path) -> Result<Self, Problem> {
        let failed = |error: &dyn std::fmt::Display| {
            Problem::new("package_failed", format!("pack {}: {error}", path.display()))
        };
        let binary = std::fs::read(path).map_err(|error| failed(&error))?;
        pack(&binary).map(|zip| Self::of_zip(zip.into())).map_err(|error| failed(&error))
    }

    /// The digest of the binary in the zip, if there is one. Blocks for as long as unpacking takes.
    pub(super) fn binary(&self) -> Option<Digest> {
        let mut archive = ZipArchive::new(Cursor::new(&self.zip)).ok()?;
        let mut hash = Sha256::new();
        io::copy(&mut archive.by_name(ENTRY).ok()?, &mut hash).ok()?;
        Some(Digest::new(format!("{:x}", hash.finalize())))
    }

    /// The digest as Lambda writes it.
    pub(super) fn lambda_sha(&self) -> String {
        STANDARD.encode(self.sha)
    }

    /// The digest in hexadecimal, for names of files and objects.
    pub(super) fn hexadecimal(&self) -> String {
        hexadecimal(&self.sha)
    }
}

/// A digest in hexadecimal, for names of files and objects.
pub(super) fn hexadecimal(sha: &[u8]) -> String {
    sha.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pack(binary: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(ENTRY, options)?;
    writer.write_all(binary)?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::ZipArchive;

    use super::{Package, pack};
    use crate::engine::Digest;

    #[test]
    fn the_same_binary_is_the_same_zip() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bootstrap");
        std::fs::write(&path, [7; 5000]).unwrap();
        let first = Package::of_binary(&path).unwrap();
        std::fs::write(&path, [7; 5000]).unwrap();
        assert_eq!(Package::of_binary(&path).unwrap(), first);
        assert_eq!(first.hexadecimal().len(), 64);
        std::fs::write(&path, [8; 5000]).unwrap();
        assert_ne!(Package::of_binary(&path).unwrap().lambda_sha(), first.lambda_sha());
    }

    #[test]
    fn the_binary_in_a_zip_is_known() {
        let package = Package::of_zip(pack(b"abc").unwrap().into());
        // SHA-256 of `abc` [FIPS 180-2, B.1].
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(package.binary(), Some(Digest::new(known)));
        assert_eq!(Package::of_zip(b"no zip".as_slice().into()).binary(), None);
    }

    #[test]
    fn the_zip_holds_one_program_without_a_time() {
        let mut archive = ZipArchive::new(Cursor::new(pack(b"program").unwrap())).unwrap();
        assert_eq!(archive.len(), 1);
        let entry = archive.by_index(0).unwrap();
        assert_eq!(
            (entry.name().unwrap().into_owned(), entry.unix_mode().map(|mode| mode & 0o777)),
            ("bootstrap".to_owned(), Some(0o755))
        );
        assert_eq!(entry.last_modified().unwrap().year(), 1980);
    }
}
