//! Dynamic references, `{{resolve:service:…}}`: values that are stored in other services [Using dynamic references,
//! CloudFormation User Guide].

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::error::Problem;

/// How a reference begins.
const OPEN: &str = "{{resolve:";

/// The most references in one text, and the longest text with their values, in bytes.
const MOST: usize = 60;
const LONGEST: usize = 1024 * 1024;

/// Reads values from other services. An error is a clause about the reference.
pub(crate) trait DynamicValues: Sync {
    /// The value of a Systems Manager parameter, of one version or the latest.
    fn parameter<'a>(
        &'a self,
        name: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>>;

    /// The text of a secret, by name or ARN, and by version stage or id.
    fn secret<'a>(
        &'a self,
        id: &'a str,
        stage: Option<&'a str>,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<String, String>>;
}

/// The computed properties of a resource with all dynamic references resolved.
pub(crate) async fn resolved(
    properties: Map<String, Value>,
    values: &dyn DynamicValues,
) -> Result<Map<String, Value>, Problem> {
    let mut properties = Value::Object(properties);
    let mut texts = Vec::new();
    collect(&mut properties, &mut texts);
    for text in texts {
        *text = text_of(text, values).await?;
    }
    match properties {
        Value::Object(properties) => Ok(properties),
        _ => Ok(Map::new()),
    }
}

/// Collects the texts that contain references.
fn collect<'v>(value: &'v mut Value, texts: &mut Vec<&'v mut String>) {
    match value {
        Value::String(text) if text.contains(OPEN) => texts.push(text),
        Value::Array(items) => items.iter_mut().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values_mut().for_each(|member| collect(member, texts)),
        _ => {}
    }
}

async fn text_of(text: &str, values: &dyn DynamicValues) -> Result<String, Problem> {
    let mut out = String::new();
    let mut rest = text;
    let mut count = 0;
    while let Some(open) = rest.find(OPEN) {
        let Some(length) = rest[open..].find("}}") else { break };
        let reference = &rest[open..open + length + 2];
        let wrong = |why: String| Problem::DynamicReference { reference: reference.to_owned(), why };
        count += 1;
        if count > MOST || out.len() > LONGEST {
            return Err(wrong(format!("is one too many; a string may have {MOST}, and {LONGEST} bytes")));
        }
        out.push_str(&rest[..open]);
        let found = value(&rest[open + OPEN.len()..open + length], values).await;
        out.push_str(&found.map_err(wrong)?);
        rest = &rest[open + length + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of a reference, which is given without its braces.
async fn value(reference: &str, values: &dyn DynamicValues) -> Result<String, String> {
    let (service, key) = reference.split_once(':').unwrap_or((reference, ""));
    match service {
        "ssm" | "ssm-secure" => {
            // The version is the last part. A name contains a colon only if it is an ARN.
            let versioned = key.rsplit_once(':').filter(|(name, version)| {
                !name.is_empty() && !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())
            });
            let (name, version) = versioned.map_or((key, None), |(name, version)| (name, Some(version)));
            if name.is_empty() {
                return Err("names no parameter; expected {{resolve:ssm:NAME:VERSION}}".to_owned());
            }
            values.parameter(name, version).await
        }
        "secretsmanager" => secret(key, values).await,
        other => Err(format!("names the service `{other}`; there are ssm, ssm-secure and secretsmanager")),
    }
}

/// Parses `id:SecretString:json-key:version-stage:version-id`. The id may be an ARN, which itself contains six colons.
async fn secret(key: &str, values: &dyn DynamicValues) -> Result<String, String> {
    let colons = if key.starts_with("arn:") { 7 } else { 1 };
    let parts: Vec<&str> = key.split(':').collect();
    let (id, rest) = parts.split_at(colons.min(parts.len()));
    let part = |index: usize| rest.get(index).copied().filter(|part| !part.is_empty());
    if part(0).is_some_and(|kind| kind != "SecretString") {
        return Err("asks for something else than SecretString".to_owned());
    }
    let text = values.secret(&id.join(":"), part(2), part(3)).await?;
    let Some(key) = part(1) else { return Ok(text) };
    let members: Value =
        serde_json::from_str(&text).map_err(|_| "has a key, but its secret is no JSON".to_owned())?;
    match members.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(format!("has the key `{key}`, which its secret lacks")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Values;

    impl DynamicValues for Values {
        fn parameter<'a>(
            &'a self,
            name: &'a str,
            version: Option<&'a str>,
        ) -> BoxFuture<'a, Result<String, String>> {
            Box::pin(async move { Ok(format!("{name}@{}", version.unwrap_or("latest"))) })
        }

        fn secret<'a>(
            &'a self,
            id: &'a str,
            stage: Option<&'a str>,
            _: Option<&'a str>,
        ) -> BoxFuture<'a, Result<String, String>> {
            Box::pin(async move { Ok(json!({ "id": id, "stage": stage, "port": 5 }).to_string()) })
        }
    }

    async fn check(text: &str, expected: Result<&str, &str>) {
        let properties = json!({ "A": [text] }).as_object().cloned().unwrap();
        let found = resolved(properties, &Values).await.map_err(|error| error.to_string());
        let found = found.map(|found| found["A"][0].as_str().unwrap().to_owned());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
    }

    #[tokio::test]
    async fn references_become_their_values() {
        check("x", Ok("x")).await;
        check("a-{{resolve:ssm:/p/q:3}}-{{resolve:ssm-secure:r}}-b", Ok("a-/p/q@3-r@latest-b")).await;
        check("{{resolve:secretsmanager:db:SecretString:port}}", Ok("5")).await;
        check("{{resolve:secretsmanager:db:SecretString:stage:OLD}}", Ok("OLD")).await;
        check(
            "{{resolve:secretsmanager:arn:aws:secretsmanager:r:1:secret:db:SecretString:id}}",
            Ok("arn:aws:secretsmanager:r:1:secret:db"),
        )
        .await;
        check("{{resolve:ssm:open", Ok("{{resolve:ssm:open")).await;
    }

    #[tokio::test]
    async fn references_to_nothing_are_refused() {
        check(
            "{{resolve:s3:x}}",
            Err("the dynamic reference `{{resolve:s3:x}}` names the service `s3`; there are ssm, ssm-secure and secretsmanager"),
        )
        .await;
        check(
            "{{resolve:secretsmanager:db:SecretString:none}}",
            Err("the dynamic reference `{{resolve:secretsmanager:db:SecretString:none}}` has the key `none`, which its secret lacks"),
        )
        .await;
        check(
            "{{resolve:ssm:}}",
            Err("the dynamic reference `{{resolve:ssm:}}` names no parameter; expected {{resolve:ssm:NAME:VERSION}}"),
        )
        .await;
    }
}
