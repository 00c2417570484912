//! Converts values that are made of parts, lists, sets, bits and intervals, from the way that one
//! type writes them to the way of another.

use crate::table::{
    Element, Interval, Number, PortableBuilder, PortableType, array_literal, bits_to_number, canonical_json,
    json_array, number_to_bits, parse_boolean, set_words, write_json, write_literal,
};

/// The text of a list or set as `to` writes it. `labels` are the words of a set in their order.
///
/// # Errors
/// In words, if it can't be written so.
pub fn list(from: &PortableType, to: &PortableType, labels: &[String], text: &str) -> Result<String, String> {
    use PortableType as T;
    let unread = || format!("is no {from} that can be read");
    let elements = match from {
        T::Set => set_words(text).into_iter().map(|word| Element::Text(word.into())).collect(),
        T::Json => json_array(text).ok_or_else(unread)?,
        T::Array { .. } => bounded(array_literal(text).ok_or_else(unread)?)?,
        // As text is compared: words beside a set, an array or a JSON array beside arrays.
        _ if *to == T::Set => set_words(text).into_iter().map(|word| Element::Text(word.into())).collect(),
        _ => match array_literal(text) {
            Some(read) => bounded(read)?,
            None => json_array(text).ok_or_else(unread)?,
        },
    };
    match to {
        T::Set => words(&elements, labels),
        T::Array { element } => write_literal(&elements, &|leaf| array_leaf(leaf, element)),
        T::Json => {
            let element = if let T::Array { element } = from { element } else { &T::Text };
            write_json(&elements, &|leaf| json_leaf(leaf, element))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Whether a printed text is a value of a type that has no cells of its own, and is kept there as it is
/// written. What only the database knows, enums and ranges say, is for it to refuse.
///
/// # Errors
/// In words, if it is not.
pub fn stands(to: &PortableType, text: &str) -> Result<(), String> {
    use PortableType as T;
    match to {
        T::Bits { length } => match text.bytes().all(|byte| matches!(byte, b'0' | b'1')) {
            true if length.is_none_or(|length| text.len() == length as usize) => Ok(()),
            _ => Err(length.map_or_else(|| "is not bits".to_owned(), |length| format!("is not {length} bits"))),
        },
        T::Interval => match Interval::parse(text) {
            Some(interval) if interval.to_string() == text => Ok(()),
            Some(_) => Err("would be kept as another spelling of that interval".to_owned()),
            None => Err("is no interval".to_owned()),
        },
        T::Array { element } => {
            let none = || format!("is no {to}");
            let (_, elements) = array_literal(text).ok_or_else(none)?;
            if all_values(&elements, element) { Ok(()) } else { Err(none()) }
        }
        _ => Ok(()),
    }
}

/// Whether elements, those of inner lists too, are values of a type.
fn all_values(elements: &[Element<'_>], ty: &PortableType) -> bool {
    elements.iter().all(|element| match element {
        Element::Null => true,
        Element::List(inner) => all_values(inner, ty),
        Element::Text(text) => {
            let mut out = PortableBuilder::new(ty);
            out.parse(text);
            out.finish().1.is_empty()
        }
        Element::Json(_) => *ty == PortableType::Json,
    })
}

/// Only PostgreSQL's arrays have bounds.
fn bounded<'a>((bounds, elements): (&str, Vec<Element<'a>>)) -> Result<Vec<Element<'a>>, String> {
    match bounds {
        "" => Ok(elements),
        _ => Err(format!("has the bounds {bounds}, which only PostgreSQL's arrays have")),
    }
}

fn words(elements: &[Element<'_>], labels: &[String]) -> Result<String, String> {
    let mut out = Vec::with_capacity(elements.len());
    for element in elements {
        match element {
            Element::Text(word) if word.contains(',') => {
                return Err("has a word with a comma, which no set has".to_owned());
            }
            Element::Text(word) => out.push(word.as_ref()),
            _ => return Err("has an element that is no word".to_owned()),
        }
    }
    // The server keeps them in the order of their labels.
    out.sort_by_key(|word| labels.iter().position(|label| label == word).unwrap_or(labels.len()));
    Ok(out.join(","))
}

fn array_leaf(leaf: &Element<'_>, element: &PortableType) -> Result<String, String> {
    match (leaf, element) {
        (Element::Json(raw), PortableType::Json) => Ok((*raw).to_owned()),
        (Element::Text(text), PortableType::Json) if canonical_json(text).is_none() => {
            Ok(serde_json::Value::from(text.as_ref()).to_string())
        }
        (Element::Json(raw), _) => Ok((*raw).to_owned()),
        (Element::Text(text), _) => Ok(text.to_string()),
        (Element::Null | Element::List(_), _) => Err("has an element that is no value".to_owned()),
    }
}

fn json_leaf(leaf: &Element<'_>, element: &PortableType) -> Result<String, String> {
    use PortableType as T;
    let Element::Text(text) = leaf else {
        return match leaf {
            Element::Json(raw) => Ok((*raw).to_owned()),
            _ => Err("has an element that is no value".to_owned()),
        };
    };
    Ok(match element {
        T::Integer | T::Unsigned | T::Decimal { .. } | T::Float32 | T::Float64 if is_json_number(text) => {
            text.to_string()
        }
        T::Boolean if parse_boolean(text).is_some() => (parse_boolean(text) == Some(true)).to_string(),
        T::Json if canonical_json(text).is_some() => text.to_string(),
        _ => serde_json::Value::from(text.as_ref()).to_string(),
    })
}

fn is_json_number(text: &str) -> bool {
    canonical_json(text).is_some_and(|bytes| bytes.first() == Some(&b'#'))
}

/// A number as the bits of a column that has this many.
pub fn to_bits(from: &PortableType, length: Option<u32>, text: &str) -> Option<String> {
    let number = match (from, text) {
        (PortableType::Bits { .. }, _) => bits_to_number(text)?,
        (PortableType::Boolean, "true") => Number::new(1, 0),
        (PortableType::Boolean, "false") => Number::new(0, 0),
        _ => Number::parse(text)?,
    };
    number_to_bits(&number, length)
}

/// The number that bits are, as text.
pub fn from_bits(text: &str) -> Option<String> {
    bits_to_number(text).map(|number| number.to_string())
}

/// The time of day that an interval is, in microseconds: if it has no months and days, and less
/// than a day.
pub fn to_time(text: &str) -> Option<i64> {
    let Interval { months: 0, days: 0, micros } = Interval::parse(text)? else { return None };
    (0..=crate::table::MICROS_PER_DAY).contains(&micros).then_some(micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    fn array(element: T) -> T {
        T::Array { element: Box::new(element) }
    }

    #[test]
    fn lists_go_from_one_way_of_writing_to_another() {
        let labels = ["z".to_owned(), "x".to_owned()];
        for (from, to, text, expected) in [
            (T::Set, array(T::Printed), "x,z", "{x,z}"),
            (T::Set, array(T::Printed), "", "{}"),
            (T::Set, T::Json, "a b,c", r#"["a b","c"]"#),
            (T::Set, T::Set, "x,z", "z,x"),
            (array(T::Text), T::Set, "{x,z}", "z,x"),
            (array(T::Integer), T::Json, "{1,NULL,{2}}", "[1,null,[2]]"),
            (array(T::Text), T::Json, r#"{1,"a, b","NULL"}"#, r#"["1","a, b","NULL"]"#),
            (array(T::Boolean), T::Json, "{t,f}", "[true,false]"),
            (array(T::Float64), T::Json, "{1e+23,NaN}", r#"[1e+23,"NaN"]"#),
            (T::Json, array(T::Text), r#"["a b",null,"null"]"#, r#"{"a b",NULL,"null"}"#),
            (T::Json, array(T::Integer), "[1,[2,3]]", "{1,{2,3}}"),
            (T::Json, array(T::Json), r#"[{"a": "b"}]"#, r#"{"{\"a\": \"b\"}"}"#),
            (T::Text, array(T::Integer), "[1, 2]", "{1,2}"),
            (array(T::Integer), T::Text, "{1,2}", "{1,2}"),
        ] {
            assert_eq!(list(&from, &to, &labels, text).as_deref(), Ok(expected), "{text} from {from} to {to}");
        }
        for (from, to, text) in [
            (T::Json, array(T::Text), "{}"),
            (array(T::Integer), T::Json, "[0:1]={1,2}"),
            (array(T::Text), T::Set, r#"{"a,b"}"#),
            (array(T::Text), T::Set, "{NULL}"),
            (T::Text, array(T::Integer), "1,2"),
        ] {
            assert!(list(&from, &to, &labels, text).is_err(), "{text} from {from} to {to}");
        }
    }

    #[test]
    fn bits_and_intervals() {
        assert_eq!(to_bits(&T::Integer, Some(8), "5").as_deref(), Some("00000101"));
        assert_eq!(to_bits(&T::Bits { length: Some(3) }, Some(8), "101").as_deref(), Some("00000101"));
        assert_eq!(to_bits(&T::Boolean, Some(1), "true").as_deref(), Some("1"));
        assert_eq!((to_bits(&T::Integer, Some(8), "-5"), from_bits("00000101").as_deref()), (None, Some("5")));
        assert_eq!((to_time("04:05:06"), to_time("1 day"), to_time("25:00:00")), (Some(14_706_000_000), None, None));
    }
}
