//! "Did you mean": finds the valid name that is nearest to what was typed.

/// The candidate nearest to what was typed, if it is near enough to have been meant.
pub(crate) fn suggestion<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(typed, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of single-character insertions, removals and replacements between two words.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    fn check(typed: &str, expected: Option<&str>) {
        assert_eq!(suggestion(typed, ["upstream", "midstream", "downstream"]), expected, "{typed}");
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        check("upsteam", Some("upstream"));
        check("midstram", Some("midstream"));
        check("up", None);
        check("stream", Some("upstream"));
        check("processor", None);
        check("", None);
    }
}
