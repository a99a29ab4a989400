//! Receipt handles: they identify a queue, a message, and one of its receives.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::error::ApiError;

/// The contents of a receipt handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) number: u64,
    pub(super) receive: u32,
}

impl Receipt {
    /// The handle as text, for the queue with this id.
    pub(super) fn seal(self, queue: &str) -> String {
        BASE64_STANDARD.encode(format!("{queue} {} {}", self.number, self.receive))
    }

    /// Parses a handle; fails if it is not from the queue with this id.
    pub(super) fn open(handle: &str, queue: &str) -> Result<Self, ApiError> {
        Self::parse(handle, queue).ok_or_else(|| {
            ApiError::client(
                "ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
            )
        })
    }

    fn parse(handle: &str, queue: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_STANDARD.decode(handle).ok()?).ok()?;
        let (number, receive) = text.strip_prefix(queue)?.strip_prefix(' ')?.split_once(' ')?;
        Some(Self { number: number.parse().ok()?, receive: receive.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_accepted_by_their_own_queue_only() {
        let receipt = Receipt { number: 7, receive: 2 };
        let handle = receipt.seal("q");
        assert_eq!(Receipt::open(&handle, "q"), Ok(receipt));
        let check = |handle: &str, queue: &str| {
            assert_eq!(Receipt::open(handle, queue).unwrap_err().code, "ReceiptHandleIsInvalid", "{handle}");
        };
        check(&handle, "other");
        check("", "q");
        check("garbage!", "q");
        check("/////w==", "q");
    }
}
