//! What the tests of several modules share.

mod fixture;

pub(crate) use fixture::Fixture;
