//! The query protocol's input, parameters such as `MetricData.member.1.MetricName=x`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::http::decode_form;

/// The decoded parameters of a request, in order.
pub(crate) type Form = Vec<(String, String)>;

/// Reads a form body or a query string.
pub(crate) fn form(body: &[u8]) -> Form {
    String::from_utf8_lossy(body)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode_form(name), decode_form(value)))
        .collect()
}

/// Turns dotted parameters into a tree: consecutive numbers are a list (`X.member.1`, `X.entry.1`, or flattened `X.1`),
/// everything else is a member. `Action` and `Version` are not part of the input.
pub(crate) fn tree(form: &Form) -> Value {
    let mut root = Node::default();
    for (name, value) in form {
        if name == "Action" || name == "Version" {
            continue;
        }
        // Limit the depth of hostile names to what real inputs need.
        let node = name
            .split('.')
            .take(32)
            .fold(&mut root, |node, part| node.children.entry(part.to_owned()).or_default());
        node.value = Some(value.clone());
    }
    root.into_value()
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn into_value(mut self) -> Value {
        if self.children.is_empty() {
            return self.value.map_or_else(|| Value::Object(Map::new()), Value::String);
        }
        if self.children.len() == 1 {
            for wrapper in ["member", "entry"] {
                if let Some(inner) = self.children.remove(wrapper) {
                    return inner.into_value();
                }
            }
        }
        if self.children.keys().all(|key| key.parse::<u32>().is_ok()) {
            let mut items: Vec<_> = self
                .children
                .into_iter()
                .map(|(key, node)| (key.parse().unwrap_or(u32::MAX), node))
                .collect();
            items.sort_by_key(|(number, _)| *number);
            return Value::Array(items.into_iter().map(|(_, node)| node.into_value()).collect());
        }
        Value::Object(self.children.into_iter().map(|(key, node)| (key, node.into_value())).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_become_the_same_tree_as_json_input() {
        let check =
            |text: &str, expected: Value| assert_eq!(tree(&form(text.as_bytes())), expected, "{text}");
        check("Action=X&Version=1&Namespace=a+b", json!({"Namespace": "a b"}));
        check(
            "MetricData.member.1.MetricName=m&MetricData.member.1.Values.member.1=1&MetricData.member.2.MetricName=n",
            json!({"MetricData": [{"MetricName": "m", "Values": ["1"]}, {"MetricName": "n"}]}),
        );
        check("A.2=b&A.10=c&A.1=a", json!({"A": ["a", "b", "c"]}));
        check(
            "Attributes.entry.1.key=k&Attributes.entry.1.value=v",
            json!({"Attributes": [{"key": "k", "value": "v"}]}),
        );
        check("", json!({}));
    }
}
