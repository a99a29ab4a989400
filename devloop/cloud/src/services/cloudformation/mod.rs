//! Templates, applied in process.

/// The stacks.
#[derive(Debug, Default)]
pub(crate) struct CloudFormation {}
