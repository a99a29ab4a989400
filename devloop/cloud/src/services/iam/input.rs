//! An operation's input, and the pages, tags and documents that operations share.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::errors::{constraint, invalid_input, missing, validation};
use crate::{arn::Arn, error::ApiError, wire};

/// The members of an input. In the query protocol all values are text, so all are read as text.
#[derive(Debug)]
pub(crate) struct Members(pub(crate) Value);

impl Members {
    /// A text that may be absent.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A required text.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
    }

    /// Whether a boolean is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// The name of an entity: 1 to `longest` letters, digits and `_+=,.@-`.
    pub(crate) fn name(&self, member: &str, longest: usize) -> Result<&str, ApiError> {
        let name = self.required(member)?;
        if name.len() > longest {
            return Err(constraint(name, member, &format!("have length less than or equal to {longest}")));
        }
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)) {
            return Ok(name);
        }
        Err(constraint(name, member, "satisfy regular expression pattern: [\\w+=,.@-]+"))
    }

    /// The member `PolicyArn`: 20 to 2,048 letters in the form of a policy's ARN [AttachRolePolicy, IAM API reference].
    pub(crate) fn policy_arn(&self) -> Result<&str, ApiError> {
        let arn = self.required("PolicyArn")?;
        if arn.len() < 20 {
            return Err(constraint(arn, "PolicyArn", "have length greater than or equal to 20"));
        }
        if arn.len() > 2_048 {
            return Err(constraint(arn, "PolicyArn", "have length less than or equal to 2048"));
        }
        let fits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        let is_policys = Arn::of_service("iam", arn).is_some_and(|arn| {
            let name = arn.resource.strip_prefix("policy/");
            arn.region.is_empty()
                && (arn.account == "aws" || arn.account.bytes().all(|byte| byte.is_ascii_digit()))
                && name.is_some_and(|name| name.split('/').all(fits))
        });
        if is_policys { Ok(arn) } else { Err(invalid_input(format!("ARN {arn} is not valid."))) }
    }

    /// The path before an entity's name; `/` if there is none.
    pub(crate) fn path(&self) -> Result<&str, ApiError> {
        let path = self.optional("Path").unwrap_or("/");
        if path.len() <= 512 && path.starts_with('/') && path.ends_with('/') {
            return Ok(path);
        }
        Err(validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ))
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number
            .map(Some)
            .ok_or_else(|| validation(format!("The value {value} for {name} is not a whole number.")))
    }

    /// A policy document, which must be JSON.
    pub(crate) fn document(&self, name: &str, complaint: &str) -> Result<String, ApiError> {
        let text = self.required(name)?;
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(_)) => Ok(text.to_owned()),
            _ => Err(ApiError::client("MalformedPolicyDocumentException", complaint)),
        }
    }

    /// The member `Tags`, by key.
    pub(crate) fn tags(&self) -> Result<BTreeMap<String, String>, ApiError> {
        let mut tags = BTreeMap::new();
        for tag in self.0.get("Tags").and_then(Value::as_array).into_iter().flatten() {
            let (Some(key), Some(value)) = (tag.get("Key"), tag.get("Value")) else {
                return Err(validation("A tag needs a Key and a Value."));
            };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            tags.insert(text(key), text(value));
        }
        Ok(tags)
    }

    /// The member `TagKeys`.
    pub(crate) fn tag_keys(&self) -> Result<Vec<String>, ApiError> {
        wire::read(self.0.get("TagKeys").cloned().unwrap_or_else(|| json!([])))
    }

    /// One page of `items` as the member `list` of the output. The items must be sorted by their keys.
    pub(crate) fn page(
        &self,
        list: &str,
        items: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Value, ApiError> {
        let limit = match self.integer("MaxItems")? {
            None => 100,
            Some(limit) if (1..=1_000).contains(&limit) => limit as usize,
            Some(limit) => {
                return Err(constraint(&limit.to_string(), "MaxItems", "have value between 1 and 1000"));
            }
        };
        let after = self.optional("Marker");
        let mut items =
            items.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after)).peekable();
        let (mut page, mut last) = (Vec::new(), String::new());
        while let Some((key, item)) = items.next_if(|_| page.len() < limit) {
            page.push(item);
            last = key;
        }
        let more = items.peek().is_some();
        let mut output = Map::new();
        output.insert(list.to_owned(), page.into());
        output.insert("IsTruncated".to_owned(), more.into());
        if more {
            output.insert("Marker".to_owned(), last.into());
        }
        Ok(output.into())
    }
}

/// Tags in the form of list operations, each with its key for [`Members::page`].
pub(crate) fn tag_items(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (String, Value)> {
    tags.iter().map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value})))
}

/// Tags as a list of keys and values.
pub(crate) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tag_items(tags).map(|(_, tag)| tag).collect()
}

/// A policy document as the API's output contains it: percent-encoded [GetRolePolicy].
pub(crate) fn encoded(document: &str) -> String {
    crate::http::encode(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_their_markers() {
        let items = || ["a", "b", "c"].map(|key| (key.to_owned(), Value::from(key)));
        let check = |input: Value, expected: Value| {
            assert_eq!(Members(input).page("L", items()).unwrap(), expected);
        };
        check(json!({}), json!({"L": ["a", "b", "c"], "IsTruncated": false}));
        check(json!({"MaxItems": "2"}), json!({"L": ["a", "b"], "IsTruncated": true, "Marker": "b"}));
        check(json!({"MaxItems": 2, "Marker": "b"}), json!({"L": ["c"], "IsTruncated": false}));
        assert!(Members(json!({"MaxItems": "0"})).page("L", items()).is_err());
        assert_eq!(encoded(r#"{"a": "é/"}"#), "%7B%22a%22%3A%20%22%C3%A9%2F%22%7D");
    }
}
