//! Checksums of objects [Checking object integrity in Amazon S3].

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest as Crc, checksum_combine};
use hyper::HeaderMap;
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};

use super::error::refused;
use crate::error::ApiError;

/// The checksum algorithms. The default is the one that S3 computes when a request names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    #[default]
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name in headers and documents, such as `CRC32`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header with the value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element with the value in documents, such as `ChecksumCRC32`.
    pub(super) fn element(self) -> String {
        format!("Checksum{}", self.name())
    }

    /// The CRC of this algorithm, if it is one.
    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// Whether a multipart upload gets a checksum of the whole object, or else a composite one of its parts' checksums.
    /// `asked` is the type in the request (`FULL_OBJECT` or `COMPOSITE`). Fails for a combination that S3 does not support
    /// [Checking object integrity in Amazon S3].
    pub(super) fn is_of_whole(self, asked: Option<&str>) -> Result<bool, ApiError> {
        match (asked, self) {
            (Some("FULL_OBJECT"), Self::Sha1 | Self::Sha256) | (Some("COMPOSITE"), Self::Crc64Nvme) => {
                let asked = asked.unwrap_or_default();
                let message = format!(
                    "The {asked} checksum type cannot be used with the {} checksum algorithm.",
                    self.name().to_ascii_lowercase()
                );
                Err(refused(400, "InvalidRequest", message))
            }
            (Some("FULL_OBJECT"), _) | (None, Self::Crc64Nvme) => Ok(true),
            (Some("COMPOSITE") | None, _) => Ok(false),
            (Some(_), _) => {
                let message = "Value for x-amz-checksum-type header is invalid.";
                Err(refused(400, "InvalidRequest", message))
            }
        }
    }

    /// The algorithm with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// Refuses an algorithm that S3 has and this cloud does not compute, so that no checksum passes without being compared.
    pub(super) fn refuse_unknown(headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let trailers = text("x-amz-trailer").unwrap_or_default().split(',').map(str::trim);
        let given = headers.keys().map(hyper::header::HeaderName::as_str).chain(trailers);
        let names = ["sha512", "md5", "xxhash64", "xxhash3", "xxhash128"];
        let of_value = given.filter_map(|name| name.strip_prefix("x-amz-checksum-"));
        let of_name =
            text("x-amz-sdk-checksum-algorithm").into_iter().chain(text("x-amz-checksum-algorithm"));
        match of_value.chain(of_name).find(|given| names.iter().any(|name| name.eq_ignore_ascii_case(given)))
        {
            Some(name) => {
                Err(ApiError::unsupported(format_args!("{} checksums of S3", name.to_ascii_uppercase())))
            }
            None => Ok(()),
        }
    }

    /// The algorithm that a request uses: it has a value, a trailer, or the algorithm's name.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let given = Self::ALL.into_iter().find(|known| headers.contains_key(known.header()));
        let trailer = || {
            let trailer = text("x-amz-trailer")?;
            Self::ALL.into_iter().find(|known| trailer.split(',').any(|name| name.trim() == known.header()))
        };
        let named =
            || Self::of(text("x-amz-sdk-checksum-algorithm").or_else(|| text("x-amz-checksum-algorithm"))?);
        given.or_else(trailer).or_else(named)
    }
}

/// A checksum that is being computed.
pub(super) enum Sum {
    Crc(Algorithm, Box<Crc>),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Sum {
    /// The checksum of no bytes yet.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm.crc() {
            Some(crc) => Self::Crc(algorithm, Box::new(Crc::new(crc))),
            None if algorithm == Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            None => Self::Sha256(Sha256::new()),
        }
    }

    /// Adds bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, crc) => crc.update(bytes),
            Self::Sha1(sha) => sha.update(bytes),
            Self::Sha256(sha) => sha.update(bytes),
        }
    }

    /// The result.
    pub(super) fn finish(self) -> Checksum {
        let (algorithm, value) = match self {
            Self::Crc(algorithm, crc) => (algorithm, encoded(algorithm, crc.finalize())),
            Self::Sha1(sha) => (Algorithm::Sha1, BASE64_STANDARD.encode(sha.finalize())),
            Self::Sha256(sha) => (Algorithm::Sha256, BASE64_STANDARD.encode(sha.finalize())),
        };
        Checksum { algorithm, value, is_composite: false }
    }
}

/// The value of a CRC in base64.
fn encoded(algorithm: Algorithm, value: u64) -> String {
    match algorithm {
        Algorithm::Crc64Nvme => BASE64_STANDARD.encode(value.to_be_bytes()),
        _ => BASE64_STANDARD.encode((value as u32).to_be_bytes()),
    }
}

/// A finished checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    /// The value in base64; a composite one ends with `-` and the number of parts.
    pub(super) value: String,
    /// Whether it is a checksum of the parts' checksums.
    pub(super) is_composite: bool,
}

impl Checksum {
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }

    /// The checksum of a whole object, from the checksums and the lengths in bytes of its parts; `None` for algorithms that
    /// cannot combine them.
    pub(super) fn joined(algorithm: Algorithm, parts: &[(&Self, u64)]) -> Option<Self> {
        let crc = algorithm.crc()?;
        let mut whole = 0;
        for (index, (part, length)) in parts.iter().enumerate() {
            let bytes = BASE64_STANDARD.decode(&part.value).ok()?;
            let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            whole = if index == 0 { value } else { checksum_combine(crc, whole, value, *length) };
        }
        Some(Self { algorithm, value: encoded(algorithm, whole), is_composite: false })
    }

    /// The composite checksum of the parts' checksums.
    pub(super) fn of_parts(algorithm: Algorithm, parts: &[&Self]) -> Self {
        let mut sum = Sum::new(algorithm);
        for part in parts {
            sum.update(&BASE64_STANDARD.decode(&part.value).unwrap_or_default());
        }
        let value = format!("{}-{}", sum.finish().value, parts.len());
        Self { algorithm, value, is_composite: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_of_parts_make_that_of_the_whole() {
        let sum = |algorithm: Algorithm, bytes: &[u8]| {
            let mut sum = Sum::new(algorithm);
            sum.update(bytes);
            sum.finish()
        };
        let bytes: Vec<u8> = (0..10_000_u32).map(|at| (at * at % 253) as u8).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            for cut in [0, 1, 4096, 9_999, 10_000] {
                let (first, last) = bytes.split_at(cut);
                let (a, b) = (sum(algorithm, first), sum(algorithm, last));
                let parts = [(&a, first.len() as u64), (&b, last.len() as u64)];
                assert_eq!(
                    Checksum::joined(algorithm, &parts),
                    Some(sum(algorithm, &bytes)),
                    "{algorithm:?} {cut}"
                );
            }
        }
        let sha = sum(Algorithm::Sha256, b"x");
        assert_eq!(Checksum::joined(Algorithm::Sha256, &[(&sha, 1)]), None);
    }

    #[test]
    fn only_crcs_can_cover_the_whole_object_and_crc64_must() {
        let check = |algorithm: Algorithm, asked: Option<&str>, expected: Option<bool>| {
            assert_eq!(algorithm.is_of_whole(asked).ok(), expected, "{algorithm:?} {asked:?}");
        };
        check(Algorithm::Crc64Nvme, None, Some(true));
        check(Algorithm::Crc64Nvme, Some("COMPOSITE"), None);
        check(Algorithm::Crc32, None, Some(false));
        check(Algorithm::Crc32, Some("FULL_OBJECT"), Some(true));
        check(Algorithm::Sha1, Some("FULL_OBJECT"), None);
        check(Algorithm::Sha1, Some("COMPOSITE"), Some(false));
        check(Algorithm::Crc32c, Some("OTHER"), None);
    }

    #[test]
    fn known_values_are_computed() {
        let check = |algorithm: Algorithm, expected: &str| {
            let mut sum = Sum::new(algorithm);
            sum.update(b"12345");
            sum.update(b"6789");
            assert_eq!(sum.finish().value, expected, "{algorithm:?}");
        };
        // The check values in the catalogue of CRC algorithms, and the hashes of the same text.
        check(Algorithm::Crc32, &BASE64_STANDARD.encode(0xcbf4_3926_u32.to_be_bytes()));
        check(Algorithm::Crc32c, &BASE64_STANDARD.encode(0xe306_9283_u32.to_be_bytes()));
        check(Algorithm::Crc64Nvme, &BASE64_STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        check(Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE=");
        check(Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
    }
}
