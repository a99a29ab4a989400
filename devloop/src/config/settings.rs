//! The settings in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::{BuildSettings, Environment, LatencyMetric, Layer, TargetKind};
use crate::error::UserError;

/// Where the embedded cloud listens unless told otherwise.
const DEFAULT_PORT: u16 = 4566;

/// The configuration file beside the root manifest.
const FILE: &str = "devloop.toml";

/// Where the example pipeline's last function writes its latency.
const LATENCY_NAMESPACE: &str = "ServerlessDataProcessingPipeline/Latencies";

/// The name of that metric.
const LATENCY_METRIC: &str = "Latency";

/// The settings of a session. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Only functions below this directory; `None`: the whole workspace.
    pub(crate) src: Option<PathBuf>,
    /// The directory of the functions' directories.
    pub(crate) dist: PathBuf,
    /// Patterns of template files; where the user names none, templates are looked for in the usual places.
    pub(crate) templates: Vec<String>,
    /// Whether the user named the templates, so that a pattern without a file is an error.
    pub(crate) templates_named: bool,
    /// Which of the templates' stacks to use: the name or a part of it, or `all`; `None`: every one.
    pub(crate) stack: Option<Vec<String>>,
    /// Where functions run; `None`: what listens at the endpoint decides.
    pub(crate) target: Option<TargetKind>,
    /// The cloud's port; 0 takes a free one.
    pub(crate) port: u16,
    /// The cloud's URL. For AWS itself there is none unless the user names one.
    pub(crate) endpoint: Option<String>,
    pub(crate) profile: String,
    /// Where the pipeline's end-to-end latency is found.
    pub(crate) latency: LatencyMetric,
    /// How functions are compiled and linked.
    pub(crate) build: BuildSettings,
    /// Binaries of the templates' functions by logical id, as `package/binary`.
    pub(crate) functions: BTreeMap<String, String>,
    /// The folder whose `node_modules` have the AWS SDK for functions on Node.js; `None`: the project's usual places.
    pub(crate) node_packages: Option<PathBuf>,
    /// Whether the screen takes the mouse.
    pub(crate) mouse: bool,
    /// Keys of the screen by action, where they are not the usual ones.
    pub(crate) keys: BTreeMap<String, Vec<String>>,
}

impl Settings {
    /// Puts the layers together. `manifest` is `[workspace.metadata.devloop]`.
    pub(crate) fn resolve(
        root: &Path,
        target_directory: &Path,
        manifest: Value,
        environment: &Environment<'_>,
        flags: Layer,
    ) -> Result<Self, UserError> {
        let manifest = Layer::from_value(manifest, "[workspace.metadata.devloop]")?;
        let file = Layer::from_file(&root.join(FILE))?;
        let typed = flags.over(environment.layer());
        let (typed_port, typed_endpoint) = (typed.port, typed.endpoint.clone());
        let layer = typed.over(file).over(manifest);
        let src = layer.src.map(|path| root.join(path));
        if let Some(missing) = src.as_ref().filter(|path| !path.is_dir()) {
            return Err(UserError::usage(
                "src_missing",
                format!("find the functions' sources: there is no directory {}", missing.display()),
            )
            .with_hint("check LAMBDA_SRC_PATH and the setting `src`"));
        }
        let (port, endpoint) = match layer.target {
            // The port and the URL in the files are those of a local cloud.
            Some(TargetKind::Aws) if typed_port.is_some() => {
                let message = "use a port: the target aws has none";
                return Err(UserError::usage("port_without_cloud", message)
                    .with_hint("name a URL with --endpoint, or leave --port out"));
            }
            Some(TargetKind::Aws) => (0, typed_endpoint),
            Some(TargetKind::Localstack) => {
                let port = layer.port.unwrap_or(DEFAULT_PORT);
                let endpoint = layer.endpoint.as_deref().map_or_else(|| local(port), plain);
                (port, Some(endpoint))
            }
            Some(TargetKind::Embedded) | None => {
                let endpoint_port = layer.endpoint.as_deref().map(loopback_port).transpose()?;
                let port = layer.port.or(endpoint_port).unwrap_or(DEFAULT_PORT);
                (port, Some(local(port)))
            }
        };
        Ok(Self {
            src,
            dist: layer.dist.map_or_else(|| target_directory.join("devloop/dist"), |path| root.join(path)),
            templates_named: layer.templates.is_some(),
            stack: layer.stack,
            templates: layer.templates.unwrap_or_default(),
            target: layer.target,
            port,
            endpoint,
            profile: layer.profile.unwrap_or_else(|| "dev".to_owned()),
            latency: layer.latency.unwrap_or_else(|| LatencyMetric {
                namespace: LATENCY_NAMESPACE.to_owned(),
                metric: LATENCY_METRIC.to_owned(),
            }),
            build: layer.build.into(),
            functions: layer.functions.unwrap_or_default(),
            node_packages: layer.node_packages.map(|path| root.join(path)),
            mouse: layer.mouse.unwrap_or(true),
            keys: layer.keys.unwrap_or_default(),
        })
    }
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// `LocalStack` serves both schemes on one port, and its public names mean this machine, but take a network to be resolved.
fn plain(endpoint: &str) -> String {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).trim_end_matches('/');
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "4566"));
    let host = if host.ends_with("localhost.localstack.cloud") { "127.0.0.1" } else { host };
    format!("http://{host}:{port}")
}

/// The port of a URL on this machine; the embedded cloud cannot listen on another machine.
fn loopback_port(endpoint: &str) -> Result<u16, UserError> {
    let unsupported = || {
        UserError::usage(
            "target_unsupported",
            format!("serve {endpoint}: the embedded cloud is on this machine only"),
        )
        .with_hint("use a URL such as http://127.0.0.1:4566, or unset AWS_ENDPOINT_URL")
    };
    let authority = endpoint.strip_prefix("http://").ok_or_else(unsupported)?;
    let authority = authority.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| unsupported())?),
        _ => (authority, 80),
    };
    let local = ["localhost", "127.0.0.1", "[::1]", "localhost.localstack.cloud"].contains(&host)
        || host.ends_with(".localhost");
    if local { Ok(port) } else { Err(unsupported()) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::Settings;
    use crate::config::{Environment, Layer, TargetKind};
    use crate::error::UserError;

    struct Sources {
        manifest: Value,
        file: &'static str,
        environment: Vec<(&'static str, &'static str)>,
        flags: Layer,
    }

    fn silent() -> Sources {
        Sources { manifest: Value::Null, file: "", environment: vec![], flags: Layer::default() }
    }

    fn resolve(sources: Sources) -> Result<Settings, UserError> {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("devloop.toml"), sources.file).unwrap();
        let get = |name: &str| {
            sources.environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let target = Path::new("/t");
        Settings::resolve(root.path(), target, sources.manifest, &Environment(&get), sources.flags)
    }

    fn check_port(sources: Sources, expected: u16) {
        assert_eq!(resolve(sources).unwrap().port, expected);
    }

    #[test]
    fn each_source_overrides_the_weaker_ones() {
        check_port(silent(), 4566);
        let manifest = || json!({ "port": 1 });
        check_port(Sources { manifest: manifest(), ..silent() }, 1);
        check_port(Sources { manifest: manifest(), file: "port = 2", ..silent() }, 2);
        let flags = Layer { port: Some(3), ..Layer::default() };
        check_port(Sources { manifest: manifest(), file: "port = 2", flags, ..silent() }, 3);
    }

    #[test]
    fn the_environment_is_stronger_than_the_files_and_weaker_than_flags() {
        let environment = || vec![("LAMBDA_DIST_PATH", "/env")];
        let file = "dist = '/file'";
        let settings = resolve(Sources { file, environment: environment(), ..silent() }).unwrap();
        assert_eq!(settings.dist, Path::new("/env"));
        let flags = Layer { dist: Some("/flag".into()), ..Layer::default() };
        let settings = resolve(Sources { file, environment: environment(), flags, ..silent() }).unwrap();
        assert_eq!(settings.dist, Path::new("/flag"));
    }

    #[test]
    fn named_templates_count_whatever_stack_the_files_name() {
        let file = "stack = 'pipeline'";
        let stack = |flags| resolve(Sources { file, flags, ..silent() }).unwrap().stack;
        assert_eq!(stack(Layer::default()), Some(vec!["pipeline".to_owned()]));
        let file = "stack = ['xml', 'single']";
        let listed = resolve(Sources { file, ..silent() }).unwrap().stack;
        assert_eq!(listed, Some(vec!["xml".to_owned(), "single".to_owned()]));
        let templates = Some(vec!["t.json".to_owned()]);
        assert_eq!(stack(Layer { templates: templates.clone(), ..Layer::default() }), None);
        let all = vec!["all".to_owned()];
        let both = Layer { templates, stack: Some(all.clone()), ..Layer::default() };
        assert_eq!(stack(both), Some(all));
    }

    #[test]
    fn defaults_lie_in_the_target_directory() {
        let settings = resolve(silent()).unwrap();
        assert_eq!(settings.dist, Path::new("/t/devloop/dist"));
        assert_eq!((settings.profile.as_str(), settings.templates_named), ("dev", false));
        let empty = resolve(Sources { environment: vec![("LAMBDA_DIST_PATH", "")], ..silent() }).unwrap();
        assert_eq!(empty.dist, settings.dist);
        assert_eq!(settings.latency.metric, "Latency");
    }

    #[test]
    fn an_endpoint_on_this_machine_gives_the_port() {
        let with = |url| Sources { environment: vec![("AWS_ENDPOINT_URL", url)], ..silent() };
        check_port(with("http://127.0.0.1:4599"), 4599);
        check_port(with("http://localhost:4599/"), 4599);
        check_port(with("http://[::1]:4599"), 4599);
        check_port(with("http://localhost"), 80);
        let flags = Layer { port: Some(3), ..Layer::default() };
        check_port(Sources { flags, ..with("http://localhost:4599") }, 3);
        check_port(Sources { file: "port = 2", ..with("http://localhost:4599") }, 4599);
    }

    fn check_refused(sources: Sources, expected: &str) {
        assert_eq!(resolve(sources).unwrap_err().problem.code, expected);
    }

    #[test]
    fn the_target_decides_what_an_endpoint_is() {
        let check = |environment: Vec<(&'static str, &'static str)>, target, expected: Option<&str>| {
            let flags = Layer { target, ..Layer::default() };
            let settings = resolve(Sources { environment, flags, ..silent() }).unwrap();
            assert_eq!(settings.endpoint.as_deref(), expected);
            settings.target
        };
        let url = |url| vec![("AWS_ENDPOINT_URL", url)];
        assert_eq!(check(vec![], None, Some("http://127.0.0.1:4566")), None);
        check(vec![], Some(TargetKind::Localstack), Some("http://127.0.0.1:4566"));
        check(url("http://stack:4567/"), Some(TargetKind::Localstack), Some("http://stack:4567"));
        let public = url("https://localhost.localstack.cloud:4566");
        check(public, Some(TargetKind::Localstack), Some("http://127.0.0.1:4566"));
        check(vec![], Some(TargetKind::Aws), None);
        check(url("http://127.0.0.1:5000"), Some(TargetKind::Aws), Some("http://127.0.0.1:5000"));
        let asked = vec![("USE_LOCALSTACK", "true")];
        let told = check(asked.clone(), None, Some("http://127.0.0.1:4566"));
        assert_eq!(told, Some(TargetKind::Localstack));
        assert_eq!(check(asked, Some(TargetKind::Aws), None), Some(TargetKind::Aws));
        assert_eq!(check(vec![("USE_LOCALSTACK", "1")], None, Some("http://127.0.0.1:4566")), None);
        let flags = Layer { target: Some(TargetKind::Aws), port: Some(1), ..Layer::default() };
        check_refused(Sources { flags, ..silent() }, "port_without_cloud");
    }

    #[test]
    fn what_is_not_served_is_refused_by_name() {
        let with = |name, value| Sources { environment: vec![(name, value)], ..silent() };
        check_refused(
            with("AWS_ENDPOINT_URL", "https://kinesis.eu-west-1.amazonaws.com"),
            "target_unsupported",
        );
        check_refused(with("AWS_ENDPOINT_URL", "http://10.0.0.1:4566"), "target_unsupported");
        check_refused(with("LAMBDA_SRC_PATH", "nowhere"), "src_missing");
        check_refused(Sources { file: "port = 'x'", ..silent() }, "config_invalid");
        check_refused(Sources { file: "port =", ..silent() }, "config_invalid");
        check_refused(Sources { manifest: json!({ "portt": 1 }), ..silent() }, "config_unknown_key");
    }
}
