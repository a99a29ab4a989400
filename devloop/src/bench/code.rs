//! Replaces the code that a function runs through Lambda's own API, observes it on the target's status page, and puts it back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::bench::target::{BenchTarget, PAGE, StageFunction, each};
use crate::engine::Problem;

/// How long new code may take to be deployed.
const LIMIT: Duration = Duration::from_secs(30);

/// The pause between two requests for the status page meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// Appended to a binary: nothing reads beyond the end of an ELF file, so the digest changes and the program does not.
const MARK: &[u8] = b"devloop bench swap";

/// A build in a directory that the function can run from.
pub(crate) struct Build {
    folder: PathBuf,
    /// SHA-256 of the binary.
    pub(crate) digest: String,
    _home: TempDir,
}

impl Build {
    /// A copy of the binary in a directory of its own, whose last segment is the function's name.
    pub(crate) fn copy(binary: &Path, function: &str) -> Result<Self, Problem> {
        Self::make(binary, function, &[])
    }

    /// The same program with another digest.
    pub(crate) fn twin(binary: &Path, function: &str) -> Result<Self, Problem> {
        Self::make(binary, function, MARK)
    }

    fn make(binary: &Path, function: &str, mark: &[u8]) -> Result<Self, Problem> {
        let put = || -> io::Result<Self> {
            let home = tempfile::tempdir()?;
            let folder = home.path().join(function);
            fs::create_dir(&folder)?;
            let mut bytes = fs::read(binary)?;
            bytes.extend_from_slice(mark);
            let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let file = folder.join("bootstrap");
            fs::write(&file, &bytes)?;
            #[cfg(unix)]
            fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            Ok(Self { folder, digest, _home: home })
        };
        put().map_err(|error| {
            Problem::new("build_unreadable", format!("take the build {}: {error}", binary.display()))
                .with_hint("name a binary that was built for this machine, or a profile of cargo")
        })
    }
}

/// A function whose code is replaced for a while.
pub(crate) struct Replaced<'a> {
    target: &'a BenchTarget,
    function: &'a StageFunction,
    folder: &'a str,
}

impl<'a> Replaced<'a> {
    /// The function of this name, which must run from a directory.
    pub(crate) fn new(target: &'a BenchTarget, name: &str) -> Result<Self, Problem> {
        let function = target.function(name).ok_or_else(|| {
            let known: Vec<&str> =
                target.functions.iter().flatten().map(|known| known.label.as_str()).collect();
            Problem::new(
                "function_unknown",
                format!("find {name}: the pipeline's functions are {}", known.join(", ")),
            )
        })?;
        let folder = function.folder.as_deref().ok_or_else(|| {
            Problem::new(
                "function_fixed",
                format!("replace {name}: it does not run from a directory of this machine"),
            )
            .with_hint("functions of `devloop watch` and `devloop up` do")
        })?;
        Ok(Self { target, function, folder })
    }

    /// The function's own binary.
    pub(crate) fn own(&self) -> PathBuf {
        Path::new(self.folder).join("bootstrap")
    }

    /// The name that is shown.
    pub(crate) fn label(&self) -> &str {
        &self.function.label
    }

    /// Updates the function to the build. Returns when Lambda has accepted the update.
    pub(crate) async fn switch(&self, build: &Build) -> Result<(), Problem> {
        self.order(&build.folder.to_string_lossy()).await
    }

    /// Updates the function to its own code again, and waits until that is deployed.
    pub(crate) async fn put_back(&self) -> Result<(), Problem> {
        self.order(self.folder).await?;
        self.until("is deployed again", |_, status| status == "Successful").await
    }

    /// Waits until new requests get the build.
    pub(crate) async fn deployed(&self, build: &Build) -> Result<(), Problem> {
        let is_it =
            |page: &Value, status: &str| status == "Successful" && page["deployed_digest"] == *build.digest;
        self.until("is deployed", is_it).await
    }

    /// Waits until code of this digest gave the last answer.
    pub(crate) async fn answering(&self, digest: &str) -> Result<(), Problem> {
        self.until("answers", |page, _| page["answering_digest"] == digest).await
    }

    /// Waits until code with another digest than this one is deployed and gave the last answer. Returns its digest.
    pub(crate) async fn other_than(&self, digest: &str, limit: Duration) -> Result<String, Problem> {
        let mut seen = String::new();
        self.until_within(limit, "answers", |page, _| {
            let answering = page["answering_digest"].as_str().unwrap_or_default();
            answering.clone_into(&mut seen);
            !answering.is_empty() && answering != digest && page["deployed_digest"] == answering
        })
        .await?;
        Ok(seen)
    }

    /// The digest of the code that gave the last answer.
    pub(crate) async fn answering_now(&self) -> Result<Option<String>, Problem> {
        Ok(self.page().await?["answering_digest"].as_str().map(str::to_owned))
    }

    async fn order(&self, folder: &str) -> Result<(), Problem> {
        let path = format!("/2015-03-31/functions/{}/code", self.function.name);
        let input = json!({ "S3Bucket": "hot-reload", "S3Key": folder });
        let ordered = self.target.client.put("lambda", &self.target.region, &path, &input).await;
        ordered
            .map(drop)
            .map_err(|reason| Problem::new("swap_failed", format!("replace {}: {reason}", self.label())))
    }

    async fn page(&self) -> Result<Value, Problem> {
        let page =
            self.target.client.page(PAGE).await.map_err(|reason| Problem::new("swap_failed", reason))?;
        let page = page.unwrap_or_default();
        Ok(each(&page["functions"])
            .find(|known| known["name"] == *self.function.name)
            .cloned()
            .unwrap_or_default())
    }

    async fn until(&self, what: &str, holds: impl FnMut(&Value, &str) -> bool) -> Result<(), Problem> {
        self.until_within(LIMIT, what, holds).await
    }

    async fn until_within(
        &self,
        limit: Duration,
        what: &str,
        mut holds: impl FnMut(&Value, &str) -> bool,
    ) -> Result<(), Problem> {
        let began = Instant::now();
        let path = format!("/2015-03-31/functions/{}/configuration", self.function.name);
        loop {
            let page = self.page().await?;
            let configuration = self.target.client.get("lambda", &self.target.region, &path).await;
            let configuration = configuration.map_err(|reason| Problem::new("swap_failed", reason))?;
            let status = configuration["LastUpdateStatus"].as_str().unwrap_or("Successful");
            if holds(&page, status) {
                return Ok(());
            }
            if status == "Failed" || began.elapsed() > limit {
                let reason =
                    configuration["LastUpdateStatusReason"].as_str().unwrap_or("it did not appear in time");
                let message = format!("wait until the new code of {} {what}: {reason}", self.label());
                return Err(Problem::new("swap_failed", message));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A source file with an edit. The file is restored when this is dropped; only killing the process prevents that.
pub(crate) struct Edit {
    path: PathBuf,
    original: String,
    edited: String,
}

impl Edit {
    /// An edit that replaces one text by another; the file must contain the first one exactly once.
    pub(crate) fn new(path: &Path, from: &str, to: &str) -> Result<Self, Problem> {
        let failed =
            |reason: String| Problem::new("edit_invalid", format!("edit {}: {reason}", path.display()));
        let original = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        match original.matches(from).count() {
            1 if from != to => {}
            1 => return Err(failed("--from and --to are the same".to_owned())),
            0 => return Err(failed(format!("it does not hold {from:?}"))),
            times => return Err(failed(format!("it holds {from:?} {times} times, which is not once"))),
        }
        let edited = original.replacen(from, to, 1);
        Ok(Self { path: path.to_owned(), original, edited })
    }

    /// Saves the edit, or the text before it.
    pub(crate) fn save(&self, edited: bool) -> Result<(), Problem> {
        fs::write(&self.path, if edited { &self.edited } else { &self.original })
            .map_err(|error| Problem::new("edit_failed", format!("save {}: {error}", self.path.display())))
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        // The file is restored only if it still has the edit's text: another save meanwhile is kept.
        if fs::read_to_string(&self.path).is_ok_and(|now| now == self.edited) {
            let _ = fs::write(&self.path, &self.original);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_put_back_unless_somebody_else_saved() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.rs");
        fs::write(&path, "let a = 1;").unwrap();
        let edit = Edit::new(&path, "1", "2").unwrap();
        edit.save(true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "let a = 2;");
        drop(edit);
        assert_eq!(fs::read_to_string(&path).unwrap(), "let a = 1;");
        let edit = Edit::new(&path, "1", "2").unwrap();
        edit.save(true).unwrap();
        fs::write(&path, "mine").unwrap();
        drop(edit);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn an_edit_must_be_one_place() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.rs");
        fs::write(&path, "aab").unwrap();
        let check = |from: &str, to: &str, expected: &str| {
            let Err(problem) = Edit::new(&path, from, to) else { panic!("{from} was taken") };
            assert!(problem.message.contains(expected), "{}", problem.message);
        };
        check("a", "x", "2 times");
        check("c", "x", "does not hold \"c\"");
        check("b", "b", "are the same");
    }

    #[test]
    fn a_twin_is_the_same_program_with_another_digest() {
        let home = tempfile::tempdir().unwrap();
        let binary = home.path().join("b");
        fs::write(&binary, "ELF").unwrap();
        let (copy, twin) = (Build::copy(&binary, "up").unwrap(), Build::twin(&binary, "up").unwrap());
        assert_ne!(copy.digest, twin.digest);
        assert!(copy.folder.ends_with("up") && copy.folder.join("bootstrap").is_file());
        assert!(fs::read(twin.folder.join("bootstrap")).unwrap().starts_with(b"ELF"));
    }
}
