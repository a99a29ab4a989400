//! Opaque tokens: shard iterators and page tokens contain their own state, so that the service stores nothing for them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::ApiError;

/// How long a token is valid, in ms [`GetShardIterator`, Kinesis API reference].
pub(super) const LIFETIME_MS: i64 = 300_000;

/// The first bytes of every token, as on AWS.
const HEADER: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
const CHECKSUM: usize = 4;

/// A position in a shard.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ShardIterator {
    pub(super) issued_ms: i64,
    pub(super) stream: String,
    /// Distinguishes the stream from a later one with the same name.
    pub(super) created_ms: i64,
    pub(super) shard: u32,
    /// The smallest sequence number that was not read yet.
    pub(super) position: u128,
}

impl ShardIterator {
    /// Reads an iterator. Fails if it is more than five minutes old at `now_ms`.
    pub(super) fn open(text: &str, now_ms: i64) -> Result<Self, ApiError> {
        let iterator: Self = open(text)
            .ok_or_else(|| ApiError::client("InvalidArgumentException", "Invalid ShardIterator."))?;
        if now_ms - iterator.issued_ms <= LIFETIME_MS {
            return Ok(iterator);
        }
        Err(ApiError::client(
            "ExpiredIteratorException",
            format!(
                "Iterator expired. The iterator was created at time {} while right now it is {} which is further in \
                 the future than the tolerated delay of {LIFETIME_MS} milliseconds.",
                date(iterator.issued_ms),
                date(now_ms)
            ),
        ))
    }
}

/// Encodes a value as a token.
pub(super) fn seal(value: &impl Serialize) -> String {
    // Writing plain structs to memory cannot fail.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut token = HEADER.to_vec();
    token.extend_from_slice(&Md5::digest(&body)[..CHECKSUM]);
    token.extend_from_slice(&body);
    BASE64_STANDARD.encode(token)
}

/// The value of a token; `None` when the text is not a token of this cloud.
pub(super) fn open<T: DeserializeOwned>(text: &str) -> Option<T> {
    let token = BASE64_STANDARD.decode(text).ok()?;
    let (checksum, body) = token.strip_prefix(&HEADER)?.split_at_checked(CHECKSUM)?;
    if Md5::digest(body)[..CHECKSUM] != *checksum {
        return None;
    }
    serde_json::from_slice(body).ok()
}

fn date(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%a %b %d %H:%M:%S UTC %Y").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterators_survive_sealing_and_fit_the_api() {
        let iterator = ShardIterator {
            issued_ms: i64::MAX,
            stream: "s".repeat(128),
            created_ms: i64::MAX,
            shard: u32::MAX,
            position: u128::MAX,
        };
        let text = seal(&iterator);
        assert!(text.len() <= 512, "{}", text.len());
        let opened = ShardIterator::open(&text, i64::MAX).unwrap();
        assert_eq!((opened.stream, opened.position), (iterator.stream, u128::MAX));
    }

    #[test]
    fn other_texts_are_not_tokens() {
        let check = |text: &str| assert!(open::<u32>(text).is_none(), "{text}");
        check("");
        check("AAAAAAAAAAE=");
        check("not base64");
        let mut text = seal(&1_u32);
        assert_eq!(open::<u32>(&text), Some(1));
        text.replace_range(12..13, if &text[12..13] == "A" { "B" } else { "A" });
        check(&text);
    }
}
