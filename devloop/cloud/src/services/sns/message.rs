//! A published message, and the checks of its contents.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{input::invalid, store::Protocol};
use crate::{error::ApiError, services::sqs::Attribute};

/// The most bytes of a message with its attributes, and of a batch [Amazon SNS quotas].
pub(super) const MOST_BYTES: usize = 256 << 10;

/// A published message.
#[derive(Debug, Clone)]
pub(super) struct Published {
    pub(super) id: String,
    pub(super) topic_arn: String,
    /// The text for protocols without a text of their own.
    pub(super) text: String,
    /// The texts of a message with `MessageStructure=json`, by protocol.
    forms: BTreeMap<String, String>,
    pub(super) subject: Option<String>,
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
    pub(super) sequence_number: Option<String>,
    /// When it was published, in ms since the epoch.
    pub(super) at_ms: i64,
    /// `1` or `2`.
    pub(super) signature_version: &'static str,
}

/// A message before it is checked.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Draft {
    pub(super) message: Option<String>,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default, deserialize_with = "super::input::map")]
    message_attributes: BTreeMap<String, Attribute>,
    pub(super) message_group_id: Option<String>,
    pub(super) message_deduplication_id: Option<String>,
}

fn attribute_bytes((name, value): (&String, &Attribute)) -> usize {
    let text = value.string_value.as_ref().or(value.binary_value.as_ref()).map_or(0, String::len);
    name.len() + value.data_type.len() + text
}

impl Published {
    /// About how many bytes its texts take.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
            + self.forms.values().map(String::len).sum::<usize>()
            + self.attributes.iter().map(attribute_bytes).sum::<usize>()
    }
}

impl Draft {
    /// The message's size as it counts against the limits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.message.as_ref().map_or(0, String::len)
            + self.message_attributes.iter().map(attribute_bytes).sum::<usize>()
    }

    /// Checks the message and prepares it for the topic.
    pub(super) fn check(self, topic_arn: &str, at_ms: i64) -> Result<Published, ApiError> {
        if self.bytes() > MOST_BYTES {
            return Err(invalid("Message too long"));
        }
        let text = self.message.filter(|text| !text.is_empty()).ok_or_else(|| invalid("Empty message"))?;
        let plain = |c: char| c.is_ascii() && !c.is_ascii_control();
        if let Some(subject) = &self.subject
            && (subject.is_empty()
                || subject.len() > 100
                || !subject.chars().all(plain)
                || subject.starts_with(' '))
        {
            return Err(invalid("Subject"));
        }
        self.message_attributes.iter().try_for_each(|(name, value)| check_attribute(name, value))?;
        for id in [&self.message_group_id, &self.message_deduplication_id].into_iter().flatten() {
            if id.is_empty() || id.len() > 128 || !id.chars().all(|c| c.is_ascii_graphic()) {
                return Err(invalid(format_args!(
                    "The id {id} can only include alphanumeric and punctuation characters"
                )));
            }
        }
        let (text, forms) = match self.message_structure.as_deref() {
            None | Some("") => (text, BTreeMap::new()),
            Some("json") => forms(&text)?,
            Some(_) => return Err(invalid("MessageStructure")),
        };
        Ok(Published {
            id: crate::wire::unique_id().to_string(),
            topic_arn: topic_arn.to_owned(),
            text,
            forms,
            subject: self.subject,
            attributes: self.message_attributes,
            group: self.message_group_id,
            deduplication: self.message_deduplication_id,
            sequence_number: None,
            at_ms,
            signature_version: "1",
        })
    }
}

impl Published {
    /// The text for subscriptions of this protocol.
    pub(super) fn text_for(&self, protocol: Protocol) -> &str {
        self.forms.get(protocol.name()).unwrap_or(&self.text)
    }
}

fn forms(text: &str) -> Result<(String, BTreeMap<String, String>), ApiError> {
    let bad = |why: &str| invalid(format_args!("Message Structure - {why}"));
    let parsed: Value = serde_json::from_str(text).map_err(|_| bad("JSON message body failed to parse"))?;
    let Value::Object(members) = parsed else { return Err(bad("JSON message body failed to parse")) };
    let forms: BTreeMap<String, String> =
        members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    let default = forms.get("default").ok_or_else(|| bad("No default entry in JSON message body"))?.clone();
    Ok((default, forms))
}

fn check_attribute(name: &str, value: &Attribute) -> Result<(), ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let kind = value.data_type.split('.').next().unwrap_or_default();
    let code = |message: String| ApiError::client("ParameterValueInvalid", message);
    if name.is_empty() || name.len() > 256 || !name.chars().all(plain) {
        return Err(code(format!("The message attribute name '{name}' is invalid.")));
    }
    if !matches!(kind, "String" | "Number" | "Binary") {
        return Err(code(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is \
             Binary, Number, and String."
        )));
    }
    let given = if kind == "Binary" { &value.binary_value } else { &value.string_value };
    let Some(given) = given.as_deref().filter(|given| !given.is_empty()) else {
        return Err(code(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type \
             '{}'.",
            value.data_type
        )));
    };
    let fits = match kind {
        "Number" => given.trim().parse::<f64>().is_ok_and(f64::is_finite),
        "Binary" => BASE64_STANDARD.decode(given).is_ok(),
        _ if value.data_type == "String.Array" => serde_json::from_str::<Vec<Value>>(given).is_ok(),
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err(code(format!("The message attribute '{name}' does not hold a {}.", value.data_type)))
    }
}
