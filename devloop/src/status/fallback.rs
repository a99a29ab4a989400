//! The other AWS that gets the requests for services which the cloud lacks, as the cloud's page shows it.

use serde::{Deserialize, Serialize};

/// What `--fallback` names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Fallback {
    /// Its URL.
    pub(crate) endpoint: String,
    /// The services that were asked for so far, by their signing names.
    pub(crate) services: Vec<String>,
}

impl Fallback {
    /// A line of the report.
    pub(crate) fn line(&self) -> String {
        let services =
            if self.services.is_empty() { "nothing so far".to_owned() } else { self.services.join(", ") };
        format!("fallback {} for {services}", self.endpoint)
    }
}
