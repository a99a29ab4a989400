//! What STS tells of itself to the rest of the cloud.

use serde_json::Value;

use super::Sts;
use crate::{
    context::Context,
    error::ApiError,
    service::{About, Answering, Dialect, Query, Service},
};

static ABOUT: About = About {
    name: "sts",
    health: "sts",
    signing: "sts",
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
    ..About::NONE
};

impl Service for Sts {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(Self::call(self, cx, operation, input))
    }
}
