//! The operations of REST services. Method and path select the operation; the members of path, query and body together are
//! its input.

use serde_json::{Map, Value};

use crate::{
    aside,
    error::ApiError,
    http::{Request, decode},
};

/// One operation of a REST service.
#[derive(Debug)]
pub(crate) struct Route {
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// The path. `{Member}` stands for one segment and `{Member+}` for the rest of the path; its value becomes that member
    /// of the input.
    pub(crate) path: &'static str,
    /// The API name of the operation.
    pub(crate) operation: &'static str,
    /// The HTTP status of its answer.
    pub(crate) status: u16,
    /// Members of the body that get another name in the input, because the path has a member of the same name.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// Whether the service reads the request and writes the response itself, because the body is not a JSON document.
    pub(crate) is_raw: bool,
}

impl Route {
    /// An operation whose body, if any, is a JSON document.
    pub(crate) const fn new(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
        status: u16,
    ) -> Self {
        Self { method, path, operation, status, renamed: &[], is_raw: false }
    }

    /// An operation whose request the service reads itself.
    pub(crate) const fn raw(method: &'static str, path: &'static str, operation: &'static str) -> Self {
        Self { method, path, operation, status: 200, renamed: &[], is_raw: true }
    }

    /// The same route with members of the body renamed.
    pub(crate) const fn renaming(mut self, renamed: &'static [(&'static str, &'static str)]) -> Self {
        self.renamed = renamed;
        self
    }

    /// The members in the request's path, if the route matches the request.
    pub(crate) fn labels(&self, request: &Request) -> Option<Map<String, Value>> {
        if request.method.as_str() != self.method {
            return None;
        }
        let mut labels = Map::new();
        let mut given = request.path.split('/').filter(|segment| !segment.is_empty());
        for wanted in self.path.split('/').filter(|segment| !segment.is_empty()) {
            let segment = given.next()?;
            match wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(label) => {
                    if let Some(label) = label.strip_suffix('+') {
                        let rest: Vec<String> = std::iter::once(segment).chain(given).map(decode).collect();
                        labels.insert(label.to_owned(), rest.join("/").into());
                        return Some(labels);
                    }
                    labels.insert(label.to_owned(), decode(segment).into());
                }
                None if wanted != segment => return None,
                None => {}
            }
        }
        given.next().is_none().then_some(labels)
    }

    /// The operation's input: the members of the body, then of the query (a repeated name is a list), then of the path.
    /// Later members replace earlier ones.
    pub(crate) fn input(&self, request: &Request, labels: Map<String, Value>) -> Result<Value, ApiError> {
        let mut input = body(&request.body)?;
        for (given, name) in self.renamed {
            if let Some(value) = input.remove(*given) {
                input.insert((*name).to_owned(), value);
            }
        }
        let mut query: Map<String, Value> = Map::new();
        for (name, value) in request.parameters() {
            match query.get_mut(&name) {
                None => {
                    query.insert(name, value.into());
                }
                Some(Value::Array(values)) => values.push(value.into()),
                Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
            }
        }
        input.extend(query);
        input.extend(labels);
        Ok(Value::Object(input))
    }
}

/// The body as an object; an empty body has no members.
fn body(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match aside::from_json(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::client("SerializationException", "the body must be a JSON object")),
        Err(error) => {
            Err(ApiError::client("SerializationException", format!("the body is not valid JSON: {error}")))
        }
    }
}

/// The texts of a list member. A single value in the query is not a list, but a text.
pub(crate) fn texts(input: &Value, name: &str) -> Vec<String> {
    match input.get(name) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Method};
    use serde_json::json;

    use super::*;

    fn request(method: Method, path: &str, query: &str, body: &str) -> Request {
        Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
            peer: [127, 0, 0, 1].into(),
        }
    }

    #[test]
    fn path_query_and_body_are_one_input() {
        let route = Route::new("PUT", "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode", 200)
            .renaming(&[("FunctionName", "Other")]);
        let check = |path: &str, query: &str, body: &str, expected: Option<Value>| {
            let request = request(Method::PUT, path, query, body);
            let found = route.labels(&request).map(|labels| route.input(&request, labels).unwrap());
            assert_eq!(found, expected, "{path}?{query} {body}");
        };
        check(
            "/2015-03-31/functions/a%3Ab/code",
            "Qualifier=1&k=x&k=y",
            r#"{"FunctionName": "c", "Publish": true}"#,
            Some(
                json!({"FunctionName": "a:b", "Other": "c", "Qualifier": "1", "k": ["x", "y"], "Publish": true}),
            ),
        );
        check("/2015-03-31/functions/a/code/", "", "", Some(json!({"FunctionName": "a"})));
        check("/2015-03-31/functions/a", "", "", None);
        check("/2015-03-31/functions/a/code/b", "", "", None);
        check("/2015-03-31/functions/a/versions", "", "", None);
        assert!(route.labels(&request(Method::GET, "/2015-03-31/functions/a/code", "", "")).is_none());
    }

    #[test]
    fn the_rest_of_a_path_can_be_one_member() {
        let route = Route::new("GET", "/tags/{resourceArn+}", "GetTags", 200);
        let labels = route.labels(&request(Method::GET, "/tags/arn:aws:apigateway:r::/restapis/a", "", ""));
        assert_eq!(labels.unwrap()["resourceArn"], "arn:aws:apigateway:r::/restapis/a");
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        let route = Route::new("POST", "/a", "A", 200);
        for text in ["[]", "1", "{"] {
            let request = request(Method::POST, "/a", "", text);
            assert_eq!(
                route.input(&request, Map::new()).unwrap_err().code,
                "SerializationException",
                "{text}"
            );
        }
    }
}
