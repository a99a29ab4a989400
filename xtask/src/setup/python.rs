//! Python packages, in environments of their own, with the versions and digests of lock files: `xtask/python/NAME.txt`, which
//! [`lock`] makes from `NAME.in`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{answer, run};
use crate::setup::{SetUp, cached};

/// The lock files.
const LISTS: [&str; 3] = ["tests", "node", "postgres"];

/// The oldest Python that the lock files support.
const OLDEST: (u32, u32) = (3, 10);

/// The program that writes the lock files.
const UV: &str = "uv==0.9.30";

/// Variables by which a developer's settings would install packages elsewhere.
const SETTINGS: [&str; 6] =
    ["PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH"];

/// The packages that tests import and the programs that they run: boto3, the AWS CLI, moto and others.
pub(super) fn packages(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    Ok(vec![environment(root, set_up, "tests")?.join("bin")])
}

/// The environment with the packages of the lock file of this name.
pub(super) fn environment(root: &Path, set_up: &SetUp, name: &str) -> Result<PathBuf, String> {
    let list = root.join(format!("xtask/python/{name}.txt"));
    let text = fs::read_to_string(&list).map_err(|error| format!("read {}: {error}", list.display()))?;
    let folder = set_up.home.join("python").join(name);
    cached::once(&folder, &text, "bin/python3", || {
        let python = fresh(&folder, set_up)?;
        let list = list.to_string_lossy();
        run("pip", pip(&python, &["install", "--require-hashes", "--requirement", &list]))
    })?;
    Ok(folder)
}

/// Makes an environment and returns its Python. Debian packages `venv` separately from Python; pip alone is enough too.
fn fresh(folder: &Path, set_up: &SetUp) -> Result<PathBuf, String> {
    let python = set_up.find("python3").ok_or("there is no python3 on PATH")?;
    let version = answer(&python, &["-c", "import sys; print(*sys.version_info[:2])"], &set_up.path);
    let version = version.as_deref().and_then(version_of).ok_or("python3 does not tell its version")?;
    if version < OLDEST {
        return Err(format!("python3 is {}.{}; {}.{} is needed", version.0, version.1, OLDEST.0, OLDEST.1));
    }
    let made = |options: &[&str]| {
        let mut command = Command::new(&python);
        command.args(["-m", "venv"]).args(options).arg(folder);
        run("python3", without_settings(command))
    };
    let own = folder.join("bin/python3");
    if makes_environments(&python, &set_up.path) {
        made(&[])?;
    } else {
        made(&["--without-pip"])?;
        let packages =
            answer(&own, &["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], &set_up.path);
        let packages = packages.ok_or("the new environment has no folder of packages")?;
        run("pip", pip(&python, &["install", "--target", &packages, "pip"])).map_err(|error| {
            format!("{error}\npython3 has neither venv nor pip: install them, on Debian `apt-get install python3-venv`")
        })?;
    }
    Ok(own)
}

/// Whether this machine has a Python that packages can be installed with.
pub(super) fn can_install(path: &OsStr) -> bool {
    let Some(python) = test_tools::find_in(path, "python3") else { return false };
    makes_environments(&python, path) || answer(&python, &["-m", "pip", "--version"], path).is_some()
}

fn makes_environments(python: &Path, path: &OsStr) -> bool {
    answer(python, &["-c", "import venv, ensurepip"], path).is_some()
}

fn version_of(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn pip(python: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]).args(arguments);
    without_settings(command)
}

fn without_settings(mut command: Command) -> Command {
    for name in SETTINGS {
        command.env_remove(name);
    }
    command
}

/// Writes the lock files anew, for every machine and every Python that is new enough.
pub(crate) fn lock(root: &Path) -> Result<(), String> {
    let set_up = super::set_up(root)?;
    let folder = set_up.home.join("python/uv");
    cached::once(&folder, UV, "bin/uv", || run("pip", pip(&fresh(&folder, &set_up)?, &["install", UV])))?;
    for name in LISTS {
        let mut command = Command::new(folder.join("bin/uv"));
        command.current_dir(root.join("xtask/python"));
        command.args(["pip", "compile", "--universal", "--generate-hashes", "--upgrade"]);
        command.args(["--python-version", &format!("{}.{}", OLDEST.0, OLDEST.1)]);
        command.args(["--custom-compile-command", "cargo xtask lock"]);
        command.args([format!("{name}.in"), "--output-file".to_owned(), format!("{name}.txt")]);
        run("uv", command)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, version_of};

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version_of("3 9\n"), Some((3, 9)));
        assert!(version_of("3 9").unwrap() < OLDEST);
        assert!(version_of("3 14").unwrap() > OLDEST);
        assert_eq!(version_of("Python 3"), None);
    }
}
