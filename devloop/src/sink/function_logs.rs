//! A log file for each function: its own lines with their times, and between them what devloop did with the function.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use crate::engine::{Millis, Notice, Problem, State};
use crate::output;
use crate::sink::bounded::Bounded;
use crate::sink::{Sink, bounded};

/// How large each file may be, in bytes; the one before it is kept too.
const LIMIT: u64 = 8 << 20;

/// The files of the functions that have logged something.
#[derive(Debug)]
pub(crate) struct FunctionLogs {
    directory: PathBuf,
    files: BTreeMap<String, Bounded>,
    /// Files that cannot be made, and whether that was told; each line tries again.
    unmade: BTreeMap<String, (Problem, bool)>,
}

impl FunctionLogs {
    /// Files in the directory, each emptied before its first line.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, files: BTreeMap::new(), unmade: BTreeMap::new() }
    }

    fn write(&mut self, at: Millis, function: &str, text: &str) {
        if !is_file_name(function) {
            return;
        }
        let file = match self.files.entry(function.to_owned()) {
            Entry::Occupied(file) => file.into_mut(),
            Entry::Vacant(place) => {
                let path = self.directory.join(format!("{function}.log"));
                match Bounded::create(&path, LIMIT) {
                    Ok(file) => {
                        self.unmade.remove(function);
                        place.insert(file)
                    }
                    Err(error) => {
                        let problem = || (bounded::loss(&path, &error), false);
                        self.unmade.entry(function.to_owned()).or_insert_with(problem);
                        return;
                    }
                }
            }
        };
        let time = time(at);
        for line in output::plain(text).lines() {
            file.write(&format!("{time} {line}"), |lost| format!("{time} [{lost} lines were dropped]"));
        }
    }
}

/// The time as RFC 3339 has it, to the millisecond and in UTC.
fn time(at: Millis) -> String {
    let at = Timestamp::from_millisecond(i64::try_from(at).unwrap_or_default()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn is_file_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(components.next(), Some(Component::Normal(_))) && components.next().is_none()
}

impl Sink for FunctionLogs {
    fn tell(&mut self, at: Millis, notice: &Notice, _state: &State) -> io::Result<()> {
        match notice {
            Notice::Log { function, line } => self.write(at, function, line),
            Notice::Live { generation, function, digest, phases } => {
                self.write(
                    at,
                    function,
                    &format!("--- build {generation} is live: {} · {phases}", digest.short()),
                );
            }
            Notice::RolledBack(done) => {
                self.write(at, &done.function, &format!("--- rolled back to {}", done.digest.short()));
            }
            Notice::NotRolledBack { function, problem }
            | Notice::Error { function: Some(function), problem, .. } => {
                self.write(at, function, &format!("--- {}", problem.message));
            }
            Notice::BuildFailed { generation, functions, .. } => {
                for function in functions.keys() {
                    self.write(at, function, &format!("--- build {generation} failed"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.files.values_mut().for_each(Bounded::flush);
        Ok(())
    }

    fn losses(&mut self) -> Vec<Problem> {
        let unmade = self
            .unmade
            .values_mut()
            .filter_map(|(problem, is_told)| (!std::mem::replace(is_told, true)).then(|| problem.clone()));
        self.files.values_mut().filter_map(Bounded::loss).chain(unmade).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::FunctionLogs;
    use crate::engine::{Digest, Notice, Phases, State};
    use crate::graph::Workspace;
    use crate::sink::Sink;

    #[test]
    fn each_function_has_its_file_with_what_was_done_to_it_between_its_lines() {
        let directory = tempfile::tempdir().unwrap();
        let mut logs = FunctionLogs::new(directory.path().join("logs"));
        let state = State::new(Workspace::default(), []);
        let log =
            |function: &str, line: &str| Notice::Log { function: function.to_owned(), line: line.to_owned() };
        let live = Notice::Live {
            generation: 2,
            function: "up".to_owned(),
            digest: Digest::new("91c2".repeat(16)),
            phases: Phases { cargo: 1_120, ..Phases::default() },
        };
        let notices = [
            log("up", "\u{1b}[32mone\u{1b}[0m"),
            live,
            log("up", "two"),
            log("down", "three"),
            log("../x", "four"),
        ];
        for (second, notice) in notices.iter().enumerate() {
            logs.tell(1_700_000_000_007 + second as u64 * 1_000, notice, &state).unwrap();
        }
        logs.flush().unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join("logs").join(name)).unwrap();
        let expected = "2023-11-14T22:13:20.007Z one\n\
            2023-11-14T22:13:21.007Z --- build 2 is live: 91c291c2 · save→live 1.12 s · detect 0 · plan 0 · \
            cargo 1,120 · package 0 · swap 0 · reload 0\n\
            2023-11-14T22:13:22.007Z two\n";
        assert_eq!(read("up.log"), expected);
        assert_eq!(read("down.log"), "2023-11-14T22:13:23.007Z three\n");
        assert!(!directory.path().join("x.log").exists(), "a name is no way out of the directory");
    }
}
