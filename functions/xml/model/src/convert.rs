//! Applies a rule to a tree, from the leaves to the root.

use crate::{
    rule::{Flatten, Kind, Rule},
    tree::{Members, Tree},
};

/// The tree that `rule` makes from `tree`.
pub fn convert(tree: Tree, rule: &Rule) -> Tree {
    match tree {
        Tree::List(items) => Tree::List(items.into_iter().map(|item| convert(item, rule)).collect()),
        Tree::Object(members) => {
            let mut converted = Members::default();
            for (raw, value) in members {
                if rule.ignore.contains(&raw) {
                    continue;
                }
                let name = raw.strip_prefix('@').unwrap_or(&raw);
                let value = convert(value, rule);
                let value = match rule.types.get(name) {
                    Some(how) => flattened(value, *how, rule.flatten_single),
                    None => value,
                };
                let name = rule.names.get(name).map_or(name, String::as_str);
                converted.assign(name.to_owned(), value);
            }
            Tree::Object(converted)
        }
        leaf => leaf,
    }
}

fn flattened(value: Tree, how: Flatten, single: bool) -> Tree {
    match how.kind {
        Kind::List => {
            let mut found = Vec::new();
            gather(value, how.level, &mut found);
            match found.as_mut_slice() {
                [Tree::List(only)] if single => Tree::List(std::mem::take(only)),
                _ => Tree::List(found),
            }
        }
        Kind::Object => {
            let mut found = Members::default();
            merge(value, how.level.saturating_sub(1), &mut found);
            Tree::Object(found)
        }
    }
}

/// Appends the values that lie `level` levels below `value`.
fn gather(value: Tree, level: usize, found: &mut Vec<Tree>) {
    if level == 0 {
        found.push(value);
        return;
    }
    match value {
        Tree::List(items) => items.into_iter().for_each(|item| gather(item, level - 1, found)),
        Tree::Object(members) => members.into_iter().for_each(|(_, value)| gather(value, level - 1, found)),
        Tree::Null | Tree::Text(_) => {}
    }
}

/// Assigns the members of the objects that lie `level` levels below `value`. Members of a list's elements get the element's index,
/// from 1, appended to their names.
fn merge(value: Tree, level: usize, found: &mut Members) {
    match value {
        Tree::Object(members) if level == 0 => {
            for (name, value) in members {
                found.assign(name, value);
            }
        }
        Tree::List(items) if level == 0 => {
            for (index, item) in items.into_iter().enumerate() {
                let place = index + 1;
                match item {
                    Tree::Object(members) => {
                        for (name, value) in members {
                            found.assign(format!("{name}_{place}"), value);
                        }
                    }
                    Tree::Text(text) => found.assign(format!("#text_{place}"), Tree::Text(text)),
                    Tree::Null | Tree::List(_) => {}
                }
            }
        }
        Tree::List(items) => items.into_iter().for_each(|item| merge(item, level - 1, found)),
        Tree::Object(members) => members.into_iter().for_each(|(_, value)| merge(value, level - 1, found)),
        Tree::Null | Tree::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::to_json;

    fn text(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }

    fn object(members: &[(&str, Tree)]) -> Tree {
        Tree::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn price(currency: &str, value: &str) -> Tree {
        object(&[("currency", text(currency)), ("value", text(value))])
    }

    fn prices() -> Tree {
        Tree::List(vec![price("EUR", "49.95"), price("DKK", "445.60")])
    }

    fn compact(tree: &Tree) -> String {
        to_json(tree).split('\n').map(str::trim).collect::<Vec<_>>().join("")
    }

    #[test]
    fn x10_lists_are_flattened_at_the_level_that_the_rule_names() {
        let value = object(&[("prices", object(&[("price", prices())]))]);
        let check = |level: usize, expected: &str| {
            let how = Flatten { kind: Kind::List, level };
            assert_eq!(compact(&flattened(value.clone(), how, false)), expected, "{level}");
        };
        check(3, r#"[{"currency": "EUR","value": "49.95"},{"currency": "DKK","value": "445.60"}]"#);
        check(
            0,
            r#"[{"prices": {"price": [{"currency": "EUR","value": "49.95"},{"currency": "DKK","value": "445.60"}]}}]"#,
        );
        check(4, r#"["EUR","49.95","DKK","445.60"]"#);
        check(6, "[]");
    }

    #[test]
    fn x10_objects_are_flattened_one_level_above_the_one_that_the_rule_names() {
        let value = object(&[("prices", prices())]);
        let check = |level: usize, expected: &str| {
            let how = Flatten { kind: Kind::Object, level: level + 1 };
            assert_eq!(compact(&flattened(value.clone(), how, false)), expected, "{level}");
        };
        check(1, r#"{"currency_1": "EUR","value_1": "49.95","currency_2": "DKK","value_2": "445.60"}"#);
        check(
            0,
            r#"{"prices": [{"currency": "EUR","value": "49.95"},{"currency": "DKK","value": "445.60"}]}"#,
        );
        check(6, "{}");
    }

    #[test]
    fn x10_empty_elements_keep_their_place_and_texts_get_a_name() {
        let how = Flatten { kind: Kind::Object, level: 2 };
        let image = |url: &str| object(&[("image", text(url))]);
        let images = object(&[("image", Tree::List(vec![image("u1"), Tree::Null, image("u3")]))]);
        assert_eq!(compact(&flattened(images, how, false)), r#"{"image_1": "u1","image_3": "u3"}"#);
        let texts = object(&[("t", Tree::List(vec![text("a"), text("b")]))]);
        assert_eq!(compact(&flattened(texts, how, false)), r##"{"#text_1": "a","#text_2": "b"}"##);
        let single = object(&[("image", image("u"))]);
        assert_eq!(compact(&flattened(single, how, false)), r#"{"image": "u"}"#);
    }

    #[test]
    fn x10_two_items_are_nested_unless_the_rule_says_otherwise() {
        let items = object(&[("item", Tree::List(vec![text("a"), text("b")]))]);
        let how = Flatten { kind: Kind::List, level: 1 };
        assert_eq!(compact(&flattened(items.clone(), how, false)), r#"[["a","b"]]"#);
        assert_eq!(compact(&flattened(items, how, true)), r#"["a","b"]"#);
        assert_eq!(compact(&flattened(Tree::Null, how, false)), "[]");
    }

    #[test]
    fn x10_a_single_price_with_one_field_becomes_a_list_of_its_value() {
        let prices = object(&[("price", object(&[("currency", text("EUR"))]))]);
        let how = Flatten { kind: Kind::List, level: 2 };
        assert_eq!(compact(&flattened(prices, how, false)), r#"["EUR"]"#);
    }

    #[test]
    fn x10_attributes_are_ignored_by_their_raw_name_and_elements_win_over_them() {
        let rule = Rule { ignore: ["@type".to_owned()].into(), ..Rule::default() };
        let tree =
            object(&[("@type", text("x")), ("@id", text("1")), ("type", text("y")), ("id", text("2"))]);
        assert_eq!(compact(&convert(tree, &rule)), r#"{"id": "2","type": "y"}"#);
    }
}
