//! The cargo behind rustup's proxy. The proxy looks the toolchain up at every start, and again for each rustc that cargo starts.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use tokio::process::Command;
use tokio::sync::Mutex;

/// The toolchain that builds, as one directory sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// The cargo to start.
    pub(crate) cargo: PathBuf,
    /// Rustup's name for it. With this name in a variable, cargo starts the rustc of that toolchain without rustup's help.
    name: Option<String>,
}

impl Toolchain {
    /// The program by its name, which the system looks up at every start.
    fn unresolved(program: &Path) -> Self {
        Self { cargo: program.to_owned(), name: None }
    }

    /// The toolchain that rustup chooses for the directory; the program itself where it is not rustup's proxy.
    async fn behind(program: &Path, directory: &Path) -> Self {
        let resolved = async {
            let rustup = rustup_of(&find(program)?)?;
            let mut command = super::command(&rustup, directory);
            command.args(["which", "cargo"]).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
            let output = command.output().await.ok().filter(|output| output.status.success())?;
            Self::from_path(Path::new(String::from_utf8(output.stdout).ok()?.trim()))
        };
        resolved.await.unwrap_or_else(|| Self::unresolved(program))
    }

    /// Rustup keeps a toolchain's programs in `toolchains/NAME/bin`.
    fn from_path(cargo: &Path) -> Option<Self> {
        let home = cargo.parent()?.parent()?;
        let name = home.file_name()?.to_str()?.to_owned();
        let is_rustups = home.parent()?.file_name()? == "toolchains";
        is_rustups.then(|| Self { cargo: cargo.to_owned(), name: Some(name) })
    }

    /// A command that runs this toolchain's cargo in the directory.
    pub(crate) fn command(&self, directory: &Path) -> Command {
        self.command_of(&self.cargo, directory)
    }

    /// A command that runs another program with this toolchain.
    pub(crate) fn command_of(&self, program: &Path, directory: &Path) -> Command {
        let mut command = super::command(program, directory);
        if let Some(name) = &self.name {
            command.env("RUSTUP_TOOLCHAIN", name);
        }
        command
    }

    /// The rustup that has installed this toolchain, and its name for it; `None` where another program has installed it.
    pub(crate) fn rustup(&self) -> Option<(PathBuf, &str)> {
        let name = self.name.as_deref()?;
        Some((rustup_of(&find(Path::new("cargo"))?)?, name))
    }

    /// The compiler of this toolchain.
    pub(crate) fn rustc(&self) -> PathBuf {
        match (&self.name, std::env::var_os("RUSTC")) {
            (_, Some(rustc)) if !rustc.is_empty() => rustc.into(),
            (Some(_), _) => self.cargo.with_file_name("rustc"),
            (None, _) => PathBuf::from("rustc"),
        }
    }
}

/// Finds a program on `PATH`, as a shell would.
pub(crate) fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    find_in(&std::env::var_os("PATH")?, program)
}

/// Finds a program on a search path.
pub(crate) fn find_in(path: &OsStr, program: &Path) -> Option<PathBuf> {
    std::env::split_paths(path).map(|directory| directory.join(program)).find(|found| is_executable(found))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

/// The rustup behind the program, if it is one of rustup's proxies, which are links to rustup itself.
fn rustup_of(program: &Path) -> Option<PathBuf> {
    let rustup = program.with_file_name("rustup");
    let identity = |path: &Path| path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let same = identity(program)? == identity(&rustup)?;
    (same && program != rustup).then_some(rustup)
}

/// The toolchain of one directory. It is looked up once, and again after [`Lookup::forget`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookup(Arc<Mutex<Option<Toolchain>>>);

impl Lookup {
    /// The toolchain that builds in the directory.
    pub(crate) async fn toolchain(&self, program: &Path, directory: &Path) -> Toolchain {
        let mut known = self.0.lock().await;
        match known.as_ref() {
            Some(toolchain) => toolchain.clone(),
            None => known.insert(Toolchain::behind(program, directory).await).clone(),
        }
    }

    /// Looks the toolchain up again next time, because the file that names it may have changed.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::{Lookup, Toolchain, find};

    fn check(path: &str, expected: Option<&str>) {
        let found = Toolchain::from_path(Path::new(path)).and_then(|toolchain| toolchain.name);
        assert_eq!(found.as_deref(), expected, "{path}");
    }

    #[test]
    fn a_toolchain_s_name_is_its_directory_s() {
        check(
            "/home/me/.rustup/toolchains/1.95.0-x86_64-unknown-linux-gnu/bin/cargo",
            Some("1.95.0-x86_64-unknown-linux-gnu"),
        );
        check("/usr/bin/cargo", None);
        check("cargo", None);
    }

    /// Installs a rustup that answers with the toolchain named in a file, and cargo as a link to it.
    fn rustup(home: &Path) {
        let script =
            "#!/bin/sh\n[ \"$1 $2\" = 'which cargo' ] && echo /r/toolchains/$(cat toolchain)/bin/cargo\n";
        std::fs::write(home.join("rustup"), script).unwrap();
        std::fs::set_permissions(home.join("rustup"), PermissionsExt::from_mode(0o755)).unwrap();
        symlink("rustup", home.join("cargo")).unwrap();
    }

    #[tokio::test]
    async fn the_proxy_is_asked_once_and_again_when_its_answer_may_have_changed() {
        let home = tempfile::tempdir().unwrap();
        rustup(home.path());
        let say = |name: &str| std::fs::write(home.path().join("toolchain"), name).unwrap();
        let lookup = Lookup::default();
        let program = home.path().join("cargo");
        let cargo = async || lookup.toolchain(&program, home.path()).await.cargo;
        say("first");
        assert_eq!(cargo().await, Path::new("/r/toolchains/first/bin/cargo"));
        say("second");
        assert_eq!(cargo().await, Path::new("/r/toolchains/first/bin/cargo"));
        lookup.forget().await;
        assert_eq!(cargo().await, Path::new("/r/toolchains/second/bin/cargo"));
    }

    #[tokio::test]
    async fn a_cargo_that_is_not_rustup_s_is_started_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        for program in ["/bin/true", "no-such-cargo"] {
            let toolchain = Lookup::default().toolchain(program.as_ref(), home.path()).await;
            assert_eq!(toolchain, Toolchain::unresolved(program.as_ref()));
            assert_eq!(toolchain.rustc().file_name().unwrap(), "rustc");
        }
        assert!(find("sh".as_ref()).is_some_and(|path| path.is_absolute()));
        assert_eq!(find("no-such-program".as_ref()), None);
    }
}
