//! The files that a run writes.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::bench::{Account, Document, Sent, VERSION, detail, latencies};
use crate::error::UserError;
use crate::output;

/// The file that a load writes for `bench wait`: how many requests were accepted, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LoadTest {
    pub(super) run_id: String,
    /// Requests that were answered with 200.
    pub(super) accepted: u64,
    /// All that were sent.
    pub(super) sent: u64,
    /// When the load began, in ms since the epoch.
    pub(super) began_ms: Option<i64>,
    /// How many requests each user sent: the ids are `<run>-<user>-<0, 1, …>`, users counted from 1. Empty where another
    /// program made the load.
    pub(super) users: Vec<u32>,
    /// The requests that were not accepted: user and iteration.
    pub(super) refused: Vec<(u32, u32)>,
}

impl LoadTest {
    /// The file of a load that began at this time.
    pub(super) fn new(sent: &Sent, began_ms: i64) -> Self {
        let mut users: Vec<u32> = Vec::new();
        for &(user, iteration) in sent.accepted.iter().chain(&sent.refused) {
            let index = user.saturating_sub(1) as usize;
            if users.len() <= index {
                users.resize(index + 1, 0);
            }
            users[index] = users[index].max(iteration + 1);
        }
        Self {
            run_id: sent.run.clone(),
            accepted: sent.accepted.len() as u64,
            sent: (sent.accepted.len() + sent.refused.len()) as u64,
            began_ms: Some(began_ms),
            users,
            refused: sent.refused.clone(),
        }
    }

    /// What the load sent.
    pub(super) fn sent(&self) -> Sent {
        let refused: HashSet<(u32, u32)> = self.refused.iter().copied().collect();
        let all = self.users.iter().zip(1..);
        let all = all.flat_map(|(count, user)| (0..*count).map(move |iteration| (user, iteration)));
        let accepted = all.filter(|id| !refused.contains(id)).collect();
        Sent { run: self.run_id.clone(), accepted, refused: self.refused.clone() }
    }
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), UserError> {
    let put = || -> io::Result<()> {
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let file = tempfile::NamedTempFile::new_in(directory)?;
        fs::write(file.path(), text)?;
        #[cfg(unix)]
        fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(|error| {
        UserError::failure("output_failed", format!("write {}: {error}", path.display()))
            .with_hint("choose a place that can be written to")
    })
}

/// A document as JSON, which a terminal may show.
pub(super) fn json(document: &impl Serialize) -> Result<String, UserError> {
    serde_json::to_string_pretty(document)
        .map(|text| output::escaped(&text).into_owned() + "\n")
        .map_err(|error| UserError::failure("output_failed", format!("write the report: {error}")))
}

/// The file of latencies: one number a request, in s with ms decimals.
pub(super) fn latencies_json(account: &Account) -> String {
    let numbers: Vec<String> = latencies(account).iter().map(|seconds| format!("{seconds:.3}")).collect();
    format!("[{}]\n", numbers.join(",\n"))
}

/// A line for each request: what is complete by completion, then what is lost, duplicated or reordered.
pub(super) fn detail_lines(account: &Account) -> String {
    let mut text: String = account.runs.iter().map(|row| format!("{}\n", detail(row))).collect();
    let mut line = |outcome: &str, place: &str, id: &String, times: u64| {
        text.push_str(&format!("{}\n", json!({ "id": id, "outcome": outcome, "at": place, "times": times })));
    };
    for (place, passage) in [("store", &account.store), ("sink", &account.sink)] {
        passage.lost.iter().for_each(|id| line("lost", place, id, 1));
        passage.duplicated.iter().for_each(|(id, times)| line("duplicated", place, id, *times));
        passage.reordered.iter().for_each(|id| line("reordered", place, id, 1));
    }
    account.unexpected.iter().for_each(|id| line("unexpected", "sink", id, 1));
    text
}

/// A run that was kept.
pub(super) fn read_run(path: &Path) -> Result<Document, UserError> {
    let failed = |reason: String| {
        UserError::usage("run_unreadable", format!("read the run {}: {reason}", path.display()))
            .with_hint("`devloop bench --save NAME` keeps one")
    };
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let run: Document = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if run.version != VERSION {
        return Err(failed(format!("it has form {}, this devloop knows form {VERSION}", run.version)));
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_comes_back_from_the_file() {
        let sent =
            Sent { run: "r".into(), accepted: vec![(1, 0), (1, 2), (3, 0)], refused: vec![(1, 1), (3, 1)] };
        let file = LoadTest::new(&sent, 5);
        assert_eq!((file.accepted, file.sent, file.users.as_slice()), (3, 5, [3, 0, 2].as_slice()));
        let text = serde_json::to_string(&file).unwrap();
        assert_eq!(serde_json::from_str::<LoadTest>(&text).unwrap().sent(), sent);
    }

    #[test]
    fn a_load_by_another_program_tells_only_its_number() {
        let file: LoadTest = serde_json::from_str(r#"{"runId":"k6","accepted":7}"#).unwrap();
        assert_eq!((file.accepted, file.sent().accepted.len()), (7, 0));
    }
}
