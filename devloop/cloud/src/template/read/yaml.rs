//! Parses templates in YAML. The parser's events become a tree with positions. Nesting and the expansion of aliases are
//! limited, so that hostile texts fail.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use super::{Position, SyntaxError, tags::Tag};

/// The deepest nesting of lists and maps; real templates stay below 30.
const DEEPEST: usize = 100;

/// The largest document after its aliases are expanded: bytes of text, and 32 more for each value.
const LARGEST: usize = 16 * 1024 * 1024;

/// A value and its position.
#[derive(Debug, Clone)]
struct Node {
    at: Position,
    content: Content,
    /// Its size, counted as for [`LARGEST`].
    size: usize,
}

#[derive(Debug, Clone)]
enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Position, Node)>),
}

/// A list or map that is not finished.
struct Open {
    at: Position,
    tag: Option<Tag>,
    anchor: usize,
    size: usize,
    content: Content,
    /// The key whose value comes next.
    key: Option<(String, Position)>,
    keys: HashSet<String>,
}

/// Parses a text.
pub(super) fn read(text: &str) -> Result<Value, SyntaxError> {
    tree(text).map(Node::into_value)
}

/// The position of the value at `path`, or of the first key or text in it that contains `needle`.
pub(super) fn position(text: &str, path: &[&str], needle: Option<&str>) -> Option<Position> {
    let root = tree(text).ok()?;
    let (mut here, mut at) = (&root, root.at);
    for segment in path {
        match here.step(segment) {
            Some((key_at, next)) => (here, at) = (next, key_at),
            None => break,
        }
    }
    Some(needle.and_then(|needle| here.find(needle)).unwrap_or(at))
}

fn tree(text: &str) -> Result<Node, SyntaxError> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event
            .map_err(|error| SyntaxError { at: Some(place(error.marker())), why: error.info().to_owned() })?;
        builder.take(event, span)?;
    }
    let nothing = || SyntaxError { at: None, why: "it is empty; expected a map with Resources".to_owned() };
    builder.root.ok_or_else(nothing)
}

fn place(marker: &Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}

fn refused<T>(at: Position, why: impl Into<String>) -> Result<T, SyntaxError> {
    Err(SyntaxError { at: Some(at), why: why.into() })
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    size: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let at = place(&span.start);
        let tag = |tag: Option<std::borrow::Cow<'_, saphyr_parser::Tag>>| {
            tag.map(|tag| Tag::of(&tag.handle, &tag.suffix)).transpose().or_else(|why| refused(at, why))
        };
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                refused(at, "a second document begins; expected one template")
            }
            Event::Scalar(text, style, anchor, written) => {
                let written = tag(written)?;
                let is_key = self
                    .open
                    .last()
                    .is_some_and(|open| matches!(open.content, Content::Map(_)) && open.key.is_none());
                let value = match written.unwrap_or(match style {
                    ScalarStyle::Plain if !is_key => Tag::Plain,
                    _ => Tag::Text,
                }) {
                    Tag::Function(name) if is_key => {
                        return refused(at, format!("`{name}` is called where a key is expected"));
                    }
                    _ if is_key => Value::from(text.as_ref()),
                    tag => tag.scalar(&text),
                };
                let size = 32 + text.len();
                self.put(Node { at, content: Content::Scalar(value), size }, anchor)
            }
            Event::SequenceStart(anchor, written) => {
                let written = tag(written)?;
                self.begin(at, written, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, written) => {
                let written = tag(written)?;
                self.begin(at, written, anchor, Content::Map(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) if self.size + node.size <= LARGEST => {
                    let node = node.clone();
                    self.put(Node { at, ..node }, 0)
                }
                Some(_) => refused(at, format!("its aliases make more than {LARGEST} bytes of it")),
                None => refused(at, "the alias names the value that it stands in"),
            },
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        at: Position,
        tag: Option<Tag>,
        anchor: usize,
        content: Content,
    ) -> Result<(), SyntaxError> {
        if let Some(open) = self.open.last()
            && matches!(open.content, Content::Map(_))
            && open.key.is_none()
        {
            return refused(at, "a list or map stands where a key is expected; keys are strings");
        }
        if self.open.len() == DEEPEST {
            return refused(at, format!("it is nested more than {DEEPEST} levels deep"));
        }
        self.open.push(Open { at, tag, anchor, size: 32, content, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let node = Node { at: open.at, content: open.content, size: open.size };
        // The sizes of its items were counted when they were added.
        self.size -= node.size - 32;
        let node = match open.tag {
            Some(Tag::Function(name)) => {
                let (at, size) = (node.at, node.size);
                Node { at, content: Content::Map(vec![(name, at, node)]), size }
            }
            _ => node,
        };
        self.put(node, open.anchor)
    }

    /// Adds a finished value to the list or map that it belongs to.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        self.size += node.size;
        if self.size > LARGEST {
            return refused(node.at, format!("it has more than {LARGEST} bytes"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.content, open.key.take()) {
            (Content::List(items), _) => {
                open.size += node.size;
                items.push(node);
            }
            (Content::Map(members), Some((key, at))) => {
                open.size += node.size + key.len();
                members.push((key, at, node));
            }
            (Content::Map(_), None) => {
                let Content::Scalar(Value::String(key)) = node.content else {
                    return refused(node.at, "expected a key, which is a string");
                };
                if key == "<<" {
                    return refused(
                        node.at,
                        "CloudFormation does not support merge keys (`<<`); write the members out",
                    );
                }
                if !open.keys.insert(key.clone()) {
                    return refused(node.at, format!("the key `{key}` is here a second time"));
                }
                open.key = Some((key, node.at));
            }
            (Content::Scalar(_), _) => {}
        }
        Ok(())
    }
}

impl Node {
    fn into_value(self) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => items.into_iter().map(Self::into_value).collect(),
            Content::Map(members) => Value::Object(
                members.into_iter().map(|(key, _, node)| (key, node.into_value())).collect::<Map<_, _>>(),
            ),
        }
    }

    fn step(&self, segment: &str) -> Option<(Position, &Self)> {
        match &self.content {
            Content::Scalar(_) => None,
            Content::List(items) => {
                segment.parse::<usize>().ok().and_then(|index| items.get(index)).map(|node| (node.at, node))
            }
            Content::Map(members) => {
                members.iter().find(|(key, ..)| key == segment).map(|(_, at, node)| (*at, node))
            }
        }
    }

    fn find(&self, needle: &str) -> Option<Position> {
        match &self.content {
            Content::Scalar(value) => mentions(value, needle).then_some(self.at),
            Content::List(items) => items.iter().find_map(|item| item.find(needle)),
            Content::Map(members) => members
                .iter()
                .find_map(|(key, at, node)| if key.contains(needle) { Some(*at) } else { node.find(needle) }),
        }
    }
}

/// Whether a scalar, or the function call of its short form, contains `needle`.
fn mentions(value: &Value, needle: &str) -> bool {
    match value {
        Value::String(text) => text.contains(needle),
        Value::Array(items) => items.iter().any(|item| mentions(item, needle)),
        Value::Object(members) => {
            members.iter().any(|(key, value)| key.contains(needle) || mentions(value, needle))
        }
        _ => false,
    }
}
