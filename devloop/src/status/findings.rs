//! Finds out what is wrong in a report.

use serde::{Deserialize, Serialize};

use crate::output;
use crate::status::{Function, Mapping, StatusReport, age};

/// How long a record may wait in a stream before that counts as wrong, in ms.
const LATE_MS: u64 = 60_000;

/// One thing that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Finding {
    /// Stable, for programs, such as `not_deployed`.
    pub(crate) code: String,
    /// The function or mapping that it is about.
    pub(crate) about: String,
    /// What is wrong, for people.
    pub(crate) message: String,
}

impl Finding {
    /// A finding about something.
    pub(crate) fn new(code: &str, about: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), about: about.into(), message: message.into() }
    }
}

/// Everything that is wrong with the report's functions and mappings.
pub(crate) fn findings(report: &StatusReport) -> Vec<Finding> {
    let functions = report.functions.iter().flat_map(|function| of_function(report, function));
    functions.chain(report.mappings.iter().flat_map(|mapping| of_mapping(report, mapping))).collect()
}

fn of_function(report: &StatusReport, function: &Function) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |code, message| found.push(Finding::new(code, report.label(&function.name), message));
    if function.last_error_ms.is_some() && function.last_error_ms > function.answered_ms {
        let error = function.last_error.as_deref().unwrap_or("without a reason").trim_end();
        let error = output::plain(error);
        add("function_failed", format!("its last attempt failed: {error}"));
    }
    if function.bootstrap_missing && !function.being_built {
        let folder = function.folder.as_deref().unwrap_or_default();
        add("bootstrap_missing", format!("there is nothing to run in {folder}"));
    }
    if let (Some(disk), Some(deployed)) = (&function.on_disk_digest, &function.deployed_digest)
        && disk != deployed
    {
        add("not_deployed", format!("{} is on disk, but {} is deployed", short(disk), short(deployed)));
    }
    found
}

fn of_mapping(report: &StatusReport, mapping: &Mapping) -> Vec<Finding> {
    let mut found = Vec::new();
    let about = format!("{} > {}", mapping.source_name(), report.label(&mapping.function));
    let mut add = |code, message| found.push(Finding::new(code, about.as_str(), message));
    if mapping.state != "Enabled" {
        add("mapping_not_enabled", format!("the mapping is {}", mapping.state));
    }
    if mapping.last_result.starts_with("PROBLEM") {
        add("mapping_failing", mapping.last_result.clone());
    }
    if mapping.ignored_failures > 0 {
        let answers = match mapping.ignored_failures {
            1 => "an answer".to_owned(),
            more => format!("{more} answers"),
        };
        let message = format!(
            "{answers} named failed records, which are lost: the mapping does not read them. Set its FunctionResponseTypes to \
             [\"ReportBatchItemFailures\"]"
        );
        add("failures_ignored", message);
    }
    if let Some(oldest) = mapping.oldest_unprocessed_ms.filter(|oldest| *oldest > LATE_MS) {
        add("mapping_late", format!("the oldest record has waited for {}", age(oldest)));
    }
    found
}

/// The first eight characters of a digest, for people.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}
