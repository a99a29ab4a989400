//! AWS's signature, and what stands in its place where nobody checks it.

use std::fmt::Display;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as instructions};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use hyper::Request;

/// The service and the region that a signature is valid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
}

/// Signs the request with the keys. The error is a fragment.
pub(super) fn sign(request: &mut Request<Bytes>, scope: Scope<'_>, keys: &Credentials) -> Result<(), String> {
    let unsignable = |error: &dyn Display| format!("sign a request: {error}");
    let identity = keys.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsignable(&error))?
        .into();
    let headers = request.headers().iter();
    let headers: Vec<_> =
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let body = SignableBody::Bytes(request.body());
    let uri = request.uri().to_string();
    let signable = SignableRequest::new(request.method().as_str(), uri, headers.into_iter(), body)
        .map_err(|error| unsignable(&error))?;
    let (signed, _) = instructions(signable, &parameters).map_err(|error| unsignable(&error))?.into_parts();
    signed.apply_to_request_http1x(request);
    Ok(())
}

/// An authorization that proves nothing. Clouds on this machine read only its scope, which says which service and region are meant.
pub(super) fn unsigned(scope: Scope<'_>) -> String {
    let Scope { service, region } = scope;
    format!(
        "AWS4-HMAC-SHA256 Credential=devloop/19700101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use bytes::Bytes;
    use hyper::Request;

    use super::{Scope, sign, unsigned};

    #[test]
    fn a_signature_names_its_scope_and_its_session() {
        let scope = Scope { service: "sts", region: "eu-west-1" };
        let mut request = Request::post("http://127.0.0.1:1/").body(Bytes::from_static(b"Action=x")).unwrap();
        let keys = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        sign(&mut request, scope, &keys).unwrap();
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert!(
            header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
                && header("authorization").contains("/eu-west-1/sts/aws4_request"),
            "{request:?}"
        );
        assert_eq!(header("x-amz-security-token"), "token");
        assert!(unsigned(scope).contains("/eu-west-1/sts/aws4_request"));
    }
}
