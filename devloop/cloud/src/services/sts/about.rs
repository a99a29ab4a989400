//! What STS declares about itself to the rest of the cloud.

use super::Sts;
use crate::service::{About, Dialect, Query, Service, about_and_call};

static ABOUT: About = About {
    query: Some(Query {
        version: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        codes: &[],
        dialect: Dialect::Members,
        path_member: None,
    }),
    operations: &[
        "AssumeRole",
        "GetAccessKeyInfo",
        "GetCallerIdentity",
        "GetFederationToken",
        "GetSessionToken",
    ],
    without_effect: &[
        "session policies and tags, ExternalId, ProvidedContexts, SerialNumber and TokenCode: the embedded cloud does not evaluate IAM",
    ],
    ..About::named("sts")
};

impl Service for Sts {
    about_and_call!(ABOUT);
}
