//! The registry: all services. It finds the service of a request, and runs operations or the faults that are armed for
//! them.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    calls::Calls,
    context::Context,
    error::ApiError,
    event_stream::Events,
    faults::Faults,
    http::Request,
    resource::ResourceType,
    rest::Route,
    service::{Answering, Catalogue, Service},
};

/// The services, and the faults that are armed for their operations.
#[derive(Debug)]
pub(crate) struct Registry {
    services: Vec<Arc<dyn Service>>,
    faults: Faults,
}

/// A service, one of its routes, and the members that the request's path contains.
pub(crate) type Routed<'r> = (&'r Arc<dyn Service>, &'static Route, Map<String, Value>);

impl Registry {
    /// Registers `services`. When two have the same name, the first one that takes an operation runs it.
    pub(crate) fn new(services: Vec<Arc<dyn Service>>) -> Arc<Self> {
        let registry = Arc::new(Self { services, faults: Faults::default() });
        for service in &registry.services {
            let all = Arc::clone(&registry) as Arc<dyn Catalogue>;
            service.connect(Arc::downgrade(&all));
        }
        registry
    }

    /// The switches that make operations fail on purpose.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// All services, in the order in which they were registered.
    pub(crate) fn services(&self) -> &[Arc<dyn Service>] {
        &self.services
    }

    /// The service with this target prefix, the part of `X-Amz-Target` before the dot.
    pub(crate) fn by_target(&self, target: &str) -> Option<&Arc<dyn Service>> {
        self.services
            .iter()
            .find(|service| service.about().json.as_ref().is_some_and(|json| json.target == target))
    }

    /// The services with this signing name.
    pub(crate) fn by_signing<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r Arc<dyn Service>> {
        self.services.iter().filter(move |service| service.about().signing == name)
    }

    /// The service with this API version, for unsigned requests in the query protocol.
    pub(crate) fn by_version(&self, version: &str) -> Option<&Arc<dyn Service>> {
        self.services
            .iter()
            .find(|service| service.about().query.as_ref().is_some_and(|query| query.version == version))
    }

    /// The service that claims the request's host or path for its own HTTP interface.
    pub(crate) fn addressed(&self, request: &Request) -> Option<&Arc<dyn Service>> {
        self.services.iter().find(|service| service.is_addressed(request))
    }

    /// The route that matches the request, with the members of its path, among the services with the signing name `signing`
    /// or among all.
    pub(crate) fn route(&self, request: &Request, signing: Option<&str>) -> Option<Routed<'_>> {
        let services =
            self.services.iter().filter(|service| signing.is_none_or(|name| service.about().signing == name));
        services.into_iter().find_map(|service| {
            let routes = service.about().routes;
            routes.iter().find_map(|route| Some((service, route, route.labels(request)?)))
        })
    }

    /// The services' members of the status page, and what they keep in memory with its limits. Figures count from
    /// `from_ms`.
    pub(crate) async fn status(&self, from_ms: i64) -> Map<String, Value> {
        let mut page = Map::new();
        let (mut retained, mut limits) = (Map::new(), Map::new());
        for service in &self.services {
            for (name, value) in service.status(from_ms).await {
                page.insert(name.to_owned(), value);
            }
            retained
                .extend(service.retained().into_iter().map(|(name, count)| (name.to_owned(), count.into())));
            limits.extend(service.limits().iter().map(|(name, bound)| ((*name).to_owned(), (*bound).into())));
        }
        page.insert("retained".to_owned(), Value::Object(retained));
        page.insert("limits".to_owned(), Value::Object(limits));
        page
    }

    /// Runs an operation that answers with a stream of events. Fails with the fault that is armed for it, if there is one.
    /// `None` for any other operation.
    pub(crate) async fn subscribe(
        &self,
        cx: &Context,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Option<Result<Events, ApiError>> {
        let named = self.services.iter().filter(|found| found.about().name == service);
        let streamed = named.into_iter().find(|found| found.is_streamed(operation))?;
        Some(match self.faults.armed_fault(service, operation) {
            Some(error) => Err(error),
            None => streamed.subscribe(cx, operation, input.clone()).await,
        })
    }

    async fn run(
        &self,
        cx: &Context,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        if let Some(error) = self.faults.armed_fault(service, operation) {
            return Err(error);
        }
        let mut parts = self.services.iter().filter(|found| found.about().name == service);
        let Some(first) = parts.next() else { return Err(ApiError::unknown_operation(service, operation)) };
        let chosen = match parts.next() {
            None => first,
            Some(second) => [first, second]
                .into_iter()
                .chain(parts)
                .find(|part| part.takes(operation, &input))
                .unwrap_or(first),
        };
        chosen.call(cx, operation, input).await
    }
}

impl Calls for Registry {
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        service: &'a str,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(self.run(cx, service, operation, input))
    }
}

impl Catalogue for Registry {
    fn armed_fault(&self, service: &str, operation: &str) -> Option<ApiError> {
        self.faults.armed_fault(service, operation)
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        self.services.iter().flat_map(|service| service.resource_types()).collect()
    }
}
