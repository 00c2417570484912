//! JSON that differs only in what rarely matters.

use crate::table::{Number, canonical_json};
use serde_json::Value;

/// Whether two JSON texts are the same but for the order of array elements, and numbers and truth
/// values that one of them has as strings.
pub fn loosely_same(left: &str, right: &str) -> bool {
    let loose = |text: &str| {
        let value: Value = serde_json::from_str(text).ok()?;
        canonical_json(&loosened(value).to_string())
    };
    match (loose(left), loose(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// With arrays sorted and all plain values as strings.
fn loosened(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(loosened).collect();
            items.sort_by_cached_key(|item| canonical_json(&item.to_string()));
            Value::Array(items)
        }
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, loosened(value))).collect())
        }
        Value::Number(number) => {
            let text = number.to_string();
            Value::String(Number::parse(&text).map_or(text, |number| number.to_string()))
        }
        Value::String(text) => Value::String(Number::parse(&text).map_or(text, |number| number.to_string())),
        Value::Bool(truth) => Value::String(truth.to_string()),
        Value::Null => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::loosely_same;

    #[test]
    fn order_and_form_do_not_count() {
        assert!(loosely_same(r#"{"a":[1,{"b":2}]}"#, r#"{"a":[{"b":"2.0"},1]}"#));
        assert!(loosely_same("[true,false]", r#"["false","true"]"#));
        assert!(!loosely_same("[1,2]", "[1,3]"));
        assert!(!loosely_same("[1,1,2]", "[1,2,2]"));
        assert!(!loosely_same(r#"{"a":null}"#, "{}"));
        assert!(!loosely_same("x", "x"));
    }
}
