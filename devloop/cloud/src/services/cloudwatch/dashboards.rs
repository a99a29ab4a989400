//! Dashboards as records: what is put is kept and shown, and nothing draws it.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{context::Context, error::ApiError, wire};

/// The most dashboards of one page [ListDashboards].
const PAGE: usize = 1_000;

/// The dashboards of the account, which are in no region, by name.
#[derive(Debug, Default)]
pub(super) struct Dashboards(RwLock<BTreeMap<String, Dashboard>>);

#[derive(Debug)]
struct Dashboard {
    body: String,
    modified_ms: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    dashboard_name: String,
    dashboard_body: String,
    #[serde(deserialize_with = "wire::list")]
    dashboard_names: Vec<String>,
    dashboard_name_prefix: String,
    next_token: Option<String>,
    #[serde(deserialize_with = "wire::list")]
    tags: Vec<Value>,
}

/// A dashboard's ARN, which names no region.
pub(super) fn arn(cx: &Context, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", cx.account)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("DashboardInvalidInputError", message)
}

fn missing(name: &str) -> ApiError {
    ApiError::with_status(404, "DashboardNotFoundError", format!("Dashboard {name} does not exist"))
}

impl Dashboards {
    /// Runs one operation by its name.
    pub(super) fn call(
        &self,
        cx: &Context,
        now_ms: i64,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        let input: Input = wire::read(input)?;
        match operation {
            "PutDashboard" => self.put(now_ms, input),
            "GetDashboard" => self.get(cx, &input.dashboard_name),
            "ListDashboards" => Ok(self.list(cx, &input)),
            _ => self.delete(&input.dashboard_names),
        }
    }

    /// [PutDashboard]
    fn put(&self, now_ms: i64, input: Input) -> Result<Value, ApiError> {
        if !input.tags.is_empty() {
            return Err(ApiError::unsupported("tags of dashboards"));
        }
        let name = input.dashboard_name;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=255).contains(&name.len()) || !name.bytes().all(fits) {
            return Err(invalid(format!(
                "The value {name} for field DashboardName contains invalid characters. It can only contain alphanumerics, \
                 dash (-) and underscore (_)."
            )));
        }
        if !matches!(serde_json::from_str(&input.dashboard_body), Ok(Value::Object(_))) {
            return Err(invalid("The field DashboardBody must be a valid JSON object"));
        }
        self.0.write().insert(name, Dashboard { body: input.dashboard_body, modified_ms: now_ms });
        Ok(json!({ "DashboardValidationMessages": [] }))
    }

    /// [GetDashboard]
    fn get(&self, cx: &Context, name: &str) -> Result<Value, ApiError> {
        let dashboards = self.0.read();
        let dashboard = dashboards.get(name).ok_or_else(|| missing(name))?;
        Ok(json!({ "DashboardArn": arn(cx, name), "DashboardBody": dashboard.body, "DashboardName": name }))
    }

    /// [ListDashboards]
    fn list(&self, cx: &Context, input: &Input) -> Value {
        let dashboards = self.0.read();
        let mut rest = dashboards.iter().filter(|(name, _)| {
            name.starts_with(&input.dashboard_name_prefix)
                && input.next_token.as_ref().is_none_or(|after| *name > after)
        });
        let page: Vec<(&String, &Dashboard)> = rest.by_ref().take(PAGE).collect();
        let entries = page.iter().map(|(name, dashboard)| {
            json!({
                "DashboardArn": arn(cx, name), "DashboardName": name, "Size": dashboard.body.len(),
                "LastModified": wire::time(dashboard.modified_ms),
            })
        });
        let mut output = json!({ "DashboardEntries": entries.collect::<Vec<_>>() });
        if let (Some(_), Some((last, _))) = (rest.next(), page.last()) {
            output["NextToken"] = last.as_str().into();
        }
        output
    }

    /// [DeleteDashboards]. None is deleted unless all are there.
    fn delete(&self, names: &[String]) -> Result<Value, ApiError> {
        let mut dashboards = self.0.write();
        if let Some(name) = names.iter().find(|name| !dashboards.contains_key(*name)) {
            return Err(missing(name));
        }
        dashboards.retain(|name, _| !names.contains(name));
        Ok(json!({}))
    }
}
