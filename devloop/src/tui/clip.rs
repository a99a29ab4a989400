//! Copies the marked function, error, figure or line, as text or as JSON, or a call of the API.

use serde_json::{Value, json};

use crate::engine::FunctionState;
use crate::tui::layout::Pane;
use crate::tui::screen::{Request, Screen};

/// Shown after the terminal was asked to copy; terminals do not answer.
const ASKED: &str = "copied, if your terminal allows it";

impl Screen {
    /// Copies what is marked, as text.
    pub(super) fn copy(&mut self) -> Option<Request> {
        let view = self.view_of(self.focus);
        let text = match self.focus {
            Pane::Functions => self.selected_name().map(|name| self.function_text(name)),
            Pane::Errors => self.errors.document.meant(view).map(|number| self.errors.text_at(number)),
            Pane::Status => Some(self.status.text()).filter(|text| !text.is_empty()),
            Pane::Logs => self.logs.meant(view).map(|number| self.logs.text_of(number).1),
        };
        self.copied(text)
    }

    /// Copies what is marked, as JSON.
    pub(super) fn copy_json(&mut self) -> Option<Request> {
        let view = self.view_of(self.focus);
        let value = match self.focus {
            Pane::Functions => self.selected_name().map(|name| self.function_json(name)),
            Pane::Errors => self.errors.document.meant(view).map(|number| self.errors.json_at(number)),
            Pane::Status => self.report().and_then(|report| serde_json::to_value(report).ok()),
            Pane::Logs => self.logs.meant(view).map(|number| {
                let (function, line) = self.logs.text_of(number);
                json!({ "function": function, "line": line })
            }),
        };
        self.copied(value.map(|value| value.to_string()))
    }

    /// Copies a call of the API.
    pub(super) fn copy_call(&mut self) -> Option<Request> {
        let call = self.call();
        if call.is_none() {
            self.remark = Some("there is no API to call".to_owned());
            return None;
        }
        self.copied(call)
    }

    fn copied(&mut self, text: Option<String>) -> Option<Request> {
        let said = if text.is_some() { ASKED } else { "there is nothing to copy here" };
        self.remark = Some(said.to_owned());
        text.map(Request::Copy)
    }

    fn function_text(&self, name: &str) -> String {
        let state = self.functions.get(name);
        let digest = state.and_then(|state| state.serving().digest());
        let serving = digest.map_or_else(|| "nothing serves yet".to_owned(), |digest| digest.to_string());
        format!("{name} {} {serving}", state.map(word).unwrap_or_default())
    }

    fn function_json(&self, name: &str) -> Value {
        let state = self.functions.get(name);
        let saves = self.saves.get(name);
        json!({
            "function": name,
            "state": state.map(word),
            "serving": state.and_then(|state| state.serving().digest()),
            "save_to_live_ms": saves.map(|saves| json!({
                "last": saves.last(), "p50": saves.p50(), "p95": saves.p95(),
            })),
        })
    }
}

/// The state in one word or two.
pub(super) fn word(state: &FunctionState) -> &'static str {
    match state {
        FunctionState::Unbuilt => "not built",
        FunctionState::Building { .. } => "building",
        FunctionState::Swapping { .. } => "swapping",
        FunctionState::Starting { .. } => "starting",
        FunctionState::Live { .. } => "live",
        FunctionState::RollingBack { .. } => "rolling back",
        FunctionState::RolledBack { .. } => "rolled back",
        FunctionState::Failed { .. } => "failed",
    }
}
