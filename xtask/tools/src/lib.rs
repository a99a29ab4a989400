//! The one place where a test asks for a program that cargo does not provide: boto3's Python, the AWS CLI, PostgreSQL, a browser.
//!
//! `cargo xtask test` sets these programs up in `target/test-tools` and lists their folders there. Programs that are not in one of
//! these folders are looked for on `PATH`. A test whose program is missing fails with the next step in its message; under `cargo
//! xtask test` it counts as not run.

mod missing;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

pub use missing::{NOT_RUN, not_run};

/// The folder of set-up programs, below cargo's target folder.
const FOLDER: &str = "test-tools";

/// The file in it that lists the folders of programs, one in each line, in the order of the search.
const LIST: &str = "folders";

/// Files that cargo writes into its target folder.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// The program's path, set up or installed. If there is none, the test ends as [`not_run`].
pub fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| not_run(name))
}

/// A command that runs the program. It also finds programs that it starts itself.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    command.env("PATH", path());
    command
}

/// A command that runs Python with these modules.
pub fn python(modules: &[&str]) -> Command {
    const LACKING: &str = "import importlib.util as util, sys\nprint(*[name for name in sys.argv[1:] if not util.find_spec(name)])";
    let lacking = command("python3").arg("-c").arg(LACKING).args(modules).output();
    let lacking = lacking.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match lacking {
        Ok(none) if none.is_empty() => command("python3"),
        Ok(names) => not_run(&format!("Python's {names}")),
        Err(error) => not_run(&format!("python3 ({error})")),
    }
}

/// The program's path, if it was set up or is installed.
pub fn find(name: &str) -> Option<PathBuf> {
    find_in(&path(), name)
}

/// The program's path in one of the folders of a search path.
pub fn find_in(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// `PATH` with the folders of set-up programs before all others, for a program under test that searches `PATH` itself.
pub fn path() -> OsString {
    let mut folders = home().map(|home| listed(&home)).unwrap_or_default();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    // A folder whose name has a colon cannot be on a search path; cargo's target folder has none.
    std::env::join_paths(folders).unwrap_or_default()
}

/// Where programs are set up: in the target folder of the cargo that built this process.
pub fn home() -> Option<PathBuf> {
    Some(target_of(&std::env::current_exe().ok()?)?.join(FOLDER))
}

/// Finds cargo's target folder by a file that cargo writes there, whatever the folder's name and profile. The tag is only in a
/// folder that cargo created; the information about rustc is in every one.
fn target_of(program: &Path) -> Option<PathBuf> {
    let is_target = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).is_file());
    program.ancestors().find(is_target).map(Path::to_owned)
}

/// The folders of programs that were set up.
fn listed(home: &Path) -> Vec<PathBuf> {
    let list = std::fs::read_to_string(home.join(LIST)).unwrap_or_default();
    list.lines().map(|line| home.join(line)).collect()
}

/// Writes the list of folders; only for `cargo xtask test`. Folders below `home` are written relative to it.
pub fn list(home: &Path, folders: &[PathBuf]) -> std::io::Result<()> {
    let lines =
        folders.iter().map(|folder| format!("{}\n", folder.strip_prefix(home).unwrap_or(folder).display()));
    let list = home.join(LIST);
    // Tests of another run may be reading.
    let fresh = list.with_extension("fresh");
    std::fs::write(&fresh, lines.collect::<String>())?;
    std::fs::rename(fresh, list)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{find_in, list, listed, target_of};

    #[test]
    fn a_program_is_found_in_the_first_folder_that_has_it() {
        let home = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| home.path().join(name));
        for (folder, program) in [(&first, "node"), (&second, "node"), (&second, "psql")] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(program), "").unwrap();
        }
        let path = std::env::join_paths([&first, &second]).unwrap();
        assert_eq!(find_in(&path, "node"), Some(first.join("node")));
        assert_eq!(find_in(&path, "psql"), Some(second.join("psql")));
        assert_eq!(find_in(&path, "chromium"), None);
    }

    #[test]
    fn folders_are_read_as_they_were_written() {
        let home = tempfile::tempdir().unwrap();
        assert!(listed(home.path()).is_empty(), "nothing was set up");
        let folders = [home.path().join("python/bin"), Path::new("/usr/lib/postgresql/15/bin").to_owned()];
        list(home.path(), &folders).unwrap();
        assert_eq!(listed(home.path()), folders);
        let text = fs::read_to_string(home.path().join("folders")).unwrap();
        assert_eq!(text, "python/bin\n/usr/lib/postgresql/15/bin\n");
    }

    #[test]
    fn cargo_s_target_folder_is_found_by_its_mark() {
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("out/debug/deps/test-1a");
        assert_eq!(target_of(&program), None);
        fs::create_dir_all(home.path().join("out")).unwrap();
        fs::write(home.path().join("out/.rustc_info.json"), "").unwrap();
        assert_eq!(target_of(&program), Some(home.path().join("out")));
    }
}
