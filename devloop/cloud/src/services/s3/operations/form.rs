//! `PostObject`: uploads from an HTML form, with its policy [Browser-based uploads using POST].

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Call, document, write};
use crate::{
    error::ApiError,
    http::{Arriving, Reply, Request},
    services::s3::{
        checksum::Algorithm,
        error::{access_denied, invalid_argument, refused},
        names::check_key,
        upload::store,
        version::described,
    },
};

/// The largest form that is read, in bytes: forms are read whole.
const LARGEST: usize = 64 << 20;

/// Whether a request is an upload from a form.
pub(in crate::services::s3) fn is_form(request: &Request) -> bool {
    request.method == hyper::Method::POST
        && request.header("content-type").is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// The fields of a form before its file, and the file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Form {
    fields: Vec<(String, String)>,
    file: Option<(String, Bytes)>,
}

impl Form {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Reads the parts between boundaries; what follows the file is ignored, as on AWS.
    fn read(content_type: &str, body: &Bytes) -> Option<Self> {
        let boundary = content_type.split("boundary=").nth(1)?.split(';').next()?.trim().trim_matches('"');
        let mark = format!("--{boundary}");
        let mut form = Self::default();
        let mut at = find(body, mark.as_bytes(), 0)? + mark.len();
        while !body[at..].starts_with(b"--") {
            let headers_end = find(body, b"\r\n\r\n", at)?;
            let headers = std::str::from_utf8(&body[at..headers_end]).ok()?;
            let end = find(body, format!("\r\n{mark}").as_bytes(), headers_end + 2)?;
            let content = body.slice(headers_end + 4..end.max(headers_end + 4));
            let disposition =
                headers.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
            let parameter = |name: &str| {
                let start = disposition.find(&format!(" {name}=\""))? + name.len() + 3;
                disposition[start..].split('"').next().map(str::to_owned)
            };
            let name = parameter("name")?;
            if name.eq_ignore_ascii_case("file") {
                form.file = Some((parameter("filename").unwrap_or_default(), content));
                return Some(form);
            }
            form.fields.push((name, String::from_utf8_lossy(&content).into_owned()));
            at = end + 2 + mark.len();
        }
        Some(form)
    }
}

fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = from;
    while at + wanted.len() <= body.len() {
        at += body[at..].iter().position(|byte| *byte == first)?;
        if body[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
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
    let body = body.whole(&call.request.headers, LARGEST).await?;
    let malformed = || {
        refused(
            400,
            "MalformedPOSTRequest",
            "The body of your POST request is not well-formed multipart/form-data.",
        )
    };
    let form = Form::read(kind, &body).ok_or_else(malformed)?;
    let (filename, file) = form
        .file
        .clone()
        .ok_or_else(|| invalid_argument("file", "0", "POST requires exactly one file upload per request."))?;
    let key = form.field("key").ok_or_else(|| {
        invalid_argument("key", "", "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.")
    })?;
    let key = key.replace("${filename}", &filename);
    check_key(&key)?;
    match form.field("policy") {
        Some(policy) => check_policy(policy, &form, &bucket.name, &key, file.len(), call.s3.clock.now_ms())?,
        None => return Err(access_denied()),
    }
    let mut headers = hyper::HeaderMap::new();
    for (name, value) in &form.fields {
        let name = name.to_ascii_lowercase();
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    let tags = write::tags_of_header(None)?;
    let algorithm = Algorithm::wanted(&headers);
    let stored = store(&call.s3.folder, &headers, Arriving::new(Full::new(file)), algorithm).await?;
    let (kept, metadata) = described(&headers);
    let version = write::version_of(call, stored, kept, metadata, tags);
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

/// Checks a policy's expiration and its conditions on the form's fields. Its signature is not checked.
fn check_policy(
    policy: &str,
    form: &Form,
    bucket: &str,
    key: &str,
    length: usize,
    now_ms: i64,
) -> Result<(), ApiError> {
    let invalid = |why: &str| refused(400, "InvalidPolicyDocument", format!("Invalid Policy: {why}"));
    let denied = |why: String| refused(403, "AccessDenied", format!("Invalid according to Policy: {why}"));
    let document = BASE64_STANDARD.decode(policy).map_err(|_| invalid("it is not base64"))?;
    let document: Value = serde_json::from_slice(&document).map_err(|_| invalid("it is not JSON"))?;
    let expiration = document["expiration"].as_str().ok_or_else(|| invalid("it has no expiration"))?;
    let expiration: jiff::Timestamp = expiration.parse().map_err(|_| invalid("its expiration is no time"))?;
    if expiration.as_millisecond() <= now_ms {
        return Err(denied("Policy expired.".to_owned()));
    }
    let value = |name: &str| match name.trim_start_matches('$') {
        "bucket" => bucket.to_owned(),
        "key" => key.to_owned(),
        name => form.field(name).unwrap_or_default().to_owned(),
    };
    let conditions = document["conditions"].as_array().ok_or_else(|| invalid("it has no conditions"))?;
    for condition in conditions {
        let failed = || denied(format!("Policy Condition failed: {condition}"));
        match condition {
            Value::Object(members) => {
                for (name, wanted) in members {
                    if wanted.as_str() != Some(value(name).as_str()) {
                        return Err(failed());
                    }
                }
            }
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(how), Value::String(name), Value::String(wanted)] if how == "eq" => {
                    if value(name) != *wanted {
                        return Err(failed());
                    }
                }
                [Value::String(how), Value::String(name), Value::String(start)] if how == "starts-with" => {
                    if !value(name).starts_with(start.as_str()) {
                        return Err(failed());
                    }
                }
                [Value::String(how), least, most] if how == "content-length-range" => {
                    let bound = |bound: &Value| {
                        bound
                            .as_u64()
                            .or_else(|| bound.as_str()?.parse().ok())
                            .ok_or_else(|| invalid("a bound is no number"))
                    };
                    if (length as u64) < bound(least)? {
                        return Err(refused(
                            400,
                            "EntityTooSmall",
                            "Your proposed upload is smaller than the minimum allowed size",
                        ));
                    }
                    if length as u64 > bound(most)? {
                        return Err(refused(
                            400,
                            "EntityTooLarge",
                            "Your proposed upload exceeds the maximum allowed size",
                        ));
                    }
                }
                _ => return Err(invalid("a condition is not understood")),
            },
            _ => return Err(invalid("a condition is not understood")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_up_to_their_file() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/${filename}\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"x.xml\"\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--b--\r\n";
        let form = Form::read("multipart/form-data; boundary=b", &body.into()).unwrap();
        assert_eq!(form.fields, [("key".to_owned(), "a/${filename}".to_owned())]);
        assert_eq!(form.file, Some(("x.xml".to_owned(), Bytes::from("<a/>"))));
        assert_eq!(Form::read("multipart/form-data; boundary=b", &"nothing".into()), None);
        assert_eq!(Form::read("multipart/form-data", &body.into()), None);
    }
}
