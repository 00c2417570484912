//! The columns of a Delta table, from the schema in its log.

use crate::table::{Column, PortableType as T};
use serde_json::Value;

/// The columns of a schema; `None` if it is none.
pub(super) fn columns(schema: &str) -> Option<Vec<Column>> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    schema.get("fields")?.as_array()?.iter().map(column).collect()
}

fn column(field: &Value) -> Option<Column> {
    let ty = field.get("type")?;
    let (ty, native) = match ty.as_str() {
        Some(name) => (portable_type(name), name.to_owned()),
        // An array, a map or a struct.
        None => (T::Json, ty.get("type").and_then(Value::as_str).unwrap_or("nested").to_owned()),
    };
    let mut column = Column::new(field.get("name")?.as_str()?, ty, native);
    column.nullable = field.get("nullable").and_then(Value::as_bool).unwrap_or(true);
    Some(column)
}

fn portable_type(name: &str) -> T {
    let decimal = || {
        let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
        Some(T::Decimal { precision: Some(precision.trim().parse().ok()?), scale: scale.trim().parse().ok()? })
    };
    match name {
        "byte" | "short" | "integer" | "long" => T::Integer,
        "float" => T::Float32,
        "double" => T::Float64,
        "boolean" => T::Boolean,
        "binary" => T::Bytes,
        "date" => T::Date,
        "timestamp" => T::Instant { precision: 6 },
        "timestamp_ntz" => T::Timestamp { precision: 6 },
        _ => decimal().unwrap_or(T::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_columns() {
        let schema = r#"{"type":"struct","fields":[
            {"name":"id","type":"long","nullable":false,"metadata":{}},
            {"name":"price","type":"decimal(10,2)","nullable":true,"metadata":{}},
            {"name":"tags","type":{"type":"array","elementType":"string","containsNull":true},"nullable":true}]}"#;
        let columns = columns(schema).unwrap();
        assert_eq!(
            columns.iter().map(|c| c.ty.clone()).collect::<Vec<_>>(),
            [T::Integer, T::Decimal { precision: Some(10), scale: 2 }, T::Json]
        );
        assert!(!columns[0].nullable && columns[1].nullable);
        assert_eq!(super::columns("{}"), None);
    }
}
