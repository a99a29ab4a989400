//! What the tests of templates share: a small template with its parameters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Template, pseudo::Pseudo};
use crate::context::Context;

/// A template with one mapping and two resources, and what `extra` adds.
pub(in crate::template) fn template(extra: &Value) -> Template {
    let mut document = json!({
        "Mappings": {"Sizes": {"small": {"memory": 128}}},
        "Resources": {"Table": {"Type": "T"}, "Absent": {"Type": "T"}},
    });
    document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    Template::parse(&document.to_string()).unwrap()
}

/// The pseudo parameters of a stack called `stack`.
pub(in crate::template) fn pseudo() -> Pseudo {
    let cx = Context {
        region: "eu-west-1".into(),
        account: "000000000000".into(),
        endpoint: "http://127.0.0.1:1".into(),
        request_id: "r".into(),
        access_key: None,
    };
    Pseudo::new(&cx, "stack", "stack-id".to_owned())
}

/// A parameter that is text and one that is a list.
pub(in crate::template) fn parameters() -> BTreeMap<String, Value> {
    BTreeMap::from([("Size".to_owned(), json!("small")), ("List".to_owned(), json!(["a", "b"]))])
}
