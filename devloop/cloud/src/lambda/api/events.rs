//! Settings of asynchronous invocations, and whether a function may invoke itself in a loop.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    error::ApiError,
    lambda::{asynchronous::EventSettings, function::Function, not_found, service::Lambda},
};

impl Lambda {
    /// The existing function and qualifier that the settings are for.
    fn settings_place(&self, call: &Call<'_>, name: &str) -> Result<(Arc<Function>, String), ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        let qualifier = call.qualifier.clone().or(reference.qualifier);
        function.version(qualifier.as_deref())?;
        Ok((function, qualifier.unwrap_or_else(|| "$LATEST".to_owned())))
    }

    pub(super) fn put_event_settings(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, qualifier) = self.settings_place(call, name)?;
        let settings = EventSettings::put(call.input(), &function.arn, self.clock.now_ms())?;
        Ok(keep(&function, qualifier, settings))
    }

    pub(super) fn update_event_settings(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, qualifier) = self.settings_place(call, name)?;
        let before = function.state.read().event_settings.get(&qualifier).cloned();
        let before = before.ok_or_else(|| missing(&function, &qualifier))?;
        let settings = before.update(call.input(), &function.arn, self.clock.now_ms())?;
        Ok(keep(&function, qualifier, settings))
    }

    pub(super) fn get_event_settings(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, qualifier) = self.settings_place(call, name)?;
        let state = function.state.read();
        let settings = state.event_settings.get(&qualifier).ok_or_else(|| missing(&function, &qualifier))?;
        Ok(settings.show(&format!("{}:{qualifier}", function.arn)))
    }

    pub(super) fn delete_event_settings(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, qualifier) = self.settings_place(call, name)?;
        let removed = function.state.write().event_settings.remove(&qualifier);
        removed.map(|_| Value::Null).ok_or_else(|| missing(&function, &qualifier))
    }

    pub(super) fn list_event_settings(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let state = function.state.read();
        let shown = state
            .event_settings
            .iter()
            .map(|(qualifier, settings)| settings.show(&format!("{}:{qualifier}", function.arn)))
            .collect();
        let (page, marker) = call.page(shown);
        Ok(json!({ "FunctionEventInvokeConfigs": page, "NextMarker": marker }))
    }

    pub(super) fn put_recursion(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let wanted = required(call.input(), "RecursiveLoop")?;
        if !matches!(wanted, "Allow" | "Terminate") {
            let must = "satisfy enum value set: [Terminate, Allow]";
            return Err(ApiError::constraint(wanted, "recursiveLoop", must));
        }
        function.state.write().may_recurse = wanted == "Allow";
        Ok(json!({ "RecursiveLoop": wanted }))
    }

    pub(super) fn get_recursion(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let may_recurse = function.state.read().may_recurse;
        Ok(json!({ "RecursiveLoop": if may_recurse { "Allow" } else { "Terminate" } }))
    }
}

fn keep(function: &Function, qualifier: String, settings: EventSettings) -> Value {
    let shown = settings.show(&format!("{}:{qualifier}", function.arn));
    function.state.write().event_settings.insert(qualifier, settings);
    shown
}

fn missing(function: &Function, qualifier: &str) -> ApiError {
    not_found(format!("The function {}:{qualifier} doesn't have an EventInvokeConfig", function.arn))
}
