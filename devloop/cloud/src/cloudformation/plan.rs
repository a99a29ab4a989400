//! The plan of an operation: what a template says about its resources and their order before anything is changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::types::Types;
use crate::{
    resource::ResourceType,
    template::{
        Budget, Lookup, Problem, Pseudo, Reference, Resource, Scope, Template, TemplateError, check_rules,
        conditions, order, references,
    },
};

/// A template that passed all checks, with its parameters and conditions evaluated.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) pseudo: Pseudo,
    pub(super) conditions: BTreeMap<String, bool>,
    /// The resources that conditions include, each after those that it needs.
    pub(super) order: Vec<String>,
    /// The resources that each resource needs.
    pub(super) needs: BTreeMap<String, BTreeSet<String>>,
    budget: Budget,
}

impl Plan {
    /// Checks `template` as a whole.
    pub(super) fn of(
        template: &Template,
        types: &Types,
        parameters: BTreeMap<String, Value>,
        pseudo: Pseudo,
    ) -> Result<Self, TemplateError> {
        check_rules(template, &parameters, &pseudo)?;
        let conditions = conditions(template, &parameters, &pseudo)?;
        let mut plan = Self {
            parameters,
            pseudo,
            conditions,
            order: Vec::new(),
            needs: BTreeMap::new(),
            budget: Budget::default(),
        };
        let mut active = Vec::new();
        let mut lacking = Vec::new();
        for (logical, resource) in &template.resources {
            let place = || format!("resource `{logical}`");
            if plan.holds(resource.condition.as_ref()).map_err(TemplateError::at(place()))? {
                lacking.extend(check_type(types, logical, resource).err());
                active.push(logical.as_str());
            }
        }
        match lacking.len() {
            0 => {}
            1 => return Err(lacking.remove(0)),
            _ => return Err(TemplateError::Several(lacking)),
        }
        let mut needs = BTreeMap::new();
        for &logical in &active {
            let resource = &template.resources[logical];
            let mut found = BTreeSet::new();
            for value in resource.properties.values() {
                let targets = plan.targets(template, types, &active, value);
                found.extend(targets.map_err(TemplateError::at(format!("resource `{logical}`")))?);
            }
            for name in &resource.depends_on {
                if active.contains(&name.as_str()) {
                    found.insert(name.clone());
                } else if !template.resources.contains_key(name) {
                    return Err(TemplateError::MissingDependency {
                        logical: logical.to_owned(),
                        missing: name.clone(),
                    });
                }
            }
            needs.insert(logical, found);
        }
        plan.order = order(&active, &needs)?;
        plan.needs = needs.into_iter().map(|(name, needs)| (name.to_owned(), needs)).collect();
        for (name, output) in &template.outputs {
            let at = |problem| TemplateError::at(format!("output `{name}`"))(problem);
            if plan.holds(output.condition.as_ref()).map_err(at)? {
                let export = output.export.as_ref().map(|export| &export.name);
                for value in std::iter::once(&output.value).chain(export) {
                    plan.targets(template, types, &active, value).map_err(at)?;
                }
            }
        }
        Ok(plan)
    }

    /// What the template's values are evaluated with; `lookup` finds existing resources.
    pub(super) fn scope<'s>(&'s self, template: &'s Template, lookup: &'s dyn Lookup) -> Scope<'s> {
        Scope {
            template,
            parameters: &self.parameters,
            pseudo: &self.pseudo,
            conditions: &self.conditions,
            lookup,
            budget: &self.budget,
        }
    }

    /// Whether a resource's or output's condition includes it.
    pub(super) fn holds(&self, condition: Option<&String>) -> Result<bool, Problem> {
        let Some(name) = condition else { return Ok(true) };
        self.conditions.get(name).copied().ok_or_else(|| Problem::UnknownCondition(name.clone()))
    }

    /// The resources that `value` refers to. Fails when a reference leads nowhere.
    fn targets(
        &self,
        template: &Template,
        types: &Types,
        active: &[&str],
        value: &Value,
    ) -> Result<BTreeSet<String>, Problem> {
        let mut found = Vec::new();
        references(value, Some(&self.conditions), &mut found)?;
        let mut targets = BTreeSet::new();
        for reference in found {
            let target = reference.target();
            let plain = matches!(reference, Reference::Name(_));
            if plain && (self.pseudo.knows(target) || self.parameters.contains_key(target)) {
                continue;
            }
            let Some(resource) = template.resources.get(target) else {
                return Err(Problem::UnknownReference(target.to_owned()));
            };
            if !active.contains(&target) {
                return Err(Problem::LeftOut(target.to_owned()));
            }
            if let Reference::Attribute(resource_name, attribute) = &reference {
                let provider = types.get(&resource.kind);
                let has = |provider: &dyn ResourceType| {
                    provider.is_open() || provider.attributes().contains(&attribute.as_str())
                };
                if !provider.is_some_and(has) {
                    return Err(Problem::UnknownAttribute {
                        resource: resource_name.clone(),
                        attribute: attribute.clone(),
                    });
                }
            }
            targets.insert(target.to_owned());
        }
        Ok(targets)
    }
}

/// Checks that a resource's type and the names of its properties are known.
fn check_type(types: &Types, logical: &str, resource: &Resource) -> Result<(), TemplateError> {
    let (logical, kind) = (logical.to_owned(), resource.kind.clone());
    let Some(provider) = types.get(&kind) else { return Err(TemplateError::UnknownType { logical, kind }) };
    let known = provider.properties();
    let unknown = |name: &&String| !provider.is_open() && !known.iter().any(|(known, _)| known == name);
    let mut properties: Vec<String> = resource.properties.keys().filter(unknown).cloned().collect();
    if resource.is_shifted_by_codedeploy() {
        properties.push("UpdatePolicy.CodeDeployLambdaAliasUpdate".to_owned());
    }
    if properties.is_empty() {
        return Ok(());
    }
    Err(TemplateError::UnknownProperties { logical, kind, properties })
}
