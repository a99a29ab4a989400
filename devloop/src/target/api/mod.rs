//! The operations of AWS's services that the two remote targets need: Lambda and S3 through AWS's generated clients, stacks by
//! requests of our own. Everything is signed, also for `LocalStack`, which reads account and region from the signature.

mod client;
mod lambda;
mod s3;
mod stacks;

pub(super) use client::Client;
pub(super) use lambda::{Code, Deployed, Lambda};
pub(super) use s3::S3;
pub(super) use stacks::Stacks;
