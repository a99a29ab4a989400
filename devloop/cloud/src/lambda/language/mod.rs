//! Functions in JavaScript and Python: which of Lambda's runtimes they name, the interpreter of this machine that runs them, and the
//! client that speaks to the Runtime API in their place. Everything else about them is as for binaries.

pub(crate) mod inline;
mod interpreter;

pub(crate) use interpreter::{Interpreter, interpreter};

/// A language whose interpreter runs functions here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// JavaScript, in Node.js.
    Node,
    /// Python 3.
    Python,
}

impl Language {
    /// The language of one of Lambda's runtimes, such as `nodejs22.x` or `python3.13` [Lambda runtimes, Supported runtimes]; `None` for
    /// those that have none here.
    pub(crate) fn of(runtime: &str) -> Option<Self> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if runtime.strip_prefix("nodejs").and_then(|rest| rest.strip_suffix(".x")).is_some_and(is_number) {
            return Some(Self::Node);
        }
        runtime.strip_prefix("python3.").is_some_and(is_number).then_some(Self::Python)
    }

    /// The program that carries events and answers between the Runtime API and the handler.
    fn client(self) -> &'static str {
        match self {
            Self::Node => {
                concat!(include_str!("log.js"), include_str!("packages.js"), include_str!("client.js"))
            }
            Self::Python => include_str!("client.py"),
        }
    }

    /// Where the language looks for the modules of layers, besides the function's own [Working with layers for Node.js functions;
    /// Working with layers for Python functions].
    pub(crate) fn search_path(self, runtime: &str, opt: &str) -> (&'static str, String) {
        match self {
            Self::Node => {
                let version = runtime.trim_start_matches("nodejs").trim_end_matches(".x");
                ("NODE_PATH", format!("{opt}/nodejs/node{version}/node_modules:{opt}/nodejs/node_modules"))
            }
            Self::Python => ("PYTHONPATH", format!("{opt}/python/lib/{runtime}/site-packages:{opt}/python")),
        }
    }
}

/// Whether functions of this runtime are sources that an interpreter of this machine runs, such as `nodejs22.x` and `python3.13`.
pub fn is_interpreted(runtime: &str) -> bool {
    Language::of(runtime).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_have_their_language() {
        let check = |runtime: &str, expected: Option<Language>| {
            assert_eq!(Language::of(runtime), expected, "{runtime}");
        };
        check("nodejs22.x", Some(Language::Node));
        check("python3.13", Some(Language::Python));
        for other in [
            "nodejs",
            "nodejs22",
            "nodejs4.3",
            "python2.7",
            "python3.",
            "java21",
            "ruby3.4",
            "provided.al2023",
        ] {
            check(other, None);
        }
    }
}
