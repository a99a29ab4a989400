//! Counts tests by the output of the test programs. A test whose program is missing fails and notes that (`test_tools::not_run`);
//! it is shown and counted as not run.

use std::collections::BTreeMap;
use std::fmt;

/// The results of the tests.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: usize,
    ignored: usize,
    failed: Vec<String>,
    /// The tests that did not run, by the program that each lacks.
    pub(crate) not_run: BTreeMap<String, Vec<String>>,
    /// Test programs that began but did not finish.
    open: usize,
    /// Cargo itself failed before all tests had run.
    pub(crate) cargo_failed: bool,
}

impl Tally {
    /// Takes a line of a test program, and returns the line to show. `lacking` returns what a test has noted as missing.
    pub(crate) fn take(&mut self, line: &str, lacking: impl Fn(&str) -> Option<String>) -> String {
        if line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test")) {
            self.open += 1;
        } else if line.starts_with("test result: ") {
            self.open = self.open.saturating_sub(1);
        } else if let Some((name, verdict)) = verdict(line) {
            match verdict {
                "ok" => self.passed += 1,
                "FAILED" => match lacking(name) {
                    Some(what) => {
                        let shown = format!("test {name} ... NOT RUN: there is no {what}");
                        self.not_run.entry(what).or_default().push(name.to_owned());
                        return shown;
                    }
                    None => self.failed.push(name.to_owned()),
                },
                _ => self.ignored += 1,
            }
        }
        line.to_owned()
    }

    /// Adds the results of tests that ran beside these.
    pub(crate) fn add(&mut self, other: Self) {
        let Self { passed, ignored, failed, not_run, open, cargo_failed } = other;
        self.passed += passed;
        self.ignored += ignored;
        self.failed.extend(failed);
        for (what, names) in not_run {
            self.not_run.entry(what).or_default().extend(names);
        }
        self.open += open;
        self.cargo_failed |= cargo_failed;
    }

    /// Whether anything failed for another reason than a missing program.
    pub(crate) fn has_failed(&self) -> bool {
        let explained = !self.not_run.is_empty();
        !self.failed.is_empty() || self.open > 0 || (self.cargo_failed && !explained)
    }
}

/// A test's name and result.
fn verdict(line: &str) -> Option<(&str, &str)> {
    let (name, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let known = ["ok", "FAILED", "ignored"]
        .into_iter()
        .find(|known| verdict.split([',', ' ']).next() == Some(known))?;
    Some((name.trim_end_matches(" - should panic"), known))
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.failed {
            writeln!(formatter, "FAILED: {name}")?;
        }
        if self.open > 0 {
            writeln!(formatter, "FAILED: {} test programs ended before their tests had", self.open)?;
        }
        for (what, names) in &self.not_run {
            for name in names {
                writeln!(formatter, "NOT RUN for want of {what}: {name}")?;
            }
        }
        let not_run: usize = self.not_run.values().map(Vec::len).sum();
        let (passed, failed, ignored) = (self.passed, self.failed.len(), self.ignored);
        write!(
            formatter,
            "{passed} tests passed, {failed} failed, {not_run} did not run, {ignored} are ignored"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(text: &str) -> (Tally, String) {
        let mut tally = Tally::default();
        let shown: Vec<String> = text
            .lines()
            .map(|line| tally.take(line, |name| (name == "page").then(|| "chromium".to_owned())))
            .collect();
        (tally, shown.join("\n"))
    }

    #[test]
    fn tests_are_counted_and_other_lines_pass_unchanged() {
        let text = "running 3 tests\ntest a::one ... ok\ntest src/lib.rs - f (line 3) ... ok\ntest slow ... ignored, by hand\n\
            what a test says ... ok then\ntest result: ok. 2 passed; 0 failed; 1 ignored";
        let (tally, shown) = tally(text);
        assert_eq!(shown, text);
        assert!(!tally.has_failed());
        assert_eq!(tally.to_string(), "2 tests passed, 0 failed, 0 did not run, 1 are ignored");
    }

    #[test]
    fn a_test_without_its_program_did_not_run_and_did_not_fail() {
        let (mut tally, shown) =
            tally("running 1 test\ntest page ... FAILED\ntest result: FAILED. 0 passed; 1 failed");
        tally.cargo_failed = true;
        assert!(shown.contains("test page ... NOT RUN: there is no chromium"), "{shown}");
        assert!(!tally.has_failed());
        assert_eq!(
            tally.to_string(),
            "NOT RUN for want of chromium: page\n0 tests passed, 0 failed, 1 did not run, 0 are ignored"
        );
    }

    #[test]
    fn failures_crashes_and_builds_that_fail_are_failures() {
        assert!(tally("running 1 test\ntest a ... FAILED\ntest result: FAILED. 0 passed").0.has_failed());
        assert!(tally("running 2 tests\ntest a ... ok").0.has_failed());
        assert!(Tally { cargo_failed: true, ..Tally::default() }.has_failed());
    }
}
