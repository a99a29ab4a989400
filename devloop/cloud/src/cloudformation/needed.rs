//! Finds what a template asks for that the cloud lacks, and whether anything that runs needs it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::types::Types;
use crate::template::{Problem, Resource, Template, references};

/// A resource that is not created, or whose update policy is not followed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its logical id in the template.
    pub logical: String,
    /// Its resource type.
    pub kind: String,
    /// What is missing, as a clause such as "the type is not supported".
    pub why: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({}: {})", self.logical, self.kind, self.why)
    }
}

/// The resources of a template that cannot be created.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// Those that no function and no event source mapping needs.
    pub(super) left_out: Vec<LeftOut>,
    /// Those that a function or an event source mapping needs.
    pub(super) needed: Vec<LeftOut>,
    /// What is made, but updated at once instead of step by step.
    pub(super) at_once: Vec<LeftOut>,
}

/// Types that the cloud keeps and shows without effect: the resources that they name need not exist.
const WITHOUT_EFFECT: [&str; 3] = ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::Role"];

/// Types that run, and so need the resources that they refer to.
const RUNNING: [&str; 2] = ["AWS::Lambda::EventSourceMapping", FUNCTION];

const FUNCTION: &str = "AWS::Lambda::Function";

/// Finds what is missing among the resources that `conditions` include. `failed` are custom resources that were tried, by logical id
/// with the reason.
pub(super) fn missing(
    template: &Template,
    types: &Types,
    conditions: &BTreeMap<String, bool>,
    failed: &BTreeMap<String, String>,
) -> Result<Missing, Problem> {
    let active: BTreeMap<&str, &Resource> = template
        .resources()
        .filter(|(_, resource)| {
            resource.condition.as_ref().is_none_or(|name| conditions.get(name).copied().unwrap_or(true))
        })
        .collect();
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (logical, resource) in &active {
        let targets = if WITHOUT_EFFECT.contains(&resource.kind()) {
            BTreeSet::new()
        } else {
            targets(resource, conditions, &active)?
        };
        needs.insert(logical, targets);
    }
    let mut absent: BTreeMap<&str, String> = BTreeMap::new();
    for (logical, resource) in &active {
        let why = failed.get(*logical).map(|cause| format!("it could not be created: {cause}"));
        let why = why
            .or_else(|| lacks(types, resource))
            .or_else(|| waits(template, types, &active, &needs, resource));
        absent.extend(why.map(|why| (*logical, why)));
    }
    let direct: BTreeSet<&str> = absent.keys().copied().collect();
    loop {
        let found = needs.iter().find_map(|(logical, targets)| {
            let target = targets.iter().find(|target| absent.contains_key(*target))?;
            (!absent.contains_key(logical)).then(|| (*logical, format!("it needs {target}")))
        });
        match found {
            Some((logical, why)) => absent.insert(logical, why),
            None => break,
        };
    }
    // A function that cannot work here runs nothing, and neither does a mapping to it.
    let idle = |logical: &str| {
        direct.contains(logical)
            && active.get(logical).is_some_and(|resource| cannot_work(types, resource).is_some())
    };
    let runs = |logical: &&str| {
        active.get(*logical).is_some_and(|resource| {
            RUNNING.contains(&resource.kind())
                && !idle(logical)
                && !resource
                    .properties()
                    .get("FunctionName")
                    .is_some_and(|function| template.mentioned(function).into_iter().any(idle))
        })
    };
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = active.keys().copied().filter(runs).collect();
    while let Some(logical) = open.pop() {
        if needed.insert(logical) {
            open.extend(needs.get(logical).into_iter().flatten());
        }
    }
    let mut missing = Missing::default();
    for (logical, resource) in &active {
        if resource.is_shifted_by_codedeploy() && !absent.contains_key(logical) {
            let why = "its UpdatePolicy needs CodeDeploy; its traffic moves at once".to_owned();
            let (logical, kind) = ((*logical).to_owned(), resource.kind().to_owned());
            missing.at_once.push(LeftOut { logical, kind, why });
        }
    }
    for (logical, why) in absent {
        let kind = active[logical].kind().to_owned();
        let one = LeftOut { logical: logical.to_owned(), kind, why };
        match (needed.contains(logical), direct.contains(logical)) {
            (true, true) => missing.needed.push(one),
            // The missing resource that it needs is reported itself.
            (true, false) => {}
            (false, _) => missing.left_out.push(one),
        }
    }
    Ok(missing)
}

/// What the cloud lacks for a resource.
fn lacks(types: &Types, resource: &Resource) -> Option<String> {
    if let Some(why) = cannot_work(types, resource) {
        return Some(why);
    }
    let Some(provider) = types.get(resource.kind()) else {
        return Some("the type is not supported".to_owned());
    };
    if provider.is_open() {
        return None;
    }
    let known = provider.properties();
    let unknown: Vec<&str> = resource
        .properties()
        .keys()
        .map(String::as_str)
        .filter(|name| !known.iter().any(|(known, _)| known == name))
        .collect();
    (!unknown.is_empty()).then(|| format!("not supported: {}", unknown.join(", ")))
}

/// Why a custom resource cannot be made yet: the tool applies a template before it builds the functions. A function whose own
/// code needs no build cannot work either if it names another function whose code is missing.
fn waits(
    template: &Template,
    types: &Types,
    active: &BTreeMap<&str, &Resource>,
    needs: &BTreeMap<&str, BTreeSet<&str>>,
    resource: &Resource,
) -> Option<String> {
    if !types.get(resource.kind())?.is_open() {
        return None;
    }
    let makers = resource.properties().get("ServiceToken").map(|token| template.mentioned(token));
    let mut open: Vec<&str> = makers.into_iter().flatten().collect();
    let (mut seen, mut functions) = (BTreeSet::new(), 0);
    while let Some(logical) = open.pop() {
        if !seen.insert(logical) {
            continue;
        }
        open.extend(needs.get(logical).into_iter().flatten());
        let Some(maker) = active.get(logical).filter(|maker| maker.kind() == FUNCTION) else { continue };
        if !types.get(FUNCTION).is_some_and(|function| function.runs_at_once(maker.properties())) {
            return Some(format!("the function {logical} is not built yet when the template is applied"));
        }
        functions += 1;
    }
    (functions == 0).then(|| "the template does not have the function that would make it".to_owned())
}

/// Why a type that the cloud has cannot make this resource work.
fn cannot_work(types: &Types, resource: &Resource) -> Option<String> {
    types.get(resource.kind())?.lacks(resource.properties())
}

fn targets<'t>(
    resource: &Resource,
    conditions: &BTreeMap<String, bool>,
    active: &BTreeMap<&'t str, &Resource>,
) -> Result<BTreeSet<&'t str>, Problem> {
    let mut found = Vec::new();
    for value in resource.properties().values() {
        references(value, Some(conditions), &mut found)?;
    }
    Ok(found
        .iter()
        .filter_map(|reference| active.get_key_value(reference.target()).map(|(name, _)| *name))
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Cloud, Options, service::Catalogue as _};

    fn check(resources: Value, left_out: &[(&str, &str)], needed: &[(&str, &str)]) {
        let template = Template::parse(&json!({ "Resources": resources }).to_string()).unwrap();
        let types = Types::new(Cloud::new(Options::default()).0.registry.resource_types());
        let missing = missing(&template, &types, &BTreeMap::new(), &BTreeMap::new()).unwrap();
        let pairs = |list: &[LeftOut]| -> Vec<(String, String)> {
            list.iter().map(|one| (one.logical.clone(), one.why.clone())).collect()
        };
        let expected = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(logical, why)| ((*logical).to_owned(), (*why).to_owned())).collect()
        };
        assert_eq!(pairs(&missing.left_out), expected(left_out), "{resources}");
        assert_eq!(pairs(&missing.needed), expected(needed), "{resources}");
    }

    fn function(uses: &[&str]) -> Value {
        let uses: Vec<Value> = uses.iter().map(|id| json!({ "Ref": id })).collect();
        json!({ "Type": "AWS::Lambda::Function", "Properties": { "Environment": { "Variables": { "A": uses } } } })
    }

    #[test]
    fn what_nothing_that_runs_needs_is_left_out() {
        let pool = json!({ "Type": "AWS::Cognito::UserPool" });
        let unsupported = "the type is not supported";
        check(json!({ "F": function(&[]), "Pool": pool }), &[("Pool", unsupported)], &[]);
        check(json!({ "F": function(&["Pool"]), "Pool": pool }), &[], &[("Pool", unsupported)]);
        check(
            json!({
                "F": function(&["Queue"]), "Pool": pool,
                "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::GetAtt": ["Pool", "Arn"] } } },
            }),
            &[],
            &[("Pool", unsupported)],
        );
        check(
            json!({
                "F": function(&[]), "Pool": pool,
                "P": { "Type": "AWS::SSM::Parameter", "Properties": { "Value": { "Fn::Sub": "${Pool.Arn}" } } },
            }),
            &[("P", "it needs Pool"), ("Pool", unsupported)],
            &[],
        );
    }

    #[test]
    fn policies_may_refer_to_unsupported_resources() {
        let role = json!({ "Type": "AWS::IAM::Role", "Properties": { "Policies": [{ "Ref": "Pool" }] } });
        check(
            json!({ "F": function(&["Role"]), "Role": role, "Pool": { "Type": "AWS::Cognito::UserPool" } }),
            &[("Pool", "the type is not supported")],
            &[],
        );
    }

    #[test]
    fn a_function_that_cannot_run_here_is_left_out_with_what_waits_for_it() {
        let mut helper = function(&[]);
        helper["Properties"]["Runtime"] = "ruby3.4".into();
        let mapping = |function: &str| {
            json!({
                "Type": "AWS::Lambda::EventSourceMapping", "Properties": { "FunctionName": { "Ref": function } },
            })
        };
        check(
            json!({ "F": function(&[]), "Helper": helper, "M": mapping("Helper"), "N": mapping("F") }),
            &[("Helper", "the runtime ruby3.4 is not supported"), ("M", "it needs Helper")],
            &[],
        );
    }

    #[test]
    fn a_custom_resource_is_made_when_its_function_and_all_that_it_names_need_no_build() {
        let script = |uses: &[&str]| {
            let mut script = function(uses);
            script["Properties"]["Runtime"] = "python3.12".into();
            script
        };
        let made = |by: &str| json!({ "Type": "Custom::Thing", "Properties": { "ServiceToken": { "Fn::GetAtt": [by, "Arn"] } } });
        let waits = "the function F is not built yet when the template is applied";
        check(json!({ "S": script(&[]), "Thing": made("S") }), &[], &[]);
        check(json!({ "F": function(&[]), "Thing": made("F") }), &[("Thing", waits)], &[]);
        check(
            json!({ "F": function(&[]), "S": script(&["F"]), "Thing": made("S") }),
            &[("Thing", waits)],
            &[],
        );
        check(json!({ "F": function(&["Thing"]), "S": script(&[]), "Thing": made("S") }), &[], &[]);
        let elsewhere =
            json!({ "Type": "Custom::Thing", "Properties": { "ServiceToken": "arn:aws:lambda:x" } });
        let unknown = "the template does not have the function that would make it";
        check(json!({ "F": function(&[]), "Thing": elsewhere }), &[("Thing", unknown)], &[]);
        check(json!({ "F": function(&["Thing"]), "Thing": elsewhere }), &[], &[("Thing", unknown)]);
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let mut odd = function(&["A", "B"]);
        odd["Properties"]["Odd"] = 1.into();
        let other = |kind: &str| json!({ "Type": kind });
        check(
            json!({ "F": odd, "A": other("X::Y::A"), "B": other("X::Y::B") }),
            &[],
            &[
                ("A", "the type is not supported"),
                ("B", "the type is not supported"),
                ("F", "not supported: Odd"),
            ],
        );
    }
}
