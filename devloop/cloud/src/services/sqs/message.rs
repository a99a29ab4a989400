//! One message: its contents and their checksums, and the checks of both.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::service::{invalid, required};
use crate::{cause, error::ApiError, wire};

/// The most attributes of one message [Amazon SQS message quotas].
const MOST_ATTRIBUTES: usize = 10;

/// The attributes of a message by name.
pub(crate) type Attributes = BTreeMap<String, Attribute>;

/// A message as its sender wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The message's id, which stays the same in a dead-letter queue.
    pub(crate) id: String,
    pub(crate) body: String,
    /// The MD5 of `body`, in hex.
    pub(crate) md5: String,
    /// The message attributes that the sender has set.
    pub(crate) attributes: Attributes,
    /// The `AWSTraceHeader`, the only system attribute that senders can set.
    pub(crate) trace_header: Option<String>,
    /// The invocation that sent the message.
    pub(crate) cause: Option<Arc<str>>,
    /// The account that sent the message.
    pub(crate) sender: String,
    /// When it was sent, in ms since the epoch.
    pub(crate) sent_ms: i64,
    /// The message group. A FIFO queue delivers each group in order; a standard queue only passes the name on.
    pub(crate) group: Option<Arc<str>>,
    /// The deduplication id in a FIFO queue, given or content-based.
    pub(crate) deduplication: Option<String>,
}

/// A message from a sender other than SQS's own API, such as a topic or an event source mapping.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    pub(crate) body: String,
    /// The message attributes.
    pub(crate) attributes: Attributes,
    /// The message group in a FIFO queue.
    pub(crate) group: Option<String>,
    /// The deduplication id in a FIFO queue.
    pub(crate) deduplication: Option<String>,
}

/// A message attribute, which has a type [`MessageAttributeValue`, Amazon SQS API reference].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    /// `String`, `Number` or `Binary`, with an optional label after a dot.
    #[serde(default)]
    pub(crate) data_type: String,
    /// The value of a `String` or a `Number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    /// The value of a `Binary`, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<String>,
}

impl Message {
    /// A message that was sent at `sent_ms` since the epoch.
    pub(super) fn new(parcel: Parcel, trace_header: Option<String>, sender: &str, sent_ms: i64) -> Self {
        Self {
            id: wire::unique_id().to_string(),
            md5: format!("{:x}", Md5::digest(&parcel.body)),
            body: parcel.body,
            attributes: parcel.attributes,
            trace_header,
            cause: cause::first(),
            sender: sender.to_owned(),
            sent_ms,
            group: parcel.group.map(Arc::from),
            deduplication: parcel.deduplication,
        }
    }

    /// The MD5 of the attributes in hex, if there are any.
    pub(crate) fn attributes_md5(&self) -> Option<String> {
        attributes_md5(&self.attributes)
    }

    /// A new message with the same contents, as a message move task sends it [Amazon SQS dead-letter queue redrive].
    pub(super) fn resent(&self, sent_ms: i64) -> Self {
        Self { id: wire::unique_id().to_string(), sent_ms, ..self.clone() }
    }

    /// The bytes that count against the queue's size limits.
    pub(super) fn bytes(&self) -> usize {
        let attribute = |(name, value): (&String, &Attribute)| {
            name.len() + value.data_type.len() + value.bytes().map_or(0, |bytes| bytes.len())
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// Refuses messages that SQS does not accept.
    pub(super) fn check(&self, max_bytes: i64) -> Result<(), ApiError> {
        required(Some(()).filter(|()| !self.body.is_empty()), "MessageBody")?;
        if self.attributes.len() > MOST_ATTRIBUTES {
            return Err(invalid(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
                self.attributes.len()
            )));
        }
        self.attributes.iter().try_for_each(|(name, value)| value.check(name))?;
        if let Some(c) = self.body.chars().find(|c| !allowed(*c)) {
            return Err(ApiError::client(
                "InvalidMessageContents",
                format!(
                    "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is \
                     #x9 | #xA | #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]",
                    u32::from(c)
                ),
            ));
        }
        if self.bytes() as i64 > max_bytes {
            return Err(invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {max_bytes} bytes."
            )));
        }
        check_id("MessageGroupId", self.group.as_deref())?;
        check_id("MessageDeduplicationId", self.deduplication.as_deref())
    }
}

/// Checks group and deduplication ids: 1 to 128 letters, digits and punctuation [`SendMessage`, Amazon SQS API reference].
pub(super) fn check_id(name: &str, id: Option<&str>) -> Result<(), ApiError> {
    match id {
        Some(id) if id.is_empty() || id.len() > 128 || !id.chars().all(|c| c.is_ascii_graphic()) => {
            Err(invalid(format!(
                "Value {id} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and \
                 punctuation characters. 1 to 128 in length."
            )))
        }
        _ => Ok(()),
    }
}

impl Attribute {
    /// The value's bytes, for sizes and checksums; `None` if there is no valid value.
    fn bytes(&self) -> Option<Vec<u8>> {
        if self.is_binary() {
            BASE64_STANDARD.decode(self.binary_value.as_deref()?).ok()
        } else {
            Some(self.string_value.as_deref()?.as_bytes().to_vec())
        }
    }

    fn is_binary(&self) -> bool {
        self.kind() == "Binary"
    }

    fn kind(&self) -> &str {
        self.data_type.split('.').next().unwrap_or_default()
    }

    fn check(&self, name: &str) -> Result<(), ApiError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let reserved = name.to_ascii_lowercase();
        if name.is_empty() || name.len() > 256 || !name.chars().all(plain) {
            return Err(invalid(format!(
                "The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore \
                 (_), hyphen (-), and period (.) and be at most 256 long."
            )));
        }
        if reserved.starts_with("aws.") || reserved.starts_with("amazon.") {
            return Err(invalid(format!(
                "The message attribute name '{name}' is invalid because it starts with a reserved prefix."
            )));
        }
        if !matches!(self.kind(), "String" | "Number" | "Binary") {
            return Err(invalid(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            )));
        }
        if self.bytes().is_none_or(|bytes| bytes.is_empty()) {
            return Err(invalid(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute \
                 type '{}'.",
                self.data_type
            )));
        }
        let number = self.string_value.as_deref().map(|text| text.trim().parse::<f64>());
        if self.kind() == "Number" && !matches!(number, Some(Ok(number)) if number.is_finite()) {
            return Err(invalid(format!(
                "Can't cast the value of message (user) attribute '{name}' to a number."
            )));
        }
        Ok(())
    }
}

/// The MD5 of attributes, in hex; `None` when there are none [Calculating the MD5 message digest for message attributes,
/// Amazon SQS developer guide].
pub(super) fn attributes_md5<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
) -> Option<String> {
    let mut digest = Md5::new();
    let mut any = false;
    let add = |digest: &mut Md5, bytes: &[u8]| {
        digest.update((bytes.len() as u32).to_be_bytes());
        digest.update(bytes);
    };
    for (name, value) in attributes {
        any = true;
        add(&mut digest, name.as_bytes());
        add(&mut digest, value.data_type.as_bytes());
        digest.update([if value.is_binary() { 2 } else { 1 }]);
        add(&mut digest, &value.bytes().unwrap_or_default());
    }
    any.then(|| format!("{:x}", digest.finalize()))
}

/// The trace header as a message attribute, for its checksum.
pub(super) fn trace_attribute(header: &str) -> (String, Attribute) {
    let value = Attribute {
        data_type: "String".to_owned(),
        string_value: Some(header.to_owned()),
        binary_value: None,
    };
    ("AWSTraceHeader".to_owned(), value)
}

fn allowed(c: char) -> bool {
    matches!(c, '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
