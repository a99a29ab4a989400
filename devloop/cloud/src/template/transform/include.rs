//! `AWS::Include`, which includes other files in a template [AWS::Include transform, CloudFormation User Guide].

use serde_json::{Map, Value};

use super::{Given, INCLUDE, failed};
use crate::template::{error::TemplateError, read::Source};

/// The most files that one template may include.
const MOST: usize = 100;

/// Replaces every `Fn::Transform` in the document by its file.
pub(super) fn within(document: &mut Value, given: &Given<'_>) -> Result<(), TemplateError> {
    let mut count = 0;
    put(document, given, &mut count)
}

fn put(value: &mut Value, given: &Given<'_>, count: &mut usize) -> Result<(), TemplateError> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| put(item, given, count)),
        Value::Object(members) => {
            if let Some(call) = members.remove("Fn::Transform") {
                *count += 1;
                if *count > MOST {
                    return Err(failed(INCLUDE, None, format!("more than {MOST} files are included")));
                }
                let name = call.get("Name").and_then(Value::as_str).unwrap_or_default();
                if name != INCLUDE {
                    let why = "only AWS::Include is supported inside of a template";
                    return Err(failed(name, None, why));
                }
                merge(members, file(&call, given)?)?;
            }
            members.values_mut().try_for_each(|member| put(member, given, count))
        }
        _ => Ok(()),
    }
}

/// Adds a file's sections to the document's own.
pub(super) fn at_the_top(
    document: &mut Value,
    transform: &Value,
    given: &Given<'_>,
) -> Result<(), TemplateError> {
    let Some(sections) = document.as_object_mut() else { return Ok(()) };
    merge(sections, file(transform, given)?)
}

fn file(call: &Value, given: &Given<'_>) -> Result<Value, TemplateError> {
    let location = call.pointer("/Parameters/Location").and_then(Value::as_str);
    let location =
        location.ok_or_else(|| failed(INCLUDE, None, "it has no Location that is a plain text"))?;
    let text = (given.file)(location).map_err(|why| failed(INCLUDE, None, format!("`{location}` {why}")))?;
    let (_, value) =
        Source::read(&text).map_err(|error| failed(INCLUDE, None, format!("`{location}`: {error}")))?;
    if text.contains("Fn::Transform") || text.contains("!Transform") {
        return Err(failed(
            INCLUDE,
            None,
            format!("`{location}` includes another file, which CloudFormation refuses"),
        ));
    }
    Ok(value)
}

fn merge(into: &mut Map<String, Value>, file: Value) -> Result<(), TemplateError> {
    let Value::Object(members) = file else {
        return Err(failed(INCLUDE, None, "the file is no map of members"));
    };
    for (name, member) in members {
        match (into.get_mut(&name), member) {
            (Some(Value::Object(known)), Value::Object(added)) => known.extend(added),
            (_, member) => {
                into.insert(name, member);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Result<Value, &str>) {
        let file = |location: &str| match location {
            "./props.yaml" => Ok("Name: !Ref Stage\nSize: 2\n".to_owned()),
            "./top.yaml" => Ok("Resources:\n  B: {Type: U}\n".to_owned()),
            "./again.yaml" => Ok("A: !Transform {Name: AWS::Include}\n".to_owned()),
            _ => Err("is not there".to_owned()),
        };
        let given = Given { file: &file, ..Given::default() };
        let (_, document) = Source::read(text).unwrap();
        let found = super::super::transformed(document, &given).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(|why| format!("the transform AWS::Include: {why}")));
    }

    #[test]
    fn files_replace_the_functions_that_include_them() {
        let call =
            |place: &str| format!("Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: {place}}}}}");
        check(
            &format!("Resources: {{A: {{Type: T, Properties: {{Size: 1, {}}}}}}}", call("./props.yaml")),
            Ok(
                json!({"Resources": {"A": {"Type": "T", "Properties": {"Size": 2, "Name": {"Ref": "Stage"}}}}}),
            ),
        );
        check(
            "Transform: {Name: AWS::Include, Parameters: {Location: ./top.yaml}}\nResources: {A: {Type: T}}",
            Ok(json!({"Resources": {"A": {"Type": "T"}, "B": {"Type": "U"}}})),
        );
        check(&call("./none.yaml"), Err("`./none.yaml` is not there"));
        check(
            &call("./again.yaml"),
            Err("`./again.yaml` includes another file, which CloudFormation refuses"),
        );
        check(&call("!Ref Place"), Err("it has no Location that is a plain text"));
    }
}
