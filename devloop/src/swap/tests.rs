//! Swaps of this very test program, which is an ELF program for this machine.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::engine::{Destination, Digest, Machine, SwapOrder};
use crate::machine::{Architecture, Demand, Demands, Purpose};
use crate::swap::install::put;
use crate::swap::{Early, Swapped, collect, digest_at, folder, mirror, swap};

struct Dist {
    home: TempDir,
}

impl Dist {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("dist")
    }

    fn bootstrap(&self) -> PathBuf {
        self.path().join("up/bootstrap")
    }

    fn order(executable: impl AsRef<Path>) -> SwapOrder {
        let executable = executable.as_ref().to_owned();
        SwapOrder { generation: 1, function: "up".to_owned(), executable, unless: None }
    }

    fn put(&self, place: &Destination) -> Swapped {
        swap(
            &self.path(),
            &Self::order(std::env::current_exe().unwrap()),
            &Demands::default(),
            place,
            &Early::default(),
        )
        .unwrap()
    }

    fn swap(&self, unless: Option<&Digest>) -> Swapped {
        self.put(&Destination { unless: unless.cloned(), ..Destination::default() })
    }

    fn staged(&self) -> usize {
        fs::read_dir(self.path().join(".stage")).unwrap().count()
    }
}

fn digest(swapped: Swapped) -> Digest {
    match swapped {
        Swapped::InPlace { digest, .. } | Swapped::Unchanged { digest } => digest,
    }
}

#[test]
fn a_binary_is_copied_into_place_with_rights_for_everybody() {
    let dist = Dist::new();
    let swapped = dist.swap(None);
    assert!(matches!(swapped, Swapped::InPlace { .. }));
    assert_eq!(fs::read(dist.bootstrap()).unwrap(), fs::read(std::env::current_exe().unwrap()).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dist.bootstrap()), 0o755);
    assert_eq!(mode(&dist.path().join("up")), 0o755);
    assert_eq!(fs::metadata(dist.bootstrap()).unwrap().nlink(), 1, "a copy, not a link");
    assert_eq!(dist.staged(), 0);
}

#[test]
fn what_serves_already_is_unchanged() {
    let dist = Dist::new();
    let first = digest(dist.swap(None));
    let before = fs::metadata(dist.bootstrap()).unwrap().ino();
    assert_eq!(dist.swap(Some(&first)), Swapped::Unchanged { digest: first });
    assert_eq!(fs::metadata(dist.bootstrap()).unwrap().ino(), before);
    assert_eq!(dist.staged(), 0);
}

#[test]
fn a_bootstrap_deleted_by_hand_is_put_back() {
    let dist = Dist::new();
    let first = digest(dist.swap(None));
    fs::remove_file(dist.bootstrap()).unwrap();
    assert!(matches!(dist.swap(Some(&first)), Swapped::InPlace { .. }));
    assert!(dist.bootstrap().is_file());
}

#[test]
fn the_directory_stays_and_the_running_file_is_not_written() {
    let dist = Dist::new();
    dist.swap(None);
    let directory = fs::metadata(dist.path().join("up")).unwrap().ino();
    let file = fs::metadata(dist.bootstrap()).unwrap().ino();
    dist.swap(None);
    assert_eq!(fs::metadata(dist.path().join("up")).unwrap().ino(), directory);
    assert_ne!(fs::metadata(dist.bootstrap()).unwrap().ino(), file);
}

/// Checks the refusal's code, and that nothing is left in place or in the staging directory.
fn check_refused(content: &[u8], expected: &str) {
    let dist = Dist::new();
    let file = dist.home.path().join("binary");
    fs::write(&file, content).unwrap();
    let error = swap(
        &dist.path(),
        &Dist::order(&file),
        &Demands::default(),
        &Destination::default(),
        &Early::default(),
    )
    .unwrap_err();
    assert_eq!(error.problem().code, expected);
    assert!(!dist.bootstrap().exists());
    assert_eq!(dist.staged(), 0);
}

#[test]
fn what_lambda_could_not_start_is_refused() {
    check_refused(b"", "not_elf");
    check_refused(b"#!/bin/sh\n", "not_elf");
    check_refused(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0], "not_elf");
    let mut other = fs::read(std::env::current_exe().unwrap()).unwrap();
    other.truncate(4096);
    // The machine's number lies at offset 18; 8 is MIPS.
    other[18] = 8;
    check_refused(&other, "wrong_machine");
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let dist = Dist::new();
    fs::write(dist.path(), "in the way").unwrap();
    let error = swap(
        &dist.path(),
        &Dist::order(std::env::current_exe().unwrap()),
        &Demands::default(),
        &Destination::default(),
        &Early::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("dist/.stage"), "{error}");
}

/// Swaps in this test program for a function whose stack demands this machine.
fn swap_for(demand: Demand, purpose: Purpose) -> Result<Vec<String>, &'static str> {
    let dist = Dist::new();
    let demands = Demands { purpose, functions: [("up".to_owned(), demand)].into() };
    let order = Dist::order(std::env::current_exe().unwrap());
    let swapped = swap(&dist.path(), &order, &demands, &Destination::default(), &Early::default());
    assert_eq!(dist.bootstrap().exists(), swapped.is_ok(), "what is refused is not in place");
    match swapped {
        Ok(Swapped::InPlace { warnings, .. }) => Ok(warnings),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.problem().code),
    }
}

#[test]
fn what_does_not_fit_its_machine_is_refused_where_it_is_shipped_and_told_where_it_runs() {
    let elsewhere = match Architecture::host() {
        Architecture::X86_64 => Architecture::Arm64,
        Architecture::Arm64 => Architecture::X86_64,
    };
    let foreign = || Demand { architecture: elsewhere, ..Demand::default() };
    assert_eq!(swap_for(foreign(), Purpose::Ship), Err("wrong_machine"));
    let warnings = swap_for(foreign(), Purpose::RunHere).unwrap();
    assert!(
        warnings[0].starts_with(&format!("is for {elsewhere} in the stack: it runs here as ")),
        "{warnings:?}"
    );
    // This program is built on a machine that is newer than Amazon Linux 2.
    let old = || Demand { runtime: "provided.al2".to_owned(), ..Demand::default() };
    assert_eq!(swap_for(old(), Purpose::Ship), Err("glibc_too_new"));
    assert!(swap_for(old(), Purpose::RunHere).unwrap()[0].contains("provided.al2 has 2.26"));
}

#[test]
fn a_folder_of_its_own_is_filled_once_and_leaves_the_functions_alone() {
    let dist = Dist::new();
    let aside = Destination { aside: true, ..Destination::default() };
    let digest = digest(dist.put(&aside));
    let own = folder(&dist.path(), "up", &digest, true);
    assert!(own.starts_with(dist.path().join(".gen/up")) && own.ends_with(digest.to_string()));
    assert!(!dist.bootstrap().exists());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&own), mode(&own.join("bootstrap"))), (0o755, 0o755));
    let before = fs::metadata(own.join("bootstrap")).unwrap().ino();
    assert!(matches!(dist.put(&aside), Swapped::InPlace { .. }));
    assert_eq!(fs::metadata(own.join("bootstrap")).unwrap().ino(), before, "somebody may run from it");
    let serves = Destination { unless: Some(digest.clone()), ..aside };
    assert_eq!(dist.put(&serves), Swapped::Unchanged { digest: digest.clone() });

    mirror(&dist.path(), "up", &own).unwrap();
    assert_eq!(digest_at(&dist.bootstrap()), Some(digest));
    let mirrored = fs::metadata(dist.bootstrap()).unwrap();
    assert_eq!((mirrored.permissions().mode() & 0o777, mirrored.nlink()), (0o755, 1));
    mirror(&dist.path(), "up", &own).unwrap();
    assert_eq!(
        fs::metadata(dist.bootstrap()).unwrap().ino(),
        mirrored.ino(),
        "the same content is left alone"
    );
}

#[test]
fn former_folders_are_deleted_but_those_in_use() {
    let dist = Dist::new();
    let home = dist.path().join(".gen/up");
    let folders = ["a", "b", "c"].map(|name| home.join(name));
    for folder in &folders {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("bootstrap"), "x").unwrap();
    }
    collect(&dist.path(), "up", &folders[1..2]).unwrap();
    assert_eq!(folders.each_ref().map(|folder| folder.exists()), [false, true, false]);
    collect(&dist.path(), "mid", &[]).unwrap();
}

#[test]
fn a_file_of_the_same_size_gets_another_time() {
    let dist = Dist::new();
    dist.swap(None);
    let staged = dist.path().join(".stage/next");
    fs::copy(dist.bootstrap(), &staged).unwrap();
    let moment = fs::metadata(dist.bootstrap()).unwrap().modified().unwrap();
    fs::File::options().append(true).open(&staged).unwrap().set_modified(moment).unwrap();
    put(tempfile::TempPath::try_from_path(&staged).unwrap(), &dist.bootstrap()).unwrap();
    assert_ne!(fs::metadata(dist.bootstrap()).unwrap().modified().unwrap(), moment);
}

#[test]
fn a_binary_for_another_architecture_is_refused() {
    let dist = Dist::new();
    let other = if cfg!(target_arch = "aarch64") { Machine::X86_64 } else { Machine::Arm64 };
    let place = Destination { machine: other, ..Destination::default() };
    let order = Dist::order(std::env::current_exe().unwrap());
    let error = swap(&dist.path(), &order, &Demands::default(), &place, &Early::default()).unwrap_err();
    assert_eq!(error.problem().code, "wrong_machine");
    assert!(!dist.bootstrap().exists());
}
