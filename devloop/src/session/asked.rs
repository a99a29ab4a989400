//! How the status pane asks the session's cloud: for its page, or through AWS's APIs.

use std::collections::BTreeSet;

use crate::config::{Environment, Settings};
use crate::observe::{Keys, Local, Metric, Pipeline, Place, find_keys};
use crate::target::Aws;

/// Whom the pane asks.
#[derive(Clone)]
pub(super) struct Asked {
    place: Place,
    keys: Option<Keys>,
    region: Option<String>,
    /// Only these functions of Lambda; an account has more.
    functions: Option<BTreeSet<String>>,
}

impl Asked {
    /// devloop's own cloud.
    pub(super) fn own(endpoint: &str) -> Self {
        Self { place: Place::Endpoint(endpoint.to_owned()), keys: None, region: None, functions: None }
    }

    /// LocalStack, in the region and with the keys of the environment: it reads an account from the first.
    pub(super) fn localstack(endpoint: &str) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let environment = Environment(&variable);
        let keys = environment.keys().map(|(id, secret, token)| Keys { id, secret, token });
        Self { keys, region: environment.region(), ..Self::own(endpoint) }
    }

    /// The account that is deployed to, with the keys of this moment. Without any the pane says why it has no figures.
    pub(super) async fn aws(aws: &Aws) -> Self {
        Self {
            place: aws.named_endpoint().map_or(Place::Aws, Place::Endpoint),
            keys: find_keys(aws.region()).await.ok(),
            region: Some(aws.region().to_owned()),
            functions: Some(aws.names()),
        }
    }

    /// What the pane asks.
    pub(super) fn pipeline(&self, settings: &Settings, local: Local) -> Pipeline {
        let latency = &settings.latency;
        let metric = Metric { namespace: latency.namespace.clone(), name: latency.metric.clone() };
        Pipeline::at(self.place.clone(), self.keys.clone(), metric)
            .narrowed(self.region.clone(), None, false)
            .only(self.functions.clone())
            .beside(local)
    }
}
