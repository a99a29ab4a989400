//! The one way to AWS's services and to whatever speaks as they do: where they are, which certificates are trusted, what requests
//! are signed with, and how often they are tried. What is asked, and what an answer means, is for the rooms that ask.

mod call;
mod cause;
mod client;
mod encode;
mod endpoints;
mod error;
mod http;
mod keys;
mod names;
mod retry;
mod sdk;
mod sign;
mod trust;
mod xml;

pub(crate) use call::{Answer, Call};
pub(crate) use client::{Client, without_query};
pub(crate) use encode::encoded;
pub(crate) use endpoints::Endpoints;
pub(crate) use error::ApiError;
pub(crate) use http::Bounds;
pub(crate) use keys::{Keys, region_of_profile};
pub(crate) use names::{aws_url, belongs};
pub(crate) use retry::Patience;
pub(crate) use trust::{Trust, explained};
pub(crate) use xml::document;
