//! Whether a transaction was committed: where there is a history, its table takes a mark in the same
//! transaction. It is there afterwards or it is not. Marks stay; what reads the history passes them by.

use super::describe::text;
use super::failure;
use super::history_trigger::literal;
use super::sql::qualified;
use super::write::{MysqlWriter, Transaction};
use crate::endpoint::{HISTORY_TABLE, WriteError, unlike_any_other};
use mysql::Row;
use mysql::prelude::Queryable;

const DOING: &str = "asking what became of a transaction";

/// There is no history, or the user has no right to it. The statement alone fails then.
const NO_HISTORY: [u16; 5] = [1044, 1142, 1143, 1146, 1054];

/// Leaves a mark in the transaction that is open; `None` where there is no history.
pub fn leave(writer: &mut MysqlWriter) -> Result<Option<String>, WriteError> {
    if writer.transaction != Transaction::Open || !writer.marks {
        return Ok(None);
    }
    let history = qualified(&writer.name.0, HISTORY_TABLE);
    let Some(first) = first(writer, &history)? else { return Ok(None) };
    let mark = format!("{first} {}", unlike_any_other());
    let sql = format!(
        "INSERT INTO {history} (table_name, action, row_key, changed_at, own) \
         VALUES ('', 'mark', {}, UTC_TIMESTAMP(6), 1)",
        literal(&mark)
    );
    match writer.conn.query_drop(&sql) {
        Ok(()) => Ok(Some(mark)),
        Err(error) if is_none(&error) => {
            writer.marks = false;
            Ok(None)
        }
        Err(error) => Err(writer.failed("marking a transaction", &error)),
    }
}

/// Whether the mark is there; `None` if the history is another one now. Waits for a transaction that
/// is still open.
pub fn committed(writer: &mut MysqlWriter, mark: &str) -> Result<Option<bool>, WriteError> {
    let history = qualified(&writer.name.0, HISTORY_TABLE);
    let begun = mark.split(' ').next().unwrap_or_default();
    if first(writer, &history)?.as_deref() != Some(begun) {
        return Ok(None);
    }
    let sql = format!(
        "SELECT seq FROM {history} WHERE table_name = '' AND action = 'mark' AND row_key = {} LOCK IN SHARE MODE",
        literal(mark)
    );
    match writer.conn.query_first::<Row, _>(&sql) {
        Ok(row) => Ok(Some(row.is_some())),
        Err(error) if is_none(&error) => Ok(None),
        Err(error) => Err(writer.failed(DOING, &error)),
    }
}

/// What stands for the history that is there: its first entry, which is never deleted as long as its
/// table has one.
fn first(writer: &mut MysqlWriter, history: &str) -> Result<Option<String>, WriteError> {
    let sql = format!(
        "SELECT CONCAT(seq, '/', MD5(CONCAT(row_key, changed_at))) FROM {history} \
         WHERE table_name = '' AND action = 'install' ORDER BY seq LIMIT 1"
    );
    match writer.conn.query_first::<Row, _>(&sql) {
        Ok(row) => Ok(row.and_then(|row| text(&row, 0))),
        Err(error) if is_none(&error) => {
            writer.marks = false;
            Ok(None)
        }
        Err(error) => Err(writer.failed(DOING, &error)),
    }
}

/// Whether there is no history, or none that the user may use.
pub fn is_none(error: &mysql::Error) -> bool {
    failure::code(error).is_some_and(|code| NO_HISTORY.contains(&code))
}
