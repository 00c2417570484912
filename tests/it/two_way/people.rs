//! The table that most of these tests keep on two sides.

use crate::support::{Cells, Table, Type};

pub const COLUMNS: [(&str, Type); 5] = [
    ("id", Type::Integer),
    ("email", Type::Text),
    ("name", Type::Text),
    ("qty", Type::Integer),
    ("updated_at", Type::Timestamp),
];

/// When every row was last changed before a test begins.
pub const BEFORE: &str = "2024-01-01 00:00:00";

/// A row of a person.
pub fn row(id: usize) -> Cells {
    vec![
        Some(id.to_string()),
        Some(format!("p{id}@example.org")),
        Some(format!("person {id}")),
        Some((id * 10).to_string()),
        Some(BEFORE.to_owned()),
    ]
}

/// A table of these rows, with `id` as its primary key.
pub fn table(rows: Vec<Cells>) -> Table {
    Table { columns: COLUMNS.to_vec(), primary_key: 1, rows }
}

/// A table of the people with these numbers.
pub fn people(ids: impl IntoIterator<Item = usize>) -> Table {
    table(ids.into_iter().map(row).collect())
}

/// Without the column that tells when.
pub fn timeless(mut table: Table) -> Table {
    table.columns.pop();
    table.rows.iter_mut().for_each(|row| {
        row.pop();
    });
    table
}

/// The statement that makes addresses of email unique.
pub const UNIQUE_EMAIL: &str = "CREATE UNIQUE INDEX email_{t} ON {t} (email)";
