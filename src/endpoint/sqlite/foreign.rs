//! Foreign keys, of a table and to it.

use crate::endpoint::{Dependent, OnDelete, Reference};
use rusqlite::{Connection, Result};

/// One column of a foreign key.
struct Part {
    table: String,
    id: i64,
    from: String,
    parent: String,
    /// `None` for the parent's primary key.
    to: Option<String>,
    place: usize,
    on_delete: String,
}

const PARTS: &str = "SELECT m.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.seq, f.on_delete \
                     FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name, 'main') AS f \
                     WHERE m.type = 'table'";

fn foreign_keys(connection: &Connection, condition: &str, table: &str) -> Result<Vec<Vec<Part>>> {
    let mut statement =
        connection.prepare(&format!("{PARTS} AND lower({condition}) = lower(?1) ORDER BY m.name, f.id, f.seq"))?;
    let parts = statement.query_map([table], |row| {
        Ok(Part {
            table: row.get(0)?,
            id: row.get(1)?,
            from: row.get(2)?,
            parent: row.get(3)?,
            to: row.get(4)?,
            place: row.get(5)?,
            on_delete: row.get(6)?,
        })
    })?;
    let mut out: Vec<Vec<Part>> = Vec::new();
    for part in parts {
        let part = part?;
        match out.last_mut().filter(|parts| parts[0].table == part.table && parts[0].id == part.id) {
            Some(parts) => parts.push(part),
            None => out.push(vec![part]),
        }
    }
    Ok(out)
}

fn name_of(parts: &[Part]) -> String {
    let columns: Vec<&str> = parts.iter().map(|part| part.from.as_str()).collect();
    format!("{} ({})", parts[0].table, columns.join(", "))
}

fn pointed_to(parts: &[Part], primary_key: &[String]) -> Vec<String> {
    parts.iter().filter_map(|part| part.to.clone().or_else(|| primary_key.get(part.place).cloned())).collect()
}

/// The foreign keys of a table.
pub(super) fn references(connection: &Connection, table: &str) -> Result<Vec<Reference>> {
    let keys = foreign_keys(connection, "m.name", table)?;
    keys.into_iter()
        .map(|parts| {
            Ok(Reference {
                name: name_of(&parts),
                columns: parts.iter().map(|part| part.from.clone()).collect(),
                to: pointed_to(&parts, &primary_key(connection, &parts[0].parent)?),
                to_itself: parts[0].parent.eq_ignore_ascii_case(table),
                table: parts[0].parent.clone(),
            })
        })
        .collect()
}

/// The foreign keys that point to a table.
pub(super) fn dependents(connection: &Connection, table: &str, primary_key: &[String]) -> Result<Vec<Dependent>> {
    let keys = foreign_keys(connection, "f.\"table\"", table)?;
    let dependent = |parts: Vec<Part>| Dependent {
        name: name_of(&parts),
        table_name: ("main".to_owned(), parts[0].table.clone()),
        columns: parts.iter().map(|part| part.from.clone()).collect(),
        to: pointed_to(&parts, primary_key),
        on_delete: match parts[0].on_delete.as_str() {
            "CASCADE" => OnDelete::Cascade,
            "SET NULL" => OnDelete::SetNull,
            "SET DEFAULT" => OnDelete::SetDefault,
            _ => OnDelete::Refuse,
        },
        is_itself: parts[0].table.eq_ignore_ascii_case(table),
        table: parts[0].table.clone(),
    };
    Ok(keys.into_iter().map(dependent).collect())
}

fn primary_key(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}
