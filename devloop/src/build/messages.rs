//! Reads those of cargo's JSON messages that devloop uses.

use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{CompilerMessage, Message};

use crate::engine::{Artifact, Diagnostic, Level, Location};

/// What a line of cargo's output says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A binary is up to date.
    Artifact(Artifact),
    /// The compiler reports something.
    Diagnostic(Diagnostic),
    /// Everything that was asked for is up to date.
    Success,
}

/// Reads one line; `None` for a line that devloop does not use, as most are.
pub(super) fn read(line: &str) -> Option<Said> {
    match serde_json::from_str(line).ok()? {
        Message::CompilerArtifact(artifact) if artifact.target.is_bin() => {
            let executable = artifact.executable?.into_std_path_buf();
            Some(Said::Artifact(Artifact {
                function: artifact.target.name,
                executable,
                fresh: artifact.fresh,
            }))
        }
        Message::BuildFinished(finished) => finished.success.then_some(Said::Success),
        Message::CompilerMessage(message) => diagnostic(message).map(Said::Diagnostic),
        _ => None,
    }
}

fn diagnostic(message: CompilerMessage) -> Option<Diagnostic> {
    let package = message.target.name;
    let message = message.message;
    let level = match message.level {
        DiagnosticLevel::Error | DiagnosticLevel::Ice => Level::Error,
        DiagnosticLevel::Warning => Level::Warning,
        _ => return None,
    };
    // The compiler's closing count ("aborting due to 2 previous errors") names no place and says nothing new.
    if message.spans.is_empty() && message.code.is_none() && is_summary(&message.message) {
        return None;
    }
    let location = message.spans.iter().find(|span| span.is_primary).map(|span| Location {
        file: span.file_name.clone().into(),
        line: span.line_start,
        column: span.column_start,
    });
    Some(Diagnostic {
        level,
        rendered: message.rendered.unwrap_or_else(|| message.message.clone()),
        message: message.message,
        location,
        package: Some(package),
    })
}

/// Why a link failed, if the message reports a failed link: the linker's first error, or else the compiler's message.
pub(super) fn link_failure(diagnostic: &Diagnostic) -> Option<String> {
    let failed = diagnostic.message.starts_with("linking with `") && diagnostic.message.contains("` failed");
    failed.then(|| {
        let of_the_linker = diagnostic.rendered.lines().skip(1).find_map(|line| {
            let error = line.find("error: ").map(|at| &line[at + "error: ".len()..]);
            error.or_else(|| line.find("undefined reference").map(|at| &line[at..]))
        });
        of_the_linker.unwrap_or(&diagnostic.message).trim().to_owned()
    })
}

fn is_summary(message: &str) -> bool {
    message.starts_with("aborting due to")
        || message.contains("warning emitted")
        || message.contains("warnings emitted")
}

#[cfg(test)]
mod tests {
    use super::link_failure;
    use crate::engine::{Diagnostic, Level};

    fn check(message: &str, rendered: &str, expected: Option<&str>) {
        let diagnostic = Diagnostic {
            level: Level::Error,
            message: message.to_owned(),
            rendered: rendered.to_owned(),
            location: None,
            package: None,
        };
        assert_eq!(link_failure(&diagnostic).as_deref(), expected);
    }

    #[test]
    fn a_failed_link_is_told_from_other_errors() {
        let failed = "linking with `cc` failed: exit status: 1";
        check(
            failed,
            "error: linking with `cc` failed\n  = note: wild: error: no such relocation\n",
            Some("no such relocation"),
        );
        check(
            failed,
            "error: linking with `cc` failed\n  = note: x.o: undefined reference to `f'",
            Some("undefined reference to `f'"),
        );
        check(failed, "error: linking with `cc` failed", Some(failed));
        check("mismatched types", "error: mismatched types", None);
        check("linker `cc` not found", "error: linker `cc` not found", None);
    }
}
