//! Detects functions that invoke themselves in a loop, by the trace header [Use Lambda recursive loop detection to prevent
//! infinite loops]. SDKs inside functions pass the header on, and Lambda counts the function in its `Lineage`:
//! `Lineage=a87bd80c:1|68fd508a:5` [AWS X-Ray concepts, Tracing header].

use crate::error::ApiError;

/// How often a function may be invoked in one chain of events.
const MOST: u32 = 16;

/// How many functions of a chain are kept; a longer chain loses its oldest entries.
const KEPT: usize = 32;

/// A function's id in the lineage: eight hexadecimal digits.
pub(super) fn mark(function_arn: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(function_arn);
    hash[..4].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The trace header that the function with the id `mark` sees when the event came with `header`. Fails when the function
/// was in the chain too often.
pub(super) fn follow(header: &str, mark: &str) -> Result<String, ApiError> {
    let mut kept: Vec<&str> = Vec::new();
    let mut chain: Vec<(&str, u32)> = Vec::new();
    for part in header.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.strip_prefix("Lineage=") {
            None => kept.push(part),
            Some(lineage) => chain.extend(lineage.split('|').filter_map(|step| {
                let (name, count) = step.rsplit_once(':')?;
                Some((name, count.parse().ok()?))
            })),
        }
    }
    match chain.iter_mut().find(|(name, _)| *name == mark) {
        Some((_, count)) if *count >= MOST => {
            return Err(ApiError::with_status(
                400,
                "RecursiveInvocationException",
                format!(
                    "the function was invoked {MOST} times in one chain of events that it is part of, and is stopped. To \
                     allow that, set RecursiveLoop to Allow with PutFunctionRecursionConfig."
                ),
            ));
        }
        Some((_, count)) => *count += 1,
        None => chain.push((mark, 1)),
    }
    let first = chain.len().saturating_sub(KEPT);
    let lineage: Vec<String> = chain[first..].iter().map(|(name, count)| format!("{name}:{count}")).collect();
    let lineage = format!("Lineage={}", lineage.join("|"));
    kept.push(&lineage);
    Ok(kept.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pass_is_counted_and_the_seventeenth_is_refused() {
        let mut header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned();
        for pass in 1..=16 {
            header = follow(&header, "aaaaaaaa").unwrap();
            assert!(header.ends_with(&format!("Lineage=aaaaaaaa:{pass}")), "{header}");
        }
        assert_eq!(follow(&header, "aaaaaaaa").unwrap_err().code, "RecursiveInvocationException");
        let other = follow(&header, "bbbbbbbb").unwrap();
        assert!(other.ends_with("Sampled=0;Lineage=aaaaaaaa:16|bbbbbbbb:1"), "{other}");
    }

    #[test]
    fn other_parts_of_the_header_are_passed_on() {
        assert_eq!(follow("Root=1-x;Lineage=nonsense", "aaaaaaaa").unwrap(), "Root=1-x;Lineage=aaaaaaaa:1");
        assert_eq!(mark("arn:f").len(), 8);
    }
}
