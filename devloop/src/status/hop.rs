//! The stages that an event passes on its way through a pipeline.

/// A stage that events pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hop {
    /// A resource where events enter or wait: an API, a stream, a table, a queue.
    Resource {
        /// The name that is shown, such as `Kinesis`.
        name: String,
        /// The service in its ARN, such as `kinesis`.
        service: String,
    },
    /// A function, by its binary.
    Function(String),
}

impl Hop {
    /// The name that is shown.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Resource { name, .. } | Self::Function(name) => name,
        }
    }
}
