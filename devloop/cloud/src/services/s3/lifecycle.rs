//! Converts the lifecycle rules of templates to the API's document; the two have different member names. Rules are kept and
//! shown, but nothing expires.

use serde_json::{Map, Value, json};

use crate::resource::Cause;

/// The supported members of a rule in a template [AWS::S3::Bucket Rule].
const KNOWN: [&str; 16] = [
    "AbortIncompleteMultipartUpload",
    "ExpirationDate",
    "ExpirationInDays",
    "ExpiredObjectDeleteMarker",
    "Id",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "Prefix",
    "Status",
    "TagFilters",
    "Transition",
    "Transitions",
];

/// The members of `from` under their other names, without absent ones.
fn renamed(from: &Value, names: &[(&str, &str)]) -> Value {
    let members = names.iter().filter_map(|(name, shown)| {
        let value = from.get(name).filter(|value| !value.is_null())?;
        Some(((*shown).to_owned(), value.clone()))
    });
    Value::Object(members.collect())
}

/// The item of the member `one`, if it is there, and the items of the list `many`.
fn both(rule: &Value, one: &str, many: &str) -> Vec<Value> {
    let many = rule.get(many).and_then(Value::as_array).cloned().unwrap_or_default();
    rule.get(one).cloned().into_iter().chain(many).collect()
}

/// Converts a rule to the form of the API's document.
pub(super) fn rule(rule: &Value) -> Result<Value, Cause> {
    let members = rule.as_object().into_iter().flatten();
    if let Some(name) = members.map(|(name, _)| name).find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Cause::Property(format!(
            "the embedded cloud does not support {name} of a lifecycle rule"
        )));
    }
    let mut shown = renamed(rule, &[("Id", "ID"), ("Status", "Status")]);
    let mut put = |name: &str, value: Value| {
        let is_empty =
            value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            shown[name] = value;
        }
    };
    let mut filter = renamed(
        rule,
        &[
            ("Prefix", "Prefix"),
            ("ObjectSizeGreaterThan", "ObjectSizeGreaterThan"),
            ("ObjectSizeLessThan", "ObjectSizeLessThan"),
            ("TagFilters", "Tag"),
        ],
    );
    let conditions = filter.as_object().map_or(0, Map::len)
        + filter["Tag"].as_array().map_or(0, |tags| tags.len().saturating_sub(1));
    if conditions > 1 {
        filter = json!({ "And": filter });
    } else if conditions == 0 {
        filter = json!({ "Prefix": "" });
    }
    put("Filter", filter);
    let days = ("ExpirationInDays", "Days");
    put(
        "Expiration",
        renamed(
            rule,
            &[days, ("ExpirationDate", "Date"), ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker")],
        ),
    );
    let transition =
        [("StorageClass", "StorageClass"), ("TransitionInDays", "Days"), ("TransitionDate", "Date")];
    let transitions = both(rule, "Transition", "Transitions");
    put("Transition", transitions.iter().map(|one| renamed(one, &transition)).collect());
    let mut expiration = rule.get("NoncurrentVersionExpiration").cloned().unwrap_or_else(|| json!({}));
    if let Some(days) = rule.get("NoncurrentVersionExpirationInDays") {
        expiration["NoncurrentDays"] = days.clone();
    }
    put("NoncurrentVersionExpiration", expiration);
    let noncurrent = [
        ("StorageClass", "StorageClass"),
        ("TransitionInDays", "NoncurrentDays"),
        ("NewerNoncurrentVersions", "NewerNoncurrentVersions"),
    ];
    let transitions = both(rule, "NoncurrentVersionTransition", "NoncurrentVersionTransitions");
    put("NoncurrentVersionTransition", transitions.iter().map(|one| renamed(one, &noncurrent)).collect());
    if let Some(abort) = rule.get("AbortIncompleteMultipartUpload") {
        put("AbortIncompleteMultipartUpload", abort.clone());
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_keeps_all_its_members() {
        let given = json!({
            "Id": "r", "Status": "Enabled", "Prefix": "a/", "TagFilters": [{ "Key": "k", "Value": "v" }],
            "ExpirationInDays": 7, "Transitions": [{ "StorageClass": "GLACIER", "TransitionInDays": 3 }],
            "NoncurrentVersionExpiration": { "NoncurrentDays": 1, "NewerNoncurrentVersions": 2 },
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 },
        });
        let expected = json!({
            "ID": "r", "Status": "Enabled",
            "Filter": { "And": { "Prefix": "a/", "Tag": [{ "Key": "k", "Value": "v" }] } },
            "Expiration": { "Days": 7 }, "Transition": [{ "StorageClass": "GLACIER", "Days": 3 }],
            "NoncurrentVersionExpiration": { "NoncurrentDays": 1, "NewerNoncurrentVersions": 2 },
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 },
        });
        assert_eq!(rule(&given).unwrap(), expected);
        let least = rule(&json!({ "Status": "Enabled", "ExpirationInDays": 1 })).unwrap();
        assert_eq!(
            least,
            json!({ "Status": "Enabled", "Filter": { "Prefix": "" }, "Expiration": { "Days": 1 } })
        );
    }

    #[test]
    fn unsupported_members_of_a_rule_are_named() {
        let refused = rule(&json!({ "Status": "Enabled", "Days": 1 })).unwrap_err();
        assert!(
            matches!(&refused, Cause::Property(why) if why.contains("Days of a lifecycle rule")),
            "{refused:?}"
        );
    }
}
