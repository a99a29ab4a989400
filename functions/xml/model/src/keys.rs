//! Keys of objects: decodes them from events, and derives the keys of results.

use percent_encoding::percent_decode_str;

/// Decodes a key from an event: `+` is a space, `%xx` a byte.
pub fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The key of the JSON file that an XML file becomes: its own without a final `.xml`, and `.json`.
pub fn output_key(key: &str) -> String {
    format!("{}.json", key.strip_suffix(".xml").unwrap_or(key))
}

/// The key of the file that says why an XML file could not be converted.
pub fn error_key(key: &str) -> String {
    format!("errors/{key}.error.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_and_derived() {
        let check = |event: &str, key: &str, output: &str| {
            assert_eq!(decoded(event), key);
            assert_eq!(output_key(key), output);
        };
        check("uploads/data/data.xml", "uploads/data/data.xml", "uploads/data/data.json");
        check("a+b%2Bc.xml", "a b+c.xml", "a b+c.json");
        check("x.xml.backup.xml", "x.xml.backup.xml", "x.xml.backup.json");
        check("%C3%A9", "é", "é.json");
        assert_eq!(error_key("a/b.xml"), "errors/a/b.xml.error.json");
    }
}
