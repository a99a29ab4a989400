//! Why a template cannot be applied. Mistakes in the template are found before anything is created.

use super::read::Position;

/// A template that cannot be applied, or whose application failed and was rolled back.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// The text is not a template.
    #[error("the template is not valid: {}{why}", .at.map(|at| format!("{at}: ")).unwrap_or_default())]
    Syntax {
        /// The position in the text.
        at: Option<Position>,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// A transform that is not supported, or that fails for this template.
    #[error("{}the transform {transform}: {why}", .logical.as_ref().map(|it| format!("resource `{it}`: ")).unwrap_or_default())]
    Transform {
        /// The transform's name, such as `AWS::Serverless-2016-10-31`.
        transform: String,
        /// The logical id of the resource at fault.
        logical: Option<String>,
        /// What is wrong.
        why: String,
    },
    /// An assertion in `Rules` is not true.
    #[error("rule `{rule}`: {why}")]
    Rule {
        /// The rule's name.
        rule: String,
        /// The assertion's own description.
        why: String,
    },
    /// The stack's name is invalid.
    #[error("`{0}` is no stack name: it must begin with a letter and go on with letters, digits and hyphens")]
    StackName(String),
    /// The cloud is stopping.
    #[error(transparent)]
    Stopping(crate::error::ApiError),
    /// A value cannot be computed.
    #[error("{place}: {problem}")]
    Value {
        /// The place of the value, such as ``resource `Table` ``.
        place: String,
        /// What is wrong.
        problem: Problem,
    },
    /// A parameter has no value, or one that its declaration does not allow.
    #[error("parameter `{name}`: {why}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A resource has a type that is not supported.
    #[error("resource `{logical}`: the embedded cloud does not support the type `{kind}`")]
    UnknownType {
        /// The resource's logical id.
        logical: String,
        /// Its type.
        kind: String,
    },
    /// A resource has properties that are not supported for its type.
    #[error("resource `{logical}`: the embedded cloud does not support these properties of {kind}: {}", .properties.join(", "))]
    UnknownProperties {
        /// The resource's logical id.
        logical: String,
        /// Its type.
        kind: String,
        /// The names of the properties.
        properties: Vec<String>,
    },
    /// Several resources have mistakes.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(
        /// The mistake in each resource.
        Vec<TemplateError>,
    ),
    /// Functions and event source mappings need resources that are not supported.
    #[error("the embedded cloud lacks what functions need: {}", .0.join("; "))]
    Missing(
        /// Each resource, with its type and what is missing.
        Vec<String>,
    ),
    /// `DependsOn` names a resource that the template does not have, or that its condition excludes.
    #[error("resource `{logical}`: DependsOn names `{missing}`, which the template does not have")]
    MissingDependency {
        /// The resource's logical id.
        logical: String,
        /// The name in `DependsOn`.
        missing: String,
    },
    /// Resources depend on each other in a circle.
    #[error("the resources depend on each other in a circle: {}", .0.join(" -> "))]
    Cycle(
        /// The circle; its first member is repeated at the end.
        Vec<String>,
    ),
    /// The resource exists with another type.
    #[error("resource `{logical}`: its type cannot change; give the new resource another logical id")]
    OtherType {
        /// The resource's logical id.
        logical: String,
    },
    /// A service refused an operation; the changes of this run were undone.
    #[error("resource `{logical}`: {kind} could not be {attempt}: {cause}{}", remains(.left_behind))]
    Failed {
        /// The resource's logical id.
        logical: String,
        /// Its type.
        kind: String,
        /// `created`, `updated` or `deleted`.
        attempt: &'static str,
        /// The service's error.
        cause: String,
        /// The resources that could not be undone, each with the reason.
        left_behind: Vec<String>,
    },
}

fn remains(left_behind: &[String]) -> String {
    if left_behind.is_empty() {
        String::new()
    } else {
        format!("; could not be undone: {}", left_behind.join(", "))
    }
}

impl TemplateError {
    /// Adds the place of a problem.
    pub(crate) fn at(place: impl Into<String>) -> impl FnOnce(Problem) -> Self {
        let place = place.into();
        |problem| Self::Value { place, problem }
    }

    /// The path of the value that the error is about, and a word to search for in it.
    pub(super) fn place(&self) -> Option<(Vec<&str>, Option<&str>)> {
        let resource = |logical| vec!["Resources", logical];
        Some(match self {
            Self::Missing(_)
            | Self::Syntax { .. }
            | Self::StackName(_)
            | Self::Stopping(_)
            | Self::Failed { .. } => {
                return None;
            }
            Self::Transform { logical: None, .. } => (vec!["Transform"], None),
            Self::Transform { logical: Some(logical), .. } => (resource(logical.as_str()), None),
            Self::Rule { rule, .. } => (vec!["Rules", rule], None),
            Self::Value { place, problem } => {
                let (kind, name) = place.split_once(" `")?;
                let section = match kind {
                    "resource" => "Resources",
                    "output" => "Outputs",
                    "condition" => "Conditions",
                    _ => return None,
                };
                (vec![section, name.trim_end_matches('`')], Some(problem.needle()))
            }
            Self::Parameter { name, .. } => (vec!["Parameters", name], None),
            Self::UnknownType { logical, .. } => ([resource(logical), vec!["Type"]].concat(), None),
            Self::UnknownProperties { logical, properties, .. } => {
                let property = properties.first()?.as_str();
                ([resource(logical), vec!["Properties", property]].concat(), None)
            }
            Self::MissingDependency { logical, missing } => {
                ([resource(logical), vec!["DependsOn"]].concat(), Some(missing.as_str()))
            }
            Self::Cycle(circle) => (resource(circle.first()?), None),
            Self::OtherType { logical } => (resource(logical), None),
            Self::Several(errors) => return errors.first()?.place(),
        })
    }
}

/// Why a value of a template cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An intrinsic function that does not exist or is not supported.
    #[error("the embedded cloud does not support the intrinsic function `{0}`")]
    UnknownFunction(String),
    /// A reference to a name that the template does not have.
    #[error("`{0}` is neither a parameter nor a resource of the template")]
    UnknownReference(String),
    /// A reference to a resource that its condition excludes.
    #[error("`{0}` is left out by its condition")]
    LeftOut(String),
    /// An attribute that the resource's type does not have.
    #[error("`{resource}` has no attribute `{attribute}`")]
    UnknownAttribute {
        /// The resource's logical id.
        resource: String,
        /// The attribute's name.
        attribute: String,
    },
    /// A condition that the template does not declare.
    #[error("the condition `{0}` is not declared")]
    UnknownCondition(String),
    /// Conditions refer to each other in a circle.
    #[error("the condition `{0}` depends on itself")]
    CircularCondition(String),
    /// A mapping has no such entry.
    #[error("the mappings have no entry {0}")]
    UnknownMapping(String),
    /// No stack of this cloud has this export.
    #[error("no stack exports `{0}`")]
    UnknownImport(String),
    /// Another stack has the same export, or still imports this one.
    #[error("the export `{name}` {why}")]
    Export {
        /// Its name.
        name: String,
        /// Why the export is refused.
        why: String,
    },
    /// The arguments of a function have the wrong form.
    #[error("`{function}` {why}")]
    Malformed {
        /// The function's name.
        function: String,
        /// The expected form.
        why: String,
    },
    /// The value of a property has the wrong type.
    #[error("the property `{property}` must be {wanted}")]
    WrongType {
        /// The property's name.
        property: String,
        /// The expected type.
        wanted: &'static str,
    },
    /// A dynamic reference `{{resolve:…}}` cannot be resolved.
    #[error("the dynamic reference `{reference}` {why}")]
    DynamicReference {
        /// The reference as written in the template.
        reference: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Problem {
    /// The arguments of a function have the wrong form.
    pub(super) fn malformed(function: &str, why: impl Into<String>) -> Self {
        Self::Malformed { function: function.to_owned(), why: why.into() }
    }

    /// The word to search for in the text, to find the expression at fault.
    fn needle(&self) -> &str {
        match self {
            Self::UnknownFunction(name)
            | Self::UnknownReference(name)
            | Self::LeftOut(name)
            | Self::UnknownCondition(name)
            | Self::CircularCondition(name)
            | Self::UnknownImport(name)
            | Self::Export { name, .. } => name,
            Self::UnknownMapping(path) => path.split('.').next().unwrap_or(path),
            Self::UnknownAttribute { resource, .. } => resource,
            Self::Malformed { function, .. } => function,
            Self::WrongType { property, .. } => property,
            Self::DynamicReference { reference, .. } => reference,
        }
    }
}
