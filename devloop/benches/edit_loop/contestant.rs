//! The contestants of the benchmark, and the operations that all of them have.

use std::time::Duration;

use anyhow::Result;

use crate::devloop::Devloop;
use crate::lambda_watch::LambdaWatch;
use crate::options::Options;
use crate::plain::Plain;
use crate::tools::Tools;
use crate::workspace::{Edit, Workspace};

/// The contestants; the first one is what the others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `cargo build -p` and the start of the program.
    Plain,
    /// `cargo lambda watch`.
    LambdaWatch,
    /// `devloop watch` with nothing else installed.
    Devloop,
    /// The same of another build of devloop.
    DevloopBeside,
    /// The same where `wild` is on the PATH.
    DevloopWild,
    /// `devloop watch` with prelinked dependencies.
    DevloopPrelink,
    /// The same where `wild` is on the PATH.
    DevloopPrelinkWild,
}

impl Kind {
    /// The contestants whose programs were found; two builds of devloop are measured without the others.
    pub(crate) fn all(tools: &Tools, options: &Options) -> Vec<Self> {
        if options.beside.is_some() {
            return vec![Self::DevloopBeside, Self::Devloop];
        }
        let mut kinds = vec![Self::Plain];
        kinds.extend(tools.cargo_lambda.is_some().then_some(Self::LambdaWatch));
        kinds.push(Self::Devloop);
        kinds.extend(tools.wild.is_some().then_some(Self::DevloopWild));
        kinds.push(Self::DevloopPrelink);
        kinds.extend(tools.wild.is_some().then_some(Self::DevloopPrelinkWild));
        kinds
    }

    /// Its name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain cargo",
            Self::LambdaWatch => "cargo lambda watch",
            Self::Devloop => "devloop",
            Self::DevloopBeside => "devloop, other build",
            Self::DevloopWild => "devloop, wild",
            Self::DevloopPrelink => "devloop, prelink",
            Self::DevloopPrelinkWild => "devloop, prelink, wild",
        }
    }

    /// Its directory's name.
    pub(crate) fn directory(self) -> String {
        self.name().replace(", ", "-").replace(' ', "-")
    }

    /// The text of its `devloop.toml`.
    pub(crate) fn settings(self) -> &'static str {
        if self.prelinks() { "[build]\nprelink = true\n" } else { "" }
    }

    /// Whether `wild` is on its PATH.
    pub(crate) fn has_wild(self) -> bool {
        matches!(self, Self::DevloopWild | Self::DevloopPrelinkWild)
    }

    /// The wanted limits: as a share of plain cargo's time, and of that of `cargo lambda watch`.
    pub(crate) fn limits(self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Plain | Self::LambdaWatch | Self::DevloopBeside => (None, None),
            Self::Devloop => (Some(0.80), Some(0.25)),
            Self::DevloopWild => (Some(0.60), Some(0.20)),
            Self::DevloopPrelink | Self::DevloopPrelinkWild => (Some(0.35), None),
        }
    }

    fn prelinks(self) -> bool {
        matches!(self, Self::DevloopPrelink | Self::DevloopPrelinkWild)
    }
}

/// How long a save took, whole and in parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Took {
    /// From before the file was written until the new code serves.
    pub(crate) whole: Duration,
    /// The times that the contestant itself reports, in milliseconds.
    pub(crate) phases: Vec<(String, f64)>,
}

/// A contestant that is ready for a save.
pub(crate) enum Contestant {
    Plain(Plain),
    LambdaWatch(LambdaWatch),
    Devloop(Box<Devloop>),
}

impl Contestant {
    /// Starts the contestant and waits until its first build serves.
    pub(crate) fn start(kind: Kind, workspace: Workspace, tools: &Tools, options: &Options) -> Result<Self> {
        Ok(match kind {
            Kind::Plain => Self::Plain(Plain::start(workspace, options)?),
            Kind::LambdaWatch => Self::LambdaWatch(LambdaWatch::start(workspace, tools, options)?),
            _ => Self::Devloop(Box::new(Devloop::start(kind, workspace, tools, options)?)),
        })
    }

    /// Which contestant it is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Plain(_) => Kind::Plain,
            Self::LambdaWatch(_) => Kind::LambdaWatch,
            Self::Devloop(devloop) => devloop.kind(),
        }
    }

    /// Its copy of the pipeline.
    pub(crate) fn workspace(&self) -> &Workspace {
        match self {
            Self::Plain(plain) => plain.workspace(),
            Self::LambdaWatch(watch) => watch.workspace(),
            Self::Devloop(devloop) => devloop.workspace(),
        }
    }

    /// Saves and waits until the new code serves.
    pub(crate) fn save(&mut self, edit: Edit) -> Result<Took> {
        match self {
            Self::Plain(plain) => plain.save(edit),
            Self::LambdaWatch(watch) => watch.save(edit),
            Self::Devloop(devloop) => devloop.save(edit),
        }
    }

    /// Ends everything that the contestant started.
    pub(crate) fn stop(self) -> Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::LambdaWatch(watch) => watch.stop(),
            Self::Devloop(devloop) => devloop.stop(),
        }
    }
}
