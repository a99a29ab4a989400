//! How one session compiles and links its functions. The linker is chosen before the first build; if a link fails with it, rustc's
//! default is used from then on.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use devloop_prelink::{Prelink, Refused};
use tokio::sync::Mutex;

use crate::cargo::{self, Toolchain};
use crate::config::{BuildSettings, LinkerChoice};
use crate::engine::Problem;
use crate::linker::wrapper::{FULL, LEAN, LINK_ARGUMENTS, MEASURE, SEPARATOR, WRAPPER};
use crate::linker::{Linker, Probe, Verdict, choose, probe};

/// Cargo's variable for a rustc wrapper of workspace members only. A few users set it too.
const MEMBERS_WRAPPER: &str = "RUSTC_WORKSPACE_WRAPPER";

/// How functions are linked in this session.
#[derive(Debug)]
pub(crate) struct Linking {
    choice: LinkerChoice,
    /// Whether functions keep the profile's debug information.
    debug: bool,
    /// Whether dependencies are prelinked.
    prelink: bool,
    /// This program.
    devloop: PathBuf,
    /// A directory of devloop's own beside cargo's output.
    home: PathBuf,
    /// Where cargo is started.
    root: PathBuf,
    chosen: Mutex<Option<Chosen>>,
    /// Set when the linker is chosen, if dependencies are prelinked.
    prelinking: OnceLock<Prelink>,
}

#[derive(Debug, Clone)]
struct Chosen {
    linker: Linker,
    /// What cargo's environment gets.
    environment: Vec<(&'static str, OsString)>,
}

/// How a build links.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prepared {
    /// Variables for cargo, the same for every build of a session.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// The linker that devloop chose; `None` where rustc's default or the user's own linker is used.
    pub(crate) linker: Option<Linker>,
    /// A warning for the user, given once.
    pub(crate) problem: Option<Problem>,
}

impl Linking {
    /// Makes a value that has tried no linker yet. `devloop` is this program, `home` a directory of its own beside cargo's output,
    /// and `root` the workspace's root.
    pub(crate) fn new(settings: &BuildSettings, devloop: PathBuf, home: PathBuf, root: PathBuf) -> Self {
        let &BuildSettings { linker: choice, debug, prelink, .. } = settings;
        let (chosen, prelinking) = (Mutex::new(None), OnceLock::new());
        Self { choice, debug, prelink, devloop, home, root, chosen, prelinking }
    }

    /// Variables that cargo needs. The first call tries the linkers; later calls use its result.
    pub(crate) async fn prepare(&self, toolchain: &Toolchain) -> Prepared {
        let mut chosen = self.chosen.lock().await;
        let (Chosen { linker, environment }, problem) = match chosen.as_ref() {
            Some(known) => {
                self.repair(known, toolchain).await;
                (known.clone(), None)
            }
            None => {
                let (found, problem) = self.choose(toolchain).await;
                (chosen.insert(found).clone(), problem)
            }
        };
        Prepared { environment, linker: (linker != Linker::Default).then_some(linker), problem }
    }

    /// `cargo clean` deletes the wrapper and the link to the linker. They are made again at the same paths, so that cargo's
    /// variables stay the same.
    async fn repair(&self, known: &Chosen, toolchain: &Toolchain) {
        let wrapper = known.environment.iter().find(|(name, _)| *name == MEMBERS_WRAPPER);
        if wrapper.is_none_or(|(_, path)| Path::new(path).exists()) {
            return;
        }
        // If the files cannot be restored, cargo's error names them.
        let _ = self.wrapper();
        if known.linker != Linker::Default {
            probe(known.linker, toolchain, &self.home).await;
        }
    }

    /// A link failed with the chosen linker, so the default is used from now on. Cargo does not notice the change, so it links
    /// nothing again that is linked already.
    pub(crate) async fn give_up(&self, linker: Linker, reason: &str) -> Problem {
        if let Some(chosen) = self.chosen.lock().await.as_mut() {
            chosen.linker = Linker::Default;
            chosen.environment.retain(|(name, _)| *name != LINK_ARGUMENTS);
        }
        Problem::new(
            "linker_failed",
            format!("link with {linker}: {reason}; the default linker is used from now on"),
        )
        .with_hint("set `[build] linker = \"default\"` in devloop.toml if it fails every time")
    }

    /// Problems with functions whose dependencies could not be prelinked, each reported once.
    pub(crate) fn refusals(&self) -> Vec<Problem> {
        let refused = self.prelinking.get().map(Prelink::refusals).unwrap_or_default();
        refused.into_iter().map(refusal).collect()
    }

    async fn choose(&self, toolchain: &Toolchain) -> (Chosen, Option<Problem>) {
        let plain = Chosen { linker: Linker::Default, environment: Vec::new() };
        if !needs_wrapper(self.choice, self.debug, self.prelink) {
            return (plain, None);
        }
        if let Some(problem) = taken(&self.root) {
            return (plain, Some(problem));
        }
        let wrapper = match self.wrapper() {
            Ok(wrapper) if wrapper.exists() => wrapper,
            Ok(_) => {
                let message =
                    format!("shorten the links: this program is no longer at {}", self.devloop.display());
                let problem = Problem::new("wrapper_failed", message).with_hint("start devloop again");
                return (plain, Some(problem));
            }
            Err(error) => {
                let message = format!("shorten the links: prepare {}: {error}", self.home.display());
                return (plain, Some(Problem::new("wrapper_failed", message)));
            }
        };
        let mut environment = vec![(MEMBERS_WRAPPER, wrapper.into_os_string())];
        if let Some(prelinking) = self.prelinking.get() {
            environment.push((devloop_prelink::HOME, prelinking.home().as_os_str().to_owned()));
        }
        let (linker, reason, arguments) = self.linker(toolchain).await;
        if !arguments.is_empty() {
            environment.push((LINK_ARGUMENTS, arguments.join(&SEPARATOR.to_string()).into()));
        }
        let problem = reason.map(|reason| {
            Problem::new(
                "linker_unusable",
                format!("use the linker that is configured: {reason}; the default one is used"),
            )
            .with_hint("`devloop doctor` tells which linkers work here and what each would gain")
        });
        (Chosen { linker, environment }, problem)
    }

    async fn linker(&self, toolchain: &Toolchain) -> (Linker, Option<String>, Vec<String>) {
        let candidates: &[Linker] = match self.choice {
            LinkerChoice::Auto => &Linker::CANDIDATES,
            LinkerChoice::Wild => &[Linker::Wild],
            LinkerChoice::Mold => &[Linker::Mold],
            LinkerChoice::Lld => &[Linker::Lld],
            LinkerChoice::Default => &[],
        };
        let mut probes: Vec<Probe> = Vec::new();
        for &candidate in candidates {
            if !is_wanted(self.choice, candidate) {
                continue;
            }
            probes.push(probe(candidate, toolchain, &self.home).await);
            if matches!(probes.last(), Some(Probe { verdict: Verdict::Works { .. }, .. })) {
                break;
            }
        }
        let (linker, reason) = choose(self.choice, &probes);
        let arguments =
            probes.into_iter().find(|probe| probe.linker == linker).and_then(|probe| match probe.verdict {
                Verdict::Works { arguments, .. } => Some(arguments),
                _ => None,
            });
        (linker, reason, arguments.unwrap_or_default())
    }

    /// Links this program under the wrapper's name, into the directory for this way of compiling.
    fn wrapper(&self) -> io::Result<PathBuf> {
        let mut directory = self.home.join("rustc");
        if self.prelink {
            let prelinking = Prelink::begin(self.home.join("prelink"), &self.devloop)?;
            self.prelinking.get_or_init(|| prelinking);
            directory.push("prelink");
        }
        directory.push(if self.debug { FULL } else { LEAN });
        wrapper(&directory, &self.devloop)
    }
}

fn refusal(Refused { function, reason }: Refused) -> Problem {
    let message =
        format!("prelink the dependencies of {function}: {reason}; it is linked in the ordinary way");
    Problem::new("prelink_refused", message)
        .with_hint("take `prelink = true` out of `[build]` if no function can be prelinked")
}

fn needs_wrapper(choice: LinkerChoice, debug: bool, prelink: bool) -> bool {
    !debug || choice != LinkerChoice::Default || prelink
}

/// Why a session with these settings cannot use devloop as cargo's rustc wrapper.
pub(crate) fn obstacle(settings: &BuildSettings, root: &Path) -> Option<Problem> {
    let &BuildSettings { linker, debug, prelink, .. } = settings;
    if needs_wrapper(linker, debug, prelink) { taken(root) } else { None }
}

/// The problem that the user has a rustc wrapper, which stays in use.
fn taken(root: &Path) -> Option<Problem> {
    let (wrapper, place) = cargo::members_wrapper(root)?;
    let message = format!(
        "shorten the links: {place} names {wrapper}, and rustc can have one such wrapper only; functions are built as \
         cargo does by hand"
    );
    let hint = format!("set {MEMBERS_WRAPPER} to nothing for devloop, which then builds without {wrapper}");
    Some(Problem::new("wrapper_taken", message).with_hint(hint))
}

/// The wrapper for measuring links: see [`Plan`](crate::linker::Plan).
pub(crate) fn measuring_wrapper(home: &Path, devloop: &Path) -> io::Result<PathBuf> {
    wrapper(&home.join("rustc").join(MEASURE), devloop)
}

/// Links this program under the wrapper's name, into the directory of its kind.
fn wrapper(directory: &Path, devloop: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(directory)?;
    let link = directory.join(WRAPPER);
    if std::fs::read_link(&link).ok().as_deref() != Some(devloop) {
        let fresh =
            tempfile::Builder::new().prefix(".fresh-").make_in(directory, |path| symlink(devloop, path))?;
        fresh.into_temp_path().persist(&link)?;
    }
    Ok(link)
}

/// Where rustc's own lld is the default, it is newer than the system's lld, which is then used only if the settings name lld.
fn is_wanted(choice: LinkerChoice, linker: Linker) -> bool {
    choice != LinkerChoice::Auto || linker != Linker::Lld || !default_is_lld()
}

/// The probes that a session with this setting would consider.
pub(crate) fn wanted(choice: LinkerChoice, probes: &[Probe]) -> Vec<Probe> {
    probes.iter().filter(|probe| is_wanted(choice, probe.linker)).cloned().collect()
}

/// Whether rustc links with an lld of its own: on this platform since 1.90, and this workspace requires a newer one.
fn default_is_lld() -> bool {
    cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{LINK_ARGUMENTS, Linking, MEMBERS_WRAPPER};
    use crate::cargo::{Lookup, Toolchain};
    use crate::config::{BuildSettings, LinkerChoice};

    fn settings(linker: LinkerChoice, debug: bool) -> BuildSettings {
        BuildSettings { linker, debug, timeout: Duration::from_mins(1), prelink: false, standby: false }
    }

    async fn toolchain() -> Toolchain {
        Lookup::default().toolchain("cargo".as_ref(), Path::new("/")).await
    }

    #[tokio::test]
    async fn the_wrapper_s_path_names_its_kind_and_stays_the_same() {
        let home = tempfile::tempdir().unwrap();
        let linking = |debug, devloop: &str| {
            Linking::new(
                &settings(LinkerChoice::Default, debug),
                devloop.into(),
                home.path().to_owned(),
                home.path().to_owned(),
            )
        };
        for devloop in ["first", "second"] {
            let devloop = home.path().join(devloop).to_string_lossy().into_owned();
            std::fs::write(&devloop, "").unwrap();
            let session = linking(false, &devloop);
            let prepared = session.prepare(&toolchain().await).await;
            let link = home.path().join("rustc/lean/devloop-rustc");
            assert_eq!(prepared.environment, [(MEMBERS_WRAPPER, link.clone().into_os_string())]);
            assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(&devloop));
            std::fs::remove_dir_all(home.path().join("rustc")).unwrap();
            let repaired = session.prepare(&toolchain().await).await;
            assert_eq!(
                (repaired.environment, link.exists()),
                (prepared.environment, true),
                "after a `cargo clean`"
            );
        }
        let gone = linking(false, "/gone/devloop").prepare(&toolchain().await).await;
        assert_eq!((gone.environment, gone.problem.unwrap().code), (vec![], "wrapper_failed"));
        assert!(linking(true, "/d").prepare(&toolchain().await).await.environment.is_empty());
    }

    #[tokio::test]
    async fn a_linker_that_failed_is_not_used_again() {
        let home = tempfile::tempdir().unwrap();
        let (own, root) = (home.path().to_owned(), home.path().to_owned());
        let linking = Linking::new(&settings(LinkerChoice::Auto, false), "/d".into(), own, root);
        let wrapper = std::env::current_exe().unwrap().into_os_string();
        *linking.chosen.lock().await = Some(super::Chosen {
            linker: super::Linker::Wild,
            environment: vec![(MEMBERS_WRAPPER, wrapper.clone()), (LINK_ARGUMENTS, "-Clink-arg=-B/l".into())],
        });
        let before = linking.prepare(&toolchain().await).await;
        assert_eq!(before.linker, Some(super::Linker::Wild));
        let problem = linking.give_up(super::Linker::Wild, "undefined symbol: x").await;
        assert_eq!(problem.code, "linker_failed");
        assert!(problem.message.contains("wild: undefined symbol: x"), "{}", problem.message);
        let after = linking.prepare(&toolchain().await).await;
        assert_eq!((after.linker, after.environment), (None, vec![(MEMBERS_WRAPPER, wrapper)]));
    }
}
