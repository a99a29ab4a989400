//! Zips that are kept for a rollback, and what is known of the code that was deployed from here.
//!
//! Everything is filed under the code that it is about, and written before that code is deployed. What counts is decided by the
//! code that Lambda has then: however an update ends, the way back from there is known.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::engine::{Digest, Problem};
use crate::target::aws::package::{Package, hexadecimal};

/// The ending of a zip's name.
const ZIP: &str = "zip";

/// The ending of a note's name.
const NOTE: &str = "json";

/// What is known of a zip.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// The binary that it was made from.
    binary: Option<String>,
    /// The digest of the code that it replaced, as Lambda writes it.
    replaced: Option<String>,
}

/// The directory of one function in one account and region.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// The function's directory below the home. Lambda's names, accounts and regions hold no character that leads elsewhere, and
    /// anything else is refused.
    pub(super) fn new(home: &Path, parts: [&str; 3]) -> Result<Self, Problem> {
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        match parts.iter().find(|part| !plain(part)) {
            Some(odd) => Err(Problem::new(
                "name_odd",
                format!("keep the code of a function: `{odd}` is no name of Lambda's"),
            )),
            None => Ok(Self(parts.iter().fold(home.to_owned(), |path, part| path.join(part)))),
        }
    }

    /// The binary that the code of this digest was made from, if that was noted here.
    pub(super) fn binary_of(&self, lambda_sha: &str) -> Option<Digest> {
        self.noted(lambda_sha).binary.map(Digest::new)
    }

    /// Notes that the binary is deployed as this zip.
    pub(super) fn note(&self, binary: &Digest, lambda_sha: &str) -> Result<(), Problem> {
        let note = Note { binary: Some(binary.to_string()), ..self.noted(lambda_sha) };
        self.write_note(lambda_sha, &note)
    }

    /// The zip of this digest, if it is kept.
    pub(super) fn zip(&self, lambda_sha: &str) -> Option<Package> {
        let zip = fs::read(self.path(lambda_sha, ZIP)?).ok()?;
        Some(Package::of_zip(zip.into())).filter(|package| package.lambda_sha() == lambda_sha)
    }

    /// The zip that the code of this digest replaced, if it is kept.
    pub(super) fn replaced_by(&self, lambda_sha: &str) -> Option<Package> {
        self.zip(&self.noted(lambda_sha).replaced?)
    }

    /// Keeps both: what is about to be deployed, and what it replaces, where that could be read.
    pub(super) fn keep(&self, new: &Package, replaced: Option<&Package>) -> Result<(), Problem> {
        for package in replaced.into_iter().chain([new]) {
            if self.zip(&package.lambda_sha()).is_none() {
                self.write(&package.lambda_sha(), ZIP, &package.zip)?;
            }
        }
        let note = Note { replaced: replaced.map(Package::lambda_sha), ..self.noted(&new.lambda_sha()) };
        self.write_note(&new.lambda_sha(), &note)
    }

    /// Forgets what is neither deployed nor what that replaced. What cannot be deleted takes room and does no harm.
    pub(super) fn tidy(&self, lambda_sha: &str) {
        let kept = [Some(lambda_sha.to_owned()), self.noted(lambda_sha).replaced];
        let kept: Vec<PathBuf> = kept
            .iter()
            .flatten()
            .flat_map(|sha| [ZIP, NOTE].into_iter().filter_map(|kind| self.path(sha, kind)))
            .collect();
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| !kept.contains(path)) {
            let _ = fs::remove_file(path);
        }
    }

    fn noted(&self, lambda_sha: &str) -> Note {
        let read = || serde_json::from_slice(&fs::read(self.path(lambda_sha, NOTE)?).ok()?).ok();
        read().unwrap_or_default()
    }

    fn write_note(&self, lambda_sha: &str, note: &Note) -> Result<(), Problem> {
        let text = serde_json::to_vec(note)
            .map_err(|error| Problem::new("keep_failed", format!("note what is deployed: {error}")))?;
        self.write(lambda_sha, NOTE, &text)
    }

    /// Whole or not at all: a rollback must not find half a zip.
    fn write(&self, lambda_sha: &str, kind: &str, content: &[u8]) -> Result<(), Problem> {
        let failed = |error: std::io::Error| {
            Problem::new("keep_failed", format!("keep the code in {}: {error}", self.0.display()))
                .with_hint("the function was left as it is")
        };
        let Some(path) = self.path(lambda_sha, kind) else {
            return Err(Problem::new("name_odd", format!("keep the code: `{lambda_sha}` is no SHA-256")));
        };
        fs::create_dir_all(&self.0).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(failed)?;
        std::io::Write::write_all(&mut file, content).map_err(failed)?;
        file.persist(path).map(|_| ()).map_err(|error| failed(error.error))
    }

    /// Digests as Lambda writes them hold slashes, and names of files must not.
    fn path(&self, lambda_sha: &str, kind: &str) -> Option<PathBuf> {
        let sha = STANDARD.decode(lambda_sha).ok()?;
        Some(self.0.join(format!("{}.{kind}", hexadecimal(&sha))))
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::engine::Digest;
    use crate::target::aws::package::Package;

    fn packages() -> [Package; 3] {
        [b"oldest".as_slice(), b"old", b"new"].map(|zip| Package::of_zip(zip.to_vec().into()))
    }

    #[test]
    fn what_is_kept_is_found_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path(), ["123456789012", "us-east-1", "up"]).unwrap();
        let [_, old, new] = packages();
        assert_eq!((kept.replaced_by(&new.lambda_sha()), kept.binary_of(&new.lambda_sha())), (None, None));
        kept.keep(&new, Some(&old)).unwrap();
        kept.note(&Digest::new("ab"), &new.lambda_sha()).unwrap();
        assert_eq!(kept.replaced_by(&new.lambda_sha()), Some(old.clone()), "a note takes nothing away");
        assert_eq!(kept.zip(&new.lambda_sha()), Some(new.clone()));
        assert_eq!(kept.binary_of(&new.lambda_sha()), Some(Digest::new("ab")));
        assert_eq!((kept.binary_of(&old.lambda_sha()), kept.binary_of("x")), (None, None));
        kept.keep(&new, None).unwrap();
        assert_eq!(kept.replaced_by(&new.lambda_sha()), None, "what is older must not pass for it");
    }

    #[test]
    fn an_update_that_did_not_happen_changes_no_way_back() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path(), ["1", "r", "up"]).unwrap();
        let [oldest, old, new] = packages();
        kept.keep(&old, Some(&oldest)).unwrap();
        kept.tidy(&old.lambda_sha());
        kept.keep(&new, Some(&old)).unwrap();
        // Lambda has either one or the other.
        assert_eq!(kept.replaced_by(&old.lambda_sha()), Some(oldest.clone()));
        assert_eq!(kept.replaced_by(&new.lambda_sha()), Some(old.clone()));
        kept.tidy(&new.lambda_sha());
        assert_eq!(kept.replaced_by(&new.lambda_sha()), Some(old));
        assert_eq!(kept.zip(&oldest.lambda_sha()), None, "one step back is kept, and no more");
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        for odd in ["..", "a/b", "", "a.b"] {
            let problem = Kept::new(home.path(), ["1", "r", odd]).unwrap_err();
            assert_eq!(problem.code, "name_odd");
        }
    }
}
