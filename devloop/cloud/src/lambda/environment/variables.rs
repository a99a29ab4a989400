//! The environment variables of a function: those that Lambda sets and the function's own, and nothing from the developer's
//! shell [Using Lambda environment variables, Defined runtime environment variables].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;
use tokio_util::task::TaskTracker;

use super::super::{configuration::Configuration, language::Language};

/// What all environments of one function version have in common.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) function: Arc<str>,
    /// `$LATEST` or a version number.
    pub(crate) version: Arc<str>,
    pub(crate) region: Arc<str>,
    pub(crate) log_group: Arc<str>,
    /// Where the cloud listens, such as `http://127.0.0.1:4566`.
    pub(crate) endpoint: Arc<str>,
    /// Tracks every process that has not ended.
    pub(crate) processes: TaskTracker,
    /// Where Node.js functions look for the AWS SDK that Lambda's Node.js has, in this order.
    pub(crate) node_packages: Arc<[PathBuf]>,
    /// Debuggers may attach, and time limits do not count while one does.
    pub(crate) debugged: bool,
}

/// All variables of a process.
pub(super) fn variables(
    surroundings: &Surroundings,
    configuration: &Configuration,
    folder: &Path,
    runtime_api: &str,
    log_stream: &str,
) -> Vec<(String, String)> {
    let folder = folder.display().to_string();
    let layers = configuration.layers.folder().map(|opt| opt.display().to_string());
    let libraries = layers.iter().map(|opt| format!(":{opt}/lib")).collect::<String>();
    let opt = layers.as_deref().unwrap_or("/opt");
    let port = surroundings.endpoint.rsplit(':').next().unwrap_or("4566").to_owned();
    let mut all: Vec<(String, String)> = [
        ("PATH", format!("/usr/local/bin:/usr/bin/:/bin:{opt}/bin")),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("LD_LIBRARY_PATH", format!("{folder}:{folder}/lib{libraries}")),
        ("LAMBDA_TASK_ROOT", folder),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("_HANDLER", configuration.handler.clone()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", surroundings.function.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", surroundings.version.to_string()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", configuration.memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", configuration.timeout.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            configuration.log_group().unwrap_or(&surroundings.log_group).to_owned(),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream.to_owned()),
        ("AWS_REGION", surroundings.region.to_string()),
        ("AWS_DEFAULT_REGION", surroundings.region.to_string()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_SESSION_TOKEN", "test".to_owned()),
        ("AWS_ENDPOINT_URL", surroundings.endpoint.to_string()),
        ("LOCALSTACK_HOSTNAME", "127.0.0.1".to_owned()),
        ("EDGE_PORT", port),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    all.extend(configuration.logging.variables().into_iter().map(|(name, value)| (name.to_owned(), value)));
    if let Some(language) = Language::of(&configuration.runtime) {
        let runtime = &configuration.runtime;
        let (name, folders) = language.search_path(runtime, opt);
        all.push((name.to_owned(), folders));
        all.push(("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{runtime}")));
        if language == Language::Node {
            let folders: Vec<String> =
                surroundings.node_packages.iter().map(|folder| folder.display().to_string()).collect();
            all.push(("DEVLOOP_NODE_PACKAGES".to_owned(), json!(folders).to_string()));
        }
    }
    if let Some(opt) = layers {
        all.push(("DEVLOOP_OPT".to_owned(), opt));
    }
    for (name, value) in &configuration.environment {
        let value = if name.starts_with("AWS_ENDPOINT_URL") && is_localstack_address(value) {
            surroundings.endpoint.to_string()
        } else {
            value.clone()
        };
        // When a name occurs twice, the process sees the last value.
        all.push((name.clone(), value));
    }
    all
}

/// Whether `url` is LocalStack's public DNS name. Stacks for LocalStack use it to mean "this cloud", but it resolves only
/// with a network and may name another port, so this cloud's own address replaces it.
fn is_localstack_address(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or("");
    host == "localhost.localstack.cloud" || host.ends_with(".localhost.localstack.cloud")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_own_variables_win_and_localstacks_address_is_replaced() {
        let surroundings = Surroundings {
            function: "f".into(),
            version: "$LATEST".into(),
            region: "us-east-1".into(),
            log_group: "/aws/lambda/f".into(),
            endpoint: "http://127.0.0.1:7777".into(),
            processes: TaskTracker::new(),
            node_packages: [PathBuf::from("/project/infra"), PathBuf::from("/project")].into(),
            debugged: false,
        };
        let configuration = Configuration::create(&json!({
            "Role": "r", "Runtime": "provided.al2023", "Handler": "h",
            "Environment": {"Variables": {
                "TZ": "UTC+1", "AWS_ENDPOINT_URL": "http://localhost.localstack.cloud:4566",
                "AWS_ENDPOINT_URL_S3": "http://elsewhere:9000",
            }},
        }))
        .unwrap();
        let all = variables(&surroundings, &configuration, Path::new("/code"), "127.0.0.1:1", "stream");
        let last =
            |name: &str| all.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(last("TZ"), Some("UTC+1"));
        assert_eq!(last("AWS_ENDPOINT_URL"), Some("http://127.0.0.1:7777"));
        assert_eq!(last("AWS_ENDPOINT_URL_S3"), Some("http://elsewhere:9000"));
        assert_eq!(last("EDGE_PORT"), Some("7777"));
        assert_eq!(last("HOME"), None);
        assert_eq!(last("AWS_EXECUTION_ENV"), None, "only Lambda's own runtimes set it");
        let python = Configuration { runtime: "python3.13".to_owned(), ..configuration };
        let all = variables(&surroundings, &python, Path::new("/code"), "127.0.0.1:1", "stream");
        let is_set = |name: &str, value: &str| all.contains(&(name.to_owned(), value.to_owned()));
        assert!(is_set("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13"));
        assert!(is_set("PYTHONPATH", "/opt/python/lib/python3.13/site-packages:/opt/python"));
        assert!(is_set("_HANDLER", "h") && is_set("LAMBDA_TASK_ROOT", "/code"));
        let packages = |all: &[(String, String)]| {
            all.iter().find(|(name, _)| name == "DEVLOOP_NODE_PACKAGES").map(|(_, value)| value.clone())
        };
        assert_eq!(packages(&all), None);
        let node = Configuration { runtime: "nodejs22.x".to_owned(), ..python };
        let all = variables(&surroundings, &node, Path::new("/code"), "127.0.0.1:1", "stream");
        assert_eq!(packages(&all).as_deref(), Some(r#"["/project/infra","/project"]"#));
    }
}
