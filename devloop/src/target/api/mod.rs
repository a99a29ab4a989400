//! AWS's own interfaces, as far as the two remote targets need them: Lambda and S3 through the SDK's clients, single questions to
//! other services by hand. Everything is signed, also for `LocalStack`, which reads account and region from the signature.

mod client;
mod credentials;
mod encode;
mod endpoints;
mod error;
mod lambda;
mod s3;
mod sdk;
mod stacks;

pub(super) use client::{Answer, Call, Client, bare};
pub(super) use credentials::Credentials;
use encode::segment;
pub(super) use endpoints::Endpoints;
pub(super) use error::ApiError;
pub(super) use lambda::{Code, Deployed, Lambda};
pub(super) use s3::S3;
pub(super) use stacks::Stacks;
