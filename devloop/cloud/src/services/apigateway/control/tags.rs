//! `TagResource`, `GetTags`, `UntagResource` for APIs and stages.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    errors::{bad_request, not_found},
    members::{Input, Members},
};
use crate::{
    context::Context,
    error::ApiError,
    rest::texts,
    services::apigateway::{ApiGateway, model::Api},
};

/// The API or stage that an ARN such as `arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod` names.
pub(super) struct Target {
    api: Arc<Api>,
    stage: Option<String>,
}

impl Target {
    /// Finds the API or stage of an ARN.
    pub(super) fn parse(service: &ApiGateway, cx: &Context, arn: &str) -> Result<Self, ApiError> {
        let invalid = || bad_request(format!("Invalid ARN specified in the request: {arn}"));
        let path = arn.split_once("::/").filter(|(head, _)| head.starts_with("arn:")).ok_or_else(invalid)?.1;
        let steps: Vec<&str> = path.split('/').collect();
        let (id, stage) = match steps.as_slice() {
            ["restapis", id] => (id, None),
            ["restapis", id, "stages", stage] => (id, Some((*stage).to_owned())),
            _ => return Err(invalid()),
        };
        let api = service.api(cx, id)?;
        if stage.as_ref().is_some_and(|stage| !api.state.read().stages.contains_key(stage)) {
            return Err(not_found("Stage"));
        }
        Ok(Self { api, stage })
    }

    fn with<R>(&self, act: impl FnOnce(&mut BTreeMap<String, String>) -> R) -> Option<R> {
        let mut state = self.api.state.write();
        match &self.stage {
            None => Some(act(&mut state.about.tags)),
            Some(stage) => state.stages.get_mut(stage).map(|stage| act(&mut stage.tags)),
        }
    }

    /// `GetTags`.
    pub(super) fn list(&self) -> Value {
        let tags = self.with(|tags| tags.clone()).unwrap_or_default();
        json!({ "tags": tags })
    }

    /// `TagResource`.
    pub(super) fn add(&self, input: Input) -> Result<Value, ApiError> {
        let mut members = Members::read("TagResource", input);
        let new = members.map("tags")?;
        members.finish()?;
        self.with(|tags| tags.extend(new));
        Ok(Value::Null)
    }

    /// `UntagResource`.
    pub(super) fn remove(&self, input: Input) -> Value {
        let keys = texts(&Value::Object(input), "tagKeys");
        self.with(|tags| tags.retain(|key, _| !keys.contains(key)));
        Value::Null
    }
}
