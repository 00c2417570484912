//! Which columns the steps file has, and which of them is which column of each side.

use crate::plan::{Direction, PlanFile};
use crate::table::{Alignment, PortableType, TableInfo};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// The name of each side in files.
pub const SIDES: [&str; 2] = ["left", "right"];

/// The column that says when the change was made that a step carries, by the clock of the side that is
/// written; NULL where that is not known.
pub const TIME: &str = "changed_at";

/// One column of rows in the steps file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name, behind `before.` and `after.`.
    pub name: String,
    /// Its type; `None` for text that stands for values of two types.
    pub ty: Option<PortableType>,
}

/// The columns of a plan's steps.
#[derive(Clone, Debug)]
pub struct Layout {
    slots: Vec<Slot>,
    /// Per side and column of its table, the slot; empty for a side that is not written.
    places: [Vec<usize>; 2],
    /// Per side, the types of its columns.
    types: [Vec<PortableType>; 2],
    /// The key's slots.
    key: Vec<usize>,
}

impl Layout {
    /// For a plan in this direction between two tables; `key` are positions in the alignment's
    /// pairs.
    pub fn new(direction: Direction, tables: [&TableInfo; 2], alignment: &Alignment, key: &[usize]) -> Self {
        let slot = |side: usize, at: usize| {
            let column = &tables[side].columns[at];
            Slot { name: column.name.clone(), ty: Some(column.ty.clone()) }
        };
        let all = |side: usize| 0..tables[side].columns.len();
        let first = if direction.writes(0) { 0 } else { 1 };
        let mut slots: Vec<Slot> = all(first).map(|at| slot(first, at)).collect();
        let mut places = [Vec::new(), Vec::new()];
        places[first] = all(first).collect();
        if direction == Direction::Both {
            places[1] = all(1)
                .map(|at| {
                    let mut own = slot(1, at);
                    let pair = alignment.pairs.iter().find(|pair| pair.right.name == own.name);
                    if let Some(place) = pair.and_then(|pair| tables[0].position(&pair.left.name)) {
                        if slots[place].ty != own.ty {
                            slots[place].ty = None;
                        }
                        return place;
                    }
                    while slots.iter().any(|slot| slot.name == own.name) {
                        own.name.push_str(" (right)");
                    }
                    slots.push(own);
                    slots.len() - 1
                })
                .collect();
        }
        let key = key
            .iter()
            .filter_map(|at| alignment.pairs.get(*at))
            .filter_map(|pair| tables[first].position(if first == 0 { &pair.left.name } else { &pair.right.name }))
            .collect();
        let types = [0, 1].map(|side: usize| tables[side].columns.iter().map(|column| column.ty.clone()).collect());
        Self { slots, places, types, key }
    }

    /// Of a plan that is there.
    pub fn of(file: &PlanFile) -> Self {
        Self::new(file.direction, [&file.sides[0].table, &file.sides[1].table], &file.alignment, &file.key)
    }

    /// The columns of rows.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The slots of the key's columns.
    pub fn key(&self) -> &[usize] {
        &self.key
    }

    /// Per column of a side's table, its slot.
    pub fn places(&self, side: usize) -> &[usize] {
        &self.places[side]
    }

    /// The type of a column of a side's table.
    pub fn ty(&self, side: usize, column: usize) -> &PortableType {
        &self.types[side][column]
    }

    /// The column of a side's table that this slot is, by its name.
    pub fn column(&self, side: usize, name: &str) -> Option<usize> {
        self.places[side].iter().position(|slot| self.slots[*slot].name == name)
    }

    /// The Arrow type of a slot.
    pub fn arrow(&self, slot: usize) -> DataType {
        self.slots[slot].ty.as_ref().map_or(DataType::Utf8, PortableType::arrow)
    }

    /// The schema of the steps file.
    pub fn schema(&self) -> SchemaRef {
        let mut fields = vec![
            Field::new("step", DataType::UInt64, false),
            Field::new("side", DataType::Utf8, false),
            Field::new("action", DataType::Utf8, false),
            Field::new("reason", DataType::Utf8, false),
            Field::new("together", DataType::UInt32, false),
            Field::new(TIME, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
            Field::new("changed", DataType::List(Arc::new(list_item())), false),
        ];
        fields.extend(self.key.iter().map(|slot| self.field("key", *slot)));
        for when in ["before", "after"] {
            fields.extend((0..self.slots.len()).map(|slot| self.field(when, slot)));
        }
        fields.push(Field::new("before_other", DataType::Utf8, true));
        fields.push(Field::new("after_other", DataType::Utf8, true));
        Arc::new(Schema::new(fields))
    }

    fn field(&self, prefix: &str, slot: usize) -> Field {
        Field::new(format!("{prefix}.{}", self.slots[slot].name), self.arrow(slot), true)
    }
}

/// The items of a list of names.
pub fn list_item() -> Field {
    Field::new("item", DataType::Utf8, false)
}
