//! Smaller expressions: some of the words are left out, or something short stands in their place.

/// The placeholder of a value that valid expressions use.
pub(super) const VALUE: &str = ":valid";
/// The one of a number, for sums.
pub(super) const NUMBER: &str = ":number";

/// Whether an update sets or adds an attribute.
pub(super) fn sets(update: &str) -> bool {
    update.contains("SET ") || update.contains("ADD ")
}

pub(super) fn is_expression(name: &str) -> bool {
    name.ends_with("Expression")
}

/// How many words something short may replace, if they are not the first or the last ones.
const REPLACED: usize = 4;

/// The expression without some of its words that follow each other, or with something short in their place.
pub(super) fn shorter<'t>(
    text: &'t str,
    shorts: &'static [&'static str],
) -> impl Iterator<Item = String> + 't {
    let tokens = tokens(text);
    let count = tokens.len();
    let ranges = (1..count).rev().flat_map(move |length| (0..=count - length).map(move |at| (at, length)));
    ranges.flat_map(move |(at, length)| {
        let (begin, end) = (tokens[at].0, tokens[at + length - 1].1);
        let with = move |middle: &&str| format!("{}{middle}{}", &text[..begin], &text[end..]);
        let is_replaced = length <= REPLACED || at == 0 || at + length == count;
        let middles: &[&str] = if is_replaced { shorts } else { &[""] };
        middles.iter().map(with).collect::<Vec<_>>()
    })
}

/// The expression with an argument in place of a function, alone and compared; without a pair of parentheses; and with a path
/// that ends earlier.
pub(super) fn bare(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let word = |at: usize| &text[tokens[at].0..tokens[at].1];
    let mut all = Vec::new();
    // The begin of each open group, with the function before it, and of its arguments.
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    for (at, &(begin, end)) in tokens.iter().enumerate() {
        match word(at) {
            "(" => {
                let is_function =
                    at > 0 && word(at - 1).starts_with(|first: char| first.is_ascii_lowercase());
                open.push((tokens[if is_function { at - 1 } else { at }].0, vec![end]));
            }
            "," => {
                if let Some((_, arguments)) = open.last_mut() {
                    arguments.push(end);
                }
            }
            ")" => {
                let Some((from, arguments)) = open.pop() else { continue };
                // The comma before an argument is one letter.
                let ends = arguments.iter().skip(1).map(|next| next - 1).chain([begin]);
                let of = |(from_argument, to): (&usize, usize)| {
                    let argument = &text[*from_argument..to];
                    ["", " = zz"].map(|more| format!("{}{argument}{more}{}", &text[..from], &text[end..]))
                };
                all.extend(arguments.iter().zip(ends).flat_map(of));
            }
            path => {
                let steps = path.char_indices().skip(1).filter(|(_, letter)| ".[".contains(*letter));
                all.extend(steps.map(|(to, _)| format!("{}{}", &text[..begin + to], &text[end..])));
            }
        }
    }
    all
}

/// The expression with a word more at any place.
pub(super) fn longer(text: &str) -> impl Iterator<Item = String> + '_ {
    let ends = tokens(text).into_iter().map(|(_, end)| end);
    ends.flat_map(move |at| {
        [" a ", " a = a", " = zz", VALUE].map(|word| format!("{} {word} {}", &text[..at], &text[at..]))
    })
}

/// The words and signs of an expression, and the elements of its paths.
pub(super) fn elements(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).into_iter().flat_map(|(begin, end)| text[begin..end].split(['.', '[', ']']))
}

/// Where each word or sign of an expression begins and ends.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_#:.[]".contains(letter);
    let mut tokens: Vec<(usize, usize)> = Vec::new();
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        match tokens.last_mut() {
            Some(last) if in_word && is_word(letter) => last.1 = end,
            _ if letter.is_whitespace() => {}
            _ => tokens.push((at, end)),
        }
        in_word = is_word(letter);
    }
    tokens
}
