//! The command line.

/// The help text of `cargo xtask`.
pub(crate) const HELP: &str = "\
cargo xtask test [FILTER…]   sets up what the tests drive, checks format and lints, runs the tests of the workspace,
                             and those of devloop/system once more on its portable code;
                             with filters only the tests whose names contain one of them
cargo xtask set-up           only sets up, in target/test-tools; `cargo test` then finds it
cargo xtask lock             writes the lists of xtask/python anew, after a change of an `.in` file

Exit codes: 0 all ran and passed · 1 something failed · 2 wrong arguments · 3 nothing failed, and tests did not run
because a program that they need cannot be had here; it is named";

/// The task to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Test { filters: Vec<String> },
    SetUp,
    Lock,
}

/// Reads the words after `cargo xtask`; the error says what is wrong with them.
pub(crate) fn read(words: &[String]) -> Result<Task, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| ["-h", "--help"].contains(word)) {
        return Ok(Task::Help);
    }
    if let Some(option) = words.iter().find(|word| word.starts_with('-')) {
        return Err(format!("there is no option {option}"));
    }
    match *words {
        [] | ["help"] => Ok(Task::Help),
        ["test", ref filters @ ..] => {
            Ok(Task::Test { filters: filters.iter().map(|word| (*word).to_owned()).collect() })
        }
        ["set-up"] => Ok(Task::SetUp),
        ["lock"] => Ok(Task::Lock),
        ["set-up" | "lock", more, ..] => Err(format!("{more} is one word too many")),
        [other, ..] => Err(format!("there is no task {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Task, read};

    fn check(line: &str, expected: Result<Task, &str>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(read(&words), expected.map_err(str::to_owned), "{line}");
    }

    #[test]
    fn words_are_read_and_wrong_ones_are_named() {
        check("", Ok(Task::Help));
        check("test --help", Ok(Task::Help));
        check("test", Ok(Task::Test { filters: Vec::new() }));
        check("test p1 p2", Ok(Task::Test { filters: vec!["p1".to_owned(), "p2".to_owned()] }));
        check("set-up", Ok(Task::SetUp));
        check("set-up all", Err("all is one word too many"));
        check("lock", Ok(Task::Lock));
        check("test --nocapture", Err("there is no option --nocapture"));
        check("lint", Err("there is no task lint"));
    }
}
