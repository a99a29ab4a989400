//! `TagResource`, `GetTags`, `UntagResource` for APIs and stages.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::{
    errors::{bad_request, not_found},
    members::Members,
};
use crate::{
    context::Context,
    error::ApiError,
    http::{Reply, Request},
    services::apigateway::{ApiGateway, model::Api},
};

/// What an ARN such as `arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod` names.
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
    pub(super) fn list(&self) -> Reply {
        let tags = self.with(|tags| tags.clone()).unwrap_or_default();
        Reply::json(200, &json!({ "tags": tags }))
    }

    /// `TagResource`.
    pub(super) fn add(&self, body: &[u8]) -> Result<Reply, ApiError> {
        let mut members = Members::read("TagResource", body)?;
        let new = members.map("tags")?;
        members.finish()?;
        self.with(|tags| tags.extend(new));
        Ok(Reply::empty(204))
    }

    /// `UntagResource`.
    pub(super) fn remove(&self, request: &Request) -> Reply {
        let keys: Vec<String> = request
            .parameters()
            .into_iter()
            .filter(|(name, _)| name == "tagKeys")
            .map(|(_, key)| key)
            .collect();
        self.with(|tags| tags.retain(|key, _| !keys.contains(key)));
        Reply::empty(204)
    }
}
