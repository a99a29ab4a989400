//! Incremental links of one function with every linker that works, inside a build of its own that leaves nothing behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use crate::build::{self, Builder};
use crate::cargo::{self, Group};
use crate::doctor::judge::Links;
use crate::engine::BuildOrder;
use crate::linker::{self, Linker, Plan, Probe, Times, Verdict};

/// How often each linker is timed. Differences of a factor of two show in the median of so few.
const ROUNDS: usize = 5;

/// What is to be measured.
pub(crate) struct LinkOrder<'a> {
    /// How cargo is called in a session.
    pub(crate) builder: &'a Builder,
    /// The order of a session, whose only binary is the function to measure.
    pub(crate) order: BuildOrder,
    /// This program.
    pub(crate) devloop: &'a Path,
    /// What is known about the linkers.
    pub(crate) probes: &'a [Probe],
}

/// Builds the function's dependencies where that is not done yet, and times the rest.
pub(crate) async fn measure_links(what: LinkOrder<'_>) -> Result<Links, String> {
    let LinkOrder { builder, order, devloop, probes } = what;
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let function = order.binaries.first().cloned().ok_or("there is no function")?;
    let home = builder.target_directory.join("devloop");
    let wrapper = linker::measuring_wrapper(&home, devloop).map_err(|error| words(&error))?;
    let place = tempfile::Builder::new().prefix("links-").tempdir_in(&home).map_err(|error| words(&error))?;
    let mut variants: BTreeMap<String, Vec<String>> =
        [(Linker::Default.name().to_owned(), Vec::new())].into();
    for probe in probes {
        if let Verdict::Works { arguments, .. } = &probe.verdict {
            variants.insert(probe.linker.name().to_owned(), arguments.clone());
        }
    }
    let plan = Plan { binary: function.clone(), place: place.path().to_owned(), rounds: ROUNDS, variants };
    let file = place.path().join("plan.json");
    std::fs::write(&file, serde_json::to_vec(&plan).map_err(|error| words(&error))?)
        .map_err(|error| words(&error))?;

    let toolchain = builder.toolchain().await;
    let mut command = toolchain.command(&builder.root);
    command.args(build::arguments(&order, &order.binaries, &builder.profile, None));
    command.arg("--target-dir").arg(&builder.target_directory);
    command.env("RUSTC_WORKSPACE_WRAPPER", wrapper).env(linker::PLAN, file);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    cargo::lead_a_group(&mut command);
    let child = command.spawn().map_err(|error| words(&error))?;
    let mut group = Group::of(&child);
    let output = child.wait_with_output().await.map_err(|error| words(&error))?;
    group.disarm();

    let times: Times = std::fs::read(plan.results())
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .ok_or_else(|| last_error(&String::from_utf8_lossy(&output.stderr)))?;
    let medians: BTreeMap<Linker, u64> = std::iter::once(Linker::Default)
        .chain(Linker::CANDIDATES)
        .filter_map(|linker| Some((linker, median(times.get(linker.name())?)?)))
        .collect();
    if medians.is_empty() {
        Err(format!("{function} does not compile"))
    } else {
        Ok(Links { function, medians })
    }
}

fn median(times: &[u64]) -> Option<u64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

fn last_error(words: &str) -> String {
    let error = words.lines().rev().find_map(|line| line.trim().strip_prefix("error: "));
    error.unwrap_or("cargo said nothing about it").to_owned()
}
