//! Decides how a function is built for its machine, and whether the binary fits that machine. Pure.

use std::collections::BTreeSet;

use crate::engine::Problem;
use crate::machine::{Architecture, Binary, Demand, Glibc, Purpose};

/// The installed tools for building for other machines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tools {
    /// cargo-zigbuild is installed.
    pub(crate) zigbuild: bool,
    /// The targets whose standard library is installed.
    pub(crate) targets: BTreeSet<&'static str>,
}

/// How a function is built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Compilation {
    /// By cargo, for this machine.
    Native,
    /// By cargo-zigbuild, for another processor or an older glibc.
    Zig {
        /// The compiler's target.
        triple: &'static str,
        /// The newest glibc it may need.
        glibc: Glibc,
    },
}

impl Compilation {
    /// The target as cargo-zigbuild names it; `None` for this machine.
    pub(crate) fn target(&self) -> Option<String> {
        match self {
            Self::Native => None,
            Self::Zig { triple, glibc } => Some(format!("{triple}.{glibc}")),
        }
    }
}

/// Why a function cannot be built, or its binary cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The standard library for its processor is not installed.
    #[error("build {function} for {architecture}: the standard library for {} is not installed", .architecture.triple())]
    NoStandardLibrary { function: String, architecture: Architecture },
    /// Nothing links for its processor.
    #[error(
        "build {function} for {architecture}: this machine is {}, and cargo-zigbuild is not installed",
        Architecture::host()
    )]
    NoCrossLinker { function: String, architecture: Architecture },
    /// Nothing links against an old enough glibc.
    #[error(
        "build {function} for {runtime}: what this machine makes needs a newer glibc than {glibc}, and cargo-zigbuild is not installed"
    )]
    NoOldGlibc {
        function: String,
        runtime: String,
        /// What that has.
        glibc: Glibc,
    },
    /// The binary is for another processor.
    #[error("use the binary of {function}: it is a program for {machine}, and {place} is {wanted}")]
    WrongMachine {
        function: String,
        /// The processor of the binary.
        machine: String,
        /// The machine whose processor counts.
        place: &'static str,
        /// The processor that is needed.
        wanted: Architecture,
    },
    /// The binary needs a newer glibc.
    #[error("use the binary of {function}: it needs glibc {needed}, and {runtime} has {has}")]
    NewGlibc {
        function: String,
        /// The glibc that the binary needs.
        needed: Glibc,
        runtime: String,
        /// What that has.
        has: Glibc,
    },
}

/// How cargo-zigbuild is installed.
pub(crate) const ZIGBUILD_INSTALLATION: &str =
    "pip install cargo-zigbuild, or: cargo install cargo-zigbuild, and zig beside it";

impl Refusal {
    /// The error with its stable code and the next step.
    pub(crate) fn problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::NoStandardLibrary { architecture, .. } => Problem::new("target_missing", message)
                .with_hint(format!("rustup target add {}", architecture.triple())),
            Self::NoCrossLinker { .. } | Self::NoOldGlibc { .. } => {
                Problem::new("zigbuild_missing", message).with_hint(ZIGBUILD_INSTALLATION)
            }
            Self::WrongMachine { .. } => Problem::new("wrong_machine", message).with_hint(
                "remove `build.target` from cargo's configuration, or change the stack's Architectures",
            ),
            Self::NewGlibc { .. } => Problem::new("glibc_too_new", message).with_hint(format!(
                "cargo-zigbuild builds against an older one ({ZIGBUILD_INSTALLATION}), or use provided.al2023"
            )),
        }
    }
}

/// Decides how the function is built. `too_new` says that a binary that this machine made for it needed a newer glibc than its
/// runtime has.
///
/// A function that runs on this machine is built for it, whatever the stack says: an `x86_64` machine cannot run an `arm64`
/// process.
pub(crate) fn compilation(
    function: &str,
    demand: &Demand,
    purpose: Purpose,
    too_new: bool,
    tools: &Tools,
) -> Result<Compilation, Refusal> {
    let architecture = demand.architecture;
    let foreign = architecture != Architecture::host();
    if purpose == Purpose::RunHere || !(foreign || too_new) {
        return Ok(Compilation::Native);
    }
    let (function, triple, glibc) = (function.to_owned(), architecture.triple(), demand.glibc());
    if !tools.targets.contains(triple) {
        return Err(Refusal::NoStandardLibrary { function, architecture });
    }
    match (tools.zigbuild, foreign) {
        (true, _) => Ok(Compilation::Zig { triple, glibc }),
        (false, true) => Err(Refusal::NoCrossLinker { function, architecture }),
        (false, false) => Err(Refusal::NoOldGlibc { function, runtime: demand.runtime.clone(), glibc }),
    }
}

/// Checks that the binary fits its machine. What would be a problem on the stack's machine is returned as warnings.
pub(crate) fn check(
    function: &str,
    binary: &Binary,
    demand: &Demand,
    purpose: Purpose,
) -> Result<Vec<String>, Refusal> {
    let (place, wanted) = match purpose {
        Purpose::RunHere => ("this machine", Architecture::host()),
        Purpose::Ship => ("the function's architecture", demand.architecture),
    };
    if binary.architecture != Some(wanted) {
        let (function, machine) = (function.to_owned(), binary.machine.clone());
        return Err(Refusal::WrongMachine { function, machine, place, wanted });
    }
    let mut warnings = Vec::new();
    if purpose == Purpose::RunHere && demand.architecture != wanted {
        let architecture = demand.architecture;
        warnings.push(format!(
            "is for {architecture} in the stack: it runs here as {wanted}, and is not tried on {architecture}"
        ));
    }
    match binary.glibc.filter(|needed| *needed > demand.glibc()) {
        None => {}
        Some(needed) if purpose == Purpose::Ship => {
            let (function, runtime) = (function.to_owned(), demand.runtime.clone());
            return Err(Refusal::NewGlibc { function, needed, runtime, has: demand.glibc() });
        }
        Some(needed) => {
            let (runtime, has) = (&demand.runtime, demand.glibc());
            warnings
                .push(format!("needs glibc {needed}, and {runtime} has {has}: it runs here, but not there"));
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Tools, check, compilation};
    use crate::machine::{Architecture, Binary, Demand, Glibc, Purpose};

    const HERE: Architecture =
        if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
    const ELSEWHERE: Architecture =
        if cfg!(target_arch = "aarch64") { Architecture::X86_64 } else { Architecture::Arm64 };

    fn demand(architecture: Architecture, runtime: &str) -> Demand {
        Demand { architecture, runtime: runtime.to_owned() }
    }

    /// The target, `native`, or the code of the refusal.
    fn check_route(demand: &Demand, purpose: Purpose, too_new: bool, tools: &Tools, expected: &str) {
        let found = match compilation("up", demand, purpose, too_new, tools) {
            Ok(chosen) => chosen.target().unwrap_or_else(|| "native".to_owned()),
            Err(refusal) => refusal.problem().code.to_owned(),
        };
        assert_eq!(found, expected, "{demand:?} {purpose:?} {too_new} {tools:?}");
    }

    fn tools(zigbuild: bool, targets: &[Architecture]) -> Tools {
        Tools { zigbuild, targets: targets.iter().map(|target| target.triple()).collect() }
    }

    #[test]
    fn what_runs_here_is_built_for_here() {
        for architecture in [HERE, ELSEWHERE] {
            check_route(
                &demand(architecture, "provided.al2"),
                Purpose::RunHere,
                true,
                &tools(true, &[HERE]),
                "native",
            );
        }
    }

    #[test]
    fn what_is_shipped_is_built_for_its_machine() {
        let both = tools(true, &[HERE, ELSEWHERE]);
        let ship = |demand: &Demand, too_new, tools: &Tools, expected: &str| {
            check_route(demand, Purpose::Ship, too_new, tools, expected);
        };
        let here = demand(HERE, "provided.al2023");
        let elsewhere = demand(ELSEWHERE, "provided.al2023");
        ship(&here, false, &tools(false, &[]), "native");
        ship(&here, true, &both, &format!("{}.2.34", HERE.triple()));
        ship(&here, true, &tools(false, &[HERE]), "zigbuild_missing");
        ship(&demand(HERE, "provided.al2"), true, &both, &format!("{}.2.26", HERE.triple()));
        ship(&elsewhere, false, &both, &format!("{}.2.34", ELSEWHERE.triple()));
        ship(&elsewhere, false, &tools(true, &[HERE]), "target_missing");
        ship(&elsewhere, false, &tools(false, &[HERE, ELSEWHERE]), "zigbuild_missing");
    }

    #[test]
    fn a_refusal_names_the_next_step() {
        let refusal =
            Refusal::NoStandardLibrary { function: "up".to_owned(), architecture: Architecture::Arm64 };
        assert_eq!(refusal.problem().hint.as_deref(), Some("rustup target add aarch64-unknown-linux-gnu"));
        let refusal = Refusal::NoCrossLinker { function: "up".to_owned(), architecture: ELSEWHERE };
        assert!(refusal.problem().hint.unwrap().contains("pip install cargo-zigbuild"));
    }

    fn binary(architecture: Architecture, minor: u32) -> Binary {
        Binary {
            architecture: Some(architecture),
            machine: architecture.to_string(),
            glibc: Some(Glibc { major: 2, minor }),
        }
    }

    /// The number of warnings, or the code of the refusal.
    fn check_binary(binary: &Binary, demand: &Demand, purpose: Purpose, expected: Result<usize, &str>) {
        let found = check("up", binary, demand, purpose);
        let found = found.map(|warnings| warnings.len()).map_err(|refusal| refusal.problem().code);
        assert_eq!(found, expected, "{binary:?} {demand:?} {purpose:?}");
    }

    #[test]
    fn a_wrong_binary_is_refused_where_it_would_not_run() {
        let modern = demand(HERE, "provided.al2023");
        let old = demand(HERE, "provided.al2");
        for purpose in [Purpose::RunHere, Purpose::Ship] {
            check_binary(&binary(HERE, 34), &modern, purpose, Ok(0));
            check_binary(&binary(HERE, 26), &old, purpose, Ok(0));
            check_binary(&binary(ELSEWHERE, 17), &modern, purpose, Err("wrong_machine"));
            check_binary(&Binary { glibc: None, ..binary(HERE, 0) }, &old, purpose, Ok(0));
        }
        check_binary(&binary(HERE, 38), &modern, Purpose::Ship, Err("glibc_too_new"));
        check_binary(&binary(HERE, 34), &old, Purpose::Ship, Err("glibc_too_new"));
        check_binary(&binary(HERE, 38), &modern, Purpose::RunHere, Ok(1));
        let other = demand(ELSEWHERE, "provided.al2");
        check_binary(&binary(HERE, 26), &other, Purpose::RunHere, Ok(1));
        check_binary(&binary(HERE, 34), &other, Purpose::RunHere, Ok(2));
        check_binary(&binary(HERE, 26), &other, Purpose::Ship, Err("wrong_machine"));
        check_binary(&binary(ELSEWHERE, 26), &other, Purpose::Ship, Ok(0));
    }
}
