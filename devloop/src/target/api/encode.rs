//! Percent-encoding as signatures want it `[Create a signed AWS API request, UriEncode]`.

/// A value of a query: everything but unreserved characters is encoded, the slash too.
pub(super) fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(segment("up-stream_1.~"), "up-stream_1.~");
        assert_eq!(segment("../a b?c&ä"), "..%2Fa%20b%3Fc%26%C3%A4");
    }
}
