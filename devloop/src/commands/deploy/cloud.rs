//! The operations of a running session's cloud that deployments need.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::aws::{ApiError, Call, Client, document, encoded};
use crate::engine::Problem;
use crate::error::{Exit, UserError};

/// The account of devloop's cloud.
pub(super) const ACCOUNT: &str = "000000000000";

/// How often the cloud is asked about work in progress.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How often a function is asked whether it has its new code, which takes some milliseconds.
const SHORT_PAUSE: Duration = Duration::from_millis(10);

/// A running session's cloud.
pub(super) struct Cloud {
    pub(super) client: Client,
    /// The region where a stack names none.
    pub(super) region: String,
    pub(super) account: String,
}

/// Who answers at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Devloop's own cloud.
    Devloop,
    /// LocalStack, moto, or another one.
    Other,
    Nobody,
}

/// Asks the endpoint who it is.
pub(super) async fn who(client: &Client, region: &str) -> Who {
    match client.send(region, &Call::page("/_localstack/health")).await {
        Ok(answer) if answer.json().is_ok_and(|page| page["edition"] == "devloop") => Who::Devloop,
        Ok(_) => Who::Other,
        Err(_) => Who::Nobody,
    }
}

/// The account that the keys belong to.
pub(super) async fn account(client: &Client, region: &str) -> Result<String, UserError> {
    let call = Call::query("sts", "2011-06-15", "GetCallerIdentity", &[]);
    let answer = client.ask(region, &call).await.map_err(|error| {
        let message = format!("ask {} for its account: {error}", client.shown());
        let problem = Problem::new("cloud_silent", message)
            .with_hint("`devloop up` starts the embedded cloud; --endpoint names another place");
        UserError { problem, exit: Exit::Cloud }
    })?;
    let answer = document(&String::from_utf8_lossy(&answer.body));
    let account = answer["GetCallerIdentityResult"]["Account"].as_str().map(str::to_owned);
    account.ok_or_else(|| {
        UserError::failure("account_unknown", format!("read the account in the answer of {}", client.shown()))
    })
}

/// The stack as `DescribeStacks` shows it.
#[derive(Debug, Clone)]
pub(super) struct Deployed(Value);

impl Deployed {
    pub(super) fn id(&self) -> &str {
        self.0["StackId"].as_str().unwrap_or_default()
    }

    pub(super) fn status(&self) -> &str {
        self.0["StackStatus"].as_str().unwrap_or_default()
    }

    pub(super) fn is_protected(&self) -> bool {
        self.0["EnableTerminationProtection"] == "true"
    }

    /// The names of its parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        members(&self.0["Parameters"]).filter_map(|one| one["ParameterKey"].as_str())
    }

    /// Its outputs with their values.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (&str, &str)> {
        members(&self.0["Outputs"])
            .filter_map(|one| Some((one["OutputKey"].as_str()?, one["OutputValue"].as_str()?)))
    }
}

/// The members of a list in an answer.
pub(super) fn members(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

impl Cloud {
    /// An operation of CloudFormation; gives back its result.
    pub(super) async fn formation(
        &self,
        region: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, ApiError> {
        let call = Call::query("cloudformation", "2010-05-15", action, parameters);
        let answer = self.client.ask(region, &call).await?;
        let mut answer = document(&String::from_utf8_lossy(&answer.body));
        Ok(answer[format!("{action}Result")].take())
    }

    /// The stack with this name or id; `None` if there is none. A deleted stack is found by its id only.
    pub(super) async fn stack(&self, region: &str, name: &str) -> Result<Option<Deployed>, ApiError> {
        match self.formation(region, "DescribeStacks", &[("StackName", name)]).await {
            Ok(mut answer) => Ok(Some(Deployed(answer["Stacks"][0].take()))),
            Err(error)
                if error.code() == "ValidationError" && error.to_string().contains("does not exist") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The value of a parameter in the parameter store; `None` if there is none.
    pub(super) async fn parameter(&self, region: &str, name: &str) -> Result<Option<String>, ApiError> {
        let input = json!({ "Name": name });
        match self.client.ask(region, &Call::json("ssm", "AmazonSSM.GetParameter", &input)).await {
            Ok(answer) => Ok(answer.json()?["Parameter"]["Value"].as_str().map(str::to_owned)),
            Err(error) if error.code() == "ParameterNotFound" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the bucket has the object.
    pub(super) async fn has_object(&self, region: &str, object: &Object) -> Result<bool, ApiError> {
        match self.client.ask(region, &Call::head("s3", &object.path())).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == 404 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores the object.
    pub(super) async fn put_object(
        &self,
        region: &str,
        object: &Object,
        kind: &str,
        body: Bytes,
    ) -> Result<(), ApiError> {
        self.client.ask(region, &Call::object(&object.path(), kind, body)).await.map(drop)
    }

    /// Gives a function the code in an object, and waits until it answers with it. The error of code that does not start is the
    /// function's reason.
    pub(super) async fn update_code(
        &self,
        region: &str,
        function: &str,
        object: &Object,
    ) -> Result<(), UserError> {
        let what = format!("update the code of {function}");
        let path = format!("/2015-03-31/functions/{}", encoded(function));
        let input = json!({ "S3Bucket": object.bucket, "S3Key": object.key }).to_string();
        let code = format!("{path}/code");
        let mut answer = self.client.ask(region, &Call::body("lambda", Method::PUT, &code, input)).await;
        loop {
            let function = answer.and_then(|answer| answer.json()).map_err(failed(&what))?;
            match function["LastUpdateStatus"].as_str() {
                Some("InProgress") => {}
                Some("Failed") => {
                    let reason = function["LastUpdateStatusReason"].as_str().unwrap_or("no reason given");
                    return Err(UserError::failure("stack_failed", format!("{what}: {reason}")));
                }
                _ => return Ok(()),
            }
            tokio::time::sleep(SHORT_PAUSE).await;
            answer = self.client.ask(region, &Call::rest("lambda", &format!("{path}/configuration"))).await;
        }
    }
}

/// An object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Object {
    /// Its path below an endpoint.
    pub(super) fn path(&self) -> String {
        let key: Vec<String> = self.key.split('/').map(encoded).collect();
        format!("/{}/{}", encoded(&self.bucket), key.join("/"))
    }
}

/// The error of a request that failed.
pub(super) fn failed(what: &str) -> impl FnOnce(ApiError) -> UserError + '_ {
    move |error| {
        let exit = if error.status() == 0 { Exit::Cloud } else { Exit::Failure };
        UserError { problem: error.problem(what), exit }
    }
}
