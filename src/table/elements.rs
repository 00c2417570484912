//! Canonical bytes of what is made of parts: lists element for element, sets word for word, bits by
//! the number that they are.

use super::column::PortableType;
use super::encoder::{Encoder, push_other};
use super::family::ListOf;
use super::list::{Element, array_literal, json_array, set_words};
use super::number::Number;
use super::parse::parse_float;
use std::fmt::Write;

const NULL: u8 = 0;
const VALUE: u8 = 1;
const LIST: u8 = 2;
/// An array whose first element is not number 1.
const BOUNDS: u8 = 3;

/// Appends a list; `None` if the text is no list in the way that its type writes them.
pub(super) fn encode_list(source: &PortableType, of: ListOf, text: &str, out: &mut Vec<u8>) -> Option<()> {
    let literal = || array_literal(text).map(|(bounds, elements)| (bounds, elements, false));
    let json = || json_array(text).map(|elements| ("", elements, true));
    let (bounds, elements, is_json) = match source {
        PortableType::Array { .. } => literal()?,
        PortableType::Json => json()?,
        // Text beside an array is read as either.
        PortableType::Text => literal().or_else(json)?,
        _ => return None,
    };
    // The server takes arrays with other bounds for other arrays.
    if !bounds.is_empty() && bounds.split('[').any(|part| !part.is_empty() && !part.starts_with("1:")) {
        out.push(BOUNDS);
        push_other(bounds, out);
    }
    let element = Encoder::element(of);
    push_elements(&elements, &element, of, is_json, out);
    Some(())
}

fn push_elements(elements: &[Element<'_>], encoder: &Encoder, of: ListOf, is_json: bool, out: &mut Vec<u8>) {
    out.push(LIST);
    out.extend_from_slice(&(elements.len() as u32).to_le_bytes());
    for element in elements {
        match element {
            Element::Null => out.push(NULL),
            Element::List(inner) => push_elements(inner, encoder, of, is_json, out),
            Element::Json(raw) if is_number(of) || matches!(of, ListOf::Boolean | ListOf::Json) => {
                encoder.encode_text(raw, out);
            }
            // No string: no value of any other type.
            Element::Json(raw) => push_other(raw, out),
            Element::Text(text) if is_json && of == ListOf::Json => {
                encoder.encode_text(&serde_json::Value::from(&**text).to_string(), out);
            }
            // In JSON a number in quotes is none, but for those that JSON has no other way to write.
            Element::Text(text) if is_json && (is_number(of) || of == ListOf::Boolean) && !is_float_word(text) => {
                push_other(&format!("\"{text}"), out);
            }
            Element::Text(text) => encoder.encode_text(text, out),
        }
    }
}

fn is_number(of: ListOf) -> bool {
    matches!(of, ListOf::Number | ListOf::Float32 | ListOf::Float64)
}

/// Whether it is NaN or an infinity.
fn is_float_word(text: &str) -> bool {
    parse_float(text).is_some_and(|value| !value.is_finite())
}

/// Appends the words of a set in one order; `None` if the text holds none in the way that its type
/// writes them.
pub(super) fn encode_words(source: &PortableType, text: &str, out: &mut Vec<u8>) -> Option<()> {
    let words = |elements: Vec<Element<'_>>| -> Option<Vec<String>> {
        let word = |element| if let Element::Text(text) = element { Some(text.into_owned()) } else { None };
        elements.into_iter().map(word).collect()
    };
    let mut words: Vec<String> = match source {
        PortableType::Set | PortableType::Text => set_words(text).into_iter().map(str::to_owned).collect(),
        PortableType::Array { .. } => words(array_literal(text)?.1)?,
        PortableType::Json => words(json_array(text)?)?,
        _ => return None,
    };
    words.sort_unstable();
    out.push(VALUE);
    out.extend_from_slice(&(words.len() as u32).to_le_bytes());
    for word in words {
        out.extend_from_slice(&(word.len() as u32).to_le_bytes());
        out.extend_from_slice(word.as_bytes());
    }
    Some(())
}

/// The number that bits are; `None` for text that is no bits.
pub fn bits_to_number(bits: &str) -> Option<Number> {
    if bits.is_empty() || !bits.bytes().all(|bit| matches!(bit, b'0' | b'1')) {
        return None;
    }
    match i128::from_str_radix(bits.trim_start_matches('0'), 2) {
        Ok(number) => Some(Number::new(number, 0)),
        Err(_) if !bits.contains('1') => Some(Number::new(0, 0)),
        Err(_) => Number::parse(&num_bigint::BigUint::parse_bytes(bits.as_bytes(), 2)?.to_string()),
    }
}

/// A number as bits, as many as there must be; `None` if it is negative, has parts or needs more.
pub fn number_to_bits(number: &Number, length: Option<u32>) -> Option<String> {
    let number: num_bigint::BigUint = number.to_string().parse().ok()?;
    let (bits, length) = (number.to_str_radix(2), length.unwrap_or(1) as usize);
    let mut out = String::with_capacity(length);
    // Writing to memory does not fail.
    let _ = write!(out, "{bits:0>length$}");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_numbers() {
        for (bits, number) in [("101", "5"), ("00000101", "5"), ("0", "0"), ("000", "0")] {
            assert_eq!(bits_to_number(bits), Number::parse(number), "{bits}");
        }
        assert_eq!(bits_to_number(&"1".repeat(130)), Number::parse("1361129467683753853853498429727072845823"));
        assert_eq!((bits_to_number(""), bits_to_number("12")), (None, None));
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number_to_bits(&number("5"), Some(8)).as_deref(), Some("00000101"));
        assert_eq!(number_to_bits(&number("5"), None).as_deref(), Some("101"));
        assert_eq!((number_to_bits(&number("-1"), None), number_to_bits(&number("0.5"), None)), (None, None));
    }
}
