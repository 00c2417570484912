//! The statements that change the table, from the steps that a session has loaded.

use super::failure::{self, words};
use super::park::{self, Lot};
use super::write::{Loaded, MysqlWriter};
use crate::endpoint::WriteError;
use mysql::Row;
use mysql::prelude::Queryable;

/// `ER_DUP_ENTRY`.
const DUPLICATE: u16 = 1062;

impl MysqlWriter {
    /// Whether steps whose key another row seems to have are in the way of another session, or can
    /// never be written.
    fn duplicate(&mut self, loaded: &Loaded, error: &mysql::Error) -> Result<WriteError, WriteError> {
        let doing = "adding rows";
        let said = words(error);
        let key: Vec<&str> = self.table.key.iter().map(|key| self.table.columns[*key].name.as_str()).collect();
        let mut of_key = self.unique.iter().filter(|index| {
            let parts: Vec<&str> = index.parts.iter().flatten().map(String::as_str).collect();
            parts.len() == index.parts.len() && parts.len() == key.len() && parts.iter().all(|part| key.contains(part))
        });
        // "Duplicate entry '1' for key 'PRIMARY'", or 't.PRIMARY'.
        let named = said.rsplit_once(" for key ").map_or("", |(_, named)| named);
        let is_of_key = of_key.any(|index| {
            named.starts_with(&format!("'{}'", index.name))
                || named.starts_with(&format!("'{}.{}'", self.name.1, index.name))
        });
        if !is_of_key {
            return Ok(failure::refused(&self.address, doing, said));
        }
        for sql in [loaded.shape.alike(&self.place), loaded.shape.alike_among_themselves(&self.place)] {
            let found: Option<Row> = self.conn.query_first(sql).map_err(|error| self.failed(doing, &error))?;
            if found.is_some() {
                return Ok(failure::refused(&self.address, doing, said));
            }
        }
        Ok(WriteError::Taken { address: self.address.shown.clone(), doing: doing.to_owned(), why: said })
    }

    /// Adds the rows of the loaded steps.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub fn create(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
        self.run("looking for rows that are there", &loaded.shape.mark(&self.place))?;
        match self.conn.query_drop(loaded.shape.insert(&self.place)) {
            Ok(()) => Ok(self.conn.affected_rows()),
            Err(error) if failure::code(&error) == Some(DUPLICATE) => Err(self.duplicate(loaded, &error)?),
            Err(error) => Err(self.failed("adding rows", &error)),
        }
    }

    /// Changes the rows of the loaded steps.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub fn update(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
        let doing = "changing rows";
        if !loaded.shape.parked().is_empty() {
            let mut values = Vec::new();
            for &column in loaded.shape.parked() {
                let native = &self.place.columns[column].native;
                let lot = Lot {
                    table: &self.place.table,
                    steps: &self.place.steps,
                    coming: format!("a{column}"),
                    rows: loaded.rows,
                };
                let value = park::placeholder(&mut self.conn, native, &lot)
                    .map_err(|error| failure::write(&self.address, doing, &error))?;
                values.push(value.ok_or_else(|| {
                    let why = format!(
                        "rows exchange values of `{}`, which can't be NULL and has no value to spare meanwhile",
                        native.name
                    );
                    failure::refused(&self.address, doing, why)
                })?);
            }
            self.run(doing, &loaded.shape.park(&self.place, &values))?;
            self.heed(doing, &loaded.shape, false)?;
            let parked = self.count(doing, &format!("SELECT COUNT(*) FROM {} WHERE marked = 1", self.place.steps))?;
            if parked < loaded.rows {
                // Some have moved: without them the values may not go round.
                return Ok(parked);
            }
        }
        self.run(doing, &loaded.shape.update(&self.place))
    }

    /// Removes the rows of the loaded steps.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub fn delete(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
        if loaded.levels == 1 {
            return self.run("deleting rows", &loaded.shape.delete(&self.place, None));
        }
        let mut deleted = 0;
        for level in 0..loaded.levels {
            deleted += self.run("deleting rows", &loaded.shape.delete(&self.place, Some(level)))?;
        }
        Ok(deleted)
    }
}
