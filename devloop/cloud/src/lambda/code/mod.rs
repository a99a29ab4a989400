//! A function's code: an extracted zip, or a hot-reload folder, which is watched for changes.

mod generation;
mod package;
mod sources;
mod zip;

pub(crate) use generation::{Generation, Identity};
pub(crate) use package::fetched;
pub(super) use zip::full;

use std::{path::PathBuf, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    aside::{aside, drop_aside},
    error::ApiError,
    kept::{Budget, Kept},
};

/// The bucket name that marks a hot-reload folder [LocalStack `config.py`: `BUCKET_MARKER_LOCAL`].
const HOT_RELOAD: &str = "hot-reload";

/// The folder of an unpacked package. It may hold tens of thousands of files, so it is deleted where blocking is allowed.
#[derive(Debug)]
pub(crate) struct Unpacked {
    folder: Option<tempfile::TempDir>,
    /// Its bytes on the disk, among those of all code.
    _kept: Kept,
}

/// The most bytes of unpacked code on the disk. Lambda keeps as much of packed code [Lambda quotas].
pub(super) const STORAGE: usize = 75 << 30;

impl Unpacked {
    pub(crate) fn new(folder: tempfile::TempDir, kept: Kept) -> Self {
        Self { folder: Some(folder), _kept: kept }
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.folder.as_ref().map_or(std::path::Path::new(""), tempfile::TempDir::path)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        drop_aside(self.folder.take());
    }
}

/// The location of a function's code.
#[derive(Debug, Clone)]
pub(crate) enum Code {
    /// An extracted zip; the folder lives as long as any version uses it.
    Zip { folder: Arc<Unpacked>, sha256: String, size: usize },
    /// A folder of the developer's whose content may change at any time.
    Hot { key: String, folder: PathBuf },
}

impl Code {
    /// Does what [`Code::from_input`] does, and unpacks a package in a thread of its own: the functions of a stack are made by one task,
    /// and their packages are to be unpacked at the same time.
    pub(crate) async fn unpacked(input: &Value, budget: &Arc<Budget>) -> Result<Self, ApiError> {
        if input.get("ZipFile").is_none() {
            return Self::from_input(input, budget);
        }
        let (input, budget) = (input.clone(), Arc::clone(budget));
        let unpacking = tokio::task::spawn_blocking(move || Self::from_input(&input, &budget));
        unpacking.await.unwrap_or_else(|_| Err(ApiError::internal("the package could not be unpacked")))
    }

    /// Reads the code members of `CreateFunction` and `UpdateFunctionCode`. A package in a bucket must be [`fetched`]
    /// before. What is unpacked counts in `budget`.
    pub(crate) fn from_input(input: &Value, budget: &Arc<Budget>) -> Result<Self, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        if text("ImageUri").is_some() {
            return Err(ApiError::unsupported(
                "container images (ImageUri); use a zip or the hot-reload bucket",
            ));
        }
        match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
            (Some(zip), None, None) => aside(|| {
                let bytes = BASE64_STANDARD.decode(zip).map_err(|_| {
                    ApiError::client(
                        "InvalidParameterValueException",
                        "Could not unzip uploaded file. Please check your file, then try to upload again.",
                    )
                })?;
                zip::extract(&bytes, budget).map(|(folder, kept)| Self::Zip {
                    folder: Arc::new(Unpacked::new(folder, kept)),
                    sha256: BASE64_STANDARD.encode(Sha256::digest(&bytes)),
                    size: bytes.len(),
                })
            }),
            (None, Some(HOT_RELOAD), Some(key)) => hot(key),
            _ => Err(ApiError::client(
                "InvalidParameterValueException",
                "Please provide a source for function code: ZipFile, or S3Bucket and S3Key.",
            )),
        }
    }

    /// The folder that holds `bootstrap`, or the sources of another language, and becomes the function's working directory.
    pub(crate) fn folder(&self) -> &std::path::Path {
        match self {
            Self::Zip { folder, .. } => folder.path(),
            Self::Hot { folder, .. } => folder,
        }
    }

    /// `CodeSha256` as the API shows it; a constant for hot-reload folders, as LocalStack's tools expect [LocalStack
    /// `lambda_models.py`: `HotReloadingCode`].
    pub(crate) fn sha256(&self) -> &str {
        match self {
            Self::Zip { sha256, .. } => sha256,
            Self::Hot { .. } => "hot-reloading-hash-not-available",
        }
    }

    /// `CodeSize` in bytes as the API shows it; 0 for hot-reload folders.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Zip { size, .. } => *size,
            Self::Hot { .. } => 0,
        }
    }

    /// The `Code` member of `GetFunction`'s answer.
    pub(crate) fn location(&self) -> Value {
        let location = match self {
            Self::Zip { folder, .. } => format!("file://{}", folder.path().display()),
            Self::Hot { key, .. } => format!("file://{key}"),
        };
        json!({ "RepositoryType": "S3", "Location": location })
    }
}

/// The variables that a hot-reload key may contain, all of which name folders. The value of any other variable could be a
/// secret, and everyone who reads the function's configuration would see it.
const EXPANDED: [&str; 4] = ["HOME", "PWD", "TMPDIR", "CARGO_TARGET_DIR"];

/// Reads a hot-reload key: replaces the variables of [`EXPANDED`]; the result must be an absolute path [LocalStack
/// `lambda_service.py`: `assert_hot_reloading_path_absolute`].
fn hot(key: &str) -> Result<Code, ApiError> {
    let folder = PathBuf::from(expand(key, |name| {
        EXPANDED.contains(&name).then(|| std::env::var(name).ok()).flatten()
    }));
    if !folder.is_absolute() {
        return Err(ApiError::client(
            "InvalidParameterValueException",
            format!(
                "When using hot reloading, the archive key has to be an absolute path! Your archive key: {key}"
            ),
        ));
    }
    Ok(Code::Hot { key: key.to_owned(), folder })
}

/// Replaces `$NAME` and `${NAME}`; variables without a value stay as they are.
fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = if let Some(braced) = after.strip_prefix('{') {
            braced.find('}').map_or(("", 0), |end| (&braced[..end], end + 2))
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            (&after[..end], end)
        };
        match value(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..=at + length]),
        }
        rest = &after[length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_hot_reload_keys_are_expanded() {
        let check = |text: &str, expected: &str| {
            assert_eq!(expand(text, |name| (name == "D").then(|| "/d".to_owned())), expected, "{text}");
        };
        check("$D/x", "/d/x");
        check("${D}/x", "/d/x");
        check("$NOPE/x", "$NOPE/x");
        check("${NOPE}x", "${NOPE}x");
        check("/a$", "/a$");
        check("/plain", "/plain");
    }

    #[test]
    fn only_variables_that_name_folders_are_expanded() {
        // Cargo sets this variable for the test.
        let key = "/${CARGO_PKG_NAME}/$CARGO_PKG_NAME";
        let code =
            Code::from_input(&json!({"S3Bucket": "hot-reload", "S3Key": key}), &Arc::default()).unwrap();
        assert_eq!(code.folder().to_str(), Some(key));
        let home =
            Code::from_input(&json!({"S3Bucket": "hot-reload", "S3Key": "${HOME}/dist"}), &Arc::default())
                .unwrap();
        let expected =
            std::env::var("HOME").map_or_else(|_| "${HOME}/dist".to_owned(), |home| format!("{home}/dist"));
        assert_eq!(home.folder().to_str(), Some(expected.as_str()));
    }

    #[test]
    fn relative_hot_reload_keys_are_refused() {
        let error = Code::from_input(&json!({"S3Bucket": "hot-reload", "S3Key": "dist/f"}), &Arc::default())
            .unwrap_err();
        assert!(error.message.ends_with("Your archive key: dist/f"), "{error}");
    }
}
