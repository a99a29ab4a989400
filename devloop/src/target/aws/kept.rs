//! Zips that are kept for a rollback, and notes about the code that was deployed from here.
//!
//! A kept zip is filed under the digest of the code that replaces it, and written before that code is deployed. Which zip to go
//! back to is then decided by the code that Lambda has: it is found however an update ended.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::engine::{Digest, Problem};
use crate::target::aws::package::{Package, hexadecimal};

/// The ending of a zip's name.
const ZIP: &str = "zip";

/// The ending of the note about what a zip replaced: the digest of that code, as Lambda writes it.
const REPLACED: &str = "replaced";

/// The file that names the binary that was deployed last, and its zip. `devloop status` reads it.
const CURRENT: &str = "current.json";

/// The directory of one function in one account and region.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// The function's directory below the home. Lambda's names, accounts and regions contain no character that could leave the
    /// directory; a text with such a character is refused.
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
        let note: Value = serde_json::from_slice(&fs::read(self.0.join(CURRENT)).ok()?).ok()?;
        let known = note["zip"].as_str() == Some(lambda_sha);
        note["binary"].as_str().filter(|_| known).map(Digest::new)
    }

    /// Notes that the binary is deployed as this zip.
    pub(super) fn note(&self, binary: &Digest, lambda_sha: &str) -> Result<(), Problem> {
        let note = json!({ "binary": binary, "zip": lambda_sha });
        self.write(&self.0.join(CURRENT), note.to_string().as_bytes())
    }

    /// The zip of this digest, if it is kept.
    pub(super) fn zip(&self, lambda_sha: &str) -> Option<Package> {
        let zip = fs::read(self.path(lambda_sha, ZIP)?).ok()?;
        Some(Package::of_zip(zip.into())).filter(|package| package.lambda_sha() == lambda_sha)
    }

    /// The zip that the code of this digest replaced, if it is kept.
    pub(super) fn replaced_by(&self, lambda_sha: &str) -> Option<Package> {
        self.zip(&self.replaced(lambda_sha)?)
    }

    /// Keeps the code that is about to be deployed, and the code that it replaces, if that could be read.
    pub(super) fn keep(&self, new: &Package, replaced: Option<&Package>) -> Result<(), Problem> {
        for package in replaced.into_iter().chain([new]) {
            let sha = package.lambda_sha();
            if self.zip(&sha).is_none() {
                self.write(&self.of(&sha, ZIP)?, &package.zip)?;
            }
        }
        let replaced = replaced.map(Package::lambda_sha).unwrap_or_default();
        self.write(&self.of(&new.lambda_sha(), REPLACED)?, replaced.as_bytes())
    }

    /// Deletes all zips except the deployed one and the one that it replaced. A file that cannot be deleted only takes up space.
    pub(super) fn tidy(&self, lambda_sha: &str) {
        let shas = [Some(lambda_sha.to_owned()), self.replaced(lambda_sha)];
        let pairs = shas.iter().flatten().flat_map(|sha| [(sha, ZIP), (sha, REPLACED)]);
        let mut kept: Vec<PathBuf> = pairs.filter_map(|(sha, kind)| self.path(sha, kind)).collect();
        kept.push(self.0.join(CURRENT));
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| !kept.contains(path)) {
            let _ = fs::remove_file(path);
        }
    }

    fn replaced(&self, lambda_sha: &str) -> Option<String> {
        fs::read_to_string(self.path(lambda_sha, REPLACED)?).ok().filter(|sha| !sha.is_empty())
    }

    /// Writes the file whole or not at all: a rollback must not find half a zip.
    fn write(&self, path: &Path, content: &[u8]) -> Result<(), Problem> {
        let failed = |error: std::io::Error| {
            Problem::new("keep_failed", format!("keep the code in {}: {error}", self.0.display()))
        };
        fs::create_dir_all(&self.0).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(failed)?;
        std::io::Write::write_all(&mut file, content).map_err(failed)?;
        file.persist(path).map(|_| ()).map_err(|error| failed(error.error))
    }

    fn of(&self, lambda_sha: &str, kind: &str) -> Result<PathBuf, Problem> {
        let odd = || Problem::new("digest_odd", format!("keep the code: `{lambda_sha}` is no SHA-256"));
        self.path(lambda_sha, kind).ok_or_else(odd)
    }

    /// The path of a file. Digests as Lambda writes them may contain slashes, which names of files must not.
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
    fn an_update_that_did_not_happen_changes_no_rollback() {
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
