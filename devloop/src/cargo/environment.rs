//! Starts cargo without the environment variables of a cargo that started devloop.
//!
//! `cargo run` exports the package it runs (`CARGO_MANIFEST_DIR` and others). A nested cargo hands them to build scripts that
//! declared an interest, which then run again with everything above them, at every switch between shells.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::LazyLock;

use tokio::process::Command;

/// Cargo's and rustc's variables that are the user's own settings.
const SETTINGS: [&str; 8] = [
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_INCREMENTAL",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_LOG",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
];

/// Prefixes of further settings: cargo maps its configuration keys to variables.
const SETTING_PREFIXES: [&str; 9] = [
    "CARGO_BUILD_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
];

/// The allocators of cargo (glibc's) and of rustc (jemalloc) ask the system for huge pages. A build mostly uses new memory, and
/// without a page fault for each 4 KiB of it the build is a tenth shorter (devloop/benches). Cargo does not make these variables
/// part of a crate's fingerprint. A virtual machine that [gives free memory back](gives_memory_back) loses as much time instead: it
/// gives back whole huge pages, which then have to be fetched from the host again.
const HUGE_PAGES: [(&str, &str); 2] =
    [("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"), ("MALLOC_CONF", "thp:always")];

/// A cargo command in the given directory, with nothing on its standard input.
pub(crate) fn command(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).stdin(std::process::Stdio::null());
    for name in leftovers(std::env::vars_os().map(|(name, _)| name)) {
        command.env_remove(name);
    }
    let unset = |name: &str| std::env::var_os(name).is_none();
    if !*GIVES_MEMORY_BACK {
        command.envs(HUGE_PAGES.into_iter().filter(|(name, _)| unset(name)));
    }
    command
}

/// Whether this is a virtual machine that gives free memory back to its host. Read once: it does not change.
static GIVES_MEMORY_BACK: LazyLock<bool> =
    LazyLock::new(|| gives_memory_back(Path::new("/sys/bus/virtio/drivers/virtio_balloon")));

/// Whether a memory balloon reports free pages to the host. A device shows its features as zeros and ones from the first bit on;
/// this feature is `VIRTIO_BALLOON_F_REPORTING` `[Virtual I/O Device 1.2, 5.5.3]`.
fn gives_memory_back(balloons: &Path) -> bool {
    const REPORTING: usize = 5;
    let devices = std::fs::read_dir(balloons).into_iter().flatten().flatten();
    let mut features =
        devices.filter_map(|device| std::fs::read_to_string(device.path().join("features")).ok());
    features.any(|features| features.as_bytes().get(REPORTING) == Some(&b'1'))
}

fn leftovers(names: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    names.filter(|name| is_leftover(name))
}

fn is_leftover(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let cargos = name.starts_with("CARGO") || name.starts_with("RUSTC") || name == "OUT_DIR";
    let setting = SETTINGS.contains(&name) || SETTING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    cargos && !setting
}

#[cfg(test)]
mod tests {
    use super::{gives_memory_back, is_leftover};

    fn check(name: &str, expected: bool) {
        assert_eq!(is_leftover(name.as_ref()), expected, "{name}");
    }

    #[test]
    fn what_cargo_says_about_the_program_it_runs_is_removed() {
        for name in
            ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_BIN_EXE_x", "CARGO_MAKEFLAGS", "OUT_DIR"]
        {
            check(name, true);
        }
    }

    #[test]
    fn a_balloon_that_reports_free_pages_is_told_from_others() {
        let directory = tempfile::tempdir().unwrap();
        let check = |features: &str, expected| {
            let device = directory.path().join("virtio0");
            std::fs::create_dir_all(&device).unwrap();
            std::fs::write(device.join("features"), features).unwrap();
            assert_eq!(gives_memory_back(directory.path()), expected, "{features}");
        };
        assert!(!gives_memory_back(directory.path()));
        check("0110000000000000000000000000000010000000\n", false);
        check("0110010100000000000000000000000010000000\n", true);
        check("", false);
        assert!(!gives_memory_back(&directory.path().join("none")));
    }

    #[test]
    fn what_the_user_set_is_kept() {
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_PROFILE_DEV_DEBUG",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "PATH",
        ] {
            check(name, false);
        }
    }
}
