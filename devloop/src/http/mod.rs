//! HTTP to a cloud from outside: one client that keeps its connections, AWS's signature, and the word why nobody answered.
//! What is asked, and what an answer means, is for the rooms that ask.

mod aws;
mod cause;
mod client;
mod sign;

pub(crate) use aws::aws_url;
pub(crate) use cause::cause;
pub(crate) use client::{Bounds, Client, Trust, without_roots};
pub(crate) use sign::{Scope, sign, unsigned};
