//! Digests of bytes that are already stored.

use http_body_util::BodyExt as _;
use md5::{Digest as _, Md5};

use super::{
    checksum::{Algorithm, Checksum, Sum},
    content::{Content, hex},
    error::disk,
};
use crate::error::ApiError;

/// The MD5 in hex and the checksum of some content, which is read in pieces.
pub(super) async fn digests(content: &Content, algorithm: Algorithm) -> Result<(String, Checksum), ApiError> {
    let (mut md5, mut sum) = (Md5::new(), Sum::new(algorithm));
    let mut stream = content.stream(0, content.length);
    while let Some(frame) = stream.frame().await {
        let Ok(bytes) = frame.map_err(|error| disk(&error))?.into_data() else { continue };
        md5.update(&bytes);
        sum.update(&bytes);
    }
    Ok((hex(&md5.finalize()), sum.finish()))
}
