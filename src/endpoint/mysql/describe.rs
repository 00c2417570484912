//! What the server says of a table, from `information_schema`. Values are bound. Names are
//! compared here, not there: the server's comparison ignores case, its tables may not.

use super::failure::{self, words};
use super::native::{NativeColumn, NextValue};
use crate::endpoint::{EndpointError, ServerAddress};
use crate::table::{TableInfo, nearest};
use mysql::prelude::Queryable;
use mysql::{Conn, Params, Row, Value};

/// A table that is there.
#[derive(Clone, Debug)]
pub struct Found {
    /// The database, as the server writes it.
    pub schema: String,
    /// The table, as the server writes it.
    pub table: String,
    /// The storage engine; `None` for a view.
    pub engine: Option<String>,
    /// In the table's own order.
    pub columns: Vec<NativeColumn>,
    /// The primary key's columns, in key order.
    pub primary_key: Vec<String>,
    /// The server's estimate.
    pub estimated_rows: Option<u64>,
}

/// Looks the table up.
///
/// # Errors
/// If it isn't there, with the name nearest to it.
pub fn find(conn: &mut Conn, address: &ServerAddress) -> Result<Found, EndpointError> {
    let tables = ask(
        conn,
        address,
        "SELECT table_schema, table_name, engine, table_rows, @@lower_case_table_names \
         FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
        (&address.database, &address.table),
    )?;
    let exact = |row: &&Row| {
        text(row, 0).as_deref() == Some(&address.database) && text(row, 1).as_deref() == Some(&address.table)
    };
    let folded = |row: &&Row| text(row, 4).as_deref() != Some("0");
    let Some(row) = tables.iter().find(exact).or_else(|| tables.iter().find(folded)) else {
        return Err(missing(conn, address));
    };
    let mut found = Found {
        schema: text(row, 0).unwrap_or_default(),
        table: text(row, 1).unwrap_or_default(),
        engine: text(row, 2),
        columns: Vec::new(),
        primary_key: Vec::new(),
        estimated_rows: number(row, 3),
    };
    found.columns = columns(conn, address, &found)?;
    if found.columns.is_empty() {
        return Err(failure::query(address, "describing the table", "it shows no columns to this user"));
    }
    found.primary_key =
        indexes(conn, address, &found)?.into_iter().find(Index::is_primary).map_or_else(Vec::new, Index::names);
    Ok(found)
}

/// The table in portable terms.
///
/// # Errors
/// If the server can't be asked.
pub fn info(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<TableInfo, EndpointError> {
    let unique = indexes(conn, address, found)?.into_iter().filter(|index| index.unique);
    Ok(TableInfo {
        columns: found.columns.iter().map(NativeColumn::column).collect(),
        primary_key: found.primary_key.clone(),
        unique: unique.filter(|index| !index.is_primary() && index.is_plain()).map(Index::names).collect(),
        estimated_rows: found.estimated_rows,
        ..TableInfo::default()
    })
}

fn missing(conn: &mut Conn, address: &ServerAddress) -> EndpointError {
    let names = ask(
        conn,
        address,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = ?",
        (&address.database,),
    );
    match names {
        Ok(rows) => {
            let names: Vec<String> = rows.iter().filter_map(|row| text(row, 0)).collect();
            EndpointError::NoTable {
                address: address.shown.clone(),
                table: address.table.clone(),
                suggestion: nearest(&address.table, &names),
            }
        }
        Err(error) => error,
    }
}

fn columns(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<NativeColumn>, EndpointError> {
    let catalog = Catalog::of(conn, address)?;
    let json = if catalog.checks { json_checks(conn, address, found)? } else { Vec::new() };
    // Where there is none, nothing can be computed but what `extra` tells of.
    let expression = if catalog.expressions { "generation_expression" } else { "NULL" };
    let sql = format!(
        "SELECT table_schema, table_name, column_name, data_type, column_type, is_nullable, extra, \
         {expression}, numeric_precision, numeric_scale, datetime_precision, character_set_name, \
         collation_name, character_maximum_length, character_octet_length, column_default, \
         privileges \
         FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
    );
    let rows = ask(conn, address, &sql, (&found.schema, &found.table))?;
    let column = |row: &Row| {
        let name = text(row, 2).unwrap_or_default();
        let checked_json = json.iter().any(|check| check.eq_ignore_ascii_case(&json_check(&name)));
        NativeColumn {
            data_type: text(row, 3).unwrap_or_default().to_ascii_lowercase(),
            column_type: text(row, 4).unwrap_or_default(),
            nullable: text(row, 5).is_some_and(|word| word.eq_ignore_ascii_case("yes")),
            generated: is_generated(&text(row, 6).unwrap_or_default(), &text(row, 7).unwrap_or_default()),
            precision: number(row, 8).and_then(|n| u32::try_from(n).ok()),
            scale: number(row, 9).and_then(|n| u32::try_from(n).ok()),
            fraction: number(row, 10).and_then(|n| u8::try_from(n).ok()),
            charset: text(row, 11),
            collation: text(row, 12),
            characters: number(row, 13),
            octets: number(row, 14),
            // MariaDB writes a default of NULL as the word.
            default: text(row, 15).is_some_and(|default| default != "NULL"),
            next_value: text(row, 15).as_deref().and_then(NextValue::of_default),
            extra: text(row, 6).unwrap_or_default().to_ascii_lowercase(),
            checked_json,
            denied: text(row, 16).is_some_and(|rights| !rights.to_ascii_lowercase().contains("select")),
            name,
        }
    };
    Ok(rows.iter().filter(|row| is_of(row, found)).map(column).collect())
}

/// `DEFAULT_GENERATED`, MySQL's word for a default that is an expression, is not meant.
fn is_generated(extra: &str, expression: &str) -> bool {
    let extra = extra.to_ascii_uppercase();
    !expression.is_empty() || ["VIRTUAL", "STORED", "PERSISTENT"].iter().any(|word| extra.contains(word))
}

/// The check that MariaDB gives to a column declared as JSON.
fn json_check(column: &str) -> String {
    format!("json_valid({})", super::sql::quote(column))
}

/// What the server's catalog can tell.
struct Catalog {
    /// Expressions of computed columns: since MySQL 5.7 and MariaDB 10.2.
    expressions: bool,
    /// A table's checks, where the server is a MariaDB (MySQL's JSON is a type).
    checks: bool,
}

impl Catalog {
    fn of(conn: &mut Conn, address: &ServerAddress) -> Result<Self, EndpointError> {
        let there = ask(
            conn,
            address,
            "SELECT LOWER(table_name) FROM information_schema.columns WHERE table_schema = 'information_schema' \
             AND (table_name = 'columns' AND column_name = 'generation_expression' OR \
             table_name = 'check_constraints' AND column_name = 'table_name' AND version() LIKE '%mariadb%')",
            (),
        )?;
        let has = |name: &str| there.iter().any(|row| text(row, 0).as_deref() == Some(name));
        Ok(Self { expressions: has("columns"), checks: has("check_constraints") })
    }
}

/// The table's checks.
fn json_checks(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<String>, EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT constraint_schema, table_name, check_clause FROM information_schema.check_constraints \
         WHERE constraint_schema = ? AND table_name = ?",
        (&found.schema, &found.table),
    )?;
    Ok(rows.iter().filter(|row| is_of(row, found)).filter_map(|row| text(row, 2)).collect())
}

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Each part's column; `None` for an expression.
    pub parts: Vec<Option<String>>,
    /// Whether a part holds only the beginning of its column.
    pub prefix: bool,
    /// Whether it is unique.
    pub unique: bool,
}

impl Index {
    /// Whether it is the primary key.
    pub fn is_primary(&self) -> bool {
        self.name == "PRIMARY"
    }

    /// Whether it is on whole columns.
    fn is_plain(&self) -> bool {
        !self.prefix && self.parts.iter().all(Option::is_some)
    }

    fn names(self) -> Vec<String> {
        self.parts.into_iter().flatten().collect()
    }
}

/// All indexes of the table, by name.
///
/// # Errors
/// If the server can't be asked.
pub fn indexes(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<Index>, EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT table_schema, table_name, index_name, column_name, sub_part, non_unique \
         FROM information_schema.statistics \
         WHERE table_schema = ? AND table_name = ? ORDER BY index_name, seq_in_index",
        (&found.schema, &found.table),
    )?;
    let mut indexes: Vec<Index> = Vec::new();
    for row in rows.iter().filter(|row| is_of(row, found)) {
        let name = text(row, 2).unwrap_or_default();
        if indexes.last().is_none_or(|last| last.name != name) {
            let unique = number(row, 5) == Some(0);
            indexes.push(Index { name, parts: Vec::new(), prefix: false, unique });
        }
        if let Some(index) = indexes.last_mut() {
            index.parts.push(text(row, 3));
            index.prefix |= number(row, 4).is_some();
        }
    }
    Ok(indexes)
}

/// Whether a row's first two cells name this table.
pub fn is_of(row: &Row, found: &Found) -> bool {
    text(row, 0).as_deref() == Some(&found.schema) && text(row, 1).as_deref() == Some(&found.table)
}

/// Asks `information_schema`.
///
/// # Errors
/// In the server's words.
pub fn ask(
    conn: &mut Conn,
    address: &ServerAddress,
    sql: &str,
    values: impl Into<Params>,
) -> Result<Vec<Row>, EndpointError> {
    conn.exec(sql, values).map_err(|error| failure::query(address, "describing the table", words(&error)))
}

/// A cell as text, whichever of its types the server chose.
pub fn text(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(n) => Some(n.to_string()),
        Value::UInt(n) => Some(n.to_string()),
        Value::Float(n) => Some(n.to_string()),
        Value::Double(n) => Some(n.to_string()),
        date @ (Value::Date(..) | Value::Time(..)) => Some(date.as_sql(true)),
    }
}

/// A cell as a whole number.
pub fn number(row: &Row, at: usize) -> Option<u64> {
    text(row, at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_not_a_computation() {
        assert!(is_generated("VIRTUAL GENERATED", ""));
        assert!(is_generated("STORED GENERATED", "`a` + 1"));
        assert!(is_generated("PERSISTENT", ""));
        assert!(!is_generated("DEFAULT_GENERATED on update CURRENT_TIMESTAMP", ""));
        assert!(!is_generated("auto_increment", ""));
    }

    #[test]
    fn only_whole_columns_make_a_key() {
        let index = |parts: &[Option<&str>], prefix| Index {
            name: "u".into(),
            parts: parts.iter().map(|part| part.map(str::to_owned)).collect(),
            prefix,
            unique: true,
        };
        assert!(index(&[Some("a"), Some("b")], false).is_plain());
        assert!(!index(&[Some("a"), None], false).is_plain());
        assert!(!index(&[Some("a")], true).is_plain());
    }
}
