//! A stage's access log: a line for every request, in the format of the stage, in its log group [Customize HTTP API access logs].

use std::sync::Arc;

use serde_json::Value;

use super::{
    execute::Dependencies,
    refusal::Refusal,
    snapshot::{Live, Target},
};
use crate::{
    arn::Arn,
    context::Context,
    http::{Reply, Request},
    proxy::log_time,
    services::apigatewayv2::settings,
};

/// What stands for a variable that has no value.
const NONE: &str = "-";

/// The beginning of every variable.
const VARIABLE: &str = "$context.";

/// Where the lines go, and what they say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AccessLog {
    region: String,
    group: String,
    format: String,
}

impl AccessLog {
    /// Reads a stage's settings; `None` without a log group or a format.
    pub(super) fn of(settings: &settings::AccessLog) -> Option<Self> {
        let arn = settings.destination_arn.as_deref()?;
        let Arn { region, resource, .. } = Arn::of_service("logs", arn)?;
        let group = resource.strip_prefix("log-group:")?;
        let group = group.strip_suffix(":*").unwrap_or(group).to_owned();
        let format = settings.format.clone().filter(|format| !format.is_empty())?;
        Some(Self { region: region.to_owned(), group, format })
    }
}

/// How far a request came.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// When it arrived, in ms since the epoch.
    pub(super) at_ms: i64,
    pub(super) target: Option<Arc<Target>>,
    /// What its authorizer says about the caller, in payload format 1.0.
    pub(super) caller: Option<Value>,
    pub(super) refusal: Option<Refusal>,
    pub(super) integration: Option<Integration>,
}

/// What came of the integration.
#[derive(Debug, Default)]
pub(super) struct Integration {
    /// In ms.
    pub(super) latency_ms: i64,
    /// The status that Lambda answered with, and that of the function's answer.
    pub(super) of_lambda: Option<u16>,
    pub(super) of_function: Option<u16>,
    pub(super) request_id: Option<String>,
    pub(super) error: Option<String>,
}

/// Logs a request and its response; does nothing for a stage without an access log.
pub(super) fn write(
    needed: &Dependencies<'_>,
    cx: &Context,
    live: &Live,
    request: &Request,
    shown: &str,
    trail: &Trail,
    reply: &Reply,
) {
    let Some(log) = &live.access_log else { return };
    let now_ms = needed.clock.now_ms();
    let line = Line { cx, live, request, shown, trail, reply, now_ms };
    let text = filled(&log.format, |name| line.value(name));
    let stream = format!("{}/{}", live.api, live.stage);
    needed.logs.append(&log.region, &log.group, &stream, vec![(now_ms, text)]);
}

/// The format with its variables replaced.
fn filled(format: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = format.split(VARIABLE);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        let end = part.bytes().position(|byte| !is_of_name(byte)).unwrap_or(part.len());
        // A dot at the end is the sentence's.
        let name = part[..end].trim_end_matches('.');
        text.push_str(value(name).filter(|value| !value.is_empty()).as_deref().unwrap_or(NONE));
        text.push_str(&part[name.len()..]);
    }
    text
}

/// Everything that the variables of one line say.
struct Line<'a> {
    cx: &'a Context,
    live: &'a Live,
    request: &'a Request,
    /// The path that the client sent.
    shown: &'a str,
    trail: &'a Trail,
    reply: &'a Reply,
    now_ms: i64,
}

impl Line<'_> {
    /// The value of a variable, by its name behind `$context.`.
    fn value(&self, name: &str) -> Option<String> {
        let header = |name: &str| self.request.header(name).map(str::to_owned);
        let integration = self.trail.integration.as_ref();
        Some(match name {
            "accountId" => self.cx.account.to_string(),
            "apiId" | "domainPrefix" => self.live.api.clone(),
            "dataProcessed" => (self.request.body.len() + self.reply.body.len()).to_string(),
            "domainName" => header("host")?,
            "error.message" => self.trail.refusal.as_ref()?.message().to_owned(),
            "error.messageString" => format!("\"{}\"", self.trail.refusal.as_ref()?.message()),
            "error.responseType" => self.trail.refusal.as_ref()?.response_type().to_owned(),
            "extendedRequestId" | "requestId" => self.cx.request_id.to_string(),
            "httpMethod" => self.request.method.to_string(),
            "identity.sourceIp" => self.request.peer.to_string(),
            "identity.userAgent" => header("user-agent")?,
            "integrationErrorMessage" | "integration.error" => integration?.error.clone()?,
            "integrationLatency" | "integration.latency" => integration?.latency_ms.to_string(),
            "integrationStatus" | "integration.integrationStatus" => integration?.of_lambda?.to_string(),
            "integration.status" => integration?.of_function?.to_string(),
            "awsEndpointRequestId" | "integration.requestId" => integration?.request_id.clone()?,
            "path" => self.shown.to_owned(),
            "protocol" => "HTTP/1.1".to_owned(),
            "requestTime" => log_time(self.trail.at_ms),
            "requestTimeEpoch" => self.trail.at_ms.to_string(),
            "responseLatency" => (self.now_ms - self.trail.at_ms).to_string(),
            "responseLength" => self.reply.body.len().to_string(),
            "routeKey" => self.trail.target.as_ref()?.route_key.clone(),
            "stage" => self.live.stage.clone(),
            "status" => self.reply.status.to_string(),
            other => self.of_caller(other.strip_prefix("authorizer.")?)?,
        })
    }

    /// A member of what the authorizer says, such as `principalId` or `claims.sub`.
    fn of_caller(&self, path: &str) -> Option<String> {
        if path == "error" {
            let is_its = matches!(self.trail.refusal, Some(Refusal::Unauthorized(_) | Refusal::Forbidden(_)));
            return self
                .trail
                .refusal
                .as_ref()
                .filter(|_| is_its)
                .map(|refusal| refusal.message().to_owned());
        }
        let members = path.split('.');
        let found = members.fold(self.trail.caller.as_ref(), |value, member| value?.get(member))?;
        Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_the_rest_stays() {
        let value = |name: &str| (name == "requestId").then(|| "r1".to_owned());
        let check = |format: &str, expected: &str| assert_eq!(filled(format, value), expected, "{format}");
        check("$context.requestId", "r1");
        check("{\"id\":\"$context.requestId\",\"x\":\"$context.unknown\"}", "{\"id\":\"r1\",\"x\":\"-\"}");
        check("$context.requestId-$context.requestId. $ $contexts", "r1-r1. $ $contexts");
        check("", "");
    }

    #[test]
    fn the_destination_is_a_log_group() {
        let of = |arn: &str| {
            AccessLog::of(&settings::AccessLog {
                destination_arn: Some(arn.to_owned()),
                format: Some("f".to_owned()),
            })
        };
        let (region, group, format) = ("eu-west-1".to_owned(), "/a/b".to_owned(), "f".to_owned());
        let expected = Some(AccessLog { region, group, format });
        assert_eq!(of("arn:aws:logs:eu-west-1:000000000000:log-group:/a/b"), expected);
        assert_eq!(of("arn:aws:logs:eu-west-1:000000000000:log-group:/a/b:*"), expected);
        assert_eq!(of("arn:aws:firehose:eu-west-1:000000000000:deliverystream/amazon-apigateway-s"), None);
    }
}
