//! Which columns the file has.

use crate::plan::PlanFile;
use crate::table::{Alignment, Column, Pair, TableInfo};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// The three versions of a row, in the order of everything here.
pub const VERSIONS: [&str; 3] = ["left", "right", "base"];

/// The columns of a plan's conflicts.
#[derive(Clone, Debug)]
pub struct ConflictLayout {
    /// Of each version.
    pub columns: [Vec<Column>; 3],
    /// The key's pairs.
    pub key: Vec<Pair>,
    /// The key's positions in the columns of each version.
    pub places: [Vec<usize>; 3],
    /// The zone of times without one.
    pub zone: Option<String>,
}

impl ConflictLayout {
    /// Of two tables; `key` are positions in the alignment's pairs.
    pub fn new(tables: [&TableInfo; 2], alignment: &Alignment, key: &[usize]) -> Self {
        let key: Vec<Pair> = key.iter().filter_map(|at| alignment.pairs.get(*at)).cloned().collect();
        let places = |side: usize| -> Vec<usize> {
            let name = |pair: &Pair| if side == 0 { pair.left.name.clone() } else { pair.right.name.clone() };
            key.iter().filter_map(|pair| tables[side].position(&name(pair))).collect()
        };
        Self {
            columns: [0, 1, 0].map(|side: usize| tables[side].columns.clone()),
            places: [places(0), places(1), places(0)],
            zone: alignment.zone.clone(),
            key,
        }
    }

    /// Of a plan that is there.
    pub fn of(file: &PlanFile) -> Self {
        Self::new([&file.sides[0].table, &file.sides[1].table], &file.alignment, &file.key)
    }

    /// The key's columns, as the left table has them.
    pub fn key_columns(&self) -> Vec<&Column> {
        self.places[0].iter().map(|at| &self.columns[0][*at]).collect()
    }

    /// The schema of the file.
    pub fn schema(&self) -> SchemaRef {
        let mut fields = vec![
            Field::new("conflict", DataType::UInt64, false),
            Field::new("reason", DataType::Utf8, false),
            Field::new("changed", DataType::List(Arc::new(list_item())), false),
            Field::new("colliding", DataType::List(Arc::new(list_item())), false),
        ];
        let field =
            |prefix: &str, column: &Column| Field::new(format!("{prefix}.{}", column.name), column.ty.arrow(), true);
        fields.extend(self.key_columns().into_iter().map(|column| field("key", column)));
        for (columns, version) in self.columns.iter().zip(VERSIONS) {
            fields.extend(columns.iter().map(|column| field(version, column)));
        }
        fields.extend(VERSIONS.map(|version| Field::new(format!("{version}_here"), DataType::Boolean, false)));
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        fields.extend(["left_time", "right_time"].map(|name| Field::new(name, time.clone(), true)));
        fields.extend(VERSIONS.map(|version| Field::new(format!("{version}_other"), DataType::Utf8, true)));
        Arc::new(Schema::new(fields))
    }
}

/// The items of a list of names.
pub fn list_item() -> Field {
    Field::new("item", DataType::Utf8, false)
}
