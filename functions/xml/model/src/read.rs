//! Reads XML into a tree, with bounded depth and size. Document types, and with them custom entities, are refused.

use std::{borrow::Cow, collections::BTreeMap, rc::Rc};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::{
    rule::Rule,
    text::{is_allowed, is_name, text_of},
    tree::{Members, Tree},
};

/// The largest file, in bytes.
pub const LARGEST: usize = 5 << 20;

/// How deep elements may nest.
const DEPTH: usize = 256;

/// How many attributes an element may have. The reader compares each attribute with all others to find duplicates.
const ATTRIBUTES: usize = 1024;

/// What the prefix `xml` stands for in every file [Namespaces in XML 1.0, 3 Declaring namespaces].
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Why an XML file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at {line}:{column}")]
pub struct ReadError {
    /// What is wrong.
    pub reason: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in characters.
    pub column: usize,
}

/// Reads a file; `rule` maps the namespaces of names.
pub fn read(bytes: &[u8], rule: &Rule) -> Result<Tree, ReadError> {
    if bytes.len() > LARGEST {
        return Err(at("", 0, format!("the file is larger than {} MB", LARGEST >> 20)));
    }
    Reading::new(&text_of(bytes)?).run(rule)
}

/// Checks that a file is well-formed, without keeping it.
pub fn check(bytes: &[u8]) -> Result<(), ReadError> {
    read(bytes, &Rule::default()).map(|_| ())
}

/// An element that is not closed yet.
struct Open {
    name: String,
    /// Its name as it is written.
    raw: String,
    members: Members,
    text: String,
    /// Namespaces by prefix; elements that declare none share their parent's.
    scope: Rc<BTreeMap<String, String>>,
}

struct Reading<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
}

/// An error at an offset in a text, in bytes.
pub(crate) fn at(text: &str, offset: usize, reason: impl Into<String>) -> ReadError {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    ReadError { reason: reason.into(), line, column }
}

impl<'t> Reading<'t> {
    fn new(text: &'t str) -> Self {
        let mut reader = Reader::from_reader(text.as_bytes());
        reader.config_mut().check_end_names = true;
        reader.config_mut().check_comments = true;
        Self { text, reader }
    }

    fn fail(&self, reason: impl Into<String>) -> ReadError {
        let position = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        at(self.text, position, reason)
    }

    fn run(mut self, rule: &Rule) -> Result<Tree, ReadError> {
        let mut open: Vec<Open> = Vec::new();
        let mut root: Option<(String, Tree)> = None;
        loop {
            let begin = self.reader.buffer_position();
            let event = self.reader.read_event();
            let event = event.map_err(|error| {
                let position = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
                at(self.text, position, error.to_string())
            })?;
            match event {
                Event::Start(start) => {
                    self.check_start(&open, root.is_some())?;
                    open.push(self.element(&start, &open, rule)?);
                }
                Event::Empty(start) => {
                    self.check_start(&open, root.is_some())?;
                    let element = self.element(&start, &open, rule)?;
                    close(element, &mut open, &mut root);
                }
                Event::End(end) => {
                    let Some(element) = open.pop() else {
                        return Err(self.fail("an element ends that did not begin"));
                    };
                    if end.name().as_ref() as &str != element.raw.as_str() {
                        return Err(self.fail(format!("</{}> was expected", element.raw)));
                    }
                    close(element, &mut open, &mut root);
                }
                Event::Text(text) if text.contains("]]>") => return Err(self.fail("text contains ]]>")),
                Event::Text(text) => self.text(&mut open, &text.xml10_content())?,
                Event::CData(_) if open.is_empty() => {
                    return Err(self.fail("text stands outside of the root element"));
                }
                Event::CData(text) => self.text(&mut open, &text.xml10_content())?,
                Event::GeneralRef(name) => {
                    let name: &str = &name;
                    let value =
                        entity(name).ok_or_else(|| self.fail(format!("the entity &{name}; is not known")))?;
                    self.text(&mut open, &value)?;
                }
                Event::DocType(_) => return Err(self.fail("document types (DTD) are not taken")),
                Event::Eof if !open.is_empty() => {
                    let name = open.last().map(|element| element.raw.clone()).unwrap_or_default();
                    return Err(self.fail(format!("the file ends inside <{name}>")));
                }
                Event::Eof => {
                    let (name, value) = root.ok_or_else(|| self.fail("the file has no element"))?;
                    return Ok(Tree::Object(Members::from_iter([(name, value)])));
                }
                Event::Decl(_) if begin > 0 => {
                    return Err(self.fail("the declaration does not stand at the start of the file"));
                }
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    fn check_start(&self, open: &[Open], has_root: bool) -> Result<(), ReadError> {
        if open.len() >= DEPTH {
            return Err(self.fail(format!("elements nest deeper than {DEPTH}")));
        }
        if has_root && open.is_empty() {
            return Err(self.fail("the file has more than one root element"));
        }
        Ok(())
    }

    fn text(&self, open: &mut [Open], text: &str) -> Result<(), ReadError> {
        match open.last_mut() {
            Some(element) => {
                element.text.push_str(text);
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => Err(self.fail("text stands outside of the root element")),
        }
    }

    /// An element with its attributes, in the namespaces that it and its parents declare.
    fn element(&self, start: &BytesStart<'_>, open: &[Open], rule: &Rule) -> Result<Open, ReadError> {
        let raw: String = start.name().as_ref().to_owned();
        if !is_name(&raw) {
            return Err(self.fail(format!("`{raw}` is not a name")));
        }
        let mut attributes = Vec::new();
        let mut declared = Members::default();
        let mut scope = open.last().map(|parent| parent.scope.clone()).unwrap_or_default();
        for (index, attribute) in start.attributes().enumerate() {
            if index == ATTRIBUTES {
                return Err(self.fail(format!("<{raw}> has more than {ATTRIBUTES} attributes")));
            }
            let attribute = attribute.map_err(|error| self.fail(error.to_string()))?;
            let name: &str = attribute.key.as_ref();
            if !is_name(name) {
                return Err(self.fail(format!("`{name}` is not a name")));
            }
            let value = self.unescaped(&attribute.value)?;
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => Some(""),
                Some(rest) => rest.strip_prefix(':'),
                None => None,
            };
            match prefix {
                Some(prefix) => {
                    let shown = if value.is_empty() { Tree::Null } else { Tree::Text(value.clone()) };
                    declared.assign(prefix.to_owned(), shown);
                    Rc::make_mut(&mut scope).insert(prefix.to_owned(), value);
                }
                None => attributes.push((name.to_owned(), value)),
            }
        }
        let mut members = Members::default();
        for (name, value) in attributes {
            // The default namespace only applies to elements.
            let name = if name.contains(':') { self.qualified(&name, &scope, rule)? } else { name };
            members.assign(format!("@{name}"), Tree::Text(value));
        }
        if !declared.is_empty() {
            members.assign("@xmlns".to_owned(), Tree::Object(declared));
        }
        let name = self.qualified(&raw, &scope, rule)?;
        Ok(Open { name, raw, members, text: String::new(), scope })
    }

    /// A name with its namespace as the rule maps it: without a prefix, with another one, or with the namespace itself.
    fn qualified(
        &self,
        raw: &str,
        scope: &BTreeMap<String, String>,
        rule: &Rule,
    ) -> Result<String, ReadError> {
        let (prefix, local) = raw.split_once(':').unwrap_or(("", raw));
        let declared = match prefix {
            "xml" => Some(XML),
            prefix => scope.get(prefix).map(String::as_str).filter(|uri| !uri.is_empty()),
        };
        let Some(uri) = declared else {
            return match prefix {
                "" => Ok(raw.to_owned()),
                prefix => Err(self.fail(format!("the prefix {prefix} is not declared"))),
            };
        };
        Ok(match rule.namespaces.get(uri).map(String::as_str) {
            Some("") => local.to_owned(),
            Some(prefix) => format!("{prefix}:{local}"),
            None => format!("{uri}:{local}"),
        })
    }

    /// The value of an attribute: white space as spaces, and references as what they stand for [XML 1.0, 3.3.3 Attribute-value
    /// normalization].
    fn unescaped(&self, text: &str) -> Result<String, ReadError> {
        if text.contains('<') {
            return Err(self.fail("the value of an attribute contains <"));
        }
        let text: Cow<'_, str> = if text.contains(['\t', '\n', '\r']) {
            text.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ").into()
        } else {
            text.into()
        };
        let mut out = String::new();
        let mut rest = &*text;
        while let Some((before, behind)) = rest.split_once('&') {
            out.push_str(before);
            let Some((name, behind)) = behind.split_once(';') else {
                return Err(self.fail("a reference does not end with a semicolon"));
            };
            let value = entity(name).ok_or_else(|| self.fail(format!("the entity &{name}; is not known")))?;
            out.push_str(&value);
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Closes an element: it becomes a member of its parent, or the root.
fn close(element: Open, open: &mut [Open], root: &mut Option<(String, Tree)>) {
    let Open { name, mut members, text, .. } = element;
    let text = text.trim();
    let value = match (members.is_empty(), text.is_empty()) {
        (true, true) => Tree::Null,
        (true, false) => Tree::Text(text.to_owned()),
        (false, true) => Tree::Object(members),
        (false, false) => {
            members.push("#text".to_owned(), Tree::Text(text.to_owned()));
            Tree::Object(members)
        }
    };
    match open.last_mut() {
        Some(parent) => parent.members.append(name, value),
        None => *root = Some((name, value)),
    }
}

/// The text of a predefined entity or of a character reference.
fn entity(name: &str) -> Option<String> {
    let text = match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            return char::from_u32(code).filter(|letter| is_allowed(*letter)).map(String::from);
        }
    };
    Some(text.to_owned())
}
