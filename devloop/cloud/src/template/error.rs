//! Why a template cannot be applied. Everything that can be known beforehand is found before anything is created.

use super::read::Position;

/// A template that cannot be applied, or whose application failed and was rolled back.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// The text is no template.
    #[error("the template is not valid: {}{why}", .at.map(|at| format!("{at}: ")).unwrap_or_default())]
    Syntax {
        /// Where in the text.
        at: Option<Position>,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// A transform that is not there, or cannot be done with this template.
    #[error("{}the transform {transform}: {why}", .logical.as_ref().map(|it| format!("resource `{it}`: ")).unwrap_or_default())]
    Transform {
        /// Its name, such as `AWS::Serverless-2016-10-31`.
        transform: String,
        /// The resource at fault.
        logical: Option<String>,
        /// What is wrong.
        why: String,
    },
    /// An assertion of `Rules` does not hold.
    #[error("rule `{rule}`: {why}")]
    Rule {
        /// The rule's name.
        rule: String,
        /// The assertion's own description.
        why: String,
    },
    /// The name is none that a stack can have.
    #[error("`{0}` is no stack name: it must begin with a letter and go on with letters, digits and hyphens")]
    StackName(String),
    /// The cloud is being taken down.
    #[error(transparent)]
    Stopping(crate::error::ApiError),
    /// A value cannot be computed.
    #[error("{place}: {problem}")]
    Value {
        /// Where it stands, such as ``resource `Table` ``.
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
    /// A resource of a type that the cloud does not have.
    #[error("resource `{logical}`: the embedded cloud does not support the type `{kind}`")]
    UnknownType {
        /// The resource's logical id.
        logical: String,
        /// Its type.
        kind: String,
    },
    /// Properties that the cloud does not know of this type.
    #[error("resource `{logical}`: the embedded cloud does not support these properties of {kind}: {}", .properties.join(", "))]
    UnknownProperties {
        /// The resource's logical id.
        logical: String,
        /// Its type.
        kind: String,
        /// The properties' names.
        properties: Vec<String>,
    },
    /// Several resources that the cloud cannot make.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(
        /// What is wrong with each.
        Vec<TemplateError>,
    ),
    /// What functions and mappings need, and the cloud lacks.
    #[error("the embedded cloud lacks what functions need: {}", .0.join("; "))]
    Missing(
        /// Each resource with its type and what is missing.
        Vec<String>,
    ),
    /// A resource waits for something that the template does not have, or that its condition leaves out.
    #[error("resource `{logical}`: DependsOn names `{missing}`, which the template does not have")]
    MissingDependency {
        /// The resource's logical id.
        logical: String,
        /// What it waits for.
        missing: String,
    },
    /// Resources wait for each other.
    #[error("the resources depend on each other in a circle: {}", .0.join(" -> "))]
    Cycle(
        /// The circle, with its first member once more at the end.
        Vec<String>,
    ),
    /// The resource exists, and is of another type.
    #[error("resource `{logical}`: its type cannot change; give the new resource another logical id")]
    OtherType {
        /// The resource's logical id.
        logical: String,
    },
    /// A service refused; what had been done was undone.
    #[error("resource `{logical}`: {kind} could not be {attempt}: {cause}{}", remains(.left_behind))]
    Failed {
        /// The resource's logical id.
        logical: String,
        /// Its type.
        kind: String,
        /// `created`, `updated` or `deleted`.
        attempt: &'static str,
        /// The service's own words.
        cause: String,
        /// What could not be undone, each with the reason.
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
    /// Says where a problem stands.
    pub(crate) fn at(place: impl Into<String>) -> impl FnOnce(Problem) -> Self {
        let place = place.into();
        |problem| Self::Value { place, problem }
    }

    /// The value that the error is about, by its path in the template, and a word to look for in it.
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
    /// An intrinsic function that does not exist, or that the cloud does not have.
    #[error("the embedded cloud does not support the intrinsic function `{0}`")]
    UnknownFunction(String),
    /// A reference to nothing in the template.
    #[error("`{0}` is neither a parameter nor a resource of the template")]
    UnknownReference(String),
    /// A reference to a resource that its condition leaves out.
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
    /// Conditions that name each other in a circle.
    #[error("the condition `{0}` depends on itself")]
    CircularCondition(String),
    /// A mapping without such an entry.
    #[error("the mappings have no entry {0}")]
    UnknownMapping(String),
    /// An export that no stack of this cloud has.
    #[error("no stack exports `{0}`")]
    UnknownImport(String),
    /// An export that another stack has, or still needs.
    #[error("the export `{name}` {why}")]
    Export {
        /// Its name.
        name: String,
        /// What stands against it.
        why: String,
    },
    /// A function whose arguments are not of its form.
    #[error("`{function}` {why}")]
    Malformed {
        /// The function's name.
        function: String,
        /// What it wants.
        why: String,
    },
    /// A property whose value is of the wrong type.
    #[error("the property `{property}` wants {wanted}")]
    WrongType {
        /// The property's name.
        property: String,
        /// What it wants.
        wanted: &'static str,
    },
    /// A `{{resolve:…}}` reference that leads nowhere.
    #[error("the dynamic reference `{reference}` {why}")]
    DynamicReference {
        /// The reference as it is written.
        reference: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Problem {
    /// A function whose arguments are not of its form.
    pub(super) fn malformed(function: &str, why: impl Into<String>) -> Self {
        Self::Malformed { function: function.to_owned(), why: why.into() }
    }

    /// The word by which the expression at fault is found in the text.
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
