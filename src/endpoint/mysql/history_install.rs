//! Making a history and taking it away. No statement here can be rolled back, so the order makes up
//! for it:
//!
//! 1. Everything that can be refused is tried first, on a trigger that can't be made.
//! 2. The history's table comes before the triggers, which could not do without it, and goes after
//!    them.
//! 3. A note opens the installation: entries before it are not its own. Old triggers are gone then,
//!    and with them every transaction that wrote by them, for the server waits for those.
//! 4. A note of when the triggers were made closes it. What broke off before is not finished, and is
//!    begun again the next time.
//!
//! The triggers run with the rights of who installs: writers need none on the history's table. If that
//! user is dropped, writing to the table fails: then install again as another.

use super::connect::Server;
use super::describe::{self, Found, text};
use super::failure::{self, words};
use super::history_book::{Book, COLUMNS, Install, Name, VERSION, denied};
use super::history_fit;
use super::history_trigger::{self, Trigger, literal, names, triggers};
use super::session::Purpose;
use super::sql::{qualified, quote};
use crate::endpoint::{EndpointError, HISTORY_TABLE, Installed, ServerAddress};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Row};
use std::time::Duration;

/// How long to wait for those who hold the table; others wait for us meanwhile.
const WAIT: Duration = Duration::from_secs(10);
/// `ER_BAD_FIELD_ERROR`.
const NO_FIELD: u16 = 1054;

/// A session that changes a history.
pub struct Work<'a> {
    pub(super) address: &'a ServerAddress,
    pub(super) conn: Conn,
    pub(super) name: Name,
    /// The table; `None` if there is none any more.
    found: Option<Found>,
    doing: &'static str,
}

impl<'a> Work<'a> {
    /// Opens it. It is the only one in this database.
    ///
    /// # Errors
    /// If the server can't be reached, or another does not end.
    pub fn open(address: &'a ServerAddress, doing: &'static str) -> Result<Self, EndpointError> {
        let mut conn = Server::reach(address, Purpose::Write(Some(WAIT)))?.connect()?;
        let (found, name) = match describe::find(&mut conn, address) {
            Ok(found) => {
                let name = Name { schema: found.schema.clone(), table: found.table.clone() };
                (Some(found), name)
            }
            Err(EndpointError::NoTable { .. }) => {
                (None, Name { schema: address.database.clone(), table: address.table.clone() })
            }
            Err(error) => return Err(error),
        };
        let mut work = Self { address, conn, name, found, doing };
        // A trigger keeps the mode of the session that makes it.
        work.run("SET SESSION sql_mode = ''", "")?;
        let lock = literal(&format!("{HISTORY_TABLE} {}", history_trigger::hash(&work.name.schema)));
        let locked = work.rows(&format!("SELECT GET_LOCK({lock}, {})", WAIT.as_secs()))?;
        if locked.first().and_then(|row| text(row, 0)).as_deref() != Some("1") {
            return Err(failure::query(address, doing, "another trueup is at work on the histories of this database"));
        }
        Ok(work)
    }

    /// Runs a statement that takes a right. How many rows it was about.
    ///
    /// # Errors
    /// In words that name the right.
    pub(super) fn run(&mut self, sql: &str, right: &str) -> Result<u64, EndpointError> {
        match self.conn.query_drop(sql) {
            Ok(()) => Ok(self.conn.affected_rows()),
            Err(error) => Err(self.denied(&error, right)),
        }
    }

    pub(super) fn denied(&self, error: &Error, right: &str) -> EndpointError {
        denied(self.address, self.doing, error, right)
    }

    fn wrong(&self, why: impl Into<String>) -> EndpointError {
        failure::query(self.address, self.doing, why)
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// In words that name the right.
    pub(super) fn rows(&mut self, sql: &str) -> Result<Vec<Row>, EndpointError> {
        let right = self.name.right("SELECT");
        self.conn.query(sql).map_err(|error| self.denied(&error, &right))
    }

    /// The notes; `None` if there is no history's table.
    ///
    /// # Errors
    /// If they can't be read.
    pub(super) fn book(&mut self) -> Result<Option<Book>, EndpointError> {
        Book::read(&mut self.conn, self.address, &self.name)
    }

    /// Makes it, as [`History::install`](crate::endpoint::History::install) says.
    ///
    /// # Errors
    /// If a right is missing, or the table can't have one.
    pub fn install(&mut self, key: &[String]) -> Result<Installed, EndpointError> {
        let Some(found) = self.found.clone() else {
            return Err(EndpointError::NoTable {
                address: self.address.shown.clone(),
                table: self.address.table.clone(),
                suggestion: None,
            });
        };
        if found.table.eq_ignore_ascii_case(HISTORY_TABLE) {
            return Err(self.wrong("this is the table that histories are written to"));
        }
        let obstacles = history_fit::obstacles(&mut self.conn, self.address, &found)?;
        if !obstacles.is_empty() {
            return Err(self.wrong(format!("the table can't have a history: {}", obstacles.join("; "))));
        }
        let wanted = triggers(&found.table, &found.columns, key).filter(|_| !key.is_empty());
        let Some(wanted) = wanted else {
            return Err(self.wrong(format!("the table does not have the columns ({}) as a key", key.join(", "))));
        };
        let exists = self.check_table()?;
        let book = if exists { self.book()? } else { None }.unwrap_or_default();
        let there = history_fit::there(&mut self.conn, self.address, &found)?;
        if let Some(install) = book.finished().filter(|install| install.note.key == key)
            && history_fit::misfits(&mut self.conn, self.address, &found, &install.note, &there)?.is_empty()
        {
            return Ok(Installed::Already);
        }
        self.probe(&found)?;
        if !exists {
            self.create_table()?;
        }
        let was = book.finished().is_some();
        let made = self.replace(&found, key, &wanted, &book);
        if let Err(error) = made {
            // Triggers that are not all there help nobody.
            let statements = wanted.iter().map(|trigger| self.drop_trigger(&trigger.name));
            let table = (!exists).then(|| format!("DROP TABLE {}", self.name.history()));
            // And the table only goes if they are gone.
            for statement in statements.chain(table).collect::<Vec<_>>() {
                if let Err(error) = self.conn.query_drop(&statement) {
                    tracing::debug!("{}: {statement}: {}", self.address.shown, words(&error));
                    break;
                }
            }
            return Err(error);
        }
        Ok(if was { Installed::Renewed } else { Installed::New })
    }

    /// Whether there is a history's table, which must be trueup's.
    fn check_table(&mut self) -> Result<bool, EndpointError> {
        let sql = format!(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns \
             WHERE table_schema = {} AND table_name = {} ORDER BY ordinal_position",
            literal(&self.name.schema),
            literal(HISTORY_TABLE)
        );
        let rows = self.rows(&sql)?;
        let mine = |row: &&Row| {
            text(row, 0).as_deref() == Some(&self.name.schema) && text(row, 1).as_deref() == Some(HISTORY_TABLE)
        };
        let columns: Vec<String> = rows.iter().filter(mine).filter_map(|row| text(row, 2)).collect();
        if !columns.is_empty() && columns != COLUMNS {
            return Err(self.wrong(format!(
                "there is a table {} with other columns than a history's: rename it",
                self.name.history()
            )));
        }
        Ok(!columns.is_empty())
    }

    /// Tries the rights on the table. A trigger on a column that is not there is refused in any case,
    /// but for want of a right before that.
    fn probe(&mut self, found: &Found) -> Result<(), EndpointError> {
        let (schema, table) = (found.schema.as_str(), self.name.qualified());
        let columns: Vec<String> = found.columns.iter().map(|column| quote(&column.name)).collect();
        self.run(&format!("SELECT {} FROM {table} LIMIT 0", columns.join(", ")), &format!("SELECT on {table}"))?;
        let mut missing = "trueup".to_owned();
        while found.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&missing)) {
            missing.push('_');
        }
        let probe = Trigger {
            name: format!("{}probe_{}", history_trigger::PREFIX, self.conn.connection_id()),
            event: "INSERT",
            body: format!("SET @trueup_probe = NEW.{}", quote(&missing)),
        };
        match self.conn.query_drop(probe.create(schema, &found.table)) {
            Err(error) if failure::code(&error) == Some(NO_FIELD) => Ok(()),
            Err(error) => Err(self.denied(&error, &format!("TRIGGER on {table}"))),
            Ok(()) => {
                let drop = self.drop_trigger(&probe.name);
                self.run(&drop, &format!("TRIGGER on {table}")).map(|_| ())
            }
        }
    }

    fn create_table(&mut self) -> Result<(), EndpointError> {
        let sql = format!(
            "CREATE TABLE {} (seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \
             table_name VARCHAR(64) NOT NULL, action VARCHAR(8) NOT NULL, row_key LONGTEXT NULL, \
             changed_at DATETIME(6) NOT NULL, own TINYINT(1) NOT NULL, INDEX by_table (table_name, seq)) \
             ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin \
             COMMENT = 'Changes of rows, written down by triggers for trueup'",
            self.name.history()
        );
        let right = self.name.right("CREATE");
        self.run(&sql, &right).map(|_| ())
    }

    fn drop_trigger(&self, name: &str) -> String {
        format!("DROP TRIGGER IF EXISTS {}", qualified(&self.name.schema, name))
    }

    /// Makes the triggers in place of those that are there.
    fn replace(
        &mut self,
        found: &Found,
        key: &[String],
        wanted: &[Trigger; 3],
        book: &Book,
    ) -> Result<(), EndpointError> {
        let history = self.name.history();
        let trigger_right = format!("TRIGGER on {}", self.name.qualified());
        let [insert, update, delete] = ["INSERT", "UPDATE", "DELETE"].map(|right| self.name.right(right));
        let id = self.rows("SELECT UUID()")?.first().and_then(|row| text(row, 0)).unwrap_or_default();
        let mut note = Install { table: found.table.clone(), version: VERSION, id, key: key.to_vec(), made: None };
        let write = |note: &Install| serde_json::to_string(note).unwrap_or_default();
        // Every right on the history's table is needed sooner or later.
        self.run(&format!("UPDATE {history} SET own = own WHERE seq = 0"), &update)?;
        self.forget(&book.rows, &delete)?;
        if self.drop_triggers()? == 0 && !book.bases.is_empty() {
            // A table without triggers is new, also if it has the name of one that is gone.
            self.guard(&book.settled)?;
            self.forget(&book.bases.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), &delete)?;
        }
        let open = self.name.note("install", &write(&note), "UTC_TIMESTAMP(6)");
        self.run(&open, &insert)?;
        let seq = self.conn.last_insert_id();
        let done = self.close(found, wanted, &trigger_right, &mut note, |note| {
            let note = literal(&write(note));
            format!("UPDATE {history} SET row_key = {note}, changed_at = UTC_TIMESTAMP(6) WHERE seq = {seq}")
        });
        if let Err(error) = done {
            let _ = self.forget(&[seq], &delete);
            return Err(error);
        }
        // Entries of an installation before, in which nobody is interested any more.
        let old = format!("table_name = {} AND seq < {seq}", literal(&found.table));
        if !self.rows(&format!("SELECT seq FROM {history} WHERE {old} LIMIT 1"))?.is_empty() {
            self.guard(&book.settled)?;
            self.forget_where(&old, &|_| true)?;
        }
        Ok(())
    }

    /// Makes the triggers and notes it.
    fn close(
        &mut self,
        found: &Found,
        wanted: &[Trigger; 3],
        right: &str,
        note: &mut Install,
        sql: impl Fn(&Install) -> String,
    ) -> Result<(), EndpointError> {
        for trigger in wanted {
            self.run(&trigger.create(&found.schema, &found.table), right)?;
        }
        let there = history_fit::there(&mut self.conn, self.address, found)?;
        note.made = history_fit::made(&there, &found.table);
        if note.made.is_none() {
            return Err(self.wrong("the server does not show the triggers that it has made"));
        }
        let right = self.name.right("UPDATE");
        self.run(&sql(note), &right).map(|_| ())
    }

    /// Drops the table's triggers, also those that the user may not see. How many it saw.
    fn drop_triggers(&mut self) -> Result<usize, EndpointError> {
        let there = match self.found.clone() {
            Some(found) => history_fit::there(&mut self.conn, self.address, &found)?,
            None => Vec::new(),
        };
        let right = format!("TRIGGER on {}", self.name.qualified());
        let seen = there.into_iter().map(|trigger| trigger.name);
        let all: Vec<String> = seen.collect();
        let unseen = names(&self.name.table).map(|(_, name)| name);
        for name in all.iter().chain(unseen.iter().filter(|name| !all.contains(name))) {
            let sql = self.drop_trigger(name);
            self.run(&sql, &right)?;
        }
        Ok(all.len())
    }

    /// Takes it away, as [`History::remove`](crate::endpoint::History::remove) says.
    ///
    /// # Errors
    /// If a right is missing.
    pub fn remove(&mut self) -> Result<bool, EndpointError> {
        let triggers = self.drop_triggers()?;
        if !self.check_table()? {
            return Ok(triggers > 0);
        }
        let book = self.book()?.unwrap_or_default();
        let history = self.name.history();
        if book.others == 0 {
            let right = self.name.right("DROP");
            self.run(&format!("DROP TABLE {history}"), &right)?;
            return Ok(true);
        }
        self.guard(&book.settled)?;
        let delete = self.name.right("DELETE");
        let bases = book.bases.iter().map(|(seq, _)| *seq);
        let notes = self.forget(&book.rows.iter().copied().chain(bases).collect::<Vec<_>>(), &delete)?;
        let entries = self.forget_where(&format!("table_name = {}", literal(&self.name.table)), &|_| true)?;
        Ok(triggers > 0 || notes + entries > 0)
    }
}
