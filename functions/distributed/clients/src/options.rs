//! The options of both clients.

use std::path::PathBuf;

use clap::Args;

/// The options of both clients.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The file whose lines are sent, one request each.
    pub file: PathBuf,
    /// The API's URL, with its path; without it the local cloud is asked.
    #[arg(long, env = "API_ENDPOINT")]
    pub endpoint: Option<String>,
    /// The local cloud that is asked for the API and its key, if these are not given.
    #[arg(long, env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:4566")]
    pub cloud: String,
    /// The API key; without it the local cloud is asked for the key of the API's usage plan.
    #[arg(long, env = "API_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// How often a request is tried again after 429, 5xx or no answer.
    #[arg(long, default_value_t = 3)]
    pub retries: u32,
    /// Print one JSON object a line: each answer, then the summary.
    #[arg(long)]
    pub json: bool,
}
