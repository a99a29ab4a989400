//! Checksums of objects [Checking object integrity in Amazon S3].

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, Digest as Crc};
use hyper::HeaderMap;
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};

/// The algorithms that S3 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
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

    /// The header that carries the value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element of documents that carries the value, such as `ChecksumCRC32`.
    pub(super) fn element(self) -> String {
        format!("Checksum{}", self.name())
    }

    /// The algorithm of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// The algorithm that a request asks for: by a value, by the name of a trailer, or by name.
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

/// A checksum in the making.
pub(super) enum Sum {
    Crc(Algorithm, Box<Crc>),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Sum {
    /// A checksum of nothing.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let crc = |kind| Self::Crc(algorithm, Box::new(Crc::new(kind)));
        match algorithm {
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    /// Takes more bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, crc) => crc.update(bytes),
            Self::Sha1(sha) => sha.update(bytes),
            Self::Sha256(sha) => sha.update(bytes),
        }
    }

    /// The value in base64.
    pub(super) fn finish(self) -> Checksum {
        let (algorithm, bytes) = match self {
            Self::Crc(algorithm @ Algorithm::Crc64Nvme, crc) => {
                (algorithm, crc.finalize().to_be_bytes().to_vec())
            }
            Self::Crc(algorithm, crc) => (algorithm, (crc.finalize() as u32).to_be_bytes().to_vec()),
            Self::Sha1(sha) => (Algorithm::Sha1, sha.finalize().to_vec()),
            Self::Sha256(sha) => (Algorithm::Sha256, sha.finalize().to_vec()),
        };
        Checksum { algorithm, value: BASE64_STANDARD.encode(bytes), is_composite: false }
    }
}

/// A finished checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    /// In base64; a composite one ends with `-` and the number of parts.
    pub(super) value: String,
    /// Whether it is one of the parts' checksums.
    pub(super) is_composite: bool,
}

impl Checksum {
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }

    /// The checksum of parts' checksums.
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
    fn known_values_come_out() {
        let check = |algorithm: Algorithm, expected: &str| {
            let mut sum = Sum::new(algorithm);
            sum.update(b"12345");
            sum.update(b"6789");
            assert_eq!(sum.finish().value, expected, "{algorithm:?}");
        };
        // The check values of the catalogue of CRC algorithms, and FIPS 180's hashes of the same text.
        check(Algorithm::Crc32, &BASE64_STANDARD.encode(0xcbf4_3926_u32.to_be_bytes()));
        check(Algorithm::Crc32c, &BASE64_STANDARD.encode(0xe306_9283_u32.to_be_bytes()));
        check(Algorithm::Crc64Nvme, &BASE64_STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        check(Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE=");
        check(Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
    }
}
