//! A session that writes: steps are loaded into a temporary table and written by one statement
//! that joins it to the table.

use super::super::{
    Action, Alike, Dependent, EndpointError, ExportBatch, Reference, ServerAddress, StepBatch, WriteError,
    WriteOptions, WriteTable, Writer,
};
use super::attributes::{attributes, version};
use super::carried::{self, Place};
use super::connect::{DEFAULT_SCHEMA, Session};
use super::counters;
use super::describe::Relation;
use super::fetch::{Unread, fetch};
use super::marks;
use super::park::placeholder;
use super::quote::qualified;
use super::stage::{Stage, Unloaded};
use super::statements::Table;
use super::target::OLDEST;
use super::transaction::{Blame, Transactions};
use crate::table::{Column, Fingerprint};
use std::sync::Arc;

/// One connection and what it knows of its table.
pub(super) struct PostgresWriter {
    on: Transactions,
    oid: u32,
    table: Table,
    columns: Vec<Column>,
    stage: Stage,
    /// Whether this user may lock rows.
    may_lock: bool,
    read_only: bool,
    /// Whether the stage is known to be there.
    made: bool,
    loaded: Option<Loaded>,
    /// Where the table's history takes times, once that was looked for; `None` in it if there is none.
    times: Option<Option<Place>>,
}

/// What is in the stage.
#[derive(Clone)]
struct Loaded {
    action: Action,
    guard: Vec<usize>,
    set: Vec<usize>,
    park: Vec<usize>,
    steps: usize,
}

impl PostgresWriter {
    pub(super) fn open(
        address: &ServerAddress,
        table: &WriteTable,
        options: &WriteOptions,
    ) -> Result<Self, EndpointError> {
        let doing = "opening the table for writing";
        let unfit = |why: String| EndpointError::Query { address: address.shown.clone(), doing: doing.to_owned(), why };
        let schema = address.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
        let session = Session::idle(address)?;
        session.begin(schema, None)?;
        let relation = Relation::find(&session, address)?;
        let version = version(&session)?;
        if version < OLDEST {
            return Err(unfit("its server is older than PostgreSQL 10".to_owned()));
        }
        let attributes = attributes(&session, relation.oid, version)?;
        let names = attributes.iter().map(|attribute| &attribute.name);
        if !names.eq(table.columns.iter().map(|column| &column.name)) {
            return Err(unfit("the table changed its shape: it has other columns".to_owned()));
        }
        let unique: Vec<Vec<String>> =
            std::iter::once(relation.info.primary_key).chain(relation.info.unique).filter(|k| !k.is_empty()).collect();
        let stage = Stage::new(&attributes);
        let written = Table {
            name: qualified(schema, &address.table),
            columns: attributes,
            key: table.key.clone(),
            unique,
            whole: table.whole,
        };
        let key_indexes =
            if written.key_is_exact() { key_indexes(&session, relation.oid, version, &written)? } else { Vec::new() };
        let blame = Blame { columns: written.columns.iter().map(|column| column.name.clone()).collect(), key_indexes };
        let may_lock = may_lock(&session, relation.oid)?;
        session.execute(doing, "COMMIT")?;
        let settings = if options.read_only { session.reads() } else { String::new() };
        Ok(Self {
            on: Transactions::new(session, address.shown.clone(), version, options.lock_timeout, blame, settings),
            oid: relation.oid,
            table: written,
            columns: table.columns.clone(),
            stage,
            may_lock,
            read_only: options.read_only,
            made: false,
            loaded: None,
            times: None,
        })
    }

    /// Does something in the transaction that is open, or in one of its own.
    fn within<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, WriteError>) -> Result<T, WriteError> {
        if self.on.is_open() {
            return work(self).inspect_err(|_| self.on.give_up());
        }
        let done = self.on.begin().and_then(|()| work(self)).and_then(|value| self.commit().map(|()| value));
        if done.is_err() {
            let _ = self.rollback();
        }
        done
    }

    /// What was loaded, and perhaps the stage, went with the transaction.
    fn forget(&mut self) {
        (self.made, self.loaded) = (false, None);
    }

    fn loaded(&self, doing: &str) -> Result<Loaded, WriteError> {
        self.loaded.clone().ok_or_else(|| self.on.endpoint(doing, "no steps are loaded"))
    }

    fn writes(&self, doing: &str) -> Result<(), WriteError> {
        if self.read_only { Err(self.on.endpoint(doing, "this session only looks")) } else { Ok(()) }
    }

    /// The numbers that a query gives.
    fn numbers(&self, doing: &str, sql: &str) -> Result<Vec<usize>, WriteError> {
        let rows = self.on.session.query(doing, sql, &[])?;
        let number = |row: &tokio_postgres::Row| row.try_get::<_, i32>(0).map(|number| number as usize);
        let numbers: Result<_, _> = rows.iter().map(number).collect();
        Ok(numbers.map_err(|e| self.on.session.query_error(doing, &e))?)
    }

    /// Sets the parked columns to what nobody has. How many rows.
    fn park(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
        let mut values = Vec::new();
        for at in &loaded.park {
            let one_null = self.null_is_one_value(*at)?;
            let found = placeholder(&self.on.session, &self.table, &self.stage, *at, loaded.steps, one_null)?;
            values.push((*at, found.ok_or_else(|| self.unparkable(*at))?));
        }
        let sql = self.table.update(&self.stage, &values, &loaded.guard);
        self.on.count("setting unique values aside", &sql)
    }

    fn unparkable(&self, at: usize) -> WriteError {
        let column = &self.table.columns[at];
        WriteError::Refused {
            address: self.on.shown.clone(),
            doing: "setting unique values aside".to_owned(),
            why: format!(
                "rows exchange values of column `{}`, which can't be NULL, and there is no {} that no row has to stand \
                 in meanwhile",
                column.name, column.base
            ),
        }
    }

    /// Whether a unique index of the column takes NULL for a value like any other.
    fn null_is_one_value(&self, at: usize) -> Result<bool, WriteError> {
        if self.on.version < 150_000 {
            return Ok(false);
        }
        let doing = "reading the table's unique indexes";
        let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
            WHERE i.indrelid = $1 AND i.indisunique AND i.indnullsnotdistinct AND a.attname = $2)";
        let rows = self.on.session.query(doing, sql, &[&self.oid, &self.table.columns[at].name.as_str()])?;
        match rows.first() {
            Some(row) => Ok(row.try_get(0).map_err(|e| self.on.session.query_error(doing, &e))?),
            None => Ok(true),
        }
    }
}

impl Writer for PostgresWriter {
    fn begin(&mut self) -> Result<(), WriteError> {
        self.on.begin()
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        self.on.commit().inspect_err(|_| self.forget())
    }

    fn note_times(&mut self, times: &[(Fingerprint, i64)]) -> Result<(), WriteError> {
        if times.is_empty() {
            return Ok(());
        }
        self.within(|writer| {
            if writer.times.is_none() {
                writer.times = Some(Place::find(&writer.on.session, writer.oid)?);
            }
            match &writer.times {
                Some(Some(place)) => Ok(carried::note(&writer.on.session, place, times)?),
                _ => Ok(()),
            }
        })
    }

    fn defer(&mut self) -> Result<bool, WriteError> {
        self.on.execute("deferring constraints", "SET CONSTRAINTS ALL DEFERRED").map(|()| true)
    }

    fn leave_mark(&mut self) -> Result<Option<String>, WriteError> {
        marks::mark(&self.on).map(Some).inspect_err(|_| self.on.give_up())
    }

    fn committed(&mut self, mark: &str) -> Result<Option<bool>, WriteError> {
        marks::committed(&self.on, mark)
    }

    fn rollback(&mut self) -> Result<(), WriteError> {
        if self.on.is_open() {
            self.forget();
        }
        self.on.rollback()
    }

    fn leave(self: Box<Self>) {
        let session = Arc::clone(&self.on.session);
        // This ends its transaction.
        drop(self);
        let Some(session) = Arc::into_inner(session) else { return };
        // What outlasts a transaction goes with that. Not `DISCARD ALL`, which would take away prepared
        // statements that the driver counts on.
        if session.execute("clearing a session", "RESET ALL; DISCARD TEMP").is_ok() {
            session.close();
        }
    }

    fn load(&mut self, steps: &StepBatch) -> Result<(), WriteError> {
        let doing = "loading rows";
        self.loaded = None;
        self.within(|writer| {
            let loaded = writer.stage.load(&writer.on.session, writer.made, steps, &writer.table.key);
            match loaded {
                Ok(()) => writer.made = true,
                Err(Unloaded::Driver(error)) => return Err(writer.on.failed(doing, &error)),
                Err(Unloaded::Shape(why)) => return Err(writer.on.endpoint(doing, why)),
            }
            let known = |columns: &[usize]| -> Vec<usize> {
                columns.iter().copied().filter(|at| !writer.table.columns[*at].computed).collect()
            };
            writer.loaded = Some(Loaded {
                action: steps.action,
                guard: steps.guard.clone(),
                set: known(&steps.set),
                park: steps.park.clone(),
                steps: steps.len(),
            });
            Ok(())
        })
    }

    fn write(&mut self) -> Result<u64, WriteError> {
        let loaded = self.loaded("writing")?;
        let doing = match loaded.action {
            Action::Create => "creating rows",
            Action::Update => "updating rows",
            Action::Delete => "deleting rows",
        };
        self.writes(doing)?;
        self.within(|writer| {
            let (table, stage) = (&writer.table, &writer.stage);
            let sql = match loaded.action {
                Action::Create => table.create(stage, &loaded.set),
                Action::Delete => table.delete(stage, &loaded.guard),
                Action::Update if loaded.set.is_empty() => return Ok(0),
                Action::Update => {
                    let values: Vec<_> = loaded.set.iter().map(|at| (*at, stage.after(*at))).collect();
                    let guard: Vec<usize> =
                        loaded.guard.iter().copied().filter(|at| !loaded.park.contains(at)).collect();
                    let update = table.update(stage, &values, &guard);
                    if !loaded.park.is_empty() {
                        let parked = writer.park(&loaded)?;
                        // Some rows have moved: those that were parked are to be rolled back.
                        if parked != loaded.steps as u64 {
                            return Ok(parked);
                        }
                    }
                    update
                }
            };
            writer.on.count(doing, &sql)
        })
    }

    fn fetch(&mut self, lock: bool) -> Result<ExportBatch, WriteError> {
        let doing = "reading rows again";
        let loaded = self.loaded(doing)?;
        self.within(|writer| {
            if lock && writer.may_lock && !writer.read_only {
                let sql = writer.table.lock(&writer.stage, loaded.action);
                writer.on.count("locking rows", &sql)?;
            } else if lock && !writer.read_only && writer.table.whole && loaded.action == Action::Delete {
                // Who may delete but not update can't lock rows; and a copy more or less must not
                // make up for one of another row.
                writer.on.execute("locking the table", &writer.table.lock_all())?;
            }
            // As exports print; and as the user's own sessions do again.
            writer.on.execute(doing, "SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'")?;
            let sql = writer.table.fetch(&writer.stage, loaded.action);
            let kinds = writer.table.columns.iter().map(|column| &column.kind);
            let batch = match fetch(&writer.on.session, &writer.on.shown, &sql, &writer.columns, kinds) {
                Ok(batch) => batch,
                Err(Unread::Driver(error)) => return Err(writer.on.failed(doing, &error)),
                Err(Unread::Endpoint(error)) => return Err(error.into()),
            };
            writer.on.execute(doing, "SET LOCAL TimeZone TO DEFAULT; SET LOCAL bytea_output TO DEFAULT")?;
            Ok(batch)
        })
    }

    fn count_dependents(&mut self, dependents: &[Dependent]) -> Result<Vec<u64>, WriteError> {
        let doing = "counting dependent rows";
        let loaded = self.loaded(doing)?;
        self.within(|writer| {
            let mut out = Vec::with_capacity(dependents.len());
            for dependent in dependents {
                let known = |at: &usize| loaded.guard.contains(at) || writer.table.key.contains(at);
                let mut pairs = Vec::new();
                for (column, to) in dependent.columns.iter().zip(&dependent.to) {
                    let at = writer.table.columns.iter().position(|column| column.name == *to).filter(known);
                    match at {
                        Some(at) if loaded.action != Action::Create => pairs.push((column.as_str(), at)),
                        _ => return Err(writer.on.endpoint(doing, format!("column `{to}` of the rows is not loaded"))),
                    }
                }
                let sql = writer.table.dependents(&writer.stage, &dependent.table_name, &pairs);
                out.push(writer.on.count(doing, &sql)?);
            }
            Ok(out)
        })
    }

    fn alike(&mut self) -> Result<Vec<Alike>, WriteError> {
        let doing = "looking for keys that are alike";
        self.loaded(doing)?;
        if self.table.key_is_exact() {
            return Ok(Vec::new());
        }
        self.within(|writer| {
            let among = writer.numbers(doing, &writer.table.alike_among_themselves(&writer.stage))?;
            let mut out: Vec<Alike> = among.into_iter().map(|step| Alike { step, row: None }).collect();
            for row in writer.on.session.query(doing, &writer.table.alike(&writer.stage), &[])? {
                let read = |e| writer.on.session.query_error(doing, &e);
                let step: i32 = row.try_get(0).map_err(read)?;
                out.push(Alike { step: step as usize, row: Some(row.try_get(1).map_err(read)?) });
            }
            Ok(out)
        })
    }

    fn orphans(&mut self, reference: &Reference) -> Result<Vec<usize>, WriteError> {
        let doing = "looking for rows that others refer to";
        self.loaded(doing)?;
        self.within(|writer| {
            let place = |name: &String| writer.table.columns.iter().position(|column| column.name == *name);
            let pairs: Option<Vec<(usize, &str)>> = (reference.columns.iter().zip(&reference.to))
                .map(|(own, to)| Some((place(own)?, to.as_str())))
                .collect();
            let Some(pairs) = pairs else { return Err(writer.on.endpoint(doing, "the table has other columns")) };
            writer.numbers(doing, &writer.table.orphans(&writer.stage, &reference.table, &pairs))
        })
    }

    fn advance_counters(&mut self) -> Result<Vec<String>, WriteError> {
        self.writes("moving counters")?;
        self.within(|writer| {
            let mut notes = Vec::new();
            for column in &writer.table.columns {
                if let Some(oid) = column.sequence {
                    notes.extend(counters::advance(&writer.on.session, &writer.table.name, column, oid)?);
                }
            }
            Ok(notes)
        })
    }
}

/// The unique indexes that are the key's, and their parts on partitions.
fn key_indexes(session: &Session, oid: u32, version: i32, table: &Table) -> Result<Vec<String>, EndpointError> {
    let doing = "reading the table's unique indexes";
    let width = if version >= 110_000 { "i.indnkeyatts" } else { "i.indnatts" };
    let sql = format!(
        "WITH RECURSIVE part AS (
            SELECT i.indexrelid AS index, i.indexrelid AS root FROM pg_catalog.pg_index i
            WHERE i.indrelid = $1 AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
          UNION
            SELECT h.inhrelid, part.root FROM part JOIN pg_catalog.pg_inherits h ON h.inhparent = part.index
        )
        SELECT c.relname::text, ARRAY(
            SELECT a.attname::text FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, at)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number WHERE k.at <= {width})
        FROM part JOIN pg_catalog.pg_class c ON c.oid = part.index
            JOIN pg_catalog.pg_index i ON i.indexrelid = part.root"
    );
    let mut out = Vec::new();
    for row in session.query(doing, &sql, &[&oid])? {
        let read = |e| session.query_error(doing, &e);
        let columns: Vec<String> = row.try_get(1).map_err(read)?;
        if table.is_key(&columns) {
            out.push(row.try_get(0).map_err(read)?);
        }
    }
    Ok(out)
}

/// Locking rows takes the right to update them.
fn may_lock(session: &Session, oid: u32) -> Result<bool, EndpointError> {
    let doing = "reading the user's rights";
    let sql = "SELECT pg_catalog.has_any_column_privilege($1::oid, 'UPDATE')";
    match session.query(doing, sql, &[&oid])?.first() {
        Some(row) => row.try_get(0).map_err(|e| session.query_error(doing, &e)),
        None => Ok(false),
    }
}
