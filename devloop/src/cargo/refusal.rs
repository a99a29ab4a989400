//! Rustup's error message and advice when the toolchain to start is not installed.

/// The toolchain that the workspace names is not installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Rustup's sentence.
    pub(crate) cause: String,
    /// The next step, in rustup's words where it gives one.
    pub(crate) advice: String,
}

/// The next step where rustup names none: for a toolchain of the user's own, and after a failed download.
const NO_ADVICE: &str = "run `rustup toolchain install` in this directory, or name a toolchain that `rustup toolchain list` shows";

/// Reads what a program of a toolchain wrote to standard error when it failed. `None` if the failure had another cause than a
/// missing toolchain or component.
pub(crate) fn refusal(said: &str) -> Option<Refusal> {
    let said = without_backtrace(said);
    let cause = said.lines().find_map(|line| line.strip_prefix("error: "))?.trim();
    let is_rustups = ["is not installed", "rustup could not choose", "no default toolchain"]
        .iter()
        .any(|words| cause.contains(words))
        || said.contains("syncing channel updates");
    let advice = said.lines().find_map(|line| {
        let line = line.trim();
        line.strip_prefix("help: ").or_else(|| line.starts_with("To install, ").then_some(line))
    });
    is_rustups.then(|| Refusal { cause: cause.to_owned(), advice: advice.unwrap_or(NO_ADVICE).to_owned() })
}

/// The text before the backtrace of rustup itself, which `RUST_BACKTRACE` asks for.
pub(crate) fn without_backtrace(said: &str) -> &str {
    said.split("Stack backtrace:").next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::{NO_ADVICE, refusal};

    fn check(said: &str, expected: Option<(&str, &str)>) {
        let found = refusal(said).map(|it| (it.cause, it.advice));
        let expected = expected.map(|(cause, advice)| (cause.to_owned(), advice.to_owned()));
        assert_eq!(found, expected, "{said}");
    }

    #[test]
    fn rustups_own_advice_is_quoted() {
        check(
            "error: toolchain '1.70.0-x86_64-unknown-linux-gnu' is not installed\n\
             help: run `rustup toolchain install` to install it\n\nStack backtrace:\n   0: help: no",
            Some((
                "toolchain '1.70.0-x86_64-unknown-linux-gnu' is not installed",
                "run `rustup toolchain install` to install it",
            )),
        );
        check(
            "error: 'rustc' is not installed for the toolchain '1.80-x86_64-unknown-linux-gnu'.\n\
             To install, run `rustup component add rustc --toolchain 1.80-x86_64-unknown-linux-gnu`\n",
            Some((
                "'rustc' is not installed for the toolchain '1.80-x86_64-unknown-linux-gnu'.",
                "To install, run `rustup component add rustc --toolchain 1.80-x86_64-unknown-linux-gnu`",
            )),
        );
        check(
            "error: rustup could not choose a version of cargo to run, because one wasn't specified explicitly, and \
             no default is configured.\nhelp: run 'rustup default stable' to download the latest stable release",
            Some((
                "rustup could not choose a version of cargo to run, because one wasn't specified explicitly, and no \
                 default is configured.",
                "run 'rustup default stable' to download the latest stable release",
            )),
        );
    }

    #[test]
    fn where_rustup_advises_nothing_the_step_is_named() {
        check(
            "error: custom toolchain 'mine' specified in override file '/w/rust-toolchain.toml' is not installed\n",
            Some((
                "custom toolchain 'mine' specified in override file '/w/rust-toolchain.toml' is not installed",
                NO_ADVICE,
            )),
        );
        check(
            "info: syncing channel updates for '1.70.0-x86_64-unknown-linux-gnu'\nerror: could not download file\n",
            Some(("could not download file", NO_ADVICE)),
        );
    }

    #[test]
    fn what_cargo_itself_says_is_no_refusal() {
        check("error: could not find `Cargo.toml` in `/w` or any parent directory", None);
        check("error: failed to parse manifest at `/w/Cargo.toml`\n\nCaused by:\n  invalid", None);
        check("", None);
    }
}
