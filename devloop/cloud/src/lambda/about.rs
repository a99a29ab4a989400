//! What Lambda declares about itself to the rest of the cloud.

use std::sync::Weak;

use serde_json::Value;

use super::{
    api,
    asynchronous::{FUNCTION_BYTES, FUNCTION_EVENTS, TOTAL_BYTES, TOTAL_EVENTS},
    cloudformation,
    code::STORAGE,
    payloads,
    service::Lambda,
    url::{PAYLOAD_LIMIT, too_large},
};
use crate::{
    context::Context,
    http::{Arriving, Reply, Request},
    resource::ResourceType,
    secrets::without_secrets_in,
    service::{About, Answering, Catalogue, Service, about_and_call},
};

/// A function's zip may be 50 MB and is sent as base64; no other request to Lambda is larger [Lambda quotas].
const BODY_LIMIT: usize = 70 << 20;

static ABOUT: About = About {
    routes: api::ROUTES,
    operations: api::OPERATIONS,
    without_effect: &[
        "resource policies of functions (AddPermission): the embedded cloud does not evaluate IAM",
        "VpcConfig, TracingConfig and EphemeralStorage of functions: a function uses this machine's network and disk, and no traces are sent",
        "provisioned concurrency: environments start only when requests arrive",
        "extensions in layers (/opt/extensions): they are not started; functions find a layer's files through DEVLOOP_OPT, PATH and LD_LIBRARY_PATH",
        "MemorySize: it sets AWS_LAMBDA_FUNCTION_MEMORY_SIZE and the cost, and does not limit the memory",
    ],
    largest: BODY_LIMIT,
    ..About::named("lambda")
};

impl Service for Lambda {
    about_and_call!(ABOUT);

    fn is_addressed(&self, request: &Request) -> bool {
        url_of(request).is_some()
    }

    fn is_for_pages(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, cx: &'a Context, mut request: Request, body: Arriving) -> Answering<'a, Reply> {
        Box::pin(async move {
            if let Some((id, path)) = url_of(&request) {
                request.body = match body.whole(&request.headers, PAYLOAD_LIMIT).await {
                    Ok(body) => body,
                    Err(error) if error.status == 413 => return too_large(),
                    Err(error) => return Reply::error(&error),
                };
                request.path = path;
                return self.function_url(cx, &id, request).await;
            }
            request.body = match body.whole(&request.headers, BODY_LIMIT).await {
                Ok(body) => body,
                Err(error) => return Reply::error(&error),
            };
            // This is the only operation that the API's routes do not handle.
            let segments = request.segments();
            let name = segments.get(2).map_or("", String::as_str);
            self.invoke_api(cx, name, &request).await.unwrap_or_else(|error| Reply::error(&error))
        })
    }

    fn page(&self, name: &str) -> Option<Value> {
        if name == "events" {
            return Some(without_secrets_in(&self.recent_events()));
        }
        // Whoever asks for one event wants to send it again, or to keep it for a test.
        self.recent_event(name.strip_prefix("events/")?.parse().ok()?)
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        cloudformation::types()
    }

    fn connect(&self, all: Weak<dyn Catalogue>) {
        self.courier.connect(all);
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let load = self.courier.load();
        let layers = self.layers.all().iter().map(|(_, layers)| layers.count() as u64).sum();
        vec![
            ("layer_versions", layers),
            ("code_packages", self.code.owners() as u64),
            ("code_bytes_on_disk", self.code.bytes() as u64),
            ("invocations_running", self.invoker.payloads.owners() as u64),
            ("invocation_bytes", self.invoker.payloads.bytes() as u64),
            ("asynchronous_events", load.events as u64),
            ("asynchronous_event_bytes", load.bytes as u64),
        ]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[
            ("code_bytes_on_disk", STORAGE as u64),
            ("invocation_bytes", payloads::MOST as u64),
            ("asynchronous_events", TOTAL_EVENTS as u64),
            ("asynchronous_event_bytes", TOTAL_BYTES as u64),
            ("asynchronous_events_of_a_function", FUNCTION_EVENTS as u64),
            ("asynchronous_event_bytes_of_a_function", FUNCTION_BYTES as u64),
        ]
    }

    fn status(&self, from_ms: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move { vec![("functions", self.snapshot(from_ms).await.into())] })
    }
}

/// The id of the function URL that a request goes to, and the path that the function sees. The id is in the host
/// `<id>.lambda-url.<region>.<domain>`, or in a path below `/_aws/lambda-url/<id>`, which needs no name resolution.
fn url_of(request: &Request) -> Option<(String, String)> {
    if let Some(rest) = request.path.strip_prefix("/_aws/lambda-url/") {
        let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
        return Some((id.to_owned(), format!("/{path}")));
    }
    let host = request.host();
    let (id, rest) = host.split_once('.')?;
    rest.starts_with("lambda-url.").then(|| (id.to_owned(), request.path.clone()))
}
