//! The service's errors and their XML form [Error responses, Amazon S3 API reference].

use quick_xml::escape::escape;

use crate::{context::Context, error::ApiError, http::Reply, kept::Budget};

/// An error with its HTTP status.
pub(super) fn refused(status: u16, code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::with_status(status, code, message)
}

/// `NoSuchBucket`.
pub(super) fn no_such_bucket(name: &str) -> ApiError {
    refused(404, "NoSuchBucket", "The specified bucket does not exist").detail("BucketName", name)
}

/// `NoSuchKey`.
pub(super) fn no_such_key(key: &str) -> ApiError {
    refused(404, "NoSuchKey", "The specified key does not exist.").detail("Key", key)
}

/// `InvalidArgument`, about the argument called `name`.
pub(super) fn invalid_argument(name: &str, value: &str, message: impl Into<String>) -> ApiError {
    refused(400, "InvalidArgument", message).detail("ArgumentName", name).detail("ArgumentValue", value)
}

/// `MalformedXML`.
pub(super) fn malformed_xml() -> ApiError {
    refused(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// `RequestTimeout`, for a body that stalls. Its status is 400, not HTTP's 408.
pub(super) fn stalled() -> ApiError {
    let message = "Your socket connection to the server was not read from or written to within the timeout period. Idle \
                   connections will be closed.";
    refused(400, "RequestTimeout", message)
}

/// `PreconditionFailed`, with the header whose condition is not met.
pub(super) fn precondition_failed(header: &str) -> ApiError {
    refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        .detail("Condition", header)
}

/// `AccessDenied`.
pub(super) fn access_denied() -> ApiError {
    refused(403, "AccessDenied", "Access Denied")
}

/// The error for a failure of the disk, with its cause and what to do.
pub(super) fn disk(error: &std::io::Error) -> ApiError {
    let message = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "the disk that holds objects is full; free some space, or set TMPDIR to another disk".to_owned()
        }
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            format!("the folder of objects cannot be written ({error}); set TMPDIR to one that can")
        }
        _ => format!("the folder of objects failed: {error}"),
    };
    refused(500, "InternalError", message)
}

/// The error when objects have as many bytes as the cloud keeps on the disk.
pub(super) fn no_room(disk: &Budget) -> ApiError {
    let message = format!(
        "the objects and uploaded parts have {} MB on the disk, and the embedded cloud keeps {} MB; delete objects, or abort uploads that \
         are not completed",
        disk.bytes() >> 20,
        disk.most() >> 20
    );
    refused(507, "InsufficientStorage", message)
}

/// The XML document of an error.
pub(super) fn body(error: &ApiError) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>",
        escape(&*error.code),
        escape(error.message.as_str())
    );
    for (name, value) in &error.details {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        xml.push_str(&format!("<{name}>{}</{name}>", escape(text.as_str())));
    }
    xml + "</Error>"
}

/// The response for an error. The response to an unchanged object (304) has no body.
pub(super) fn reply(cx: &Context, resource: &str, error: &ApiError) -> Reply {
    if error.status == 304 {
        return Reply::empty(304);
    }
    let error = error.clone().detail("RequestId", &*cx.request_id).detail("Resource", resource);
    Reply::new(error.status, "application/xml", body(&error))
}
