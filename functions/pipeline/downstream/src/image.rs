//! An item of the table, as the stream shows it.

use pipeline_model::{Message, Origin};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The item. Everything except the message may be missing, because other clients may write items too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The client's fields.
    pub message: Message,
    /// Upstream's additions.
    pub origin: Origin,
    /// Arrival in the stream, in milliseconds.
    pub arrived_ms: Option<i64>,
    /// Time of midstream's write, in milliseconds.
    pub stored_ms: Option<i64>,
}

/// An attribute value; both members are `None` for a value that is neither text nor number.
#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "S")]
    text: Option<String>,
    #[serde(rename = "N")]
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    id: Option<Attribute>,
    message: Option<Attribute>,
    timestamp: Option<Attribute>,
    request_id: Option<Attribute>,
    run_id: Option<Attribute>,
    received_ms: Option<Attribute>,
    arrived_ms: Option<Attribute>,
    stored_ms: Option<Attribute>,
}

impl Image {
    /// Decodes an image. The error says what is wrong with the item.
    pub fn from_json(json: &RawValue) -> Result<Self, String> {
        let item: Attributes =
            serde_json::from_str(json.get()).map_err(|error| format!("invalid image: {error}"))?;
        let message = Message::from_parts(text(item.id), text(item.message), number(item.timestamp))
            .map_err(|error| format!("invalid item: {error}"))?;
        let origin = Origin {
            request_id: text(item.request_id),
            run_id: text(item.run_id),
            received_ms: number(item.received_ms),
        };
        Ok(Self { message, origin, arrived_ms: number(item.arrived_ms), stored_ms: number(item.stored_ms) })
    }
}

fn text(attribute: Option<Attribute>) -> Option<String> {
    attribute?.text
}

fn number(attribute: Option<Attribute>) -> Option<i64> {
    attribute?.number?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: &str) -> Result<Image, String> {
        Image::from_json(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn an_item_of_the_pipeline_has_everything() {
        let image = decode(
            r#"{"id":{"S":"1"},"message":{"S":"m"},"timestamp":{"N":"5"},"requestId":{"S":"r"},"runId":{"S":"a"},
                "receivedMs":{"N":"1"},"arrivedMs":{"N":"2"},"storedMs":{"N":"3"},"kinesisSeq":{"S":"004"}}"#,
        )
        .unwrap();
        assert_eq!(image.message, Message { id: "1".into(), message: "m".into(), timestamp: 5 });
        assert_eq!((image.origin.request_id.as_deref(), image.origin.run()), (Some("r"), "a"));
        assert_eq!(
            (image.origin.received_ms, image.arrived_ms, image.stored_ms),
            (Some(1), Some(2), Some(3))
        );
    }

    #[test]
    fn an_item_of_another_client_may_have_odd_extras() {
        let image = decode(
            r#"{"id":{"S":"1"},"message":{"S":"m"},"timestamp":{"N":"5"},"runId":{"N":"7"},"receivedMs":{"M":{}},
                "tags":{"SS":["a"]},"big":{"B":"AA=="},"no":{"NULL":true}}"#,
        )
        .unwrap();
        assert_eq!(image.origin, Origin::default());
        assert_eq!((image.arrived_ms, image.stored_ms), (None, None));
    }

    #[test]
    fn an_item_without_the_message_is_refused_by_name() {
        fn check(json: &str, expected: &str) {
            assert_eq!(decode(json).unwrap_err(), expected);
        }
        check("{}", "invalid item: id is required");
        check(r#"{"id":{"N":"1"}}"#, "invalid item: id is required");
        check(r#"{"id":{"S":"1"},"timestamp":{"N":"5"}}"#, "invalid item: message is required");
        check(
            r#"{"id":{"S":"1"},"message":{"S":"m"},"timestamp":{"N":"5.5"}}"#,
            "invalid item: timestamp is required",
        );
        assert!(decode("[1]").unwrap_err().starts_with("invalid image: "));
    }
}
