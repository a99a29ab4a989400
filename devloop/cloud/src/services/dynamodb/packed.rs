//! The packed form of an item in memory: its attributes one after the other in one allocation, from which they are read
//! directly.
//!
//! Equal attributes have equal bytes, because names and sets are sorted and numbers are normalised. Lengths and numbers are
//! stored in groups of seven bits, the lowest first; the highest bit of a byte says that another byte follows.

use super::{attributes::Attributes, number::Number, value::AttributeValue};

/// The first byte of each value.
mod tag {
    pub(super) const S: u8 = 0;
    pub(super) const N: u8 = 1;
    pub(super) const B: u8 = 2;
    pub(super) const TRUE: u8 = 3;
    pub(super) const FALSE: u8 = 4;
    pub(super) const NULL: u8 = 5;
    pub(super) const L: u8 = 6;
    pub(super) const M: u8 = 7;
    pub(super) const SS: u8 = 8;
    pub(super) const NS: u8 = 9;
    pub(super) const BS: u8 = 10;
}

/// Appends attributes: their number, then each name and value.
pub(super) fn write_attributes(attributes: &Attributes, out: &mut Vec<u8>) {
    write_integer(attributes.len() as u128, out);
    for (name, value) in attributes.iter() {
        write_bytes(name.as_bytes(), out);
        write_value(value, out);
    }
}

fn write_value(value: &AttributeValue, out: &mut Vec<u8>) {
    match value {
        AttributeValue::S(text) => {
            out.push(tag::S);
            write_bytes(text.as_bytes(), out);
        }
        AttributeValue::N(number) => {
            out.push(tag::N);
            write_number(*number, out);
        }
        AttributeValue::B(bytes) => {
            out.push(tag::B);
            write_bytes(bytes, out);
        }
        AttributeValue::Bool(true) => out.push(tag::TRUE),
        AttributeValue::Bool(false) => out.push(tag::FALSE),
        AttributeValue::Null => out.push(tag::NULL),
        AttributeValue::L(list) => {
            out.push(tag::L);
            write_integer(list.len() as u128, out);
            for element in list {
                write_value(element, out);
            }
        }
        AttributeValue::M(members) => {
            out.push(tag::M);
            write_attributes(members, out);
        }
        AttributeValue::Ss(set) => {
            out.push(tag::SS);
            write_integer(set.len() as u128, out);
            for text in set {
                write_bytes(text.as_bytes(), out);
            }
        }
        AttributeValue::Ns(set) => {
            out.push(tag::NS);
            write_integer(set.len() as u128, out);
            for number in set {
                write_number(*number, out);
            }
        }
        AttributeValue::Bs(set) => {
            out.push(tag::BS);
            write_integer(set.len() as u128, out);
            for bytes in set {
                write_bytes(bytes, out);
            }
        }
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_integer(bytes.len() as u128, out);
    out.extend(bytes);
}

fn write_number(number: Number, out: &mut Vec<u8>) {
    let (negative, digits, exponent) = number.parts();
    // The sign is in the lowest bit, the exponent's sign in the next.
    let signs = u16::from(negative) | (u16::from(exponent < 0) << 1);
    write_integer(u128::from(signs | (exponent.unsigned_abs() << 2)), out);
    write_integer(digits, out);
}

fn write_integer(mut integer: u128, out: &mut Vec<u8>) {
    while integer >= 0x80 {
        out.push(integer as u8 | 0x80);
        integer >>= 7;
    }
    out.push(integer as u8);
}

/// A cursor over packed bytes. Bytes that the functions above cannot have written are read as empty values.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads all attributes.
    pub(super) fn attributes(&mut self) -> Attributes {
        let count = self.length();
        let mut attributes = Attributes::with_capacity(count);
        for _ in 0..count {
            let name = self.text();
            attributes.insert(name, self.value());
        }
        attributes
    }

    /// Reads how many elements, members or bytes follow.
    pub(super) fn length(&mut self) -> usize {
        self.integer() as usize
    }

    /// Reads a name or another text.
    pub(super) fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// Reads the next value.
    pub(super) fn value(&mut self) -> AttributeValue {
        match self.byte() {
            tag::S => AttributeValue::S(self.text().to_owned()),
            tag::N => AttributeValue::N(self.number()),
            tag::B => AttributeValue::B(self.bytes().to_vec()),
            tag::TRUE => AttributeValue::Bool(true),
            tag::FALSE => AttributeValue::Bool(false),
            tag::L => AttributeValue::L((0..self.length()).map(|_| self.value()).collect()),
            tag::M => AttributeValue::M(self.attributes()),
            tag::SS => AttributeValue::Ss((0..self.length()).map(|_| self.text().to_owned()).collect()),
            tag::NS => AttributeValue::Ns((0..self.length()).map(|_| self.number()).collect()),
            tag::BS => AttributeValue::Bs((0..self.length()).map(|_| self.bytes().to_vec()).collect()),
            _ => AttributeValue::Null,
        }
    }

    /// Skips the next value.
    pub(super) fn skip(&mut self) {
        match self.byte() {
            tag::S | tag::B => {
                self.bytes();
            }
            tag::N => self.skip_number(),
            tag::L => {
                for _ in 0..self.length() {
                    self.skip();
                }
            }
            tag::M => {
                for _ in 0..self.length() {
                    self.bytes();
                    self.skip();
                }
            }
            tag::SS | tag::BS => {
                for _ in 0..self.length() {
                    self.bytes();
                }
            }
            tag::NS => {
                for _ in 0..self.length() {
                    self.skip_number();
                }
            }
            _ => {}
        }
    }

    fn skip_number(&mut self) {
        self.integer();
        self.integer();
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => tag::NULL,
        }
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = self.length().min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    fn number(&mut self) -> Number {
        let head = self.integer() as u16;
        let exponent = (head >> 2) as i16;
        Number::from_parts(head & 1 == 1, self.integer(), if head & 2 == 2 { -exponent } else { exponent })
    }

    fn integer(&mut self) -> u128 {
        let (mut integer, mut shift) = (0, 0);
        while let Some((&byte, rest)) = self.0.split_first() {
            self.0 = rest;
            integer |= u128::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 126 {
                break;
            }
        }
        integer
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::services::dynamodb::value;

    #[test]
    fn every_value_survives_packing() {
        let wire = json!({
            "b": {"B": "aGk="}, "empty": {"S": ""}, "false": {"BOOL": false}, "true": {"BOOL": true}, "null": {"NULL": true},
            "list": {"L": [{"N": "-0.00012"}, {"L": []}, {"M": {"x": {"S": "grün"}, "y": {"NS": ["1", "-20", "3e100"]}}}]},
            "max": {"N": "99999999999999999999999999999999999999000000"}, "min": {"N": "1e-130"}, "zero": {"N": "0"},
            "sets": {"M": {"b": {"BS": ["", "aGk="]}, "s": {"SS": ["a", "b"]}}},
        });
        let attributes = value::from_json(wire.as_object().unwrap().clone()).unwrap();
        let mut bytes = Vec::new();
        write_attributes(&attributes, &mut bytes);
        assert_eq!(Reader::new(&bytes).attributes(), attributes);
        let mut reader = Reader::new(&bytes);
        for _ in 0..reader.length() {
            reader.text();
            reader.skip();
        }
        assert!(reader.0.is_empty());
    }
}
