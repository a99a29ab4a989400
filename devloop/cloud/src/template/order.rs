//! The order in which resources are created.

use std::collections::{BTreeMap, BTreeSet};

use super::error::TemplateError;

/// Sorts the keys of `needs` so that each comes after those that it needs, and otherwise in the order of `names`.
pub(crate) fn order(
    names: &[&str],
    needs: &BTreeMap<&str, BTreeSet<String>>,
) -> Result<Vec<String>, TemplateError> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(names.len());
    while sorted.len() < names.len() {
        let before = sorted.len();
        for name in names {
            let ready =
                needs.get(name).is_none_or(|needs| needs.iter().all(|need| done.contains(need.as_str())));
            if ready && !done.contains(name) {
                done.insert(name);
                sorted.push((*name).to_owned());
            }
        }
        if sorted.len() == before {
            return Err(TemplateError::Cycle(cycle(names, needs, &done)));
        }
    }
    Ok(sorted)
}

/// Finds a circle: follows needs from resource to resource until one occurs a second time.
fn cycle(names: &[&str], needs: &BTreeMap<&str, BTreeSet<String>>, done: &BTreeSet<&str>) -> Vec<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut here = names.iter().copied().find(|name| !done.contains(name));
    while let Some(name) = here {
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            path.drain(..start);
            path.push(name);
            break;
        }
        path.push(name);
        here = needs
            .get(name)
            .and_then(|needs| needs.iter().map(String::as_str).find(|need| !done.contains(need)));
    }
    path.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_comes_after_what_it_needs() {
        let check = |graph: &[(&str, &[&str])], expected: Result<&[&str], &str>| {
            let names: Vec<&str> = graph.iter().map(|(name, _)| *name).collect();
            let needs = graph
                .iter()
                .map(|&(name, needs)| (name, needs.iter().map(|&need| need.to_owned()).collect()))
                .collect();
            let found = order(&names, &needs).map_err(|error| error.to_string());
            let expected =
                expected.map(|names| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected.map_err(str::to_owned), "{graph:?}");
        };
        check(&[], Ok(&[]));
        check(&[("b", &[]), ("a", &[])], Ok(&["b", "a"]));
        check(&[("c", &["b"]), ("b", &["a"]), ("a", &[])], Ok(&["a", "b", "c"]));
        check(
            &[("x", &[]), ("a", &["b"]), ("b", &["c"]), ("c", &["b"])],
            Err("the resources depend on each other in a circle: b -> c -> b"),
        );
        check(&[("a", &["a"])], Err("the resources depend on each other in a circle: a -> a"));
    }
}
