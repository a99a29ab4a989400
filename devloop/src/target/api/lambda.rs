//! Lambda's operations.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::engine::Machine;
use crate::target::api::{ApiError, Call, Client, segment};

/// The first pause before an update that collides with another one is tried again; it doubles.
const CONFLICT_PAUSE: Duration = Duration::from_millis(50);

/// How long collisions are put up with.
const CONFLICT_LIMIT: Duration = Duration::from_secs(5);

/// Pauses between two questions whether an update is through.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// How long an update may take.
const UPDATE_LIMIT: Duration = Duration::from_secs(50);

/// A function as Lambda has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::target) struct Deployed {
    /// Its name.
    pub(in crate::target) name: String,
    /// Its ARN, which names the account.
    pub(in crate::target) arn: String,
    /// The SHA-256 of its code, in base64; a constant for code that is reloaded.
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
    /// How long a request may take.
    pub(in crate::target) timeout: Duration,
    /// Such as `provided.al2023`; none for an image.
    pub(in crate::target) runtime: Option<String>,
    /// Its variables ask `LocalStack` to look for changed code at intervals.
    pub(in crate::target) polls_files: bool,
}

/// New code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::target) enum Code {
    /// A zip in the request itself.
    Zip(Bytes),
    /// An object, or with `LocalStack`'s bucket a directory.
    Object {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

/// Lambda in one region.
#[derive(Clone, Copy)]
pub(in crate::target) struct Lambda<'a>(pub(in crate::target) &'a Client);

impl Lambda<'_> {
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
        let mut call = Call::new("lambda", Method::GET, path(name));
        call.query.extend(version.map(|version| ("Qualifier", version.to_owned())));
        match self.0.send(&call).await {
            Ok(answer) => {
                let answer = answer.json()?;
                let mut found = read(&answer["Configuration"]);
                found.location = answer["Code"]["Location"].as_str().map(str::to_owned);
                Ok(Some(found))
            }
            Err(error) if error.status() == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of all functions.
    pub(in crate::target) async fn names(&self) -> Result<Vec<String>, ApiError> {
        let call = Call::new("lambda", Method::GET, "/2015-03-31/functions/".to_owned());
        let functions = self.pages(call, "Functions").await?;
        Ok(functions.iter().map(|function| text(&function["FunctionName"])).collect())
    }

    /// The versions that were published of the function.
    pub(in crate::target) async fn versions(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let call = Call::new("lambda", Method::GET, format!("{}/versions", path(name)));
        let versions = self.pages(call, "Versions").await?;
        Ok(versions
            .iter()
            .map(|version| text(&version["Version"]))
            .filter(|version| version != "$LATEST")
            .collect())
    }

    /// Whether streams or queues feed the function.
    pub(in crate::target) async fn has_event_sources(&self, name: &str) -> Result<bool, ApiError> {
        let mut call = Call::new("lambda", Method::GET, "/2015-03-31/event-source-mappings/".to_owned());
        call.query.push(("FunctionName", name.to_owned()));
        Ok(!self.pages(call, "EventSourceMappings").await?.is_empty())
    }

    /// Gives the function new code, as soon as no other update is on its way.
    pub(in crate::target) async fn update(&self, name: &str, code: &Code) -> Result<Deployed, ApiError> {
        let body = match code {
            Code::Zip(zip) => json!({ "ZipFile": STANDARD.encode(zip) }),
            Code::Object { bucket, key } => json!({ "S3Bucket": bucket, "S3Key": key }),
        };
        let call = with_body(Method::PUT, format!("{}/code", path(name)), &body);
        Ok(read(&self.without_conflict(&call).await?))
    }

    /// Publishes the code that the function has now, if it is this one; the version's number.
    pub(in crate::target) async fn publish(&self, name: &str, sha: &str) -> Result<String, ApiError> {
        let body = json!({ "CodeSha256": sha });
        let call = with_body(Method::POST, format!("{}/versions", path(name)), &body);
        Ok(text(&self.without_conflict(&call).await?["Version"]))
    }

    /// Points an alias at a version.
    pub(in crate::target) async fn point(
        &self,
        name: &str,
        alias: &str,
        version: &str,
    ) -> Result<(), ApiError> {
        let body = json!({ "FunctionVersion": version });
        let path = format!("{}/aliases/{}", path(name), segment(alias));
        self.without_conflict(&with_body(Method::PUT, path, &body)).await.map(|_| ())
    }

    /// Waits until neither the function nor an update of it is on its way. What it is then is for the caller to judge.
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

    async fn without_conflict(&self, call: &Call) -> Result<Value, ApiError> {
        let (began, mut pause) = (Instant::now(), CONFLICT_PAUSE);
        loop {
            match self.0.send(call).await {
                Err(error) if error.status() == 409 && began.elapsed() + pause <= CONFLICT_LIMIT => {}
                result => return result?.json(),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// The members of every page.
    async fn pages(&self, mut call: Call, member: &str) -> Result<Vec<Value>, ApiError> {
        let mut all = Vec::new();
        loop {
            let mut page = self.0.send(&call).await?.json()?;
            if let Some(items) = page[member].as_array_mut() {
                all.append(items);
            }
            let Some(marker) = page["NextMarker"].as_str().filter(|marker| !marker.is_empty()) else {
                return Ok(all);
            };
            call.query.retain(|(name, _)| *name != "Marker");
            call.query.push(("Marker", marker.to_owned()));
        }
    }
}

fn path(name: &str) -> String {
    format!("/2015-03-31/functions/{}", segment(name))
}

fn with_body(method: Method, path: String, body: &Value) -> Call {
    let mut call = Call::new("lambda", method, path);
    call.headers.push(("content-type", "application/json".to_owned()));
    call.body = Bytes::from(body.to_string());
    call
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn read(configuration: &Value) -> Deployed {
    let arm = configuration["Architectures"][0] == "arm64";
    let strategy = &configuration["Environment"]["Variables"]["LOCALSTACK_FILE_WATCHER_STRATEGY"];
    Deployed {
        name: text(&configuration["FunctionName"]),
        arn: text(&configuration["FunctionArn"]),
        sha: text(&configuration["CodeSha256"]),
        size: configuration["CodeSize"].as_u64().unwrap_or_default(),
        location: None,
        machine: if arm { Machine::Arm64 } else { Machine::X86_64 },
        state: text(&configuration["State"]),
        state_reason: text(&configuration["StateReason"]),
        update: text(&configuration["LastUpdateStatus"]),
        update_reason: text(&configuration["LastUpdateStatusReason"]),
        timeout: Duration::from_secs(configuration["Timeout"].as_u64().unwrap_or(3)),
        runtime: configuration["Runtime"].as_str().map(str::to_owned),
        polls_files: strategy == "polling",
    }
}
