//! Zips that are kept for a rollback, and what is known of the code that was deployed from here.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::engine::{Digest, Problem};
use crate::target::aws::package::Package;

/// The zip that was deployed last from here.
const CURRENT: &str = "current.zip";

/// The zip that it replaced.
const PREVIOUS: &str = "previous.zip";

/// Which binary the current zip was made from.
const NOTE: &str = "current.json";

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
        let note: Value = serde_json::from_slice(&fs::read(self.0.join(NOTE)).ok()?).ok()?;
        let known = note["zip"].as_str() == Some(lambda_sha);
        note["binary"].as_str().filter(|_| known).map(Digest::new)
    }

    /// Notes that the binary is deployed as this zip.
    pub(super) fn note(&self, binary: &Digest, lambda_sha: &str) -> Result<(), Problem> {
        self.write(NOTE, json!({ "binary": binary, "zip": lambda_sha }).to_string().as_bytes())
    }

    /// The current zip, if Lambda has the same one.
    pub(super) fn current(&self, lambda_sha: &str) -> Option<Package> {
        self.read(CURRENT).filter(|package| package.lambda_sha() == lambda_sha)
    }

    /// The zip to go back to.
    pub(super) fn previous(&self) -> Option<Package> {
        self.read(PREVIOUS)
    }

    /// Keeps both: what is deployed now, and what was before.
    pub(super) fn keep(&self, current: &Package, previous: Option<&Package>) -> Result<(), Problem> {
        match previous {
            Some(previous) => self.write(PREVIOUS, &previous.zip)?,
            // What is older must not pass for the code before.
            None => drop(fs::remove_file(self.0.join(PREVIOUS))),
        }
        self.write(CURRENT, &current.zip)
    }

    fn read(&self, name: &str) -> Option<Package> {
        fs::read(self.0.join(name)).ok().map(|zip| Package::of_zip(zip.into()))
    }

    /// Whole or not at all: a rollback must not find half a zip.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), Problem> {
        let failed = |error: std::io::Error| {
            Problem::new("keep_failed", format!("keep the code in {}: {error}", self.0.display()))
        };
        fs::create_dir_all(&self.0).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(failed)?;
        std::io::Write::write_all(&mut file, content).map_err(failed)?;
        file.persist(self.0.join(name)).map(|_| ()).map_err(|error| failed(error.error))
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::engine::Digest;
    use crate::target::aws::package::Package;

    #[test]
    fn what_is_kept_is_found_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path(), ["123456789012", "us-east-1", "up"]).unwrap();
        let [old, new] = [b"old".as_slice(), b"new"].map(|zip| Package::of_zip(zip.to_vec().into()));
        assert_eq!((kept.previous(), kept.binary_of("x")), (None, None));
        kept.keep(&new, Some(&old)).unwrap();
        kept.note(&Digest::new("ab"), &new.lambda_sha()).unwrap();
        assert_eq!(kept.previous(), Some(old.clone()));
        assert_eq!(
            (kept.current(&new.lambda_sha()), kept.current(&old.lambda_sha())),
            (Some(new.clone()), None)
        );
        assert_eq!(kept.binary_of(&new.lambda_sha()), Some(Digest::new("ab")));
        assert_eq!(kept.binary_of(&old.lambda_sha()), None);
        kept.keep(&new, None).unwrap();
        assert_eq!(kept.previous(), None);
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
