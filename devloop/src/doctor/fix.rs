//! The setting that a finding proposes, as an edit of `devloop.toml`.
//!
//! The setting goes into devloop's own file and not into cargo's configuration: when the linker in cargo's configuration changes,
//! cargo builds every dependency anew, while devloop passes its linker in a variable that cargo does not track.

use crate::doctor::judge::{Readings, better};
use crate::linker::Linker;

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) text: String,
    /// What changes, a line each with its sign.
    pub(crate) diff: String,
}

/// The edit of `devloop.toml` that would make links faster, if there is any. `current` is its text, empty without a file.
pub(crate) fn propose(readings: &Readings, current: &str) -> Option<Proposal> {
    let links = readings.links.as_ref()?.as_ref().ok()?;
    let (linker, _) = better(links, readings.used.unwrap_or(Linker::Default))?;
    Some(edit(current, linker))
}

fn edit(current: &str, linker: Linker) -> Proposal {
    let wanted = format!("linker = \"{linker}\"");
    let mut lines: Vec<String> = current.lines().map(str::to_owned).collect();
    let table = lines.iter().position(|line| line.split('#').next().unwrap_or_default().trim() == "[build]");
    let mut diff = String::new();
    match table {
        Some(table) => {
            let rest = &lines[table + 1..];
            let end = rest.iter().position(|line| line.trim_start().starts_with('[')).unwrap_or(rest.len());
            let old = rest[..end].iter().position(|line| {
                line.trim_start()
                    .strip_prefix("linker")
                    .is_some_and(|rest| rest.trim_start().starts_with('='))
            });
            diff.push_str(&format!("  {}\n", lines[table]));
            match old {
                Some(old) => {
                    let line = &mut lines[table + 1 + old];
                    diff.push_str(&format!("- {line}\n+ {wanted}\n"));
                    *line = wanted;
                }
                None => {
                    diff.push_str(&format!("+ {wanted}\n"));
                    lines.insert(table + 1, wanted);
                }
            }
        }
        None => {
            if !lines.is_empty() {
                diff.push_str("+ \n");
                lines.push(String::new());
            }
            diff.push_str(&format!("+ [build]\n+ {wanted}\n"));
            lines.extend(["[build]".to_owned(), wanted]);
        }
    }
    Proposal { text: lines.join("\n") + "\n", diff }
}

#[cfg(test)]
mod tests {
    use super::edit;
    use crate::linker::Linker;

    fn check(current: &str, text: &str, diff: &str) {
        let proposal = edit(current, Linker::Wild);
        assert_eq!((proposal.text.as_str(), proposal.diff.as_str()), (text, diff));
        let parsed: toml::Table = toml::from_str(&proposal.text).unwrap();
        assert_eq!(parsed["build"]["linker"].as_str(), Some("wild"));
    }

    #[test]
    fn one_line_changes_and_the_rest_stays() {
        check("", "[build]\nlinker = \"wild\"\n", "+ [build]\n+ linker = \"wild\"\n");
        check(
            "port = 1\n",
            "port = 1\n\n[build]\nlinker = \"wild\"\n",
            "+ \n+ [build]\n+ linker = \"wild\"\n",
        );
        check(
            "[build] # mine\ntimeout = \"1m\"\nlinker = \"lld\"\n[latency]\n",
            "[build] # mine\ntimeout = \"1m\"\nlinker = \"wild\"\n[latency]\n",
            "  [build] # mine\n- linker = \"lld\"\n+ linker = \"wild\"\n",
        );
        check(
            "[build]\n[latency]\nlinker = 1\n",
            "[build]\nlinker = \"wild\"\n[latency]\nlinker = 1\n",
            "  [build]\n+ linker = \"wild\"\n",
        );
    }
}
