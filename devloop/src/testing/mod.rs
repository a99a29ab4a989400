//! What the tests of several modules share.

mod document;
mod fixture;

pub(crate) use document::expect_document;
pub(crate) use fixture::Fixture;
