//! What a service tells of itself, and how the rest of the cloud asks it: the registry, the gateway and CloudFormation know
//! services through [`Service`] alone.

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

/// One service of the cloud, or one part of a service whose operations two rooms share.
pub(crate) trait Service: Debug + Send + Sync + 'static {
    /// Names, protocols and operations.
    fn about(&self) -> &'static About;

    /// Runs one operation by its API name. `input` has the members of the operation's input, whatever the protocol; an
    /// operation that is not in [`About::operations`] is refused by name.
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>>;

    /// Whether an operation answers with a stream of events: then [`Service::subscribe`] runs it.
    fn is_streamed(&self, operation: &str) -> bool {
        let _ = operation;
        false
    }

    /// Runs one operation that answers with a stream of events. The client that goes away drops the stream.
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

    /// Whether this part of the service takes `operation`; only asked where several parts have one name.
    fn takes(&self, operation: &str, input: &Value) -> bool {
        let _ = input;
        self.about().operations.contains(&operation)
    }

    /// Whether the request is addressed to the service's own HTTP interface by its host or path, such as a deployed API or
    /// a function's URL. Those requests reach [`Service::answer`] whatever their signature says.
    fn is_addressed(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// Whether what is addressed that way is made for pages of any site, and says itself which of them may read it.
    fn is_for_pages(&self) -> bool {
        false
    }

    /// Answers a request that came by [`Service::is_addressed`] or by a [`Route`] that is marked as raw. The body is read
    /// by whoever needs it.
    fn answer<'a>(&'a self, cx: &'a Context, request: Request, body: Arriving) -> Answering<'a, Reply> {
        let (_, _) = (cx, body);
        let what = format!("{} {}", request.method, request.path);
        let error = ApiError::unknown_operation(self.about().name, &what);
        Box::pin(async move { Reply::error(&error) })
    }

    /// The error for a request that none of the routes of [`About::routes`] fits.
    fn unknown_route(&self, request: &Request) -> ApiError {
        ApiError::unknown_operation(self.about().name, &format!("{} {}", request.method, request.path))
    }

    /// Hands over the way to all services, once, when the cloud is put together.
    fn connect(&self, all: Weak<dyn Catalogue>) {
        let _ = all;
    }

    /// The resource types that the service makes for templates.
    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        Vec::new()
    }

    /// The members that the service adds to the status page, such as `streams`.
    fn status(&self, from_ms: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        let _ = from_ms;
        Box::pin(async { Vec::new() })
    }

    /// The service's own page `/_devloop/<name>`, where it has one of this name. Pages of other sites cannot read it.
    fn page(&self, name: &str) -> Option<Value> {
        let _ = name;
        None
    }

    /// What the service keeps in memory now: a count or a number of bytes by name, such as `stream_records`.
    fn retained(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// What bounds that: counts, bytes and times in ms by name, such as `log_group_bytes`.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[]
    }
}

/// The two methods of [`Service`] that most services write alike: `about` shows what is given, and `call` runs the method
/// `call` of the type itself.
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

/// All services together: their operations, and the resource types that they make.
pub(crate) trait Catalogue: Calls {
    /// The error that an operation must answer now, when a fault is armed for it: for services that read their requests
    /// themselves.
    fn strike(&self, service: &str, operation: &str) -> Option<ApiError>;

    /// The resource types of every service.
    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)>;
}

/// Names, protocols and operations of a service.
#[derive(Debug)]
pub(crate) struct About {
    /// The endpoint prefix: what `Cloud::call`, faults and error messages say, such as `monitoring`.
    pub(crate) name: &'static str,
    /// The name in the health page, as LocalStack has it, such as `cloudwatch`.
    pub(crate) health: &'static str,
    /// The name in the scope of a request's signature.
    pub(crate) signing: &'static str,
    /// The JSON protocols, and CBOR beside them.
    pub(crate) json: Option<Json>,
    /// The query protocol.
    pub(crate) query: Option<Query>,
    /// The paths of a REST service; empty for the others.
    pub(crate) routes: &'static [Route],
    /// The API names of all operations that are offered, in alphabetical order.
    pub(crate) operations: &'static [&'static str],
    /// What is accepted, kept and shown without any effect, as sentences for the page of what the cloud supports.
    pub(crate) without_effect: &'static [&'static str],
}

impl About {
    /// A service of this name everywhere (in calls, in the health page, in signatures), which no protocol reaches yet; for struct
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
            without_effect: &[],
        }
    }

    /// The code under which the query protocol, and the clients that came from it, know an error.
    pub(crate) fn legacy_code(&self, code: &str) -> Option<&'static str> {
        let query = self.query.as_ref()?;
        query.codes.iter().find(|(shape, _)| *shape == code).map(|(_, legacy)| *legacy)
    }
}

/// How a service speaks JSON, and CBOR.
#[derive(Debug)]
pub(crate) struct Json {
    /// The part of `X-Amz-Target` before the dot, which is also the service's name in the path of the CBOR protocol.
    pub(crate) target: &'static str,
    /// `1.0` or `1.1`: the end of the content type.
    pub(crate) version: JsonVersion,
    /// The namespace before an error's code in `__type`, with its `#`; empty for none.
    pub(crate) namespace: &'static str,
    /// The same in CBOR, for services that speak it.
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

/// How a service speaks the query protocol: a form in, XML out.
#[derive(Debug)]
pub(crate) struct Query {
    /// The API's version, which tells the service of an unsigned request.
    pub(crate) version: &'static str,
    /// The XML namespace of its answers.
    pub(crate) namespace: &'static str,
    /// Error codes that differ from the names of the errors' shapes [the services' API models, trait `awsQueryError`].
    pub(crate) codes: &'static [(&'static str, &'static str)],
    /// How lists and maps are written.
    pub(crate) dialect: Dialect,
    /// The member that the request's path names, for services whose resources are addresses: SQS's `QueueUrl`.
    pub(crate) path_member: Option<&'static str>,
}

/// How a service writes lists and maps in XML.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dialect {
    /// `<List><member>…</member></List>`, and maps as structures.
    Members,
    /// Lists and maps without a surrounding element; the function gives the element's name of a list's item from the
    /// operation and the list's name, and the list names the maps.
    Flattened {
        item: fn(operation: &str, list: &str) -> String,
        maps: &'static [(&'static str, &'static str)],
    },
    #[allow(dead_code, reason = "SNS writes its maps so")]
    /// Members, and maps as `<Map><entry><key/><value/></entry></Map>`; the list names the maps.
    Entries { maps: &'static [&'static str] },
}
