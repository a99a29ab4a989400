//! Programs in a mount namespace of their own, for disks that a test may fill and lock.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether programs can be run in a namespace of their own here. A test that cannot do this reports it around the test runner,
/// which hides a test's output.
pub fn has_namespaces(test: &str) -> bool {
    let able = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    let able = able.is_ok_and(|output| output.status.success());
    if !able {
        let _ = writeln!(
            std::io::stderr(),
            "NOT TESTED: {test}: `unshare --map-root-user --mount` is not possible here"
        );
    }
    able
}

/// What starts a program with a file system of `size` at `place`, such as `64m`.
pub fn with_disk(place: &Path, size: &str) -> Vec<String> {
    let mount = format!("mount -t tmpfs -o size={size} devloop-test {} && exec \"$@\"", place.display());
    ["unshare", "--map-root-user", "--mount", "sh", "-c", &mount, "sh"].map(str::to_owned).into()
}

/// A folder as the program sees it.
pub fn seen_by(process: i32, folder: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/root{}", folder.display()))
}

/// Fills a disk to its last byte; the file that does it.
pub fn fill(folder: &Path) -> PathBuf {
    let filler = folder.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[7; 1 << 12]).is_ok() {}
    while file.write_all(&[7]).is_ok() {}
    filler
}

/// Mounts the program's disk anew: `ro` or `rw`.
pub fn remount(process: i32, place: &Path, mode: &str) {
    let output = Command::new("nsenter")
        .args(["--target", &process.to_string(), "--user", "--mount", "--preserve-credentials"])
        .args(["mount", "-o", &format!("remount,{mode}")])
        .arg(place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
