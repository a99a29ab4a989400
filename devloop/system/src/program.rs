//! A program's file, held so that the same program can still be started after the file was replaced or deleted.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::way;

/// How many bytes of a program's file are needed to know its machine type.
pub const HEAD: usize = 20;

/// A program that can be started as long as this lives.
#[derive(Debug)]
pub struct Program {
    file: File,
    held: way::Held,
}

impl Program {
    /// Holds the program that is open as `file` and lies at `path`. `folder` creates a private folder, which is deleted with this value;
    /// it is called only if the system cannot start a program through its descriptor.
    pub fn hold(file: File, path: &Path, folder: impl FnOnce() -> io::Result<TempDir>) -> io::Result<Self> {
        let held = way::Held::new(&file, path, folder)?;
        Ok(Self { file, held })
    }

    /// What to execute.
    pub fn path(&self) -> PathBuf {
        self.held.path(&self.file)
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }
}

/// Whether an ELF header names this machine's type; always true on systems with other formats. This is checked before the kernel
/// executes the file, because the C library answers the kernel's "not executable" by running the file in a shell.
pub fn runs_here(head: &[u8]) -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let machine = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        _ => return head.starts_with(b"\x7fELF"),
    };
    head.starts_with(b"\x7fELF")
        && head.get(18..20).is_some_and(|field| u16::from_le_bytes([field[0], field[1]]) == machine)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    fn says(program: &Program) -> String {
        let output = Command::new(program.path()).arg("held").output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    fn a_program_runs_after_its_file_was_replaced_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bootstrap");
        fs::copy("/bin/echo", &path).unwrap();
        let program = Program::hold(File::open(&path).unwrap(), &path, tempfile::tempdir).unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "#!/bin/sh\necho other\n").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(says(&program), "held\n");
        fs::remove_file(&path).unwrap();
        assert_eq!(says(&program), "held\n");
    }

    #[test]
    fn a_file_that_was_replaced_before_it_is_held_is_the_opened_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bootstrap");
        fs::copy("/bin/echo", &path).unwrap();
        let opened = File::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::copy("/bin/false", &path).unwrap();
        let program = Program::hold(opened, &path, tempfile::tempdir).unwrap();
        assert_eq!(says(&program), "held\n");
    }

    #[test]
    fn a_program_is_of_this_machine_by_its_head() {
        assert!(runs_here(&fs::read("/bin/echo").unwrap()[..HEAD]));
        assert!(!runs_here(b"PK\x03\x04") || !cfg!(target_os = "linux"));
    }
}
