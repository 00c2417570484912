//! What there is of a history in a file, and whether it fits.

use super::connect::quoted;
use super::history_collisions::collisions;
use super::history_triggers::{PREFIX, Trigger, triggers};
use super::layout::Layout;
use crate::endpoint::{HISTORY_TABLE, HistoryMark};
use rusqlite::{Connection, OptionalExtension};

/// The tables that are made.
pub(super) const TABLES: [&str; 4] = [HISTORY_TABLE, "trueup_tracked", "trueup_writing", "trueup_replaced"];

/// Whether the file has a table of this name.
pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// What `trueup_tracked` says of a table.
pub(super) struct Tracked {
    pub(super) key: Vec<String>,
    pub(super) installed: String,
    pub(super) cleared: u64,
    pub(super) covers_from: String,
}

/// What there is.
pub(super) struct Found {
    /// The table's name as it was created.
    pub(super) table: String,
    pub(super) layout: Layout,
    pub(super) tracked: Option<Tracked>,
    /// The triggers that are there.
    pub(super) triggers: Vec<Trigger>,
    /// Why they do not fit.
    pub(super) misfits: Vec<String>,
}

impl Found {
    /// Looks at a table of this layout, given under this name.
    pub(super) fn look(connection: &Connection, given: &str, layout: Layout) -> rusqlite::Result<Self> {
        let table = table_name(connection, given)?.unwrap_or_else(|| given.to_owned());
        let triggers = own_triggers(connection, &table)?;
        let tracked = tracked(connection, &table)?;
        let mut misfits = Vec::new();
        if let Some(tracked) = &tracked {
            for name in TABLES {
                if !has_table(connection, name)? {
                    misfits.push(format!("the table `{name}` is not there any more"));
                }
            }
            let gone = tracked.key.iter().filter(|name| layout.column(name).is_none());
            misfits.extend(gone.map(|name| format!("the table has no column `{name}` any more, which is in the key")));
            if misfits.is_empty() {
                misfits = differences(connection, &table, &layout, &tracked.key, &triggers)?;
            }
        } else if !triggers.is_empty() {
            misfits.push("they were made when the table had another name".to_owned());
        }
        Ok(Self { table, layout, tracked, triggers, misfits })
    }
}

/// A table's name as it was created; `None` if it is not there.
pub(super) fn table_name(connection: &Connection, given: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower(?1)";
    connection.query_row(sql, [given], |row| row.get(0)).optional()
}

/// How the triggers that are there differ from those that the table needs now.
fn differences(
    connection: &Connection,
    table: &str,
    layout: &Layout,
    key: &[String],
    found: &[Trigger],
) -> rusqlite::Result<Vec<String>> {
    let Some(collisions) = collisions(connection, table, layout, key)? else {
        return Ok(vec!["the text of a unique index is not understood".to_owned()]);
    };
    let mut out = Vec::new();
    let (mut changed, before) = (false, format!("{PREFIX}before_"));
    for wanted in triggers(table, key, layout, &collisions) {
        match found.iter().find(|trigger| trigger.name == wanted.name) {
            Some(trigger) => changed |= trigger.sql != wanted.sql,
            // Those before a change are made where there is a unique index to look at.
            None if wanted.name.starts_with(&before) => changed = true,
            None => out.push(format!("the trigger `{}` is not there any more", wanted.name)),
        }
    }
    if changed {
        out.push("they were made when the table had other columns or unique indexes".to_owned());
    }
    Ok(out)
}

/// The triggers on a table that were made here.
pub(super) fn own_triggers(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Trigger>> {
    let sql = "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1)";
    let mut statement = connection.prepare(sql)?;
    let all = statement.query_map([table], |row| Ok(Trigger { name: row.get(0)?, sql: row.get(1)? }))?;
    let mut out = all.collect::<rusqlite::Result<Vec<_>>>()?;
    out.retain(|trigger| trigger.name.starts_with(PREFIX));
    Ok(out)
}

/// Takes triggers away.
pub(super) fn drop_triggers(connection: &Connection, triggers: &[Trigger]) -> rusqlite::Result<()> {
    triggers
        .iter()
        .try_for_each(|trigger| connection.execute_batch(&format!("DROP TRIGGER main.{}", quoted(&trigger.name))))
}

/// What is known of a table, if its history is kept.
pub(super) fn tracked(connection: &Connection, table: &str) -> rusqlite::Result<Option<Tracked>> {
    if !has_table(connection, "trueup_tracked")? {
        return Ok(None);
    }
    let sql = "SELECT key, installed, cleared, covers_from FROM main.trueup_tracked WHERE table_name = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let key: String = row.get(0)?;
        Ok(Tracked {
            // A key that can't be read is no key: no trigger fits it.
            key: serde_json::from_str(&key).unwrap_or_default(),
            installed: row.get(1)?,
            cleared: row.get(2)?,
            covers_from: row.get(3)?,
        })
    };
    connection.query_row(sql, [table], row).optional()
}

/// The last number that was handed out.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT ifnull(max(seq), 0) FROM main.sqlite_sequence WHERE name = 'trueup_history'";
    connection.query_row(sql, [], |row| row.get(0))
}

/// What stands for the entry of a number in marks; `None` if it is not there.
pub(super) fn print(connection: &Connection, seq: u64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT table_name, action, row_key, changed_at FROM main.trueup_history WHERE seq = ?1";
    let cell = |row: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<String> {
        let value = row.get_ref(at)?;
        Ok(String::from_utf8_lossy(value.as_bytes_or_null().ok().flatten().unwrap_or_default()).into_owned())
    };
    let row =
        |row: &rusqlite::Row<'_>| Ok(HistoryMark::print(&[cell(row, 0)?, cell(row, 1)?, cell(row, 2)?, cell(row, 3)?]));
    connection.query_row(sql, [i64::try_from(seq).unwrap_or(i64::MAX)], row).optional()
}

/// Whether the file was put back from a copy since a mark was taken.
pub(super) fn is_put_back(connection: &Connection, mark: &HistoryMark) -> rusqlite::Result<bool> {
    let cleared: u64 =
        connection.query_row("SELECT ifnull(max(cleared), 0) FROM main.trueup_tracked", [], |row| row.get(0))?;
    Ok(mark.is_put_back(print(connection, mark.seq)?.as_deref(), mark.seq <= cleared))
}

/// Forgets tables that are not there any more: nothing else will.
pub(super) fn forget_dropped(connection: &Connection) -> rusqlite::Result<()> {
    for table in ["trueup_history", "trueup_tracked", "trueup_replaced", "trueup_bases"] {
        if has_table(connection, table)? {
            let sql = format!(
                "DELETE FROM main.{table} WHERE table_name <> '' AND table_name NOT IN (SELECT name FROM main.sqlite_schema WHERE type = 'table')"
            );
            connection.execute(&sql, [])?;
        }
    }
    Ok(())
}
