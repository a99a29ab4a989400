//! How the status pane asks the session's cloud: for its page, or through AWS's APIs.

use std::collections::BTreeSet;

use crate::aws::{Endpoints, Keys, Trust};
use crate::config::{Environment, Settings};
use crate::observe::{Local, Metric, Pipeline};
use crate::target::Aws;

/// The cloud that the status pane asks, and what its requests are signed with.
#[derive(Clone)]
pub(super) struct StatusAccess {
    endpoints: Endpoints,
    keys: Keys,
    trust: Trust,
    region: Option<String>,
    /// Only these functions of Lambda are reported; an account has more.
    functions: Option<BTreeSet<String>>,
}

impl StatusAccess {
    /// devloop's own cloud.
    pub(super) fn own(endpoint: &str) -> Self {
        Self {
            endpoints: Endpoints::one(endpoint),
            keys: Keys::default(),
            trust: Trust::default(),
            region: None,
            functions: None,
        }
    }

    /// LocalStack, with the environment's region and access key, from which LocalStack reads an account.
    pub(super) fn localstack(endpoint: &str) -> Self {
        let environment = Environment::of_process();
        let keys = environment.keys().map(|(id, secret, token)| Keys::given(id, secret, token));
        Self { keys: keys.unwrap_or_default(), region: environment.region(), ..Self::own(endpoint) }
    }

    /// The account that is deployed to, with the target's own keys.
    pub(super) fn aws(aws: &Aws) -> Self {
        let client = aws.client();
        Self {
            endpoints: client.endpoints().clone(),
            keys: client.keys().clone(),
            trust: client.trust().clone(),
            region: Some(aws.region().to_owned()),
            functions: Some(aws.names()),
        }
    }

    /// The pipeline whose report the pane shows.
    pub(super) fn pipeline(&self, settings: &Settings, local: Local) -> Pipeline {
        let latency = &settings.latency;
        let metric = Metric { namespace: latency.namespace.clone(), name: latency.metric.clone() };
        Pipeline::at(self.endpoints.clone(), self.keys.clone(), self.trust.clone(), metric)
            .narrowed(self.region.clone(), None, false)
            .only(self.functions.clone())
            .beside(local)
    }
}
