//! The settings from one source, and the strict reading of the two files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::config::TargetKind;
use crate::config::build::BuildLayer;
use crate::error::{UserError, suggestion};

/// The settings from one source; `None` leaves a setting as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Layer {
    /// Directory of the functions' sources.
    pub(crate) src: Option<PathBuf>,
    /// Directory of the functions' directories.
    pub(crate) dist: Option<PathBuf>,
    /// Templates to apply; `*` in the last segment stands for any text.
    pub(crate) templates: Option<Vec<String>>,
    /// Which of the templates' stacks to use: the name or a part of it, or `all`; a file may give one as a text.
    #[serde(deserialize_with = "one_or_more")]
    pub(crate) stack: Option<Vec<String>>,
    /// The cloud's port; 0 takes a free one.
    pub(crate) port: Option<u16>,
    pub(crate) endpoint: Option<String>,
    pub(crate) profile: Option<String>,
    /// Where the pipeline's end-to-end latency is found.
    pub(crate) latency: Option<LatencyMetric>,
    /// How functions are compiled and linked.
    pub(crate) build: BuildLayer,
    /// Whether the screen takes the mouse.
    pub(crate) mouse: Option<bool>,
    /// Binaries of the templates' functions by logical id, as `package/binary`.
    pub(crate) functions: Option<BTreeMap<String, String>>,
    /// The folder whose `node_modules` have the AWS SDK for functions on Node.js.
    pub(crate) node_packages: Option<PathBuf>,
    /// Keys of the screen by action.
    pub(crate) keys: Option<BTreeMap<String, Vec<String>>>,
    /// Where functions run. A file cannot set it: nobody deploys to an account because of a file that was checked in.
    #[serde(skip)]
    pub(crate) target: Option<TargetKind>,
}

/// The `CloudWatch` metric that the last function of a pipeline writes its latency to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LatencyMetric {
    pub(crate) namespace: String,
    pub(crate) metric: String,
}

/// A text, or a list of texts.
fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Given {
        One(String),
        More(Vec<String>),
    }
    Ok(Some(match Given::deserialize(deserializer)? {
        Given::One(name) => vec![name],
        Given::More(names) => names,
    }))
}

/// The keys of a [`Layer`] as the files write them.
const KEYS: [&str; 13] = [
    "src",
    "dist",
    "templates",
    "stack",
    "port",
    "endpoint",
    "profile",
    "latency",
    "build",
    "functions",
    "node_packages",
    "mouse",
    "keys",
];

impl Layer {
    /// Reads a table; `origin` names it in errors. Null counts as an empty table.
    pub(crate) fn from_value(value: Value, origin: &str) -> Result<Self, UserError> {
        let Value::Object(table) = &value else {
            return if value.is_null() {
                Ok(Self::default())
            } else {
                Err(UserError::usage("config_invalid", format!("read {origin}: it is not a table")))
            };
        };
        for key in table.keys() {
            if !KEYS.contains(&key.as_str()) {
                let error = UserError::usage(
                    "config_unknown_key",
                    format!("read {origin}: there is no setting `{key}`"),
                );
                return Err(error.with_hint(match suggestion(key, KEYS) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("the settings are {}", KEYS.join(", ")),
                }));
            }
        }
        serde_json::from_value(value)
            .map_err(|error| UserError::usage("config_invalid", format!("read {origin}: {error}")))
    }

    /// Reads `devloop.toml`; a missing file sets nothing.
    pub(crate) fn from_file(path: &Path) -> Result<Self, UserError> {
        let origin = path.display().to_string();
        let invalid = |error: &dyn std::fmt::Display| {
            UserError::usage("config_invalid", format!("read {origin}: {error}"))
        };
        let text = match devloop_system::files::read_text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(invalid(&error)),
        };
        let value: Value = toml::from_str(&text).map_err(|error| invalid(&error))?;
        Self::from_value(value, &origin)
    }

    /// These settings; where one is not set, the weaker one counts. Port and URL set the same thing, so one hides the other.
    pub(crate) fn over(self, weaker: Self) -> Self {
        let (port, endpoint) = match (self.port, self.endpoint) {
            (None, None) => (weaker.port, weaker.endpoint),
            said => said,
        };
        Self {
            src: self.src.or(weaker.src),
            dist: self.dist.or(weaker.dist),
            // Templates that are named count, whatever stack a weaker source chooses.
            stack: self.stack.or(if self.templates.is_some() { None } else { weaker.stack }),
            templates: self.templates.or(weaker.templates),
            port,
            endpoint,
            profile: self.profile.or(weaker.profile),
            latency: self.latency.or(weaker.latency),
            build: self.build.over(weaker.build),
            functions: self.functions.or(weaker.functions),
            node_packages: self.node_packages.or(weaker.node_packages),
            mouse: self.mouse.or(weaker.mouse),
            keys: self.keys.or(weaker.keys),
            target: self.target.or(weaker.target),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{KEYS, Layer};

    fn check_error(value: Value, expected: &str) {
        let error = Layer::from_value(value, "devloop.toml").unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_the_nearest_one() {
        check_error(
            json!({ "prot": 1 }),
            "error: read devloop.toml: there is no setting `prot`\nhint: did you mean `port`?",
        );
        check_error(
            json!({ "colour": 1 }),
            "error: read devloop.toml: there is no setting `colour`\n\
             hint: the settings are src, dist, templates, stack, port, endpoint, profile, latency, build, functions, node_packages, mouse, keys",
        );
    }

    #[test]
    fn a_wrong_value_is_an_error() {
        check_error(
            json!({ "port": 70000 }),
            "error: read devloop.toml: invalid value: integer `70000`, expected u16",
        );
        check_error(json!([]), "error: read devloop.toml: it is not a table");
        check_error(
            json!({ "latency": { "namespace": "f" } }),
            "error: read devloop.toml: missing field `metric`",
        );
        check_error(
            json!({ "build": { "linker": "gold" } }),
            "error: read devloop.toml: unknown variant `gold`, expected one of `auto`, `wild`, `mold`, `lld`, `default`",
        );
        check_error(
            json!({ "build": { "timeout": "10" } }),
            "error: read devloop.toml: `10` is no duration; write it as `500ms`, `90s` or `10m`",
        );
        check_error(
            json!({ "build": { "linkr": "wild" } }),
            "error: read devloop.toml: unknown field `linkr`, expected one of `linker`, `timeout`, `debug`, `prelink`, `standby`",
        );
    }

    #[test]
    fn every_key_is_read() {
        let values = json!({
            "src": "a", "dist": "b", "templates": ["c"], "stack": "s", "port": 1, "endpoint": "d", "profile": "e",
            "latency": { "namespace": "f", "metric": "g" }, "mouse": false, "keys": { "quit": ["x"] }, "functions": { "F": "a/b" },
            "node_packages": "infra",
            "build": { "linker": "wild", "timeout": "90s", "debug": true, "prelink": true, "standby": false }
        });
        assert_eq!(values.as_object().unwrap().len(), KEYS.len());
        let layer = Layer::from_value(values, "").unwrap();
        assert!(
            layer.src.is_some() && layer.dist.is_some() && layer.templates.is_some() && layer.stack.is_some()
        );
        assert!(layer.port.is_some() && layer.endpoint.is_some() && layer.profile.is_some());
        let build = layer.build;
        assert!(build.linker.is_some() && build.timeout.is_some() && build.debug == Some(true));
        assert!(
            layer.latency.is_some()
                && layer.mouse.is_some()
                && layer.keys.is_some()
                && layer.functions.is_some()
                && layer.node_packages.is_some()
        );
        assert_eq!((build.prelink, build.standby), (Some(true), Some(false)));
    }
}
