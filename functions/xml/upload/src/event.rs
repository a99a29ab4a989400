//! The function's event.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A request of the API; nothing if the event is null or an empty object, as a person may send it.
#[derive(Debug)]
pub struct Event(pub Option<ApiGatewayProxyRequest>);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        if event.is_null() || event.as_object().is_some_and(Map::is_empty) {
            return Ok(Self(None));
        }
        serde_json::from_value(event).map(|request| Self(Some(request))).map_err(D::Error::custom)
    }
}
