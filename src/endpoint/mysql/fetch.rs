//! Rows read back while they are written, in the same portable values as an export's. They come by
//! the text protocol, in which a name can hold anything: the driver looks for parameters in what it
//! prepares.

use super::carry::Carried;
use super::native::Wire;
use super::shape::Place;
use super::sql::quote;
use crate::endpoint::ExportBatch;
use crate::table::{Column, PortableBuilder};
use arrow::datatypes::{Field, Schema};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Value};
use std::sync::Arc;

/// What to select of the table `t` for these columns.
pub fn projection(place: &Place) -> String {
    let expression = |carried: &Carried| {
        let column = format!("t.{}", quote(&carried.native.name));
        match carried.native.wire() {
            // As text a float has six digits, and a double with a scale no more than that.
            Wire::Float32 | Wire::Float64 => format!("{column} + 0e0"),
            _ => carried.native.projected(&column),
        }
    };
    place.columns.iter().map(expression).collect::<Vec<_>>().join(", ")
}

/// Why rows could not be read.
pub enum Unread {
    /// The server said so.
    Server(Error),
    /// In words: what came was not what was asked for.
    Strange(String),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

/// Runs a statement that selects the [`projection`] and takes all of its rows.
///
/// # Errors
/// As [`Unread`] says.
pub fn fetch(conn: &mut Conn, sql: &str, place: &Place, columns: &[Column]) -> Result<ExportBatch, Unread> {
    let mut builders: Vec<PortableBuilder> = columns.iter().map(|column| PortableBuilder::new(&column.ty)).collect();
    let wires: Vec<Wire> = place.columns.iter().map(|carried| carried.native.wire()).collect();
    let mut result = conn.query_iter(sql)?;
    if let Some(rows) = result.iter() {
        for row in rows {
            let row = row?;
            for (at, (builder, wire)) in builders.iter_mut().zip(&wires).enumerate() {
                let strange = || Unread::Strange(format!("column `{}` came in an unexpected form", columns[at].name));
                match row.as_ref(at) {
                    Some(Value::NULL) => builder.null(),
                    Some(Value::Bytes(bytes)) => put(builder, *wire, bytes).ok_or_else(strange)?,
                    _ => return Err(strange()),
                }
            }
        }
    }
    drop(result);
    let fields: Vec<Field> = columns.iter().map(|column| Field::new(&column.name, column.ty.arrow(), true)).collect();
    let arrays = builders.iter_mut().map(PortableBuilder::finish).collect();
    ExportBatch::new(&Arc::new(Schema::new(fields)), arrays).map_err(|error| Unread::Strange(error.to_string()))
}

/// Takes a cell as an export would.
fn put(builder: &mut PortableBuilder, wire: Wire, bytes: &[u8]) -> Option<()> {
    if wire == Wire::Bytes {
        builder.bytes(bytes);
        return Some(());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    match wire {
        Wire::Signed => builder.integer(text.parse().ok()?),
        Wire::Unsigned => builder.unsigned(text.parse().ok()?),
        // It was widened, so that nothing is lost on the way back.
        Wire::Float32 => builder.float32(text.parse::<f64>().ok()? as f32),
        Wire::Float64 => builder.float(text.parse().ok()?),
        Wire::Bytes => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Cells, PortableType};

    #[test]
    fn numbers_come_as_text() {
        for (ty, wire, text, printed) in [
            (PortableType::Integer, Wire::Signed, "-0007", "-7"),
            (PortableType::Unsigned, Wire::Unsigned, "18446744073709551615", "18446744073709551615"),
            (PortableType::Float32, Wire::Float32, "0.10000000149011612", "0.1"),
            (PortableType::Float64, Wire::Float64, "1e308", "1e308"),
        ] {
            let mut builder = PortableBuilder::new(&ty);
            put(&mut builder, wire, text.as_bytes()).unwrap();
            assert_eq!(Cells::new(&builder.finish().0).unwrap().print(0).as_deref(), Some(printed));
        }
        assert!(put(&mut PortableBuilder::new(&PortableType::Integer), Wire::Signed, b"x").is_none());
    }
}
