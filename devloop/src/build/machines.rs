//! Groups a build's functions by how they are compiled, and checks that the binaries fit their machines.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::cargo::{self, Toolchain};
use crate::engine::Artifact;
use crate::machine::{self, Architecture, Compilation, Demands, Purpose, Refusal, Tools};

/// cargo-zigbuild's program.
const ZIGBUILD: &str = "cargo-zigbuild";

/// What is known about the machines of a session's functions.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    demands: Demands,
    /// The search path for cargo-zigbuild, which looks for zig there in turn.
    path: OsString,
    tools: OnceCell<Tools>,
    /// Functions whose native binary needed a newer glibc than their runtime has.
    too_new: std::sync::Mutex<BTreeSet<String>>,
}

impl Machines {
    /// The machines of functions with these demands.
    pub(crate) fn new(demands: Demands) -> Self {
        Self { demands, path: std::env::var_os("PATH").unwrap_or_default(), ..Self::default() }
    }

    /// Looks for cargo-zigbuild in this search path instead of `PATH`.
    #[cfg(test)]
    pub(super) fn with_path(self, path: OsString) -> Self {
        Self { path, ..self }
    }

    /// The command that starts cargo-zigbuild in the workspace at `root`.
    pub(super) fn zigbuild(&self, toolchain: &Toolchain, root: &Path) -> Command {
        let program = cargo::find_in(&self.path, ZIGBUILD.as_ref()).unwrap_or_else(|| ZIGBUILD.into());
        let mut command = toolchain.command_of(&program, root);
        command.env("CARGO", &toolchain.cargo).env("PATH", &self.path);
        command
    }

    /// The processor and runtime of every function.
    pub(crate) fn demands(&self) -> &Demands {
        &self.demands
    }

    /// The functions by how they are compiled, and those that cannot be built on this machine.
    pub(super) async fn compilations(
        &self,
        functions: &[String],
        toolchain: &Toolchain,
        root: &Path,
    ) -> (BTreeMap<Compilation, Vec<String>>, Vec<(String, Refusal)>) {
        let tools = match self.demands.purpose {
            Purpose::RunHere => &Tools::default(),
            Purpose::Ship => self.tools.get_or_init(|| tools_in(&self.path, toolchain, root)).await,
        };
        let (mut compilations, mut refused): (BTreeMap<Compilation, Vec<String>>, Vec<_>) =
            Default::default();
        for function in functions {
            let too_new = self.too_new.lock().is_ok_and(|known| known.contains(function));
            let demand = self.demands.of(function);
            match machine::compilation(function, &demand, self.demands.purpose, too_new, tools) {
                Ok(compilation) => compilations.entry(compilation).or_default().push(function.clone()),
                Err(refusal) => refused.push((function.clone(), refusal)),
            }
        }
        (compilations, refused)
    }

    /// Whether the artifact may be used. A function whose binary needs too new a glibc is built with cargo-zigbuild next time.
    pub(super) fn check(&self, artifact: &Artifact) -> Result<(), Refusal> {
        let function = &artifact.function;
        if self.demands.purpose == Purpose::RunHere {
            return Ok(());
        }
        // A binary that cannot be read is refused by the swap, which says why.
        let Ok(binary) = machine::inspect(&artifact.executable) else { return Ok(()) };
        let checked = machine::check(function, &binary, &self.demands.of(function), self.demands.purpose);
        if matches!(checked, Err(Refusal::NewGlibc { .. }))
            && let Ok(mut too_new) = self.too_new.lock()
        {
            too_new.insert(function.clone());
        }
        checked.map(|_| ())
    }
}

/// Looks for cargo-zigbuild and for standard libraries: once a session, and only for functions that are shipped.
pub(crate) async fn tools(toolchain: &Toolchain, root: &Path) -> Tools {
    tools_in(&std::env::var_os("PATH").unwrap_or_default(), toolchain, root).await
}

async fn tools_in(path: &OsStr, toolchain: &Toolchain, root: &Path) -> Tools {
    let mut targets = BTreeSet::new();
    for architecture in [Architecture::X86_64, Architecture::Arm64] {
        let triple = architecture.triple();
        let mut rustc = toolchain.command_of(&toolchain.rustc(), root);
        rustc.args(["--print", "target-libdir", "--target", triple]);
        rustc.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(output) = rustc.output().await else { continue };
        if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
            targets.insert(triple);
        }
    }
    Tools { zigbuild: cargo::find_in(path, ZIGBUILD.as_ref()).is_some(), targets }
}
