//! The cargo process from its start to its end, or to its cancellation.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::build::apart;
use crate::build::command;
use crate::build::dep_info;
use crate::build::machines::Machines;
use crate::build::process::Running;
use crate::build::reader::{CargoReader, Messages, Work};
use crate::build::standby::Standby;
use crate::bus::Events;
use crate::cargo::{self, Toolchain};
use crate::engine::{Artifact, BuildOrder, Ended, Fact, Problem};
use crate::graph::Read;
use crate::linker::{Linking, Prepared};
use crate::machine::{Compilation, Refusal};

/// How cargo is called in this session.
#[derive(Debug, Clone)]
pub(crate) struct Builder {
    /// The cargo to start, or rustup's proxy for it.
    pub(crate) program: PathBuf,
    /// Finds the toolchain behind rustup's proxy.
    pub(crate) lookup: cargo::Lookup,
    pub(crate) root: PathBuf,
    /// Where cargo puts its output.
    pub(crate) target_directory: PathBuf,
    pub(crate) profile: String,
    /// How long cargo may say nothing before it counts as hanging.
    pub(crate) timeout: Duration,
    /// How functions are linked; `None`: as cargo itself would link them.
    pub(crate) linking: Option<Arc<Linking>>,
    /// Which machines the functions are for.
    pub(crate) machines: Arc<Machines>,
    /// The cargo of the next build, if it has been started already.
    pub(crate) standby: Arc<Standby>,
}

impl Builder {
    /// The cargo of this workspace and its compiler.
    pub(crate) async fn toolchain(&self) -> Toolchain {
        self.lookup.toolchain(&self.program, &self.root).await
    }

    /// Cargo's environment and arguments for this session's way of linking.
    pub(super) async fn prepared(&self, toolchain: &Toolchain) -> Prepared {
        match &self.linking {
            Some(linking) => linking.prepare(toolchain).await,
            None => Prepared::default(),
        }
    }
}

/// How cargo ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It exited by itself.
    Finished {
        /// The binaries that are up to date.
        artifacts: Vec<Artifact>,
        /// Cargo's error output, if it failed.
        failure: Option<String>,
        /// The files that each function was made from. An absent function was not rebuilt; `None` means that its inputs are unknown.
        inputs: BTreeMap<String, Option<Read>>,
    },
    /// It was killed, with everything it had started.
    Cancelled,
}

/// Why cargo could not be started, or did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// There is no cargo.
    #[error("start cargo: `{}` was not found", .0.display())]
    CargoMissing(PathBuf),
    /// It could not be started, or its output could not be read.
    #[error("run cargo: {0}")]
    Io(#[from] std::io::Error),
    /// Another process killed it.
    #[error("run cargo: it was killed by signal {0}")]
    Killed(i32),
    /// It printed nothing for longer than the configured timeout, and was killed.
    #[error("run cargo: it said nothing for {}, and was stopped; its last words were: {last_words}", seconds(.limit))]
    Silent {
        limit: Duration,
        /// Its last output.
        last_words: String,
    },
}

fn seconds(duration: &Duration) -> String {
    if duration.as_secs() > 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

impl BuildError {
    /// The error as it is shown, with its code and the next step.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::CargoMissing(_) => Problem::new("cargo_missing", self.to_string())
                .with_hint("install Rust from https://rustup.rs, or put cargo on the PATH"),
            Self::Io(_) => Problem::new("cargo_failed", self.to_string()),
            Self::Killed(_) => Problem::new("cargo_killed", self.to_string())
                .with_hint("the system does that when memory runs out; the next save builds again"),
            Self::Silent { .. } => Problem::new("build_timeout", self.to_string()).with_hint(
                "look for a build script that waits; the next save builds again, and `[build] timeout` sets the limit",
            ),
        }
    }
}

/// The result of one run of cargo.
struct Made {
    artifacts: Vec<Artifact>,
    failure: Option<String>,
    inputs: BTreeMap<String, Option<Read>>,
}

/// How one run of cargo ended.
enum Attempt {
    Finished(Made),
    Cancelled,
    /// A link failed that may succeed with the default linker.
    LinkFailed(String),
}

/// Runs cargo; its start, its progress and the compiler's messages are sent while it runs, and [`Fact::Built`] as soon as it will
/// make nothing more. Before it exits it only writes files that the next cargo reads.
///
/// If a link fails with a linker that devloop chose, that is reported and cargo runs again with the default linker. A binary for AWS
/// or LocalStack that needs a newer glibc than its runtime has is built again with cargo-zigbuild; one for another processor is refused.
pub(crate) async fn run(
    builder: &Builder,
    order: &BuildOrder,
    cancel: &CancellationToken,
    events: &Events,
) -> Result<Outcome, BuildError> {
    let Some(toolchain) = cancel.run_until_cancelled(builder.toolchain()).await else {
        return Ok(Outcome::Cancelled);
    };
    let mut open = order.binaries.clone();
    let (mut artifacts, mut failures): (Vec<Artifact>, Vec<String>) = Default::default();
    let mut inputs = BTreeMap::new();
    let (mut begun, mut told) = (false, false);
    while !open.is_empty() {
        let choosing = builder.machines.compilations(&open, &toolchain, &builder.root);
        let Some((compilations, refused)) = cancel.run_until_cancelled(choosing).await else {
            return Ok(Outcome::Cancelled);
        };
        open.clear();
        for (_, refusal) in refused {
            failures.push(refused_by(&refusal, events).await);
        }
        let compilations = apart::parts(compilations, order);
        let only = compilations.len() == 1 && !begun && failures.is_empty() && order.apart.is_empty();
        for (compilation, binaries) in compilations {
            let work = Work {
                order,
                binaries: &binaries,
                target: compilation.target(),
                only,
                told: AtomicBool::new(false),
            };
            let Some(prepared) = cancel.run_until_cancelled(prepared(builder, &toolchain, events)).await
            else {
                return Ok(Outcome::Cancelled);
            };
            if !std::mem::replace(&mut begun, true) {
                events.send(Fact::BuildStarted { generation: order.generation }).await;
            }
            match build(builder, &toolchain, prepared, &work, cancel, events).await? {
                None => return Ok(Outcome::Cancelled),
                Some(mut made) => {
                    if let Some((function, _)) = work.apart() {
                        apart::rename(
                            &mut made.artifacts,
                            &mut made.inputs,
                            function,
                            &builder.target_directory,
                        )?;
                    }
                    failures.extend(made.failure);
                    inputs.extend(made.inputs);
                    told = work.has_told();
                    if told {
                        artifacts = made.artifacts;
                        break;
                    }
                    for artifact in made.artifacts {
                        match builder.machines.check(&artifact) {
                            Ok(()) => artifacts.push(artifact),
                            Err(Refusal::NewGlibc { .. }) if compilation == Compilation::Native => {
                                open.push(artifact.function);
                            }
                            Err(refusal) => failures.push(refused_by(&refusal, events).await),
                        }
                    }
                }
            }
        }
    }
    let failure = (!failures.is_empty()).then(|| failures.join("\n"));
    if !told {
        let ended =
            Ended { generation: order.generation, artifacts: artifacts.clone(), failure: failure.clone() };
        events.send(Fact::Built(ended)).await;
    } else if let Some(words) = &failure {
        let problem =
            Problem::new("cargo_failed", format!("run cargo: when all was built, it said: {words}"));
        events.send(Fact::Error { problem }).await;
    }
    Ok(Outcome::Finished { artifacts, failure, inputs })
}

async fn refused_by(refusal: &Refusal, events: &Events) -> String {
    let problem = refusal.problem();
    let words = format!("error: {}", problem.message);
    events.send(Fact::Error { problem }).await;
    words
}

/// Runs cargo, and runs it again with the default linker if the chosen one failed. `None`: the build was cancelled.
async fn build(
    builder: &Builder,
    toolchain: &Toolchain,
    mut with: Prepared,
    work: &Work<'_>,
    cancel: &CancellationToken,
    events: &Events,
) -> Result<Option<Made>, BuildError> {
    loop {
        match attempt(builder, toolchain, &with, work, cancel, events).await? {
            Attempt::Finished(made) => return Ok(Some(made)),
            Attempt::Cancelled => return Ok(None),
            Attempt::LinkFailed(reason) => {
                if let (Some(linking), Some(linker)) = (&builder.linking, with.linker) {
                    let problem = linking.give_up(linker, &reason).await;
                    events.send(Fact::Error { problem }).await;
                }
            }
        }
        with = prepared(builder, toolchain, events).await;
    }
}

async fn prepared(builder: &Builder, toolchain: &Toolchain, events: &Events) -> Prepared {
    let mut prepared = builder.prepared(toolchain).await;
    if let Some(problem) = prepared.problem.take() {
        events.send(Fact::Error { problem }).await;
    }
    prepared
}

async fn attempt(
    builder: &Builder,
    toolchain: &Toolchain,
    prepared: &Prepared,
    work: &Work<'_>,
    cancel: &CancellationToken,
    events: &Events,
) -> Result<Attempt, BuildError> {
    let target = work.target.as_deref();
    let mut command = command::of(builder, toolchain, prepared, work.order, work.binaries, target);
    let running = match builder.standby.take(&command) {
        Some(waiting) => waiting,
        None => Running::start(&mut command)?,
    };
    let Running { mut group, mut child, output, words, said } = running;
    let reader = CargoReader::new(work, builder, events);
    // cargo-zigbuild links with zig, whatever devloop chose.
    let linker = prepared.linker.filter(|_| work.target.is_none());
    let listening = async {
        tokio::try_join!(reader.listen_to_messages(output, linker), reader.listen_to_words(words, said))
    };
    let heard = tokio::select! {
        heard = listening => heard,
        () = reader.is_unwanted(cancel) => {
            group.end().await;
            child.wait().await?;
            return Ok(Attempt::Cancelled);
        }
        () = reader.silence(builder.timeout) => {
            group.end().await;
            child.wait().await?;
            return Err(BuildError::Silent { limit: builder.timeout, last_words: reader.last_words() });
        }
    };
    let (Messages { artifacts, link_failure }, said) = heard?;
    if let Some(signal) = group.leader_end().await? {
        // Only cargo itself was killed; its compilers may still run.
        group.end().await;
        child.wait().await?;
        return Err(BuildError::Killed(signal));
    }
    let status = child.wait().await?;
    group.disarm();
    reader.tell_refusals().await;
    if let Some(reason) = link_failure {
        return Ok(Attempt::LinkFailed(reason));
    }
    // Cargo brings its dep-info up to date at the end of a build that succeeded, and only then.
    let succeeded = status.success();
    let inputs = artifacts.iter().filter(|artifact| succeeded || !artifact.fresh).map(|artifact| {
        let read = if succeeded { dep_info::inputs(&artifact.executable, &builder.root) } else { None };
        (artifact.function.clone(), read)
    });
    let inputs = inputs.collect();
    let failure = (!status.success())
        .then(|| if said.is_empty() { format!("cargo ended with {status}") } else { said });
    Ok(Attempt::Finished(Made { artifacts, failure, inputs }))
}
