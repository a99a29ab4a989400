//! Times links from inside a build. Cargo calls the wrapper with all of rustc's arguments and variables; the wrapper repeats the
//! call several times in a directory of its own. It then reports a failure to cargo, so that cargo keeps nothing of it.

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
    /// An empty directory for the output.
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

    /// Compiles once, to make the incremental state, then times each variant in turn; every second round runs backwards.
    pub(super) fn carry_out(&self, rustc: &OsStr, given: &[OsString]) -> std::io::Result<()> {
        let arguments = relocated(given, &self.place);
        // A user's own linker is the only one that a session would use, so only the variant without arguments is timed.
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

/// The same call, with its output and incremental state in another directory.
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
    use std::fs;

    use super::{Plan, Times};

    #[test]
    fn a_link_is_repeated_elsewhere_and_each_variant_that_works_is_timed() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
        let script = format!("echo \"$*\" >> {}\ncase \"$*\" in *broken*) exit 1;; esac\n", path("calls"));
        fs::write(path("rustc"), script).unwrap();
        let call = "--crate-name up --out-dir /t/deps -C incremental=/t/inc -C opt-level=0 -L /t/deps";
        let given: Vec<_> =
            std::iter::once(path("rustc")).chain(call.split(' ').map(str::to_owned)).collect();
        let variant =
            |name: &str, more: &[&str]| (name.to_owned(), more.iter().map(|&word| word.to_owned()).collect());
        let plan = Plan {
            binary: "up".to_owned(),
            place: home.path().to_owned(),
            rounds: 2,
            variants: [
                variant("broken", &["-Cbroken"]),
                variant("default", &[]),
                variant("wild", &["-Cwild"]),
            ]
            .into(),
        };
        let given: Vec<_> = given.into_iter().map(Into::into).collect();
        plan.carry_out("/bin/sh".as_ref(), &given).unwrap();

        let times: Times = serde_json::from_slice(&fs::read(plan.results()).unwrap()).unwrap();
        let counts: Vec<_> = times.iter().map(|(name, times)| (name.as_str(), times.len())).collect();
        assert_eq!(counts, [("default", 2), ("wild", 2)]);
        let place = home.path().display();
        let elsewhere = format!(
            "--crate-name up --out-dir {place} -C incremental={place}/incremental -C opt-level=0 -L /t/deps "
        );
        let calls = fs::read_to_string(path("calls")).unwrap();
        let ends: Vec<_> = calls
            .lines()
            .map(|call| {
                let lean = call.strip_prefix(&elsewhere).unwrap_or_else(|| panic!("{call}"));
                lean.split(' ').find(|word| ["-Cbroken", "-Cwild"].contains(word)).unwrap_or_default()
            })
            .collect();
        // One call for the incremental state, then a round, then a round backwards.
        assert_eq!(ends, ["", "-Cbroken", "", "-Cwild", "-Cwild", "", "-Cbroken"]);
    }
}
