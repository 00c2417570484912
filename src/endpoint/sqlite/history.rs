//! History in an SQLite file. What is installed, all of it in the file itself:
//!
//! | table | what |
//! |---|---|
//! | `trueup_history` | the entries, as [`HISTORY_TABLE`] says, with `kinds` beside `row_key` (see `history_keys.rs`) |
//! | `trueup_tracked` | a row a table: its key, `installed` (unlike any other installation), up to which number it was cleared, and from when on it tells of every change |
//! | `trueup_writing` | has a row while trueup itself writes: put in at the beginning of its transaction and taken out before the end, so that no other connection ever sees it |
//! | `trueup_bases` | a row a base of a two-way sync that a table has had |
//! | `trueup_replaced` | rows that `REPLACE` may be about to delete (see `history_collisions.rs`) |
//!
//! and three triggers a table, or five where a unique index does not hold the whole key.
//!
//! `changed_at` is text in milliseconds, which is what SQLite's clock gives. Only one writes at a time,
//! and a number that was rolled back is handed out again: so no number is ever missing, and a mark has
//! no gaps. Whether the triggers fit is found by comparing their text with what it would be now, so a
//! column, a unique index or a name that changed is noticed.
//!
//! Known limits. `REPLACE` over a row of the same key is a create. A row that is replaced because
//! somebody wrote the `rowid` of a table that has no column for it is not noticed, nor one that is
//! replaced while a trigger of the table's own, run before the insert, inserts into the same table.

use super::connect::{PATIENCE, Sqlite, message, quoted};
use super::history_bases::{BASES, bases, forget, remember};
use super::history_collisions::collisions;
use super::history_read::Reading;
use super::history_state::{
    Found, TABLES, drop_triggers, forget_dropped, has_table, is_put_back, last, own_triggers, print, table_name,
    tracked,
};
use super::history_triggers::{NOW, PREFIX, Trigger, triggers};
use super::layout::Layout;
use crate::endpoint::history::PUT_BACK;
use crate::endpoint::{
    Changes, ChangesRead, EndpointError, ExportBatch, HISTORY_TABLE, History, HistoryMark, HistoryStatus, Installed,
};
use crate::table::{Column, nearest, parse_timestamp};
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS main.trueup_history (seq INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL,
        action TEXT NOT NULL, row_key TEXT NOT NULL, kinds TEXT NOT NULL, changed_at TEXT NOT NULL, own INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS main.trueup_tracked (table_name TEXT PRIMARY KEY, key TEXT NOT NULL,
        installed TEXT NOT NULL, cleared INTEGER NOT NULL, covers_from TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS main.trueup_writing (own INTEGER);
    CREATE TABLE IF NOT EXISTS main.trueup_replaced (table_name TEXT, event TEXT, row_key TEXT, kinds TEXT, number INTEGER);";

/// Says in a transaction that trueup itself writes, if anybody in this file wants to know.
pub(super) fn begin_own(connection: &Connection) -> rusqlite::Result<bool> {
    let wanted = has_table(connection, "trueup_writing")?;
    if wanted {
        connection.execute("INSERT INTO main.trueup_writing VALUES (1)", [])?;
    }
    Ok(wanted)
}

/// Takes that back, before the transaction is committed.
pub(super) fn end_own(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM main.trueup_writing", []).map(drop)
}

/// The installation of a table's history, if its triggers are there.
pub(super) fn installation(connection: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let table = table_name(connection, table)?.unwrap_or_else(|| table.to_owned());
    match own_triggers(connection, &table)?.is_empty() {
        true => Ok(None),
        false => Ok(tracked(connection, &table)?.map(|tracked| tracked.installed)),
    }
}

/// Whether a trigger is one of those that are made here.
pub(super) fn is_own_trigger(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The history of one table.
pub(super) struct SqliteHistory(Sqlite);

impl SqliteHistory {
    /// That of a table.
    pub(super) fn new(sqlite: Sqlite) -> Self {
        Self(sqlite)
    }

    fn failed(&self, doing: &str, error: &rusqlite::Error) -> EndpointError {
        match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => self.query(
                doing,
                &format!(
                    "the right to write to the file {} and its folder is missing ({})",
                    self.0.path().display(),
                    message(error)
                ),
            ),
            _ => self.0.failed(doing, error),
        }
    }

    fn query(&self, doing: &str, why: &str) -> EndpointError {
        EndpointError::Query { address: self.0.shown(), doing: doing.to_owned(), why: why.to_owned() }
    }

    /// A connection in a transaction that writes.
    fn writing(&self, doing: &str) -> Result<Connection, EndpointError> {
        let connection = self.0.open(OpenFlags::SQLITE_OPEN_READ_WRITE, PATIENCE)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.failed(doing, &error))?;
        Ok(connection)
    }

    fn found(&self, connection: &Connection) -> Result<Found, EndpointError> {
        let failed = |error: rusqlite::Error| self.0.failed("reading the history", &error);
        let layout = Layout::read(connection, self.0.table()).map_err(failed)?;
        let layout = layout.ok_or_else(|| self.0.no_table(connection))?;
        Found::look(connection, self.0.table(), layout).map_err(failed)
    }

    /// Looks for what makes installing impossible.
    fn check(&self, found: &Found, key: &[String]) -> Result<(), EndpointError> {
        let why = match found.layout.kind.as_str() {
            "table" if TABLES.contains(&found.table.as_str()) || found.table == BASES => {
                Some("it belongs to the history itself".to_owned())
            }
            "table" => None,
            "view" => Some("it is a view, whose rows no trigger sees".to_owned()),
            kind => Some(format!("no trigger sees the rows of a {kind} table")),
        };
        let why =
            why.or_else(|| key.is_empty().then(|| "no column says which row is which".to_owned())).or_else(|| {
                let name = key.iter().find(|name| found.layout.column(name).is_none())?;
                let names: Vec<String> = found.layout.columns.iter().map(|column| column.name.clone()).collect();
                let meant = nearest(name, &names).map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
                Some(format!("it has no column `{name}`{meant}"))
            });
        why.map_or(Ok(()), |why| Err(self.query(INSTALLING, &why)))
    }

    /// The triggers to make.
    fn wanted(&self, connection: &Connection, found: &Found, key: &[String]) -> Result<Vec<Trigger>, EndpointError> {
        let collisions = collisions(connection, &found.table, &found.layout, key);
        let collisions = collisions.map_err(|error| self.failed(INSTALLING, &error))?.ok_or_else(|| {
            self.query(
                INSTALLING,
                "the text of a unique index is not understood, so rows that REPLACE deletes would be missed",
            )
        })?;
        if !collisions.is_empty() && found.layout.identity.is_empty() {
            let why = "its columns have taken all names of the row number, so that no row can be told from the others";
            return Err(self.query(INSTALLING, why));
        }
        Ok(triggers(&found.table, key, &found.layout, &collisions))
    }

    fn make(&self, connection: &Connection, found: &Found, key: &[String]) -> Result<(), EndpointError> {
        let failed = |error: rusqlite::Error| self.failed(INSTALLING, &error);
        let wanted = self.wanted(connection, found, key)?;
        drop_triggers(connection, &found.triggers).map_err(failed)?;
        connection.execute_batch(CREATE).map_err(failed)?;
        for trigger in wanted {
            connection.execute_batch(&trigger.sql).map_err(failed)?;
        }
        // Preparing a statement reads the triggers: what would stop others from writing, stops here.
        let table = format!("main.{}", quoted(&found.table));
        connection.prepare(&format!("INSERT INTO {table} DEFAULT VALUES")).map_err(failed)?;
        connection.prepare(&format!("DELETE FROM {table}")).map_err(failed)?;
        if let Some(column) = found.layout.columns.iter().find(|column| !column.generated) {
            let column = quoted(&column.name);
            connection.prepare(&format!("UPDATE {table} SET {column} = {column}")).map_err(failed)?;
        }
        let same_key = found.tracked.as_ref().is_some_and(|tracked| *tracked.key == *key);
        let note = || -> rusqlite::Result<()> {
            forget_dropped(connection)?;
            if found.triggers.is_empty() && has_table(connection, BASES)? {
                // A table without triggers is new, also if it has the name of one that is gone.
                connection.execute("DELETE FROM main.trueup_bases WHERE table_name = ?1", [&found.table])?;
            }
            if !same_key {
                connection.execute("DELETE FROM main.trueup_history WHERE table_name = ?1", [&found.table])?;
            }
            let sql = format!(
                "INSERT OR REPLACE INTO main.trueup_tracked SELECT ?1, ?2, lower(hex(randomblob(16))), ?3, {NOW}"
            );
            let key = serde_json::Value::from(key).to_string();
            connection.execute(&sql, params![found.table, key, int(last(connection)?)])?;
            connection.execute_batch("COMMIT")
        };
        note().map_err(failed)
    }

    fn time(&self, text: &str) -> Result<i64, EndpointError> {
        let time = parse_timestamp(text).map(|(time, _)| time);
        time.ok_or_else(|| self.query("reading the history", &format!("`{text}` is no time")))
    }
}

/// A number as SQLite has it.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

const INSTALLING: &str = "installing the history";

impl History for SqliteHistory {
    fn install(&self, key: &[String]) -> Result<Installed, EndpointError> {
        let connection = self.writing(INSTALLING)?;
        let found = self.found(&connection)?;
        self.check(&found, key)?;
        let fits = found.misfits.is_empty() && found.tracked.as_ref().is_some_and(|tracked| *tracked.key == *key);
        if fits {
            return Ok(Installed::Already);
        }
        self.make(&connection, &found, key)?;
        let new = found.tracked.is_none() && found.triggers.is_empty();
        Ok(if new { Installed::New } else { Installed::Renewed })
    }

    fn status(&self) -> Result<Option<HistoryStatus>, EndpointError> {
        let connection = self.0.connect()?;
        let found = self.found(&connection)?;
        let Some(tracked) = found.tracked else {
            let none = HistoryStatus {
                key: vec![],
                rows: 0,
                oldest: None,
                newest: None,
                covers_from: 0,
                misfits: found.misfits,
            };
            return Ok((!none.misfits.is_empty()).then_some(none));
        };
        let mut status = HistoryStatus {
            key: tracked.key,
            rows: 0,
            oldest: None,
            newest: None,
            covers_from: self.time(&tracked.covers_from)?,
            misfits: found.misfits,
        };
        let failed = |error| self.0.failed("reading the history", &error);
        if has_table(&connection, HISTORY_TABLE).map_err(failed)? {
            let sql = "SELECT count(*), min(changed_at), max(changed_at) FROM main.trueup_history WHERE table_name = ?1 \
                 AND action <> 'carried'";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let (rows, oldest, newest): (u64, Option<String>, Option<String>) =
                connection.query_row(sql, [&found.table], row).map_err(failed)?;
            status.rows = rows;
            status.oldest = oldest.map(|text| self.time(&text)).transpose()?;
            status.newest = newest.map(|text| self.time(&text)).transpose()?;
        }
        Ok(Some(status))
    }

    fn clear(&self, through: Option<&HistoryMark>) -> Result<u64, EndpointError> {
        const DOING: &str = "clearing the history";
        let connection = self.writing(DOING)?;
        let found = self.found(&connection)?;
        let Some(tracked) = found.tracked else { return Ok(0) };
        if through.is_some_and(|mark| mark.installed != tracked.installed) {
            return Err(self.query(DOING, "it was installed anew since the mark was taken"));
        }
        if let Some(mark) = through
            && is_put_back(&connection, mark).map_err(|error| self.failed(DOING, &error))?
        {
            return Err(self.query(DOING, PUT_BACK));
        }
        let clear = || -> rusqlite::Result<u64> {
            let last = last(&connection)?;
            let seen = through.map_or(last, |mark| mark.seq.min(last));
            let gaps = through.map_or(&[][..], |mark| &mark.gaps);
            let gap = |(first, last, _): &(u64, u64, i64)| format!(" AND seq NOT BETWEEN {first} AND {last}");
            let which = format!("table_name = ?1 AND seq <= ?2{}", gaps.iter().map(gap).collect::<String>());
            let newest = format!("SELECT max(changed_at) FROM main.trueup_history WHERE {which}");
            let newest: Option<String> =
                connection.query_row(&newest, params![found.table, int(seen)], |row| row.get(0))?;
            let delete = format!("DELETE FROM main.trueup_history WHERE {which}");
            let rows = connection.execute(&delete, params![found.table, int(seen)])?;
            connection.execute("DELETE FROM main.trueup_replaced WHERE table_name = ?1", [&found.table])?;
            let now: String = connection.query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))?;
            let from = if through.is_none() { Some(now) } else { newest };
            let from = from.filter(|from| *from > tracked.covers_from).unwrap_or(tracked.covers_from);
            let sql =
                "UPDATE main.trueup_tracked SET cleared = max(cleared, ?2), covers_from = ?3 WHERE table_name = ?1";
            connection.execute(sql, params![found.table, int(seen), from])?;
            connection.execute_batch("COMMIT")?;
            Ok(rows as u64)
        };
        clear().map_err(|error| self.failed(DOING, &error))
    }

    fn remove(&self) -> Result<bool, EndpointError> {
        let connection = self.writing("removing the history")?;
        let remove = || -> rusqlite::Result<bool> {
            let table = table_name(&connection, self.0.table())?.unwrap_or_else(|| self.0.table().to_owned());
            let triggers = own_triggers(&connection, &table)?;
            let there = !triggers.is_empty() || tracked(&connection, &table)?.is_some();
            if !there {
                return Ok(false);
            }
            drop_triggers(&connection, &triggers)?;
            forget_dropped(&connection)?;
            for name in ["trueup_history", "trueup_tracked", "trueup_replaced", BASES] {
                if has_table(&connection, name)? {
                    connection.execute(&format!("DELETE FROM main.{name} WHERE table_name = ?1"), [&table])?;
                }
            }
            let none = match has_table(&connection, "trueup_tracked")? {
                true => connection.query_row("SELECT count(*) = 0 FROM main.trueup_tracked", [], |row| row.get(0))?,
                false => true,
            };
            if none {
                for name in TABLES.into_iter().chain([BASES]) {
                    connection.execute_batch(&format!("DROP TABLE IF EXISTS main.{name}"))?;
                }
            }
            connection.execute_batch("COMMIT")?;
            Ok(true)
        };
        remove().map_err(|error| self.failed("removing the history", &error))
    }

    fn bases(&self) -> Result<Vec<String>, EndpointError> {
        let connection = self.0.connect()?;
        let failed = |error| self.0.failed("reading the history", &error);
        bases(&connection, self.0.table()).map_err(failed)
    }

    fn remember(&self, base: &str) -> Result<(), EndpointError> {
        const DOING: &str = "writing down a base in the history";
        let connection = self.writing(DOING)?;
        remember(&connection, self.0.table(), base).map_err(|error| self.failed(DOING, &error))
    }

    fn forget(&self, base: &str) -> Result<(), EndpointError> {
        const DOING: &str = "forgetting a base in the history";
        let connection = self.writing(DOING)?;
        forget(&connection, self.0.table(), base).map_err(|error| self.failed(DOING, &error))
    }

    fn mark(&self) -> Result<Option<HistoryMark>, EndpointError> {
        let connection = self.0.connect()?;
        let found = self.found(&connection)?;
        let Some(tracked) = found.tracked.filter(|_| found.misfits.is_empty()) else { return Ok(None) };
        let failed = |error: rusqlite::Error| self.0.failed("reading the history", &error);
        let seq = last(&connection).map_err(failed)?;
        let last = print(&connection, seq).map_err(failed)?;
        Ok(Some(HistoryMark { seq, gaps: Vec::new(), installed: tracked.installed, last }))
    }

    fn changes(
        &self,
        since: Option<&HistoryMark>,
        key: &[Column],
        take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
    ) -> Result<ChangesRead, EndpointError> {
        let connection = self.0.connect()?;
        let found = self.found(&connection)?;
        let lacking = |why: &str| Ok(ChangesRead::Lacking(why.to_owned()));
        let Some(tracked) = found.tracked else { return lacking("no history is installed") };
        if let Some(why) = found.misfits.first() {
            return lacking(&format!("its triggers do not fit the table any more: {why}"));
        }
        let failed = |error: rusqlite::Error| self.0.failed("reading the history", &error);
        let last = last(&connection).map_err(failed)?;
        if let Some(since) = since {
            if since.installed != tracked.installed {
                return lacking("it was installed anew since");
            }
            if since.seq > last {
                return lacking("the file is an older one than was read the last time");
            }
            if since.seq < tracked.cleared {
                return lacking("it was cleared since");
            }
            if is_put_back(&connection, since).map_err(failed)? {
                return lacking(PUT_BACK);
            }
        }
        let place = |column: &Column| tracked.key.iter().position(|name| *name == column.name);
        let Some(places) = key.iter().map(place).collect::<Option<Vec<_>>>() else {
            return lacking(&format!("it tells rows apart by {}", tracked.key.join(", ")));
        };
        let mut reading = Reading::new(key, places);
        let sql = "SELECT seq, action, row_key, kinds, changed_at, own FROM main.trueup_history \
                   WHERE seq > ?1 AND table_name = ?2 ORDER BY seq";
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let after = since.map_or(0, |mark| mark.seq);
        let mut rows = statement.query(params![int(after), found.table]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !reading.entry(&connection, row).map_err(failed)? {
                let seq: u64 = row.get(0).map_err(failed)?;
                return lacking(&format!("its entry {seq} is none that its triggers wrote"));
            }
            if reading.len() >= ExportBatch::ROWS {
                take(reading.finish().map_err(|error| self.query("reading the history", &error.to_string()))?)?;
            }
        }
        if reading.len() > 0 {
            take(reading.finish().map_err(|error| self.query("reading the history", &error.to_string()))?)?;
        }
        let print = print(&connection, last).map_err(failed)?;
        let before = since.filter(|since| since.seq == last).and_then(|since| since.last.clone());
        Ok(ChangesRead::Whole {
            mark: HistoryMark { seq: last, gaps: Vec::new(), installed: tracked.installed, last: print.or(before) },
            covers_from: self.time(&tracked.covers_from)?,
        })
    }
}
