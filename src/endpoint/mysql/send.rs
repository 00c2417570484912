//! The way of the steps into the temporary table of a session.

use super::describe::{self, text};
use super::failure::{self, words};
use super::load::Loading;
use super::shape::Shape;
use super::write::{MysqlWriter, Transaction};
use crate::endpoint::WriteError;
use mysql::prelude::Queryable;
use mysql::{LocalInfileHandler, Row};
use std::io::Write;

/// The server or this user takes no files: `ER_NOT_ALLOWED_COMMAND`,
/// `ER_CLIENT_LOCAL_FILES_DISABLED`, MariaDB's `ER_LOAD_INFILE_CAPABILITY_DISABLED`.
const NO_FILES: [u16; 3] = [1148, 3948, 4166];
/// The table would be too wide for the engine: row size, columns, row in a page.
const TOO_WIDE: [u16; 3] = [1118, 1117, 139];
/// Columns of an InnoDB table (its manual, "InnoDB Limits"). MariaDB refuses more with an error that
/// does not say why.
const INNODB_COLUMNS: usize = 1017;
/// Warnings that are about the way something is written, not about values: deprecated syntax,
/// statements that are unsafe to log.
const MANNERS: [u16; 5] = [1287, 1592, 1681, 3719, 3778];
/// Bytes per packet of a file; below what any server takes.
const PACKET: usize = 256 * 1024;

impl MysqlWriter {
    /// An empty temporary table for steps of this shape.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub fn prepare(&mut self, shape: &Shape) -> Result<(), WriteError> {
        let doing = "making a temporary table";
        if self.read_only && self.transaction == Transaction::Open {
            // Nothing is lost with it.
            self.run(doing, "COMMIT")?;
            self.transaction = Transaction::Wanted;
        }
        let same = self.loaded.as_ref().is_some_and(|loaded| loaded.shape == *shape);
        if same && self.transaction == Transaction::Open {
            self.run(doing, &format!("DELETE FROM {}", self.place.steps))?;
            return Ok(());
        }
        self.loaded = None;
        self.run(doing, &format!("DROP TEMPORARY TABLE IF EXISTS {}", self.place.steps))?;
        match self.conn.query_drop(shape.create(&self.place, "InnoDB")) {
            Err(error)
                if failure::code(&error).is_some_and(|code| TOO_WIDE.contains(&code))
                    || shape.slots.len() + 3 > INNODB_COLUMNS =>
            {
                self.run(doing, &shape.create(&self.place, "MyISAM"))?;
            }
            Err(error) => return Err(self.failed(doing, &error)),
            Ok(()) => {}
        }
        Ok(())
    }

    /// Sends the steps. How many the server took.
    ///
    /// # Errors
    /// If it does not take one of them.
    pub fn send(&mut self, loading: &Loading<'_>, shape: &Shape) -> Result<u64, WriteError> {
        let doing = "loading the steps";
        let refused = |why: String| failure::refused(&self.address, doing, why);
        if self.files {
            let file = loading.file().map_err(refused)?;
            self.conn.set_local_infile_handler(Some(LocalInfileHandler::new(move |_, writer| {
                file.chunks(PACKET).try_for_each(|part| writer.write_all(part).and_then(|()| writer.flush()))
            })));
            let sent = self.conn.query_drop(loading.statement());
            self.conn.set_local_infile_handler(None);
            match sent {
                Ok(()) => {
                    let taken = self.conn.affected_rows();
                    self.heed(doing, shape, true)?;
                    return Ok(taken);
                }
                Err(error) if failure::code(&error).is_some_and(|code| NO_FILES.contains(&code)) => {
                    tracing::debug!("{}: steps go as statements: {}", self.address.shown, words(&error));
                    self.files = false;
                }
                Err(error) => return Err(self.in_shape(shape, doing, &error)),
            }
        }
        let mut taken = 0;
        let refused = |why: String| failure::refused(&self.address, doing, why);
        for statement in loading.statements(self.packet / 2).map_err(refused)? {
            if statement.len() >= self.packet {
                let why = format!("a row has {} bytes, and the server takes {}", statement.len(), self.packet);
                return Err(failure::refused(&self.address, doing, why));
            }
            if let Err(error) = self.conn.query_drop(statement) {
                return Err(self.in_shape(shape, doing, &error));
            }
            taken += self.conn.affected_rows();
            self.heed(doing, shape, true)?;
        }
        Ok(taken)
    }

    fn in_shape(&self, shape: &Shape, doing: &str, error: &mysql::Error) -> WriteError {
        let mut failed = self.failed(doing, error);
        if let WriteError::Refused { why, .. } = &mut failed {
            *why = shape.in_words(&self.place, why);
        }
        failed
    }

    /// Looks at the last statement's warnings: where the server only warns, a value was changed. Of
    /// a statement that `loads`, all count; another may have set off a trigger with warnings of
    /// its own.
    ///
    /// # Errors
    /// If there is one that counts.
    pub fn heed(&mut self, doing: &str, shape: &Shape, loads: bool) -> Result<(), WriteError> {
        if self.conn.warnings() == 0 {
            return Ok(());
        }
        let rows: Vec<Row> =
            self.conn.query("SHOW WARNINGS").map_err(|error| failure::write(&self.address, doing, &error))?;
        for row in rows {
            let code = describe::number(&row, 1).and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
            let said = text(&row, 2).unwrap_or_default();
            let counts = if loads { !MANNERS.contains(&code) } else { failure::is_about_rows(code) };
            if counts {
                return Err(failure::refused(&self.address, doing, shape.in_words(&self.place, &said)));
            }
            tracing::debug!("{}: {doing}: {said} (warning {code})", self.address.shown);
        }
        Ok(())
    }
}
