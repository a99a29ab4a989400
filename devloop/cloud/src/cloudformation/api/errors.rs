//! Errors in CloudFormation's own words: clients compare some of them letter by letter.

use crate::{
    error::{ApiError, broken_rule, detected},
    template::{Problem, TemplateError},
};

/// `ValidationError`, status 400.
pub(super) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

/// The error for a name or id without a stack, as `DescribeStacks` and most other operations word it.
pub(super) fn no_stack(name: &str) -> ApiError {
    validation(format!("Stack with id {name} does not exist"))
}

/// The same error in the words of the operations that change stacks.
pub(super) fn no_such_stack(name: &str) -> ApiError {
    validation(format!("Stack [{name}] does not exist"))
}

/// The error for a name or id without a change set.
pub(super) fn no_change_set(name: &str) -> ApiError {
    ApiError::with_status(404, "ChangeSetNotFoundException", format!("ChangeSet [{name}] does not exist"))
}

/// The error for a member that is missing or has a value that is not allowed.
pub(super) fn constraint(member: &str, value: Option<&str>, wanted: &str) -> ApiError {
    let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
    validation(detected(&[broken_rule(value, member, format_args!("Member must {wanted}"))]))
}

/// The error for a template that cannot be applied, in the words of `CreateStack`.
pub(super) fn template(error: &TemplateError) -> ApiError {
    if let TemplateError::Stopping(error) = error {
        return error.clone();
    }
    validation(match error {
        TemplateError::Syntax { at, why } => {
            let at = at.map(|at| format!(" ({at})")).unwrap_or_default();
            match why.as_str() {
                "missing field `Resources`" => {
                    "Template format error: At least one Resources member must be defined.".to_owned()
                }
                _ => format!("Template format error: {why}{at}"),
            }
        }
        TemplateError::StackName(name) => {
            return constraint(
                "stackName",
                Some(name),
                "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
            );
        }
        TemplateError::Cycle(circle) => {
            let mut names = circle.clone();
            names.pop();
            format!("Circular dependency between resources: [{}]", names.join(", "))
        }
        TemplateError::MissingDependency { missing, .. } => unresolved(missing, "Resources"),
        TemplateError::OtherType { logical } => format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following \
             resources: [{logical}]"
        ),
        TemplateError::Value { place, problem } => value(place, problem),
        TemplateError::Parameter { name, why } if why == "has no value and no default" => {
            format!("Parameters: [{name}] must have values")
        }
        TemplateError::Parameter { name, why } if why == "the template does not declare it" => {
            format!("Parameters: [{name}] do not exist in the template")
        }
        TemplateError::Parameter { name, why } => {
            format!("Parameter {name} failed to satisfy constraint: {why}")
        }
        TemplateError::Rule { rule, why } => format!("Template error: rule {rule}: {why}"),
        other => other.to_string(),
    })
}

fn value(place: &str, problem: &Problem) -> String {
    let block = if place.starts_with("output") { "Outputs" } else { "Resources" };
    match problem {
        Problem::UnknownReference(name) | Problem::LeftOut(name) => unresolved(name, block),
        Problem::UnknownCondition(name) => {
            format!(
                "Template format error: Unresolved condition dependency {name} in the {block} block of the template"
            )
        }
        Problem::CircularCondition(name) => {
            format!("Template format error: Circular dependencies for condition {name}")
        }
        Problem::UnknownMapping(path) => {
            format!("Template error: Unable to get mapping for {}", path.replace('.', "::"))
        }
        Problem::UnknownImport(name) => format!("No export named {name} found"),
        Problem::UnknownAttribute { resource, attribute } => format!(
            "Template error: resource {resource} does not support attribute type {attribute} in Fn::GetAtt"
        ),
        Problem::Export { name, why } => format!("Export with name {name} {why}."),
        other => format!("Template error: {place}: {other}"),
    }
}

fn unresolved(name: &str, block: &str) -> String {
    format!(
        "Template format error: Unresolved resource dependencies [{name}] in the {block} block of the template"
    )
}
