//! HTTP to a cloud from outside: one client that keeps its connections, AWS's keys and signature, and the word why nobody answered.
//! What is asked, and what an answer means, is for the rooms that ask.

mod aws;
mod cause;
mod client;
mod keys;
mod sign;

pub(crate) use aws::{aws_url, belongs};
pub(crate) use cause::{cause, chain};
pub(crate) use client::{Bounds, Client, Trust, without_roots};
pub(crate) use keys::{connector, find_keys, region_of_profile};
pub(crate) use sign::{Scope, sign, unsigned};
