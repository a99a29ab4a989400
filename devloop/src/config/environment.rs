//! The environment variables that are settings of devloop. Variables of a tool that devloop starts or stands in for (cargo, rustc,
//! the linker, `PATH`) are read where that tool is handled, and AWS's SDK reads its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::{Layer, TargetKind};

/// Directory of the functions' sources; default: the whole workspace.
const LAMBDA_SRC_PATH: &str = "LAMBDA_SRC_PATH";

/// Directory that holds a directory for each function's `bootstrap`; default `target/devloop/dist`.
const LAMBDA_DIST_PATH: &str = "LAMBDA_DIST_PATH";

/// The cloud's URL; on loopback its port is the embedded cloud's.
const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

/// The API's URL, under the name of the reference's README and the name in its code.
const API_ENDPOINTS: [&str; 2] = ["API_ENDPOINT", "APIGW_ENDPOINT"];

/// The URL of Lambda alone, which overrides the common one [Service-specific endpoints, AWS SDKs and Tools Reference Guide].
const AWS_ENDPOINT_URL_LAMBDA: &str = "AWS_ENDPOINT_URL_LAMBDA";

/// The URL of S3 alone.
const AWS_ENDPOINT_URL_S3: &str = "AWS_ENDPOINT_URL_S3";

/// The URL of `CloudFormation` alone.
const AWS_ENDPOINT_URL_CLOUDFORMATION: &str = "AWS_ENDPOINT_URL_CLOUDFORMATION";

/// The access key, which `LocalStack` reads an account from.
const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";

/// The region; the second one is only read where the first is not set.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// A file of authorities whose certificates are trusted, instead of the system's [AWS CLI User Guide]. `SSL_CERT_FILE`, which
/// replaces the system's file, is read by the library that reads the system's authorities.
const AWS_CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// `true` asks for `LocalStack` instead of the embedded cloud.
const USE_LOCALSTACK: &str = "USE_LOCALSTACK";

/// The keys that requests to AWS are signed with.
const KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// The profile of AWS's files, which the SDK reads.
const AWS_PROFILE: &str = "AWS_PROFILE";

/// Set and not empty: no colours.
const NO_COLOR: &str = "NO_COLOR";

/// The kind of the terminal; `dumb` cannot draw.
const TERM: &str = "TERM";

/// In debug builds only: names the thread of the screen that panics at the first key, for the test that the terminal is restored.
#[cfg(debug_assertions)]
const TEST_PANIC: &str = "DEVLOOP_TEST_PANIC";

/// The user's editor; the first one that is set decides.
const EDITORS: [&str; 2] = ["VISUAL", "EDITOR"];

/// The locale of characters; the first one that is set decides.
const LOCALES: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// Where variables are looked up: the process, or a table in tests.
pub(crate) struct Environment<'a>(pub(crate) &'a (dyn Fn(&str) -> Option<String> + Sync));

impl Environment<'static> {
    /// The process's own variables.
    pub(crate) fn of_process() -> Self {
        Environment(&|name| std::env::var(name).ok())
    }
}

impl Environment<'_> {
    /// The settings from the environment. Variables that are set to nothing count as unset.
    pub(crate) fn layer(&self) -> Layer {
        Layer {
            src: self.get(LAMBDA_SRC_PATH).map(PathBuf::from),
            dist: self.get(LAMBDA_DIST_PATH).map(PathBuf::from),
            endpoint: self.endpoint(),
            target: (self.get(USE_LOCALSTACK).as_deref() == Some("true")).then_some(TargetKind::Localstack),
            ..Layer::default()
        }
    }

    /// The cloud's URL, where the user named one.
    pub(crate) fn endpoint(&self) -> Option<String> {
        self.get(AWS_ENDPOINT_URL)
    }

    /// The URL that load is sent to, where the user named one.
    pub(crate) fn api(&self) -> Option<String> {
        API_ENDPOINTS.iter().find_map(|name| self.get(name))
    }

    /// The URLs of single services, where the user named some, by the service's name in an endpoint.
    pub(crate) fn service_endpoints(&self) -> BTreeMap<&'static str, String> {
        [
            ("lambda", AWS_ENDPOINT_URL_LAMBDA),
            ("s3", AWS_ENDPOINT_URL_S3),
            ("cloudformation", AWS_ENDPOINT_URL_CLOUDFORMATION),
        ]
        .into_iter()
        .filter_map(|(service, name)| Some((service, self.get(name)?)))
        .collect()
    }

    /// The access key, where one is set.
    pub(crate) fn access_key(&self) -> Option<String> {
        self.get(AWS_ACCESS_KEY_ID)
    }

    /// The region, where one is set.
    pub(crate) fn region(&self) -> Option<String> {
        REGIONS.iter().find_map(|name| self.get(name))
    }

    /// The file of the certificate authorities that are trusted, where the user names one.
    pub(crate) fn certificates(&self) -> Option<PathBuf> {
        self.get(AWS_CA_BUNDLE).map(PathBuf::from)
    }

    /// The access key, its secret, and the session token if there is one.
    pub(crate) fn keys(&self) -> Option<(String, String, Option<String>)> {
        let [id, secret, token] = KEYS.map(|name| self.get(name));
        Some((id?, secret?, token))
    }

    /// Whether the user chose a profile, whose keys then count.
    pub(crate) fn has_profile(&self) -> bool {
        self.get(AWS_PROFILE).is_some()
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

/// The whole environment, as far as it is text.
pub(crate) fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Variables that direct a load to this endpoint and its API, whatever the shell's variables say.
pub(crate) fn environment_of_a_load(endpoint: &str) -> Vec<(&'static str, String)> {
    let elsewhere = API_ENDPOINTS.iter().map(|name| (*name, String::new()));
    elsewhere.chain([(AWS_ENDPOINT_URL, endpoint.to_owned())]).collect()
}

/// The thread of the screen that a test wants to panic.
#[cfg(debug_assertions)]
pub(crate) fn panicking_thread() -> Option<String> {
    std::env::var(TEST_PANIC).ok()
}

/// Release builds never panic on request.
#[cfg(not(debug_assertions))]
pub(crate) fn panicking_thread() -> Option<String> {
    None
}

/// Whether the user wants no colours.
pub(crate) fn no_color() -> bool {
    std::env::var_os(NO_COLOR).is_some_and(|value| !value.is_empty())
}

/// The user's editor.
pub(crate) fn editor() -> Option<String> {
    EDITORS.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.trim().is_empty())
}

/// Whether the terminal can draw more than lines.
pub(crate) fn terminal_draws() -> bool {
    std::env::var_os(TERM).is_none_or(|kind| kind != "dumb")
}

/// Whether the terminal shows more than ASCII.
pub(crate) fn terminal_is_utf8() -> bool {
    let first = LOCALES.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
    first.is_some_and(|locale| {
        let locale = locale.to_ascii_uppercase();
        locale.ends_with("UTF-8") || locale.ends_with("UTF8")
    })
}
