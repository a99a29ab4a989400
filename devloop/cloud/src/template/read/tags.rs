//! The tags that YAML templates may use: CloudFormation's short forms, and YAML's own tags for plain types.

use serde_json::{Value, json};

use super::scalar::plain;

/// The functions with the short form `!Name` for `Fn::Name` [Intrinsic function reference, CloudFormation User Guide].
const FUNCTIONS: [&str; 20] = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
];

/// What a tag does with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    /// A function call: the value is the argument of this function.
    Function(String),
    /// The value is text, even if it looks like something else.
    Text,
    /// The value is read as without a tag.
    Plain,
}

impl Tag {
    /// The meaning of the tag with this handle and suffix. The error says what was expected.
    pub(super) fn of(handle: &str, suffix: &str) -> Result<Self, String> {
        match (handle, suffix) {
            ("!", "Ref" | "Condition") => Ok(Self::Function(suffix.to_owned())),
            ("!", "Transform") => Ok(Self::Function("Fn::Transform".to_owned())),
            ("!", name) if FUNCTIONS.contains(&name) => Ok(Self::Function(format!("Fn::{name}"))),
            ("!", "") | ("tag:yaml.org,2002:", "str") => Ok(Self::Text),
            ("tag:yaml.org,2002:", "int" | "float" | "bool" | "null" | "map" | "seq") => Ok(Self::Plain),
            ("!", name) => Err(format!(
                "the tag `!{name}` is unknown; expected a short form such as !Ref, !Sub, !GetAtt or !If"
            )),
            (_, name) => Err(format!("CloudFormation does not support the YAML type `{name}`")),
        }
    }

    /// The value of a scalar with this tag.
    pub(super) fn scalar(&self, text: &str) -> Value {
        match self {
            Self::Plain => plain(text),
            Self::Text => text.into(),
            Self::Function(name) if name == "Fn::GetAtt" => match text.split_once('.') {
                Some((resource, attribute)) => json!({ name: [resource, attribute] }),
                None => json!({ name: text }),
            },
            Self::Function(name) => json!({ name: text }),
        }
    }
}
