//! Lambda's operations.

use std::error::Error;
use std::time::Duration;

use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionConfiguration, LastUpdateStatus, State};
use bytes::Bytes;
use tokio::time::Instant;

use crate::aws::ApiError;
use crate::engine::Machine;
use crate::target::api::Client;

/// The first pause before an update that collides with another one is tried again; it doubles.
const CONFLICT_PAUSE: Duration = Duration::from_millis(50);

/// How long colliding updates are tried again.
const CONFLICT_LIMIT: Duration = Duration::from_secs(5);

/// The first and the longest pause between two questions whether an update has ended.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How long an update may take.
const UPDATE_LIMIT: Duration = Duration::from_secs(50);

/// A function as Lambda has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::target) struct Deployed {
    pub(in crate::target) name: String,
    /// Its ARN, which names the account.
    pub(in crate::target) arn: String,
    /// The SHA-256 of its code, in base64; a constant for hot-reload code.
    pub(in crate::target) sha: String,
    /// The size of its code in bytes.
    pub(in crate::target) size: u64,
    /// Where its code can be read.
    pub(in crate::target) location: Option<String>,
    /// The processor that it runs on.
    pub(in crate::target) machine: Machine,
    /// `Pending`, `Active`, `Inactive` or `Failed`.
    pub(in crate::target) state: String,
    /// Why, in Lambda's words.
    pub(in crate::target) state_reason: String,
    /// `InProgress`, `Successful` or `Failed`.
    pub(in crate::target) update: String,
    /// Why, in Lambda's words.
    pub(in crate::target) update_reason: String,
    /// Such as `provided.al2023`; none for an image.
    pub(in crate::target) runtime: Option<String>,
}

/// New code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::target) enum Code {
    /// A zip in the request itself.
    Zip(Bytes),
    /// An object, or with `LocalStack`'s bucket a directory.
    Object { bucket: String, key: String },
}

/// Lambda in one region.
#[derive(Clone, Copy)]
pub(in crate::target) struct Lambda<'a>(pub(in crate::target) &'a Client);

impl<'a> Lambda<'a> {
    fn sdk(self) -> Result<&'a aws_sdk_lambda::Client, ApiError> {
        self.0.sdk().map(|sdk| &sdk.lambda)
    }

    fn failure<E>(self, error: &SdkError<E>) -> ApiError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.0.failure("lambda", error)
    }

    /// The function, if there is one of this name.
    pub(in crate::target) async fn get(&self, name: &str) -> Result<Option<Deployed>, ApiError> {
        self.get_version(name, None).await
    }

    /// One version of the function.
    pub(in crate::target) async fn get_version(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Result<Option<Deployed>, ApiError> {
        let question = self.sdk()?.get_function().function_name(name);
        let answer = question.set_qualifier(version.map(str::to_owned)).send().await;
        match answer.map_err(|error| self.failure(&error)) {
            Ok(answer) => {
                let configuration = answer
                    .configuration()
                    .ok_or_else(|| ApiError::Unreadable("GetFunction tells no configuration".to_owned()))?;
                let location = answer.code().and_then(|code| code.location()).map(str::to_owned);
                Ok(Some(Deployed { location, ..Deployed::from(configuration) }))
            }
            Err(error) if error.status() == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of all functions.
    pub(in crate::target) async fn names(&self) -> Result<Vec<String>, ApiError> {
        let functions = self.sdk()?.list_functions().into_paginator().items().send().try_collect().await;
        let functions = functions.map_err(|error| self.failure(&error))?;
        Ok(functions.into_iter().filter_map(|function| function.function_name).collect())
    }

    /// The versions that were published of the function.
    pub(in crate::target) async fn versions(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let question = self.sdk()?.list_versions_by_function().function_name(name);
        let versions = question.into_paginator().items().send().try_collect().await;
        let versions = versions.map_err(|error| self.failure(&error))?.into_iter();
        let numbers = versions.filter_map(|version| version.version);
        Ok(numbers.filter(|version| version != "$LATEST").collect())
    }

    /// Gives the function new code, once no other update of it is in progress.
    pub(in crate::target) async fn update(&self, name: &str, code: &Code) -> Result<(), ApiError> {
        let update = self.sdk()?.update_function_code().function_name(name);
        let update = match code {
            Code::Zip(zip) => update.zip_file(Blob::from_maybe_shared(zip.clone())),
            Code::Object { bucket, key } => update.s3_bucket(bucket).s3_key(key),
        };
        self.without_conflict(|| update.clone().send()).await.map(|_| ())
    }

    /// Publishes the function's current code, if it is this one. Returns the version's number.
    pub(in crate::target) async fn publish(&self, name: &str, sha: &str) -> Result<String, ApiError> {
        let publish = self.sdk()?.publish_version().function_name(name).code_sha256(sha);
        let published = self.without_conflict(|| publish.clone().send()).await?;
        published.version.ok_or_else(|| ApiError::Unreadable("PublishVersion tells no version".to_owned()))
    }

    /// Points an alias at a version.
    pub(in crate::target) async fn point(
        &self,
        name: &str,
        alias: &str,
        version: &str,
    ) -> Result<(), ApiError> {
        let point = self.sdk()?.update_alias().function_name(name).name(alias).function_version(version);
        self.without_conflict(|| point.clone().send()).await.map(|_| ())
    }

    /// Waits until neither the creation nor an update of the function is in progress. The caller checks the state.
    pub(in crate::target) async fn settled(&self, name: &str) -> Result<Option<Deployed>, ApiError> {
        let began = Instant::now();
        let (mut pause, longest) = PAUSES;
        loop {
            let found = self.get(name).await?;
            let busy =
                found.as_ref().is_some_and(|found| found.state == "Pending" || found.update == "InProgress");
            if !busy || began.elapsed() > UPDATE_LIMIT {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Asks again while another update of the function is in progress.
    async fn without_conflict<T, E, F>(&self, ask: impl Fn() -> F) -> Result<T, ApiError>
    where
        E: ProvideErrorMetadata + Error + 'static,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let (began, mut pause) = (Instant::now(), CONFLICT_PAUSE);
        loop {
            match ask().await.map_err(|error| self.failure(&error)) {
                Err(error) if error.status() == 409 && began.elapsed() + pause <= CONFLICT_LIMIT => {}
                result => return result,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

impl From<&FunctionConfiguration> for Deployed {
    fn from(found: &FunctionConfiguration) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let arm = found.architectures().first() == Some(&Architecture::Arm64);
        Self {
            name: text(found.function_name()),
            arn: text(found.function_arn()),
            sha: text(found.code_sha256()),
            size: found.code_size().unsigned_abs(),
            location: None,
            machine: if arm { Machine::Arm64 } else { Machine::X86_64 },
            state: text(found.state().map(State::as_str)),
            state_reason: text(found.state_reason()),
            update: text(found.last_update_status().map(LastUpdateStatus::as_str)),
            update_reason: text(found.last_update_status_reason()),
            runtime: found.runtime().map(|runtime| runtime.as_str().to_owned()),
        }
    }
}
