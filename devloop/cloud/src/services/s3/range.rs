//! `Range` headers with one range [GetObject].

/// What a `Range` header asks for, in an object of known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The whole object: there is no range, or an invalid one, which HTTP requires to be ignored.
    All,
    /// The bytes from the first number up to but not including the second.
    Part(u64, u64),
    /// A range outside of the object, which gives status 416.
    Nothing,
}

/// Parses a `Range` header.
pub(super) fn asked(header: Option<&str>, length: u64) -> Asked {
    let Some((first, last)) = header
        .and_then(|header| header.trim().strip_prefix("bytes="))
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::All;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && first < length => {
            Asked::Part(first, last.saturating_add(1).min(length))
        }
        (Ok(first), Ok(last)) if first > last => Asked::All,
        (Ok(first), Err(_)) if last.is_empty() && first < length => Asked::Part(first, length),
        (Ok(_), Ok(_)) => Asked::Nothing,
        (Ok(_), Err(_)) if last.is_empty() => Asked::Nothing,
        (Err(_), Ok(0)) if first.is_empty() => Asked::Nothing,
        (Err(_), Ok(count)) if first.is_empty() && length > 0 => {
            Asked::Part(length.saturating_sub(count), length)
        }
        (Err(_), Ok(_)) if first.is_empty() => Asked::Nothing,
        _ => Asked::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let check = |header: &str, expected: Asked| assert_eq!(asked(Some(header), 10), expected, "{header}");
        check("bytes=0-3", Asked::Part(0, 4));
        check("bytes=3-", Asked::Part(3, 10));
        check("bytes=-3", Asked::Part(7, 10));
        check("bytes=-30", Asked::Part(0, 10));
        check("bytes=8-30", Asked::Part(8, 10));
        check(&format!("bytes=8-{}", u64::MAX), Asked::Part(8, 10));
        check("bytes=10-", Asked::Nothing);
        check("bytes=10-12", Asked::Nothing);
        check("bytes=-0", Asked::Nothing);
        check("bytes=4-3", Asked::All);
        check("bytes=0-1,3-4", Asked::All);
        check("lines=0-1", Asked::All);
        assert_eq!(asked(None, 10), Asked::All);
        assert_eq!(asked(Some("bytes=0-0"), 0), Asked::Nothing);
    }
}
