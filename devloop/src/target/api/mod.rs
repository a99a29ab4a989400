//! AWS's own interfaces over HTTP, as far as the two remote targets need them: every request is signed, also for `LocalStack`,
//! which reads account and region from the signature.

mod client;
mod credentials;
mod encode;
mod error;
mod lambda;
mod s3;
mod stacks;

pub(super) use client::{Answer, Call, Client, Endpoints};
pub(super) use credentials::{Credentials, region_of_profile};
pub(super) use encode::segment;
pub(super) use error::ApiError;
pub(super) use lambda::{Code, Deployed, Lambda};
pub(super) use s3::S3;
pub(super) use stacks::Stacks;
