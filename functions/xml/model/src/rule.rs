//! Rules, which say how names change, what is flattened, and what is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A conversion rule. A section that is missing is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// New names by old ones.
    pub names: BTreeMap<String, String>,
    /// How elements are flattened, by name.
    pub types: BTreeMap<String, Flatten>,
    /// Names that are left out, with the `@` of attributes.
    pub ignore: BTreeSet<String>,
    /// Prefixes by namespace; an empty one means none.
    pub namespaces: BTreeMap<String, String>,
    /// Whether a flattened list that contains a single list is replaced by that list. The reference nests two items of one name.
    pub flatten_single: bool,
}

/// How a value is flattened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten {
    /// The form of the result.
    pub kind: Kind,
    /// How many levels down the values lie.
    pub level: usize,
}

/// What a flattened value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A list of the values.
    List,
    /// One object with the members of all of them.
    Object,
}

/// Why a document is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{section}: {why}")]
pub struct RuleError {
    /// The section that cannot be read.
    pub section: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Rule {
    /// Reads a rule as the table has it.
    pub fn from_json(value: &Value) -> Result<Self, RuleError> {
        let section = |name: &'static str| match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(RuleError { section: name, why: "must be a map" }),
        };
        let mut rule = Self::default();
        for (old, new) in section("NameMapping")?.into_iter().flatten() {
            let new = new.as_str().ok_or(RuleError { section: "NameMapping", why: "names must be texts" })?;
            rule.names.insert(old.clone(), new.to_owned());
        }
        for (name, how) in section("TypeMapping")?.into_iter().flatten() {
            let kind = match how.get("type") {
                Some(Value::Array(_)) => Kind::List,
                Some(Value::Object(_)) => Kind::Object,
                _ => return Err(RuleError { section: "TypeMapping", why: "a type must be [] or {}" }),
            };
            let level = how.get("depth_level").and_then(Value::as_u64);
            let level = level.and_then(|level| usize::try_from(level).ok());
            let level = level
                .ok_or(RuleError { section: "TypeMapping", why: "a depth_level must be a whole number" })?;
            rule.types.insert(name.clone(), Flatten { kind, level });
        }
        match value.get("ignore") {
            None | Some(Value::Null) => {}
            Some(Value::Array(names)) => {
                rule.ignore.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Some(Value::Object(names)) => rule.ignore.extend(names.keys().cloned()),
            Some(_) => return Err(RuleError { section: "ignore", why: "must be a set, a list or a map" }),
        }
        for (uri, prefix) in section("namespaces")?.into_iter().flatten() {
            rule.namespaces.insert(uri.clone(), prefix.as_str().unwrap_or_default().to_owned());
        }
        rule.flatten_single = value.get("flattenSingle") == Some(&Value::Bool(true));
        Ok(rule)
    }

    /// The reference's rule for products, as the table has it.
    pub fn reference() -> Value {
        serde_json::json!({
            "NameMapping": {
                "items": "products", "id": "product_id", "category": "product_category",
                "description": "product_description", "images": "product_images", "url": "image",
            },
            "TypeMapping": {
                "items": { "type": [], "depth_level": 1 },
                "images": { "type": {}, "depth_level": 2 },
                "prices": { "type": [], "depth_level": 2 },
            },
            "ignore": { "@xmlns": true, "@type": true },
            "namespaces": { "http://www.w3.org/TR/html4/": null },
        })
    }
}
