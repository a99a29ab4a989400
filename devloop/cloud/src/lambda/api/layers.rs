//! Layers and their versions.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    error::ApiError,
    lambda::{
        code::{Code, fetched},
        layers::{Layer, shown_members, version_of},
        name, not_found,
        service::Lambda,
    },
};

/// The number of a version, from a path or from a member.
fn number(call: &Call<'_>) -> Result<u64, ApiError> {
    let text = call.text("VersionNumber").ok_or_else(|| ApiError::missing_member("versionNumber"))?;
    text.parse().map_err(|_| ApiError::constraint(&text, "versionNumber", "be a whole number"))
}

/// Whether a layer fits the `CompatibleRuntime` and the `CompatibleArchitecture` of a call.
fn fitting(call: &Call<'_>) -> impl Fn(&Layer) -> bool {
    let (runtime, architecture) = (call.text("CompatibleRuntime"), call.text("CompatibleArchitecture"));
    move |layer| layer.fits(runtime.as_deref(), architecture.as_deref())
}

fn missing() -> ApiError {
    not_found("The resource you requested does not exist.".to_owned())
}

impl Lambda {
    pub(super) async fn publish_layer(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let input = call.input();
        let reference = name::parse(required(input, "LayerName")?)?;
        let content = input.get("Content").unwrap_or(&Value::Null);
        let fetched = fetched(&self.courier, call.cx, content).await?;
        let code = Code::unpacked(fetched.as_ref().unwrap_or(content), &self.code).await?;
        let layers = self.layers.of(&call.cx.region);
        let mut layers = layers.0.write();
        let versions = layers.entry(reference.name.clone()).or_default();
        versions.latest += 1;
        let version = versions.latest;
        let layer = Arc::new(Layer {
            arn: call.cx.arn("lambda", &format!("layer:{}:{version}", reference.name)),
            version,
            created_ms: self.clock.now_ms(),
            code,
            shown: shown_members(input),
        });
        versions.all.insert(version, Arc::clone(&layer));
        Ok(layer.describe())
    }

    pub(super) fn get_layer(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let name = required(call.input(), "LayerName")?;
        let found = self.layers.of(&call.cx.region).find(name, number(call)?);
        found.map(|layer| layer.describe()).ok_or_else(missing)
    }

    pub(super) fn get_layer_by_arn(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let arn = required(call.input(), "Arn")?;
        let layers = self.layers.of(&call.cx.region);
        let found = version_of(arn).and_then(|(name, version)| layers.find(name, version));
        found.filter(|layer| layer.arn == arn).map(|layer| layer.describe()).ok_or_else(missing)
    }

    /// A deleted version is not found any more, but functions that use it keep it, as on Lambda.
    pub(super) fn delete_layer(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let (name, version) = (required(call.input(), "LayerName")?, number(call)?);
        let layers = self.layers.of(&call.cx.region);
        if let Some(versions) = layers.0.write().get_mut(name) {
            versions.all.remove(&version);
        }
        Ok(Value::Null)
    }

    /// The latest version of every layer that fits the wanted runtime and architecture. A request for one version by its ARN has the same path.
    pub(super) fn list_layers(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        if call.text("find").is_some() {
            return self.get_layer_by_arn(call);
        }
        let layers = self.layers.of(&call.cx.region);
        let layers = layers.0.read();
        let fits = fitting(call);
        let shown = layers.iter().filter_map(|(name, versions)| {
            let latest = versions.all.values().rev().find(|layer| fits(layer))?;
            let arn = call.cx.arn("lambda", &format!("layer:{name}"));
            Some(json!({ "LayerName": name, "LayerArn": arn, "LatestMatchingVersion": latest.show() }))
        });
        let (page, marker) = call.page(shown.collect());
        Ok(json!({ "Layers": page, "NextMarker": marker }))
    }

    pub(super) fn list_layer_versions(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let name = required(call.input(), "LayerName")?;
        let layers = self.layers.of(&call.cx.region);
        let layers = layers.0.read();
        let versions = layers.get(name).map(|versions| versions.all.values().rev());
        let fits = fitting(call);
        let shown = versions.into_iter().flatten().filter(|layer| fits(layer)).map(|layer| layer.show());
        let (page, marker) = call.page(shown.collect());
        Ok(json!({ "LayerVersions": page, "NextMarker": marker }))
    }
}
