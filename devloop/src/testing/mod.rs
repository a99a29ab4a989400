//! What the tests of several rooms share.

mod fixture;

pub(crate) use fixture::Fixture;
