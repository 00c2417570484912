//! `conflicts.parquet`: one row a key that both sides changed, with no rule that picks a winner.
//! A plan that writes one side has none.
//!
//! | column | what |
//! |---|---|
//! | `conflict` | its number, from 0 |
//! | `reason` | why nothing decides |
//! | `changed` | the left names of the columns that differ |
//! | `key.NAME` | the key, under its left names and in the left table's types |
//! | `left.NAME`, `right.NAME` | the two rows, each in its own table's types |
//! | `left_other`, `right_other` | as `before_other` in `steps.parquet` |

use super::error::PlanError;
use super::file::PlanFile;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The file's name in a plan folder.
pub const CONFLICTS: &str = "conflicts.parquet";

/// The columns of the file.
pub fn conflicts_schema(file: &PlanFile) -> Schema {
    let item = Field::new("item", DataType::Utf8, false);
    let mut fields = vec![
        Field::new("conflict", DataType::UInt64, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("changed", DataType::List(Arc::new(item)), false),
    ];
    fields.extend(file.key.iter().filter_map(|at| file.alignment.pairs.get(*at)).map(|pair| {
        let column = &pair.left;
        Field::new(format!("key.{}", column.name), column.ty.arrow(), true)
    }));
    for (side, name) in file.sides.iter().zip(["left", "right"]) {
        let columns = side.table.columns.iter();
        fields.extend(columns.map(|column| Field::new(format!("{name}.{}", column.name), column.ty.arrow(), true)));
    }
    fields.push(Field::new("left_other", DataType::Utf8, true));
    fields.push(Field::new("right_other", DataType::Utf8, true));
    Schema::new(fields)
}

/// Writes the file, without conflicts.
pub fn write_conflicts(folder: &Path, file: &PlanFile) -> Result<(), PlanError> {
    let path = folder.join(CONFLICTS);
    let failed = |e: &dyn std::fmt::Display| PlanError::write(&path, e);
    let out = File::create(&path).map_err(|e| failed(&e))?;
    let writer = ArrowWriter::try_new(out, Arc::new(conflicts_schema(file)), None).map_err(|e| failed(&e))?;
    writer.close().map_err(|e| failed(&e))?;
    Ok(())
}
