//! A function's configuration: read from `CreateFunction` and `UpdateFunctionConfiguration`, validated as Lambda does, and
//! shown by the API.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    destination::check_dead_letter,
    kept,
    language::{Language, interpreter},
    layers::FunctionLayers,
    logging::Logging,
};
use crate::{aside::aside, error::ApiError, wire};

/// The configuration of one version of a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) role: String,
    pub(crate) description: String,
    /// Seconds, 1 to 900.
    pub(crate) timeout: u64,
    /// Megabytes, 128 to 10240. The function sees it and reports name it, but it is not enforced.
    pub(crate) memory: u64,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) architecture: String,
    /// The ARN of the dead-letter queue for asynchronous events.
    pub(crate) dead_letter: Option<String>,
    pub(crate) layers: FunctionLayers,
    /// How its log is written.
    pub(crate) logging: Logging,
    /// The log group that its `LoggingConfig` names.
    pub(crate) log_group: Option<String>,
    /// Members that are kept and shown again but change nothing here: tracing, VPC, storage size.
    pub(crate) inert: Map<String, Value>,
}

/// Variables that Lambda sets itself, so that a function may not set them [Using Lambda environment variables, Reserved
/// environment variables].
const RESERVED: [&str; 20] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Members of the two operations that are read elsewhere or here by name.
const KNOWN: [&str; 22] = [
    "DeadLetterConfig",
    "FunctionName",
    "Layers",
    "LoggingConfig",
    "Runtime",
    "Handler",
    "Role",
    "Description",
    "Timeout",
    "MemorySize",
    "Environment",
    "Architectures",
    "Code",
    "Publish",
    "PackageType",
    "Tags",
    "RevisionId",
    "ZipFile",
    "S3Bucket",
    "S3Key",
    "S3ObjectVersion",
    "DryRun",
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

impl Configuration {
    /// The settings of a new function.
    pub(crate) fn create(input: &Value) -> Result<Self, ApiError> {
        let mut configuration = Self {
            runtime: String::new(),
            handler: String::new(),
            role: String::new(),
            description: String::new(),
            timeout: 3,
            memory: 128,
            environment: BTreeMap::new(),
            architecture: "x86_64".to_owned(),
            dead_letter: None,
            layers: FunctionLayers::default(),
            logging: Logging::Text,
            log_group: None,
            inert: Map::new(),
        };
        if input.get("PackageType").and_then(Value::as_str).is_some_and(|kind| kind != "Zip") {
            return Err(ApiError::unsupported("container images (PackageType Image)"));
        }
        for required in ["Role", "Runtime", "Handler"] {
            if input.get(required).and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(invalid(format!(
                    "{required} is mandatory for functions created with deployment packages."
                )));
            }
        }
        configuration.update(input)?;
        Ok(configuration)
    }

    /// Sets the members that `input` names. On an error the caller discards the half-changed configuration.
    pub(crate) fn update(&mut self, input: &Value) -> Result<(), ApiError> {
        let members = input.as_object().ok_or_else(|| invalid("the request must be a JSON object"))?;
        for (name, value) in members {
            if kept::INERT.contains(&name.as_str()) {
                self.inert.insert(name.clone(), kept::checked(name, value)?);
            } else if !KNOWN.contains(&name.as_str()) && !wire::says_nothing(value) {
                return Err(ApiError::unsupported(format!("the function setting {name}")));
            }
        }
        if let Some(config) = members.get("LoggingConfig").filter(|config| !config.is_null()) {
            self.logging = Logging::read(config)?;
            let group = config.get("LogGroup").filter(|group| !group.is_null());
            self.log_group = group.map(log_group).transpose()?;
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(runtime) = text("Runtime") {
            check_runtime(&runtime)?;
            self.runtime = runtime;
        }
        self.handler = text("Handler").unwrap_or_else(|| self.handler.clone());
        self.role = text("Role").unwrap_or_else(|| self.role.clone());
        self.description = text("Description").unwrap_or_else(|| self.description.clone());
        self.timeout = bounded(members, "timeout", "Timeout", 1, 900)?.unwrap_or(self.timeout);
        self.memory = bounded(members, "memorySize", "MemorySize", 128, 10_240)?.unwrap_or(self.memory);
        if let Some(architecture) =
            members.get("Architectures").and_then(|list| list.get(0)).and_then(Value::as_str)
        {
            if !matches!(architecture, "x86_64" | "arm64") {
                return Err(invalid(format!(
                    "the architecture `{architecture}` is not one of x86_64, arm64"
                )));
            }
            architecture.clone_into(&mut self.architecture);
        }
        if let Some(config) = members.get("DeadLetterConfig") {
            let target = config.get("TargetArn").and_then(Value::as_str).filter(|arn| !arn.is_empty());
            self.dead_letter =
                target.map(|arn| check_dead_letter(arn).map(|()| arn.to_owned())).transpose()?;
        }
        if let Some(environment) = members.get("Environment") {
            self.environment = variables(environment)?;
        }
        Ok(())
    }
}

/// Accepts runtimes that functions can run in here: those of binaries, and of languages whose interpreter this machine has.
fn check_runtime(runtime: &str) -> Result<(), ApiError> {
    if runtime.starts_with("provided") {
        return Ok(());
    }
    let Some(language) = Language::of(runtime) else {
        return Err(ApiError::unsupported(format!(
            "the runtime {runtime}; functions are binaries for provided.al2023 or provided.al2, or sources for nodejs*.x and python3.*"
        )));
    };
    aside(|| interpreter(language, runtime)).map(|_| ()).map_err(invalid)
}

/// The names that log groups may have [LoggingConfig, Lambda API reference].
fn log_group(group: &Value) -> Result<String, ApiError> {
    let fits = |text: &str| {
        (1..=512).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte))
    };
    if let Some(name) = group.as_str().filter(|name| fits(name)) {
        return Ok(name.to_owned());
    }
    let pattern = "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+";
    Err(ApiError::constraint(group, "loggingConfig.logGroup", pattern))
}

fn bounded(
    members: &Map<String, Value>,
    shown: &str,
    name: &str,
    low: u64,
    high: u64,
) -> Result<Option<u64>, ApiError> {
    let value = members.get(name).filter(|value| !value.is_null());
    value.map(|value| kept::bounded(value, shown, low, high)).transpose()
}

fn variables(environment: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut variables = BTreeMap::new();
    let Some(given) = environment.get("Variables").and_then(Value::as_object) else { return Ok(variables) };
    let reserved: Vec<_> = given.keys().filter(|name| RESERVED.contains(&name.as_str())).cloned().collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    let mut size = 0;
    for (name, value) in given {
        let value =
            value.as_str().ok_or_else(|| invalid(format!("the environment variable {name} must be text")))?;
        let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        if !fits || value.contains('\0') {
            return Err(invalid(format!(
                "the environment variable name `{name}` must match [a-zA-Z]([a-zA-Z0-9_])+"
            )));
        }
        size += name.len() + value.len();
        variables.insert(name.clone(), value.to_owned());
    }
    if size > 4096 {
        return Err(invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.",
        ));
    }
    Ok(variables)
}

impl Configuration {
    /// The log group that the function's `LoggingConfig` names.
    pub(crate) fn log_group(&self) -> Option<&str> {
        self.log_group.as_deref()
    }

    /// The members that `GetFunctionConfiguration` shows of this configuration.
    pub(crate) fn show(&self) -> Map<String, Value> {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("Runtime", self.runtime.clone().into());
        put("Handler", self.handler.clone().into());
        put("Role", self.role.clone().into());
        put("Description", self.description.clone().into());
        put("Timeout", self.timeout.into());
        put("MemorySize", self.memory.into());
        put("Architectures", json!([self.architecture]));
        put("PackageType", "Zip".into());
        put("TracingConfig", json!({ "Mode": "PassThrough" }));
        put("EphemeralStorage", json!({ "Size": 512 }));
        if !self.environment.is_empty() {
            put("Environment", json!({ "Variables": self.environment }));
        }
        if let Some(arn) = &self.dead_letter {
            put("DeadLetterConfig", json!({ "TargetArn": arn }));
        }
        if let Some(layers) = self.layers.show() {
            put("Layers", layers);
        }
        for (name, value) in &self.inert {
            put(name, value.clone());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Value {
        json!({"Role": "r", "Runtime": "provided.al2023", "Handler": "bootstrap"})
    }

    #[test]
    fn defaults_are_lambdas_own() {
        let configuration = Configuration::create(&base()).unwrap();
        assert_eq!((configuration.timeout, configuration.memory), (3, 128));
        assert_eq!(configuration.show()["Architectures"], json!(["x86_64"]));
    }

    #[test]
    fn unsupported_settings_are_refused_by_name() {
        let check = |name: &str, value: Value, part: &str| {
            let mut input = base();
            input[name] = value;
            let error = Configuration::create(&input).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        };
        check("Runtime", "java21".into(), "java21");
        check("Runtime", "python2.7".into(), "python2.7");
        check("FileSystemConfigs", json!([{"Arn": "a"}]), "FileSystemConfigs");
        check("DeadLetterConfig", json!({"TargetArn": "x"}), "not an ARN");
        check(
            "DeadLetterConfig",
            json!({"TargetArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}),
            "kinesis",
        );
        check("Timeout", 901.into(), "between 1 and 900");
        check("MemorySize", 64.into(), "between 128");
        check("Environment", json!({"Variables": {"AWS_ACCESS_KEY_ID": "x"}}), "Reserved keys");
        check("Environment", json!({"Variables": {"A": "x".repeat(5000)}}), "4KB");
        check("PackageType", "Image".into(), "container images");
        check("Role", "".into(), "Role is mandatory");
        check("LoggingConfig", json!({"LogGroup": "a b"}), "logGroup");
        check("LoggingConfig", json!({"LogFormat": "XML"}), "logFormat");
    }
}
