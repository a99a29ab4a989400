//! Percent-encoding as AWS's signatures want it `[Create a signed AWS API request, UriEncode]`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A query's value, or one segment of a path: the slash is encoded too.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encoded("up-stream_1.~"), "up-stream_1.~");
        assert_eq!(encoded("../a b?c&ä="), "..%2Fa%20b%3Fc%26%C3%A4%3D");
    }
}
