//! Findings, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at.
    pub(crate) name: &'static str,
    /// Nothing is wrong with it.
    pub(crate) ok: bool,
    /// What is wrong, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    /// What was found out.
    pub(crate) finding: String,
    /// What the user can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
}

impl Check {
    /// Nothing is wrong.
    pub(super) fn ok(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, ok: true, code: None, finding: seen.into(), fix: None }
    }

    /// Something is wrong.
    pub(super) fn wrong(
        name: &'static str,
        code: &'static str,
        finding: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { name, ok: false, code: Some(code), finding: finding.into(), fix: Some(fix.into()) }
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DoctorReport {
    /// How many things are wrong.
    pub(crate) findings: usize,
    /// In the order in which they matter to a save.
    pub(crate) checks: Vec<Check>,
}

impl DoctorReport {
    /// Counts what is wrong.
    pub(super) fn new(checks: Vec<Check>) -> Self {
        Self { findings: checks.iter().filter(|check| !check.ok).count(), checks }
    }
}

/// A line or two for each check, and one for all.
pub(crate) fn text(report: &DoctorReport) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let mark = if check.ok { "ok" } else { "wrong" };
        let _ = writeln!(text, "{mark:<6} {:<10} {}", check.name, check.finding);
        if let Some(fix) = &check.fix {
            let _ = writeln!(text, "{:<6} {:<10} fix: {fix}", "", "");
        }
    }
    let _ = match report.findings {
        0 => writeln!(text, "nothing is wrong"),
        1 => writeln!(text, "1 finding"),
        more => writeln!(text, "{more} findings"),
    };
    text
}
