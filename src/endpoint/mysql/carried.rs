//! Notes when the changes were made that a transaction writes: see `endpoint::carried`.

use super::describe::text;
use super::history_book::{Install, Name};
use super::history_trigger::literal;
use super::marks::is_none;
use super::write::{MysqlWriter, Transaction};
use crate::endpoint::WriteError;
use crate::endpoint::carried::{CARRIED, notes};
use crate::table::Fingerprint;
use mysql::Row;
use mysql::prelude::Queryable;

const DOING: &str = "noting when changes were made";

/// Takes down when a transaction began.
pub fn begin(writer: &mut MysqlWriter) -> Result<(), WriteError> {
    if writer.times == Some(false) {
        return Ok(());
    }
    writer.run("beginning a transaction", "SET @trueup_begun = UTC_TIMESTAMP(6)").map(drop)
}

/// Notes the times in the transaction that is open, if there is a history that the user may write to.
pub fn note(writer: &mut MysqlWriter, times: &[(Fingerprint, i64)]) -> Result<(), WriteError> {
    if times.is_empty() || writer.transaction != Transaction::Open {
        return Ok(());
    }
    let name = Name { schema: writer.name.0.clone(), table: writer.name.1.clone() };
    if writer.times.is_none() {
        writer.times = Some(is_installed(writer, &name)?);
    }
    if writer.times == Some(false) {
        return Ok(());
    }
    for note in notes(times) {
        let sql = format!(
            "INSERT INTO {} (table_name, action, row_key, changed_at, own) \
             VALUES ({}, '{CARRIED}', {}, @trueup_begun, 1)",
            name.history(),
            literal(&name.table),
            literal(&note)
        );
        match writer.conn.query_drop(&sql) {
            Ok(()) => {}
            Err(error) if is_none(&error) => {
                writer.times = Some(false);
                return Ok(());
            }
            Err(error) => return Err(writer.failed(DOING, &error)),
        }
    }
    Ok(())
}

/// Whether the table has a history of its own.
fn is_installed(writer: &mut MysqlWriter, name: &Name) -> Result<bool, WriteError> {
    let sql = format!("SELECT row_key FROM {} WHERE table_name = '' AND action = 'install'", name.history());
    let is_its = |row: &Row| {
        let note = text(row, 0).and_then(|text| serde_json::from_str::<Install>(&text).ok());
        note.is_some_and(|install| install.table == name.table && install.made.is_some())
    };
    match writer.conn.query::<Row, _>(&sql) {
        Ok(rows) => Ok(rows.iter().any(is_its)),
        Err(error) if is_none(&error) => Ok(false),
        Err(error) => Err(writer.failed(DOING, &error)),
    }
}
