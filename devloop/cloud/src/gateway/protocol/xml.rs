//! The query protocol's output: XML in each service's dialect.

use quick_xml::escape::escape;
use serde_json::{Map, Value};

use crate::{
    context::Context,
    error::ApiError,
    service::{About, Dialect},
    wire,
};

fn namespace(about: &About) -> &'static str {
    about.query.as_ref().map_or("", |query| query.namespace)
}

/// An operation's output as `<XResponse><XResult>…</XResult><ResponseMetadata/></XResponse>`.
pub(super) fn answer(cx: &Context, about: &About, operation: &str, output: &Value) -> String {
    let dialect = about.query.as_ref().map_or(Dialect::Members, |query| query.dialect);
    let mut writer = Writer { xml: String::new(), dialect, operation };
    writer.members(output);
    format!(
        "<?xml version=\"1.0\"?>\n<{operation}Response xmlns=\"{}\"><{operation}Result>{}</{operation}Result>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        namespace(about),
        writer.xml,
        escape(&*cx.request_id)
    )
}

/// An error as `<ErrorResponse>`.
pub(super) fn error(cx: &Context, about: &About, error: &ApiError) -> String {
    let code = about.legacy_code(&error.code).unwrap_or(&error.code);
    format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"{}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>\
         </Error><RequestId>{}</RequestId></ErrorResponse>",
        namespace(about),
        if error.is_client_fault() { "Sender" } else { "Receiver" },
        escape(code),
        escape(error.message.as_str()),
        escape(&*cx.request_id),
    )
}

struct Writer<'o> {
    xml: String,
    dialect: Dialect,
    operation: &'o str,
}

impl Writer<'_> {
    fn members(&mut self, value: &Value) {
        let Value::Object(object) = value else { return };
        for (name, value) in object {
            match (value, self.dialect) {
                (Value::Array(items), Dialect::Flattened { item, .. }) => {
                    let item = item(self.operation, name);
                    for value in items {
                        self.element(&item, value);
                    }
                }
                (Value::Object(map), Dialect::Flattened { maps, .. }) => {
                    match maps.iter().find(|(map, _)| map == name) {
                        Some((_, key)) => self.repeated(name, key, map),
                        None => self.element(name, value),
                    }
                }
                (Value::Object(map), Dialect::Entries { maps }) if maps.contains(&name.as_str()) => {
                    self.entries(name, map);
                }
                _ => self.element(name, value),
            }
        }
    }

    /// A map as repeated elements with a name and a value in each.
    fn repeated(&mut self, name: &str, key: &str, map: &Map<String, Value>) {
        let item = name.trim_end_matches('s');
        for (entry, value) in map {
            self.open(item);
            self.element(key, &Value::String(entry.clone()));
            self.element("Value", value);
            self.close(item);
        }
    }

    /// A map as one element with entries of a key and a value in it.
    fn entries(&mut self, name: &str, map: &Map<String, Value>) {
        self.open(name);
        for (key, value) in map {
            self.open("entry");
            self.element("key", &Value::String(key.clone()));
            self.element("value", value);
            self.close("entry");
        }
        self.close(name);
    }

    fn element(&mut self, name: &str, value: &Value) {
        if value.is_null() {
            return;
        }
        self.open(name);
        if let Some(ms) = wire::as_time(value) {
            self.xml.push_str(&wire::iso(ms));
        } else {
            match value {
                Value::Array(items) => items.iter().for_each(|item| self.element("member", item)),
                Value::Object(_) => self.members(value),
                Value::String(text) => self.xml.push_str(&escape(text.as_str())),
                other => self.xml.push_str(&other.to_string()),
            }
        }
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.xml.extend(["<", name, ">"]);
    }

    fn close(&mut self, name: &str) {
        self.xml.extend(["</", name, ">"]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Writer;
    use crate::service::Dialect;

    fn item_name(operation: &str, list: &str) -> String {
        match list {
            "Successful" => format!("{operation}ResultEntry"),
            list => list.trim_end_matches('s').to_owned(),
        }
    }

    #[test]
    fn lists_and_maps_are_written_in_the_services_dialects() {
        let flattened =
            Dialect::Flattened { item: item_name, maps: &[("Attributes", "Name"), ("Tags", "Key")] };
        let check = |dialect: Dialect, output: serde_json::Value, expected: &str| {
            let mut writer = Writer { xml: String::new(), dialect, operation: "Op" };
            writer.members(&output);
            assert_eq!(writer.xml, expected);
        };
        check(
            Dialect::Members,
            json!({"Roles": [{"A": "<"}]}),
            "<Roles><member><A>&lt;</A></member></Roles>",
        );
        check(Dialect::Members, json!({"Map": {"k": "v"}}), "<Map><k>v</k></Map>");
        check(flattened, json!({"Urls": ["a", "b"]}), "<Url>a</Url><Url>b</Url>");
        check(flattened, json!({"Successful": [{"Id": "1"}]}), "<OpResultEntry><Id>1</Id></OpResultEntry>");
        check(
            flattened,
            json!({"Attributes": {"D": "0"}}),
            "<Attribute><Name>D</Name><Value>0</Value></Attribute>",
        );
        check(flattened, json!({"Tags": {"D": "0"}}), "<Tag><Key>D</Key><Value>0</Value></Tag>");
        check(
            Dialect::Entries { maps: &["Attributes"] },
            json!({"Attributes": {"D": "0"}}),
            "<Attributes><entry><key>D</key><value>0</value></entry></Attributes>",
        );
        check(Dialect::Members, json!({"At": crate::wire::time(0)}), "<At>1970-01-01T00:00:00.000Z</At>");
    }
}
