//! How messages reach queues and functions. Tests use a substitute.

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;

use crate::{
    arn::Arn,
    context::Context,
    error::ApiError,
    functions::{Functions, Invocation},
    services::sqs::{Parcel, Sqs},
};

/// Queues and functions as targets of messages.
pub(crate) trait Outlets: Debug + Send + Sync {
    /// Sends to the queue with this ARN.
    fn queue(&self, arn: &str, parcel: Parcel) -> Result<(), ApiError>;

    /// Sends an event to the function with this ARN, without waiting for it.
    fn function(&self, cx: &Context, arn: &str, event: Bytes) -> Result<(), ApiError>;
}

/// The services of this cloud.
#[derive(Debug)]
pub(crate) struct Wired {
    pub(crate) sqs: Arc<Sqs>,
    pub(crate) functions: Arc<dyn Functions>,
}

impl Outlets for Wired {
    fn queue(&self, arn: &str, parcel: Parcel) -> Result<(), ApiError> {
        let region = Arn::parse(arn).map_or("", |arn| arn.region);
        self.sqs.deliver(region, arn, parcel)
    }

    fn function(&self, cx: &Context, arn: &str, event: Bytes) -> Result<(), ApiError> {
        self.functions.invoke_later(cx, arn, Invocation { payload: event, ..Invocation::default() })
    }
}
