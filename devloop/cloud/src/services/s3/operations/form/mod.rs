//! `PostObject`: uploads from an HTML form, with its policy [Browser-based uploads using POST].

mod body;
mod policy;

use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;

use self::{body::Reader, policy::Policy};
use super::{Call, document, tagging::tags_of, write};
use crate::{
    error::ApiError,
    http::{Arriving, Reply, Request},
    services::s3::{
        checksum::Algorithm,
        encryption,
        error::{access_denied, invalid_argument, refused},
        names::check_key,
        upload::store,
        version::described,
    },
};

/// Whether a request is a form upload.
pub(in crate::services::s3) fn is_form(request: &Request) -> bool {
    request.method == hyper::Method::POST
        && request.header("content-type").is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

pub(super) async fn post(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    let kind = call.request.header("content-type").unwrap_or_default();
    if !is_form(call.request) {
        return Err(refused(
            412,
            "PreconditionFailed",
            "Bucket POST must be of the enclosure-type multipart/form-data",
        ));
    }
    let mut reader = Reader::new(kind, body).ok_or_else(body::malformed)?;
    let form = reader.fields().await?;
    let filename = form
        .filename
        .as_deref()
        .ok_or_else(|| invalid_argument("file", "0", "POST requires exactly one file upload per request."))?;
    let key = form.field("key").ok_or_else(|| {
        invalid_argument("key", "", "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.")
    })?;
    let key = key.replace("${filename}", filename);
    check_key(&key)?;
    let policy = Policy::read(form.field("policy").ok_or_else(access_denied)?)?;
    policy.check(&form, &bucket.name, &key, call.s3.clock.now_ms())?;
    let mut headers = hyper::HeaderMap::new();
    for (name, value) in &form.fields {
        let name = match name.to_ascii_lowercase().as_str() {
            // The only field that has another name than the header.
            "acl" => "x-amz-acl".to_owned(),
            name => name.to_owned(),
        };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    write::refuse_unsupported(&bucket, &headers)?;
    let tags = form.field("tagging").map(|document| tags_of(document.as_bytes())).transpose()?;
    let algorithm = Algorithm::wanted(&headers).unwrap_or_default();
    let stored = store(&call.s3.folder, &headers, reader.file(), Some(algorithm)).await?;
    policy.check_length(stored.content.length)?;
    let (mut kept, metadata) = described(&headers);
    encryption::complete(&bucket, &mut kept);
    let version = write::version_of(call, stored, kept, metadata, tags.unwrap_or_default());
    let version = write::place(call, &bucket, &key, version, "ObjectCreated:Post").await?;
    let etag = format!("\"{}\"", version.etag);
    let location = format!("{}/{}/{key}", call.cx.endpoint, bucket.name);
    if let Some(redirect) = form.field("success_action_redirect").or_else(|| form.field("redirect")) {
        let joint = if redirect.contains('?') { '&' } else { '?' };
        let target =
            format!("{redirect}{joint}bucket={}&key={}&etag={etag}", bucket.name, crate::http::encode(&key));
        return Ok(Reply::empty(303).header("location", &target));
    }
    let reply = match form.field("success_action_status") {
        Some("201") => {
            let shown = json!({ "Location": location, "Bucket": bucket.name, "Key": key, "ETag": etag });
            Reply { status: 201, ..document("PostResponse", &shown) }
        }
        Some("200") => Reply::empty(200),
        _ => Reply::empty(204),
    };
    Ok(reply.header("etag", &etag).header("location", &location))
}
