//! The interface of a service. The registry, the gateway and CloudFormation use services through [`Service`] alone.

use std::{fmt::Debug, sync::Weak};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{
    calls::Calls,
    context::Context,
    error::ApiError,
    event_stream::Events,
    http::{Arriving, Reply, Request},
    resource::ResourceType,
    rest::Route,
};

/// Work in progress on an answer.
pub(crate) type Answering<'a, T> = BoxFuture<'a, T>;

/// One service of the cloud, or a part of a service whose operations are split between two modules.
pub(crate) trait Service: Debug + Send + Sync + 'static {
    /// The service's names, protocols and operations.
    fn about(&self) -> &'static About;

    /// Runs one operation by its API name. `input` has the members of the operation's input, independent of the protocol.
    /// Fails with an error that names the operation when it is not in [`About::operations`].
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>>;

    /// Whether an operation answers with a stream of events. If so, [`Service::subscribe`] runs it.
    fn is_streamed(&self, operation: &str) -> bool {
        let _ = operation;
        false
    }

    /// Runs one operation that answers with a stream of events. The stream is dropped when the client disconnects.
    fn subscribe<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Events, ApiError>> {
        let (_, _) = (cx, input);
        let error = ApiError::unknown_operation(self.about().name, operation);
        Box::pin(async move { Err(error) })
    }

    /// Whether this part of the service takes `operation`. Called only where several parts have one name.
    fn takes(&self, operation: &str, input: &Value) -> bool {
        let _ = input;
        self.about().operations.contains(&operation)
    }

    /// Whether the request's host or path addresses the service's own HTTP interface, such as a deployed API or a
    /// function's URL. Such requests go to [`Service::answer`], whatever their signature says.
    fn is_addressed(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// Whether that HTTP interface is made for web pages of any site. Its CORS settings then say which pages may read it.
    fn is_for_pages(&self) -> bool {
        false
    }

    /// Answers a request for which [`Service::is_addressed`] is true, or whose [`Route`] is marked as raw. The body was not
    /// read yet.
    fn answer<'a>(&'a self, cx: &'a Context, request: Request, body: Arriving) -> Answering<'a, Reply> {
        let (_, _) = (cx, body);
        let what = format!("{} {}", request.method, request.path);
        let error = ApiError::unknown_operation(self.about().name, &what);
        Box::pin(async move { Reply::error(&error) })
    }

    /// The error for a request that matches none of the routes in [`About::routes`].
    fn unknown_route(&self, request: &Request) -> ApiError {
        ApiError::unknown_operation(self.about().name, &format!("{} {}", request.method, request.path))
    }

    /// Sets the catalogue of all services, once, when the cloud is assembled.
    fn connect(&self, all: Weak<dyn Catalogue>) {
        let _ = all;
    }

    /// The resource types that the service implements.
    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        Vec::new()
    }

    /// The members that the service adds to the status page, such as `streams`.
    fn status(&self, from_ms: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        let _ = from_ms;
        Box::pin(async { Vec::new() })
    }

    /// The service's own page `/_devloop/<name>`, if it has one. Web pages of other sites cannot read it.
    fn page(&self, name: &str) -> Option<Value> {
        let _ = name;
        None
    }

    /// What the service keeps in memory now: counts or bytes by name, such as `stream_records`.
    fn retained(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// The limits of what it keeps: counts, bytes and times in ms by name, such as `log_group_bytes`.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[]
    }
}

/// Implements two methods of [`Service`] in the way that most services share: `about` returns the given value, and `call`
/// runs the type's own method `call`.
macro_rules! about_and_call {
    ($about:expr) => {
        fn about(&self) -> &'static $crate::service::About {
            &$about
        }

        fn call<'a>(
            &'a self,
            cx: &'a $crate::context::Context,
            operation: &'a str,
            input: ::serde_json::Value,
        ) -> $crate::service::Answering<'a, Result<::serde_json::Value, $crate::error::ApiError>> {
            Box::pin(Self::call(self, cx, operation, input))
        }
    };
}
pub(crate) use about_and_call;

/// All services together: their operations and their resource types.
pub(crate) trait Catalogue: Calls {
    /// The fault that is armed for an operation, which must then fail with it. For services that read their requests
    /// themselves.
    fn armed_fault(&self, service: &str, operation: &str) -> Option<ApiError>;

    /// The resource types of every service.
    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)>;
}

/// The names, protocols and operations of a service.
#[derive(Debug)]
pub(crate) struct About {
    /// The endpoint prefix, such as `monitoring`. `Cloud::call`, faults and error messages use it.
    pub(crate) name: &'static str,
    /// The name in LocalStack's health page, such as `cloudwatch`.
    pub(crate) health: &'static str,
    /// The name in the scope of a request's signature.
    pub(crate) signing: &'static str,
    /// The JSON protocols, and CBOR for services that offer it.
    pub(crate) json: Option<Json>,
    /// The query protocol.
    pub(crate) query: Option<Query>,
    /// The routes of a REST service; empty for other services.
    pub(crate) routes: &'static [Route],
    /// The API names of all supported operations, in alphabetical order.
    pub(crate) operations: &'static [&'static str],
    /// The most bytes of a request's body, packed or unpacked. It leaves room for what the protocol adds to the service's own limits,
    /// which the operations check: characters that are escaped, data in base64, names.
    pub(crate) largest: usize,
    /// What is accepted and shown but has no effect, as sentences for the page about what the cloud supports.
    pub(crate) without_effect: &'static [&'static str],
}

impl About {
    /// A service that has this name everywhere (in calls, in the health page, in signatures) and no protocols. For struct
    /// update syntax.
    pub(crate) const fn named(name: &'static str) -> Self {
        Self {
            name,
            health: name,
            signing: name,
            json: None,
            query: None,
            routes: &[],
            operations: &[],
            largest: 4 << 20,
            without_effect: &[],
        }
    }

    /// The error code in the query protocol, which clients that once used that protocol still expect.
    pub(crate) fn legacy_code(&self, code: &str) -> Option<&'static str> {
        let query = self.query.as_ref()?;
        query.codes.iter().find(|(shape, _)| *shape == code).map(|(_, legacy)| *legacy)
    }
}

/// How a service uses the JSON protocols and CBOR.
#[derive(Debug)]
pub(crate) struct Json {
    /// The target prefix: the part of `X-Amz-Target` before the dot, which is also the service's name in the path of the
    /// CBOR protocol.
    pub(crate) target: &'static str,
    /// `1.0` or `1.1`: the end of the content type.
    pub(crate) version: JsonVersion,
    /// The namespace before an error's code in `__type`, including its `#`; may be empty.
    pub(crate) namespace: &'static str,
    /// The same namespace for CBOR, for services that offer it.
    pub(crate) cbor: Option<&'static str>,
}

/// The two versions of the JSON protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonVersion {
    /// `application/x-amz-json-1.0`.
    V10,
    /// `application/x-amz-json-1.1`.
    V11,
}

/// How a service uses the query protocol: a form as input, XML as output.
#[derive(Debug)]
pub(crate) struct Query {
    /// The API's version, which identifies the service of an unsigned request.
    pub(crate) version: &'static str,
    /// The XML namespace of its answers.
    pub(crate) namespace: &'static str,
    /// Error codes that differ from the names of the error shapes [the services' API models, trait `awsQueryError`].
    pub(crate) codes: &'static [(&'static str, &'static str)],
    /// How lists and maps are written.
    pub(crate) dialect: Dialect,
    /// The member that the request's path stands for, in services whose resources have addresses: SQS's `QueueUrl`.
    pub(crate) path_member: Option<&'static str>,
}

/// How a service writes lists and maps in XML.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dialect {
    /// A list as `<List><member>…</member></List>`, and a map as a structure.
    Members,
    /// Lists and maps without a surrounding element. `item` gives the element name of a list's items, from the operation
    /// and the list's name; `maps` lists the names of the maps.
    Flattened {
        item: fn(operation: &str, list: &str) -> String,
        maps: &'static [(&'static str, &'static str)],
    },
    #[allow(dead_code, reason = "SNS writes its maps like this")]
    /// Lists as in `Members`, and the maps in `maps` as `<Map><entry><key/><value/></entry></Map>`.
    Entries { maps: &'static [&'static str] },
}
