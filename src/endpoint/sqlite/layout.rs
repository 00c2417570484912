//! How a table is laid out, as far as writing to it depends on it.

use super::affinity::Affinity;
use super::connect::quoted;
use rusqlite::{Connection, OptionalExtension, Result};

/// A table's layout.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// `table`, `view`, `virtual` or `shadow`.
    pub(super) kind: String,
    /// Whether values must have their column's type.
    pub(super) strict: bool,
    /// Whether its declaration says what becomes of rows that collide (`ON CONFLICT REPLACE`, say, which
    /// deletes other people's).
    pub(super) resolves: bool,
    /// In the table's own order.
    pub(super) columns: Vec<LayoutColumn>,
    /// Expressions that say which row is meant, never NULL: the row's number, or the columns of
    /// the primary key of a table without numbers. Empty if there is nothing of the kind.
    pub(super) identity: Vec<Identity>,
}

/// A part of what says which row is meant.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// As in SQL.
    pub(super) sql: String,
    /// The column that has it, if any.
    pub(super) column: Option<String>,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct LayoutColumn {
    /// Its name.
    pub(super) name: String,
    /// Whether NULL is refused; also of the row's number.
    pub(super) not_null: bool,
    /// Whether it has a default.
    pub(super) default: bool,
    /// Whether the database computes it.
    pub(super) generated: bool,
    /// From 1; 0 if it is no part of the primary key.
    pub(super) key_place: u32,
    /// Whether it is the row's number.
    pub(super) row_number: bool,
    /// What it makes of values.
    pub(super) affinity: Affinity,
}

impl Layout {
    /// That of a table; `None` if there is no such table.
    pub(super) fn read(connection: &Connection, table: &str) -> Result<Option<Self>> {
        let sql = "SELECT type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower(?1)";
        let about = connection.query_row(sql, [table], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, bool>(2)?))
        });
        let Some((kind, without_numbers, strict)) = about.optional()? else { return Ok(None) };
        let sql = "SELECT name, \"notnull\", dflt_value IS NOT NULL, hidden, pk, type \
                   FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";
        let mut statement = connection.prepare(sql)?;
        let columns = statement.query_map([table], |row| {
            Ok(LayoutColumn {
                name: row.get(0)?,
                not_null: row.get(1)?,
                default: row.get(2)?,
                generated: row.get::<_, u8>(3)? > 1,
                key_place: row.get(4)?,
                row_number: false,
                affinity: Affinity::of(&row.get::<_, String>(5)?, strict),
            })
        })?;
        let mut columns: Vec<LayoutColumn> = columns.collect::<Result<_>>()?;
        // A primary key of one column and without an index is the row's number itself.
        let sql = "SELECT count(*) FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'";
        let indexed: bool = connection.query_row(sql, [table], |row| row.get(0))?;
        let in_key = columns.iter().filter(|column| column.key_place > 0).count();
        for column in &mut columns {
            column.row_number = column.key_place > 0 && in_key == 1 && !indexed && kind == "table" && !without_numbers;
            column.not_null |= column.row_number || without_numbers && column.key_place > 0;
        }
        let identity = identity(&columns, without_numbers, &kind);
        let sql = "SELECT count(*) FROM main.sqlite_schema \
                   WHERE type = 'table' AND lower(name) = lower(?1) AND sql LIKE '%conflict%'";
        let resolves = connection.query_row(sql, [table], |row| row.get(0))?;
        Ok(Some(Self { kind, strict, resolves, columns, identity }))
    }

    /// What stands behind `INSERT` and `UPDATE`, so that a row which collides with another is refused,
    /// whatever the table's declaration says. Elsewhere nothing: it would also hold for the statements
    /// of triggers.
    pub(super) fn or_abort(&self) -> &'static str {
        if self.resolves { " OR ABORT" } else { "" }
    }

    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<&LayoutColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

fn identity(columns: &[LayoutColumn], without_numbers: bool, kind: &str) -> Vec<Identity> {
    let of = |column: &LayoutColumn| Identity { sql: quoted(&column.name), column: Some(column.name.clone()) };
    if without_numbers {
        let mut key: Vec<&LayoutColumn> = columns.iter().filter(|column| column.key_place > 0).collect();
        key.sort_by_key(|column| column.key_place);
        return key.into_iter().map(of).collect();
    }
    if let Some(column) = columns.iter().find(|column| column.row_number) {
        return vec![of(column)];
    }
    if kind == "view" {
        return Vec::new();
    }
    // Any of the names that no column has taken.
    let free = |name: &&str| columns.iter().all(|column| !column.name.eq_ignore_ascii_case(name));
    let name = ["rowid", "_rowid_", "oid"].into_iter().find(free);
    name.map(|name| Identity { sql: name.to_owned(), column: None }).into_iter().collect()
}
