//! What unit tests of several rooms share.

pub(crate) mod driven;
