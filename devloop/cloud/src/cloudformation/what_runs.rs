//! Applies templates that ask for more than the cloud supports, without the parts that nothing needs.

use std::collections::BTreeMap;

use super::{
    applied::Applied,
    needed::{LeftOut, Missing, missing},
    service::CloudFormation,
    stores::Stores,
};
use crate::{
    context::Context,
    resource::ResourceType,
    template::{DynamicValues, Pseudo, Template, TemplateError, conditions, values},
};

impl CloudFormation {
    /// Does what [`CloudFormation::apply`] does for a template that asks for more than the cloud supports: what no function
    /// and no event source mapping needs is left out and reported, and so is a custom resource whose function fails. The error names everything unsupported that one of them
    /// needs.
    pub(crate) async fn apply_what_runs(
        &self,
        cx: Context,
        name: &str,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Applied, TemplateError> {
        let mut failed = BTreeMap::new();
        loop {
            let missing = self.missing(&cx, name, template, parameters, &failed).await?;
            let Missing { mut left_out, at_once, .. } = missing;
            let applying = if left_out.is_empty() && at_once.is_empty() {
                self.apply_and_tell(cx.clone(), name, template, parameters).await
            } else {
                let names = left_out.iter().map(|one| one.logical.as_str()).collect();
                let reduced = template.clone().without(&names).updated_at_once();
                self.apply_and_tell(cx.clone(), name, &reduced, parameters).await
            };
            match applying {
                Ok(applied) => {
                    left_out.extend(at_once);
                    return Ok(Applied { left_out, ..applied });
                }
                // The next round leaves it out, unless something that runs needs it.
                Err(error) => failed.extend([self.custom_resource_not_created(error)?]),
            }
        }
    }

    /// The custom resource that could not be created, and why. Gives every other error back.
    fn custom_resource_not_created(&self, error: TemplateError) -> Result<(String, String), TemplateError> {
        let TemplateError::Failed { logical, kind, attempt: "created", cause, left_behind } = &error else {
            return Err(error);
        };
        let calls = self.all().map_err(TemplateError::Stopping)?;
        let is_custom = self.types(&*calls).get(kind).is_some_and(ResourceType::is_open);
        if is_custom && left_behind.is_empty() {
            return Ok((logical.clone(), cause.clone()));
        }
        Err(error)
    }

    /// What [`CloudFormation::apply_what_runs`] would leave out.
    pub(crate) async fn left_out(
        &self,
        cx: &Context,
        name: &str,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Vec<LeftOut>, TemplateError> {
        let Missing { mut left_out, at_once, .. } =
            self.missing(cx, name, template, parameters, &BTreeMap::new()).await?;
        left_out.extend(at_once);
        Ok(left_out)
    }

    /// The resources of the template that are left out, the custom ones in `failed` among them. Fails where something that runs needs
    /// what is missing.
    async fn missing(
        &self,
        cx: &Context,
        name: &str,
        template: &Template,
        given: &BTreeMap<String, String>,
        failed: &BTreeMap<String, String>,
    ) -> Result<Missing, TemplateError> {
        let calls = self.all().map_err(TemplateError::Stopping)?;
        let stores = Stores { calls: &*calls, cx };
        let stored = |parameter: String| {
            let stores = &stores;
            async move { stores.parameter(&parameter, None).await }
        };
        let parameters = values(template, given, stored).await?;
        let conditions = conditions(template, &parameters, &Pseudo::new(cx, name, String::new()))?;
        let missing = missing(template, self.types(&*calls), &conditions, failed);
        let missing = missing.map_err(TemplateError::at("the template"))?;
        if missing.needed.is_empty() {
            return Ok(missing);
        }
        Err(TemplateError::Missing(missing.needed.iter().map(ToString::to_string).collect()))
    }
}
