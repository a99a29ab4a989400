//! Chooses the linker from what was found and tried. Pure.

use std::fmt;
use std::path::PathBuf;

use crate::config::LinkerChoice;

/// A linker that devloop knows how to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Linker {
    /// wild, from crates.io.
    Wild,
    /// mold; before 2.0 it is no faster than rustc's own lld.
    Mold,
    /// lld, of the system.
    Lld,
    /// Whatever rustc uses by itself.
    Default,
}

impl Linker {
    /// The linkers that can be installed, the fastest first.
    pub(crate) const CANDIDATES: [Self; 3] = [Self::Wild, Self::Mold, Self::Lld];

    /// The name in settings and messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wild => "wild",
            Self::Mold => "mold",
            Self::Lld => "lld",
            Self::Default => "default",
        }
    }

    /// The program's file name.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Wild => "wild",
            Self::Mold => "mold",
            Self::Lld => "ld.lld",
            Self::Default => "ld",
        }
    }
}

impl fmt::Display for Linker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What was found out about one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The candidate.
    pub(crate) linker: Linker,
    /// What is known about it.
    pub(crate) verdict: Verdict,
}

/// Whether a linker can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is not installed.
    Missing,
    /// It is installed but cannot be used, for this reason.
    Unusable(String),
    /// A small program was linked with it and ran.
    Works {
        /// Where it lies.
        path: PathBuf,
        /// Its own name and version.
        version: String,
        /// The arguments by which rustc uses it.
        arguments: Vec<String>,
    },
}

/// The linker to use; and if it is not the one that was asked for, the reason.
pub(crate) fn choose(choice: LinkerChoice, probes: &[Probe]) -> (Linker, Option<String>) {
    let verdict = |linker| probes.iter().find(|probe| probe.linker == linker).map(|probe| &probe.verdict);
    let works = |linker| matches!(verdict(linker), Some(Verdict::Works { .. }));
    let named = match choice {
        LinkerChoice::Auto => {
            return (
                Linker::CANDIDATES.into_iter().find(|&linker| works(linker)).unwrap_or(Linker::Default),
                None,
            );
        }
        LinkerChoice::Default => return (Linker::Default, None),
        LinkerChoice::Wild => Linker::Wild,
        LinkerChoice::Mold => Linker::Mold,
        LinkerChoice::Lld => Linker::Lld,
    };
    match verdict(named) {
        Some(Verdict::Works { .. }) => (named, None),
        Some(Verdict::Unusable(reason)) => (Linker::Default, Some(reason.clone())),
        Some(Verdict::Missing) | None => (Linker::Default, Some(format!("{named} is not installed"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Linker, Probe, Verdict, choose};
    use crate::config::LinkerChoice;

    fn probe(linker: Linker, works: bool) -> Probe {
        let verdict = if works {
            Verdict::Works { path: "/l".into(), version: "1".to_owned(), arguments: vec![] }
        } else {
            Verdict::Unusable("it crashes".to_owned())
        };
        Probe { linker, verdict }
    }

    fn check(choice: LinkerChoice, probes: &[Probe], expected: Linker, reason: Option<&str>) {
        assert_eq!(choose(choice, probes), (expected, reason.map(str::to_owned)));
    }

    #[test]
    fn the_fastest_that_works_is_taken() {
        let all = [probe(Linker::Lld, true), probe(Linker::Mold, true), probe(Linker::Wild, true)];
        check(LinkerChoice::Auto, &all, Linker::Wild, None);
        check(LinkerChoice::Auto, &all[..2], Linker::Mold, None);
        check(LinkerChoice::Auto, &[probe(Linker::Wild, false), probe(Linker::Lld, true)], Linker::Lld, None);
        check(LinkerChoice::Auto, &[], Linker::Default, None);
    }

    #[test]
    fn a_named_one_is_taken_or_its_absence_explained() {
        let probes = [probe(Linker::Wild, true), probe(Linker::Mold, false)];
        check(LinkerChoice::Wild, &probes, Linker::Wild, None);
        check(LinkerChoice::Default, &probes, Linker::Default, None);
        check(LinkerChoice::Mold, &probes, Linker::Default, Some("it crashes"));
        check(LinkerChoice::Lld, &probes, Linker::Default, Some("lld is not installed"));
    }
}
