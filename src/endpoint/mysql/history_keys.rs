//! Keys as the triggers write them, a JSON array of text, back to values of the columns' portable
//! types.

use super::history_trigger::is_hex;
use super::native::NativeColumn;
use super::sql::quote;
use crate::endpoint::ExportBatch;
use crate::table::{Column, PortableBuilder};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Collects keys.
pub struct Keys {
    schema: SchemaRef,
    /// How many values a written key has.
    width: usize,
    /// Per wanted column: its place in what is written, whether that is in hexadecimal digits, and
    /// where its values go.
    wanted: Vec<(usize, bool, PortableBuilder)>,
}

impl Keys {
    /// For these columns, of keys that are written as `written`.
    ///
    /// # Errors
    /// In words, if the written keys lack one.
    pub fn new(key: &[Column], written: &[String], columns: &[NativeColumn]) -> Result<Self, String> {
        let one = |column: &Column| {
            let at = written.iter().position(|name| *name == column.name);
            let native = columns.iter().find(|native| native.name == column.name);
            match (at, native) {
                (Some(at), Some(native)) => Ok((at, is_hex(native), PortableBuilder::new(&column.ty))),
                _ => {
                    let names: Vec<String> = written.iter().map(|name| quote(name)).collect();
                    let name = quote(&column.name);
                    Err(format!("it tells rows by their {}, which does not include {name}", names.join(", ")))
                }
            }
        };
        let fields: Vec<Field> = key.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
        let wanted = key.iter().map(one).collect::<Result<_, _>>()?;
        Ok(Self { schema: Arc::new(Schema::new(fields)), width: written.len(), wanted })
    }

    /// Adds a key. False if it is none.
    #[must_use]
    pub fn push(&mut self, text: &str) -> bool {
        let Ok(values) = serde_json::from_str::<Vec<Option<String>>>(text) else { return false };
        if values.len() != self.width {
            return false;
        }
        for (at, hex, builder) in &mut self.wanted {
            match &values[*at] {
                None => builder.null(),
                Some(value) if *hex => match bytes(value) {
                    Some(bytes) => builder.bytes(&bytes),
                    None => return false,
                },
                Some(value) => builder.parse(value),
            }
        }
        true
    }

    /// The keys since the last time.
    ///
    /// # Errors
    /// If a key before was none.
    pub fn finish(&mut self) -> Result<ExportBatch, ArrowError> {
        let columns = self.wanted.iter_mut().map(|(_, _, builder)| builder.finish()).collect();
        ExportBatch::new(&self.schema, columns)
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Cells, PortableType};

    #[test]
    fn keys_are_read_back_in_the_order_wanted() {
        let native = |name: &str, data_type: &str| NativeColumn {
            name: name.into(),
            data_type: data_type.into(),
            ..NativeColumn::default()
        };
        let columns = [native("a", "int"), native("b", "varbinary"), native("c", "varchar")];
        let column = |name: &str, ty| Column::new(name, ty, "");
        let wanted = [column("c", PortableType::Text), column("b", PortableType::Bytes)];
        let written: Vec<String> = ["b", "c"].map(str::to_owned).into();
        let mut keys = Keys::new(&wanted, &written, &columns).unwrap();
        assert!(keys.push(r#"["00fF","a\"\u0000é "]"#));
        assert!(keys.push(r#"["",null]"#));
        let batch = keys.finish().unwrap();
        let print = |column: usize, row| Cells::new(batch.rows.column(column)).unwrap().print(row);
        assert_eq!([print(0, 0), print(0, 1)], [Some("a\"\0é ".into()), None]);
        assert_eq!([print(1, 0), print(1, 1)], [Some("\\x00ff".into()), Some("\\x".into())]);
        for broken in ["", "[]", "{}", r#"["0","x"]"#, r#"["zz","x"]"#, r#"[5,"x"]"#] {
            assert!(!Keys::new(&wanted, &written, &columns).unwrap().push(broken), "{broken}");
        }
        let why = Keys::new(&[column("a", PortableType::Integer)], &written, &columns).err().unwrap();
        assert_eq!(why, "it tells rows by their `b`, `c`, which does not include `a`");
    }
}
