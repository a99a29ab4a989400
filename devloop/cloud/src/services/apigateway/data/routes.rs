//! Matches a path and a method to a declared target, with a tree over the path's segments.

use std::collections::HashMap;

use crate::http::decode;

/// A tree of declared paths such as `/pets/{id}` and `/files/{proxy+}`.
#[derive(Debug)]
pub(crate) struct Routes<T> {
    root: Node<T>,
}

#[derive(Debug)]
struct Node<T> {
    literals: HashMap<String, Node<T>>,
    variable: Option<(String, Box<Node<T>>)>,
    greedy: Option<(String, Methods<T>)>,
    here: Methods<T>,
}

/// Targets by HTTP method or `ANY`.
type Methods<T> = HashMap<String, T>;

/// A matched target, and the values of the path's variables, still percent-encoded.
pub(crate) type Match<'r, 'p, T> = (&'r T, Vec<(&'r str, &'p str)>);

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { literals: HashMap::new(), variable: None, greedy: None, here: HashMap::new() }
    }
}

impl<T> Routes<T> {
    /// Declares `target` for `method` of the resource at `path`.
    pub(crate) fn insert(&mut self, path: &str, method: &str, target: T) {
        let mut node = &mut self.root;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let variable = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            node = match variable {
                None => node.literals.entry(part.to_owned()).or_default(),
                Some(name) => match name.strip_suffix('+') {
                    None => &mut node.variable.get_or_insert_with(|| (name.to_owned(), Box::default())).1,
                    // Nothing can be declared below a greedy variable.
                    Some(name) => {
                        let greedy = node.greedy.get_or_insert_with(|| (name.to_owned(), HashMap::new()));
                        greedy.1.insert(method.to_owned(), target);
                        return;
                    }
                },
            };
        }
        node.here.insert(method.to_owned(), target);
    }

    /// Finds the most specific target for `method` of `path`: names before variables before greedy variables, and a method
    /// by its name before `ANY`. Ignores a trailing slash.
    pub(crate) fn find<'r, 'p>(&'r self, method: &str, path: &'p str) -> Option<Match<'r, 'p, T>> {
        let path = path.trim_start_matches('/');
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut values = Vec::new();
        let rest = (!path.is_empty()).then_some(path);
        let target = self.root.find(method, rest, &mut values)?;
        Some((target, values))
    }
}

impl<T> Node<T> {
    /// `rest` is the path below this node, `None` at the path's end.
    fn find<'r, 'p>(
        &'r self,
        method: &str,
        rest: Option<&'p str>,
        values: &mut Vec<(&'r str, &'p str)>,
    ) -> Option<&'r T> {
        let Some(rest) = rest else { return serving(&self.here, method) };
        let (segment, behind) = match rest.split_once('/') {
            Some((segment, behind)) => (segment, Some(behind)),
            None => (rest, None),
        };
        let literal = if segment.contains('%') {
            self.literals.get(&decode(segment))
        } else {
            self.literals.get(segment)
        };
        if let Some(target) = literal.and_then(|node| node.find(method, behind, values)) {
            return Some(target);
        }
        if let Some((name, node)) = self.variable.as_ref().filter(|_| !segment.is_empty()) {
            values.push((name, segment));
            if let Some(target) = node.find(method, behind, values) {
                return Some(target);
            }
            values.pop();
        }
        let (name, methods) = self.greedy.as_ref()?;
        let target = serving(methods, method)?;
        values.push((name, rest));
        Some(target)
    }
}

fn serving<'r, T>(methods: &'r Methods<T>, method: &str) -> Option<&'r T> {
    methods.get(method).or_else(|| methods.get("ANY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_declaration_serves_a_request() {
        let mut routes = Routes::default();
        for (path, method) in [
            ("/", "POST"),
            ("/pets", "GET"),
            ("/pets/{id}", "GET"),
            ("/pets/{id}", "ANY"),
            ("/pets/{id}/toys", "GET"),
            ("/pets/new", "GET"),
            ("/files/{proxy+}", "ANY"),
            ("/deep/{a}/{b}/end", "GET"),
            ("/deep/{rest+}", "GET"),
        ] {
            routes.insert(path, method, format!("{method} {path}"));
        }
        let check = |request: &str, expected: Option<(&str, &[(&str, &str)])>| {
            let (method, path) = request.split_once(' ').unwrap();
            let found = routes.find(method, path);
            let found = found.as_ref().map(|(target, values)| (target.as_str(), values.as_slice()));
            assert_eq!(found, expected, "{request}");
        };
        check("POST /", Some(("POST /", &[])));
        check("GET /", None);
        check("GET /pets", Some(("GET /pets", &[])));
        check("GET /pets/", Some(("GET /pets", &[])));
        check("POST /pets", None);
        check("GET /pets/7", Some(("GET /pets/{id}", &[("id", "7")])));
        check("PUT /pets/7", Some(("ANY /pets/{id}", &[("id", "7")])));
        check("GET /pets/new", Some(("GET /pets/new", &[])));
        check("GET /pets/n%65w", Some(("GET /pets/new", &[])));
        check("PUT /pets/new", Some(("ANY /pets/{id}", &[("id", "new")])));
        check("GET /pets/a%2Fb/toys", Some(("GET /pets/{id}/toys", &[("id", "a%2Fb")])));
        check("GET /pets//toys", None);
        check("DELETE /files/a/b", Some(("ANY /files/{proxy+}", &[("proxy", "a/b")])));
        check("DELETE /files/a/", Some(("ANY /files/{proxy+}", &[("proxy", "a")])));
        check("DELETE /files", None);
        check("GET /deep/1/2/end", Some(("GET /deep/{a}/{b}/end", &[("a", "1"), ("b", "2")])));
        check("GET /deep/1/2/other", Some(("GET /deep/{rest+}", &[("rest", "1/2/other")])));
        check("GET /nothing", None);
    }
}
