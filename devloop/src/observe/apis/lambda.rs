//! Functions and mappings, as Lambda lists them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use devloop_cloud::Arn;
use jiff::Timestamp;
use serde_json::Value;

use super::{Apis, body};
use crate::aws::{Call, belongs, encoded};
use crate::engine::Millis;
use crate::status::{Function, Mapping};

/// The most pages of a list that are read. They hold fifty functions each, more than one stack has.
const MAX_PAGES: usize = 20;

impl Apis<'_> {
    /// The functions of the stack, or all functions, each with the time of the last update of its code or configuration.
    pub(super) async fn functions(&self) -> Result<Vec<(Function, Option<Millis>)>, String> {
        let listed = self.list("/2015-03-31/functions/", "Functions").await?;
        let text = |function: &Value, name: &str| function[name].as_str().map(str::to_owned);
        let named = listed.iter().filter_map(|function| {
            let name = text(function, "FunctionName")?;
            let account = text(function, "FunctionArn");
            let is_asked_for = self.stack.is_none_or(|stack| belongs(&name, stack))
                && self.only.is_none_or(|only| only.contains(&name));
            is_asked_for.then(|| {
                let updated = text(function, "LastModified").as_deref().and_then(instant);
                let function = Function {
                    region: self.region.to_owned(),
                    account: account.and_then(|arn| Arn::parse(&arn).map(|arn| arn.account.to_owned())),
                    deployed_digest: text(function, "CodeSha256").as_deref().and_then(digest),
                    name,
                    ..Function::default()
                };
                (function, updated)
            })
        });
        Ok(named.collect())
    }

    /// The mappings of these functions, and the queues that they read or send failure records to.
    pub(super) async fn mappings(
        &self,
        functions: &[Function],
    ) -> Result<(Vec<Mapping>, BTreeSet<String>), String> {
        let listed = self.list("/2015-03-31/event-source-mappings/", "EventSourceMappings").await?;
        let mut queues = BTreeSet::new();
        let mut mappings = Vec::new();
        for each in &listed {
            let text = |pointer: &str| each.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let function =
                Arn::parse(text("/FunctionArn")).and_then(|arn| arn.function()).unwrap_or_default();
            if !functions.iter().any(|known| known.name == function) {
                continue;
            }
            let places = [text("/EventSourceArn"), text("/DestinationConfig/OnFailure/Destination")];
            queues.extend(places.into_iter().filter(|arn| arn.contains(":sqs:")).map(str::to_owned));
            mappings.push(Mapping {
                uuid: text("/UUID").to_owned(),
                function: function.to_owned(),
                source: text("/EventSourceArn").to_owned(),
                state: text("/State").to_owned(),
                last_result: text("/LastProcessingResult").to_owned(),
                ..Mapping::default()
            });
        }
        Ok((mappings, queues))
    }

    async fn list(&self, path: &str, member: &str) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        let mut marker = String::new();
        for _ in 0..MAX_PAGES {
            let path = format!("{path}{marker}");
            let page = body("Lambda", &self.client.send(self.region, &Call::rest("lambda", &path)).await?)?;
            all.extend(page[member].as_array().cloned().unwrap_or_default());
            match page["NextMarker"].as_str().filter(|next| !next.is_empty()) {
                Some(next) => marker = format!("?Marker={}", encoded(next)),
                None => return Ok(all),
            }
        }
        Err(format!("Lambda lists more than {MAX_PAGES} pages of {member}"))
    }
}

/// Reads `2026-11-20T10:00:00.123+0000`, as Lambda writes it, or another form of ISO 8601. Returns ms since the epoch.
fn instant(text: &str) -> Option<Millis> {
    let as_lambda = || jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok();
    let instant = text.parse::<Timestamp>().ok().or_else(as_lambda)?;
    Millis::try_from(instant.as_millisecond()).ok()
}

/// The SHA-256 in hexadecimal; `None` if it is not a digest, as for a folder's code on some clouds.
fn digest(base64: &str) -> Option<String> {
    let bytes = BASE64.decode(base64).ok().filter(|bytes| bytes.len() == 32)?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::{digest, instant};

    #[test]
    fn lambda_s_times_are_read() {
        assert_eq!(instant("2023-11-14T22:13:20.007+0000"), Some(1_700_000_000_007));
        assert_eq!(instant("2023-11-14T23:13:20.000+0100"), Some(1_700_000_000_000));
        assert_eq!(instant("2023-11-14T22:13:20.007000000Z"), Some(1_700_000_000_007));
        assert_eq!(instant("yesterday"), None);
    }

    #[test]
    fn digests_are_shown_in_hexadecimal() {
        let hex = digest("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        assert_eq!(hex.as_deref(), Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assert_eq!(digest("hot-reloading-hash-not-available"), None);
    }
}
