//! A session that writes to a table.

use super::carried;
use super::connect::{PATIENCE, Sqlite, quoted};
use super::history::{begin_own, end_own};
use super::load::{Loaded, STEPS, load};
use super::marks;
use super::matches::find;
use super::shape::Shape;
use super::stored::Stored;
use crate::endpoint::rows::View;
use crate::endpoint::{
    Action, Alike, Dependent, EndpointError, ExportBatch, Reference, StepBatch, WriteError, WriteOptions, WriteTable,
    Writer,
};
use crate::table::{Column, Fingerprint, PortableType};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::collections::HashSet;
use std::sync::Arc;

/// A session that writes to a table of an SQLite file.
pub(super) struct SqliteWriter {
    connection: Connection,
    /// The table's name as given.
    name: String,
    shape: Shape,
    read_only: bool,
    /// Whether the transaction says that it is trueup's own.
    own: bool,
    /// When the transaction began that says so, as entries of a history have it.
    begun: String,
    loaded: Option<Loaded>,
}

impl SqliteWriter {
    /// Opens the file and looks at the table.
    pub(super) fn open(sqlite: &Sqlite, table: &WriteTable, options: &WriteOptions) -> Result<Self, EndpointError> {
        let access = match options.read_only {
            true => OpenFlags::SQLITE_OPEN_READ_ONLY,
            false => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let connection = sqlite.open(access, options.lock_timeout.unwrap_or(PATIENCE))?;
        let failed = |error| sqlite.failed("opening", &error);
        connection.execute_batch("PRAGMA temp_store = MEMORY").map_err(failed)?;
        if !options.read_only {
            connection.execute_batch("PRAGMA foreign_keys = ON").map_err(failed)?;
        }
        let shape = Shape::read(sqlite, &connection, table, options.as_stored)?;
        let name = sqlite.table().to_owned();
        let begun = String::new();
        Ok(Self { connection, name, shape, read_only: options.read_only, own: false, begun, loaded: None })
    }

    fn loaded(&self) -> Result<&Loaded, WriteError> {
        self.loaded.as_ref().ok_or_else(|| self.shape.unexpected(&"no steps are loaded"))
    }

    fn execute(&self, doing: &str, sql: &str) -> Result<u64, WriteError> {
        let mut statement = self.connection.prepare(sql).map_err(|error| self.shape.failed(doing, &error))?;
        let rows = statement.execute([]).map_err(|error| self.shape.failed_to_run(doing, &error))?;
        Ok(rows as u64)
    }

    /// Notes for each step which row is to be written: the only one with its key, if that is still
    /// as planned.
    fn mark(&self, loaded: &Loaded) -> Result<(), WriteError> {
        let shape = &self.shape;
        let mut rows = vec![0u32; loaded.steps.len()];
        let mut places: Vec<Option<Vec<Stored>>> = vec![None; loaded.steps.len()];
        let mut copies: Vec<(usize, Vec<Stored>)> = Vec::new();
        let before = loaded.steps.before.as_ref().map(|batch| shape.view(batch)).transpose()?;
        find(&self.connection, shape, loaded, false, &mut |found| {
            let view = shape.view(&found.rows)?;
            for (row, (step, place)) in found.steps.iter().zip(found.identities).enumerate() {
                rows[*step] += 1;
                let as_planned =
                    |before: &View<'_>| shape.canon.same((before, *step), (&view, row), &loaded.steps.guard);
                if before.as_ref().is_some_and(as_planned) {
                    if shape.whole {
                        copies.push((*step, place));
                    } else {
                        places[*step] = Some(place);
                    }
                }
            }
            Ok(())
        })?;
        let failed = |error| shape.failed("matching rows", &error);
        if shape.whole {
            return self.mark_copies(loaded, copies);
        }
        let clear: Vec<String> = (0..shape.layout.identity.len()).map(|at| format!("i{at} = NULL")).collect();
        self.execute("matching rows", &format!("UPDATE {STEPS} SET {} WHERE i0 IS NOT NULL", clear.join(", ")))?;
        let set: Vec<String> = (0..shape.layout.identity.len()).map(|at| format!("i{at} = ?")).collect();
        let sql = format!("UPDATE {STEPS} SET {} WHERE step = ?", set.join(", "));
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        for (step, place) in places.into_iter().enumerate() {
            if let (Some(mut place), 1) = (place, rows[step]) {
                place.push(Stored::Integer(step as i64));
                statement.execute(params_from_iter(&place)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Notes the rows of steps that mean all copies of a row: those beyond the first as steps of their
    /// own.
    fn mark_copies(&self, loaded: &Loaded, places: Vec<(usize, Vec<Stored>)>) -> Result<(), WriteError> {
        let shape = &self.shape;
        let failed = |error| shape.failed("matching rows", &error);
        let names: Vec<String> = (0..shape.layout.identity.len()).map(|at| format!("i{at}")).collect();
        let clear: Vec<String> = names.iter().map(|name| format!("{name} = NULL")).collect();
        let steps = loaded.steps.len();
        self.execute("matching rows", &format!("DELETE FROM {STEPS} WHERE step >= {steps}"))?;
        self.execute("matching rows", &format!("UPDATE {STEPS} SET {} WHERE i0 IS NOT NULL", clear.join(", ")))?;
        let marks = vec!["?"; names.len()].join(", ");
        let set = format!("UPDATE {STEPS} SET ({}) = ({marks}) WHERE step = ? AND i0 IS NULL", names.join(", "));
        let add = format!("INSERT INTO {STEPS} ({}) VALUES ({marks})", names.join(", "));
        let mut set = self.connection.prepare(&set).map_err(failed)?;
        let mut add = self.connection.prepare(&add).map_err(failed)?;
        for (step, mut place) in places {
            place.push(Stored::Integer(step as i64));
            if set.execute(params_from_iter(&place)).map_err(failed)? == 0 {
                place.pop();
                add.execute(params_from_iter(&place)).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn create(&self, loaded: &Loaded) -> Result<u64, WriteError> {
        let shape = &self.shape;
        let mut taken = HashSet::new();
        find(&self.connection, shape, loaded, shape.collations.is_some(), &mut |found| {
            taken.extend(found.steps);
            Ok(())
        })?;
        if shape.whole {
            // Where a row is there, no copy of it is added.
            let there: HashSet<&Vec<u8>> = taken.iter().filter_map(|step| loaded.keys.get(*step)).collect();
            taken = (0..loaded.keys.len()).filter(|step| there.contains(&loaded.keys[*step])).collect();
        }
        let failed = |error| shape.failed("matching rows", &error);
        let mut statement = self.connection.prepare(&format!("DELETE FROM {STEPS} WHERE step = ?")).map_err(failed)?;
        for step in taken {
            statement.execute([step as i64]).map_err(failed)?;
        }
        let names: Vec<String> = loaded.written.iter().map(|at| shape.column(*at)).collect();
        let values: Vec<String> = loaded.written.iter().map(|at| format!("l.v{at}")).collect();
        let sql = format!(
            "INSERT{} INTO {} ({}) SELECT {} FROM {STEPS} AS l ORDER BY l.step",
            shape.layout.or_abort(),
            shape.table,
            names.join(", "),
            values.join(", ")
        );
        self.execute("creating rows", &sql)
    }

    fn update(&self, loaded: &Loaded) -> Result<u64, WriteError> {
        self.mark(loaded)?;
        if !loaded.steps.park.is_empty() {
            self.park(loaded)?;
        }
        self.set(loaded, &loaded.written, 'v')
    }

    /// Sets columns to the values that the steps have for them.
    fn set(&self, loaded: &Loaded, columns: &[usize], values: char) -> Result<u64, WriteError> {
        let shape = &self.shape;
        let assign = |at: &usize| {
            let name = shape.column(*at);
            match loaded.flagged.contains(at) {
                // A value that stays, stays as it is stored.
                true => format!("{name} = CASE l.w{at} WHEN 1 THEN l.{values}{at} ELSE t.{name} END"),
                false => format!("{name} = l.{values}{at}"),
            }
        };
        let set: Vec<String> = columns.iter().map(assign).collect();
        let sql = format!(
            "UPDATE{} {} AS t SET {} FROM {STEPS} AS l WHERE {}",
            shape.layout.or_abort(),
            shape.table,
            set.join(", "),
            shape.is_row_of_step()
        );
        self.execute("updating rows", &sql)
    }

    /// Sets unique columns to values that nobody has: NULL, or else something beyond all there is.
    fn park(&self, loaded: &Loaded) -> Result<(), WriteError> {
        let shape = &self.shape;
        // Until the commit, so that nobody misses the values that are parked.
        self.connection
            .execute_batch("PRAGMA defer_foreign_keys = ON")
            .map_err(|error| shape.failed("parking unique values", &error))?;
        for at in &loaded.steps.park {
            if shape.layout.column(&shape.columns[*at].name).is_some_and(|facts| facts.not_null) {
                let value = self.nobodys(*at)?;
                self.execute("parking unique values", &format!("UPDATE {STEPS} SET p{at} = {value}"))?;
            }
        }
        // A row that keeps its value hands on others of the same index: it is parked too, and gets back
        // what it had.
        for at in &loaded.steps.park {
            let (name, row) = (shape.column(*at), shape.is_row_of_step());
            let kept = format!("(SELECT t.{name} FROM {} AS t WHERE {row})", shape.table);
            let sql = format!("UPDATE {STEPS} AS l SET v{at} = {kept}, w{at} = 1 WHERE w{at} = 0 AND i0 IS NOT NULL");
            self.execute("parking unique values", &sql)?;
        }
        self.set(loaded, &loaded.steps.park, 'p')?;
        for (nth, part) in shape.layout.identity.iter().enumerate() {
            let parked = |at: &&usize| part.column.as_ref() == Some(&shape.columns[**at].name);
            if let Some(at) = loaded.steps.park.iter().find(parked) {
                let sql = format!("UPDATE {STEPS} SET i{nth} = p{at} WHERE w{at} = 1 AND i{nth} IS NOT NULL");
                self.execute("parking unique values", &sql)?;
            }
        }
        Ok(())
    }

    /// A value for each step that no row has in this column.
    fn nobodys(&self, at: usize) -> Result<String, WriteError> {
        use PortableType as T;
        let shape = &self.shape;
        match &shape.columns[at].ty {
            T::Boolean | T::Integer | T::Unsigned | T::Decimal { .. } | T::Float32 | T::Float64 => {}
            T::Bytes => return Ok("CAST('trueup: parked row ' || step AS BLOB)".to_owned()),
            _ => return Ok("'trueup: parked row ' || step".to_owned()),
        }
        let name = shape.column(at);
        let sql = format!(
            "SELECT CAST(min(t.{name}) AS REAL), CAST(max(t.{name}) AS REAL) FROM {} AS t \
             WHERE typeof(t.{name}) IN ('integer', 'real')",
            shape.table
        );
        let ends = self.connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let ends: (Option<f64>, Option<f64>) = ends.map_err(|error| shape.failed("parking unique values", &error))?;
        // As far as floats count one by one.
        const FAR: f64 = 9e15;
        Ok(match ends {
            (None, _) | (_, None) => "-1 - step".to_owned(),
            (Some(least), _) if least > -FAR && least < FAR => format!("{} - step", least.floor() as i64 - 1),
            (_, Some(most)) if most < FAR && most > -FAR => format!("{} + step", most.ceil() as i64 + 1),
            _ => "9007199254740993 + step".to_owned(),
        })
    }

    fn delete(&self, loaded: &Loaded) -> Result<u64, WriteError> {
        self.mark(loaded)?;
        let shape = &self.shape;
        let parts: Vec<String> = shape.layout.identity.iter().map(|part| format!("t.{}", part.sql)).collect();
        let steps: Vec<String> = (0..parts.len()).map(|at| format!("i{at}")).collect();
        let sql = format!(
            "DELETE FROM {} AS t WHERE ({}) IN (SELECT {} FROM {STEPS} WHERE i0 IS NOT NULL)",
            shape.table,
            parts.join(", "),
            steps.join(", ")
        );
        let deleted = self.execute("deleting rows", &sql)?;
        if deleted == loaded.steps.len() as u64 && !shape.whole {
            return Ok(deleted);
        }
        // A row that went with another one, by a foreign key of the table to itself, is not counted.
        let sql = format!(
            "SELECT count(*) FROM {STEPS} AS l WHERE l.i0 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {} AS t WHERE {})",
            shape.table,
            shape.is_row_of_step()
        );
        let gone = self.connection.query_row(&sql, [], |row| row.get(0));
        gone.map_err(|error| shape.failed("deleting rows", &error))
    }

    fn count_dependent(&self, dependent: &Dependent) -> Result<u64, WriteError> {
        let shape = &self.shape;
        let pairs = dependent.to.iter().zip(&dependent.columns);
        let on: Vec<String> = pairs.map(|(to, own)| format!("t.{} = d.{}", quoted(to), quoted(own))).collect();
        let sql = format!(
            "SELECT count(*) FROM {STEPS} AS l CROSS JOIN {} AS t CROSS JOIN main.{} AS d WHERE {} AND {}",
            shape.table,
            quoted(&dependent.table_name.1),
            shape.is_row_of_step(),
            on.join(" AND ")
        );
        let counted = self.connection.query_row(&sql, [], |row| row.get(0));
        counted.map_err(|error| shape.failed("counting dependent rows", &error))
    }
}

impl Writer for SqliteWriter {
    fn begin(&mut self) -> Result<(), WriteError> {
        let sql = if self.read_only { "BEGIN DEFERRED" } else { "BEGIN IMMEDIATE" };
        let begin = || {
            self.connection.execute_batch(sql)?;
            if self.read_only { Ok(false) } else { begin_own(&self.connection) }
        };
        self.own = begin().map_err(|error| self.shape.failed("beginning to write", &error))?;
        if self.own {
            let begun = carried::time(&self.connection);
            self.begun = begun.map_err(|error| self.shape.failed("beginning to write", &error))?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        let commit = || {
            if self.own {
                end_own(&self.connection)?;
            }
            self.connection.execute_batch("COMMIT")
        };
        commit().map_err(|error| self.shape.failed("committing", &error))
    }

    fn note_times(&mut self, times: &[(Fingerprint, i64)]) -> Result<(), WriteError> {
        if !self.own || times.is_empty() {
            return Ok(());
        }
        let noted = carried::note(&self.connection, &self.name, &self.begun, times);
        noted.map_err(|error| self.shape.failed("noting when changes were made", &error))
    }

    fn defer(&mut self) -> Result<bool, WriteError> {
        let deferred = self.connection.execute_batch("PRAGMA defer_foreign_keys = ON");
        deferred.map(|()| true).map_err(|error| self.shape.failed("deferring foreign keys", &error))
    }

    fn leave_mark(&mut self) -> Result<Option<String>, WriteError> {
        marks::leave(&self.connection).map_err(|error| self.shape.failed("marking a transaction", &error))
    }

    fn committed(&mut self, mark: &str) -> Result<Option<bool>, WriteError> {
        let doing = "asking what became of a transaction";
        marks::committed(&self.connection, mark).map_err(|error| self.shape.failed(doing, &error))
    }

    fn rollback(&mut self) -> Result<(), WriteError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection.execute_batch("ROLLBACK").map_err(|error| self.shape.failed("rolling back", &error))?;
        self.loaded = self.loaded.take().filter(|loaded| !loaded.in_transaction);
        Ok(())
    }

    fn load(&mut self, steps: &StepBatch) -> Result<(), WriteError> {
        self.loaded = None;
        self.loaded = Some(load(&self.connection, &self.shape, steps)?);
        Ok(())
    }

    fn write(&mut self) -> Result<u64, WriteError> {
        let loaded = self.loaded()?;
        match loaded.steps.action {
            Action::Create => self.create(loaded),
            Action::Update if loaded.written.is_empty() => Ok(0),
            Action::Update => self.update(loaded),
            Action::Delete => self.delete(loaded),
        }
    }

    fn fetch(&mut self, _lock: bool) -> Result<ExportBatch, WriteError> {
        // In a transaction that writes nobody else does, which is all that a lock could give.
        let (loaded, shape) = (self.loaded()?, &self.shape);
        let strangers = loaded.steps.action == Action::Create && shape.collations.is_some();
        let mut batches = Vec::new();
        let mut seen = HashSet::new();
        find(&self.connection, shape, loaded, strangers, &mut |found| {
            let mut rows = Vec::with_capacity(found.steps.len());
            for (row, identity) in found.identities.iter().enumerate() {
                let mut bytes = Vec::new();
                identity.iter().for_each(|part| part.identify(&mut bytes));
                // Two steps may both mean it, one of them by the index's collation only.
                if seen.insert(bytes) {
                    rows.push(row as u32);
                }
            }
            batches.push(found.rows.take(&rows).map_err(|error| shape.unexpected(&error))?);
            Ok(())
        })?;
        if let Some(rows) = ExportBatch::concat(&batches).map_err(|error| shape.unexpected(&error))? {
            return Ok(rows);
        }
        let field = |column: &Column| Field::new(&column.name, column.ty.arrow(), true);
        let schema = Schema::new(shape.columns.iter().map(field).collect::<Vec<_>>());
        Ok(ExportBatch { rows: RecordBatch::new_empty(Arc::new(schema)), others: Vec::new() })
    }

    fn count_dependents(&mut self, dependents: &[Dependent]) -> Result<Vec<u64>, WriteError> {
        if dependents.is_empty() {
            return Ok(Vec::new());
        }
        self.mark(self.loaded()?)?;
        dependents.iter().map(|dependent| self.count_dependent(dependent)).collect()
    }

    fn alike(&mut self) -> Result<Vec<Alike>, WriteError> {
        super::ask::alike(&self.connection, &self.shape, self.loaded()?)
    }

    fn orphans(&mut self, reference: &Reference) -> Result<Vec<usize>, WriteError> {
        super::ask::orphans(&self.connection, &self.shape, self.loaded()?, reference)
    }

    fn advance_counters(&mut self) -> Result<Vec<String>, WriteError> {
        if self.read_only {
            return Ok(Vec::new());
        }
        let shape = &self.shape;
        let failed = |error| shape.failed("moving the counter on", &error);
        let Some(number) = shape.layout.columns.iter().find(|column| column.row_number) else { return Ok(Vec::new()) };
        let sql = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
        let counts: bool = self.connection.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        if !counts {
            return Ok(Vec::new());
        }
        // SQLite does so itself for rows that are added, but not for numbers that are changed. Only
        // tables with AUTOINCREMENT have a row here.
        let most = format!("(SELECT max(t.{}) FROM {} AS t)", quoted(&number.name), shape.table);
        let sql =
            format!("UPDATE main.sqlite_sequence SET seq = {most} WHERE lower(name) = lower(?1) AND seq < {most}");
        self.connection.execute(&sql, [shape.sqlite.table()]).map_err(failed)?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
