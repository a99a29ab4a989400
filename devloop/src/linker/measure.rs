//! Timing links from inside a build: the wrapper is called with everything that cargo gives rustc, variables too, and repeats
//! the call as often as it likes in a place of its own. It then reports a failure to cargo, so that cargo keeps nothing of it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::linker::wrapper::{chooses_a_linker, lean_arguments};

/// The variable that names the plan's file.
pub(crate) const PLAN: &str = "DEVLOOP_MEASURE";

/// What is to be timed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The binary whose links are timed.
    pub(crate) binary: String,
    /// An empty directory for what comes out of it.
    pub(crate) place: PathBuf,
    /// How often each variant is timed.
    pub(crate) rounds: usize,
    /// The further arguments of each variant, by its name.
    pub(crate) variants: BTreeMap<String, Vec<String>>,
}

/// The times of each variant in ms; one that fails has none.
pub(crate) type Times = BTreeMap<String, Vec<u64>>;

impl Plan {
    /// Where the times are written.
    pub(crate) fn results(&self) -> PathBuf {
        self.place.join("times.json")
    }

    /// Reads the plan that the variable names.
    pub(super) fn of_environment() -> Option<Self> {
        serde_json::from_slice(&std::fs::read(std::env::var_os(PLAN)?).ok()?).ok()
    }

    /// Compiles once, so that the incremental state is there, then times each variant in turn, every second round backwards.
    pub(super) fn carry_out(&self, rustc: &OsStr, given: &[OsString]) -> std::io::Result<()> {
        let arguments = relocated(given, &self.place);
        // The user's own linker is the only one that a session would use: it counts as the default.
        let own = chooses_a_linker(given);
        let run = |more: &[String]| {
            let mut command = Command::new(rustc);
            command.args(&arguments).args(lean_arguments(true, own)).args(more).env_remove(PLAN);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let began = Instant::now();
            let works = command.status().is_ok_and(|status| status.success());
            works.then(|| began.elapsed().as_millis() as u64)
        };
        let mut times = Times::new();
        if run(&[]).is_some() {
            for round in 0..self.rounds {
                let mut variants: Vec<_> = self.variants.iter().collect();
                if round % 2 == 1 {
                    variants.reverse();
                }
                for (name, more) in variants.into_iter().filter(|(_, more)| more.is_empty() || !own) {
                    if let Some(time) = run(more) {
                        times.entry(name.clone()).or_default().push(time);
                    }
                }
            }
        }
        std::fs::write(self.results(), serde_json::to_vec(&times)?)
    }
}

/// The same call with its output and its incremental state elsewhere.
fn relocated(given: &[OsString], place: &Path) -> Vec<OsString> {
    let mut arguments = given.to_vec();
    for index in 1..arguments.len() {
        if arguments[index - 1] == "--out-dir" {
            arguments[index] = place.into();
        } else if arguments[index - 1] == "-C"
            && arguments[index].to_string_lossy().starts_with("incremental=")
        {
            let mut option = OsString::from("incremental=");
            option.push(place.join("incremental"));
            arguments[index] = option;
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::relocated;

    #[test]
    fn the_outputs_go_elsewhere_and_the_rest_stays() {
        let given: Vec<_> =
            "--crate-name up --out-dir /t/deps -C incremental=/t/inc -C opt-level=0 -L /t/deps"
                .split(' ')
                .map(Into::into)
                .collect();
        let expected = "--crate-name up --out-dir /p -C incremental=/p/incremental -C opt-level=0 -L /t/deps";
        let found: Vec<String> = relocated(&given, Path::new("/p"))
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert_eq!(found.join(" "), expected);
    }
}
