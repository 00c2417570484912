//! The session that writes.
//!
//! A transaction begins only once the steps are loaded: what is loaded is a temporary table, some
//! servers don't let one be made inside of a transaction, and none inside of a read-only one.

use super::carried;
use super::carry::Carried;
use super::connect::Server;
use super::counters;
use super::describe::{self, Index, text};
use super::failure::{self, words};
use super::fetch::{self, Unread};
use super::levels::levels;
use super::load::Loading;
use super::marks;
use super::session::Purpose;
use super::shape::{Place, Shape};
use super::sql::qualified;
use super::target;
use crate::endpoint::{
    Action, Alike, Dependent, EndpointError, ExportBatch, Reference, ServerAddress, StepBatch, WriteError,
    WriteOptions, WriteTable, Writer,
};
use crate::table::Fingerprint;
use mysql::prelude::Queryable;
use mysql::{Conn, Row};

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// There is none.
    None,
    /// To be begun with the first statement that needs it.
    Wanted,
    /// It is under way.
    Open,
}

/// The loaded steps.
pub struct Loaded {
    /// What they have in common.
    pub shape: Shape,
    /// How many.
    pub rows: u64,
    /// How many statements a delete takes.
    pub levels: u32,
    /// Whether they are gone once the transaction under way is rolled back.
    inside: bool,
}

/// A session that writes to a table.
pub struct MysqlWriter {
    /// Where the table lives.
    pub address: ServerAddress,
    /// The session's own connection.
    pub conn: Conn,
    /// The database and the table.
    pub name: (String, String),
    /// The table in statements.
    pub place: Place,
    /// How its columns take part.
    pub table: WriteTable,
    references: Vec<Reference>,
    /// Its unique indexes.
    pub unique: Vec<Index>,
    /// Only to look.
    pub read_only: bool,
    /// How far it has come.
    pub transaction: Transaction,
    /// What [`load`](Writer::load) has left in the temporary table.
    pub loaded: Option<Loaded>,
    /// Whether the server takes files, as far as is known.
    pub files: bool,
    /// The most bytes that the server takes in a statement.
    pub packet: usize,
    /// Whether a history may take marks, as far as is known.
    pub marks: bool,
    /// Whether the table has a history that may take times; `None` if it was not looked at.
    pub times: Option<bool>,
}

impl MysqlWriter {
    /// Opens one.
    ///
    /// # Errors
    /// If the server can't be reached or the table has changed its columns.
    pub fn open(address: &ServerAddress, table: &WriteTable, options: &WriteOptions) -> Result<Self, EndpointError> {
        let server = Server::reach(address, Purpose::Write(options.lock_timeout))?;
        let mut conn = server.connect()?;
        if !options.read_only {
            // The triggers of a history write down whose changes they are.
            conn.query_drop("SET @trueup_origin = 1")
                .map_err(|error| failure::query(address, "opening the table for writing", words(&error)))?;
        }
        let found = describe::find(&mut conn, address)?;
        let names = |columns: Vec<&str>| columns.join(", ");
        let there: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
        let planned: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        if there != planned {
            let why = format!("its columns are ({}) and not ({}) as planned", names(there), names(planned));
            return Err(failure::query(address, "opening the table for writing", why));
        }
        let indexes = describe::indexes(&mut conn, address, &found)?;
        let is_key = |part: &Option<String>| {
            part.as_ref().is_some_and(|name| table.key.iter().any(|key| table.columns[*key].name == *name))
        };
        let indexed = indexes.iter().any(|index| index.parts.first().is_some_and(is_key));
        let references = target::references(&mut conn, address, &found)?;
        let packet: Option<Row> = conn
            .query_first("SELECT @@max_allowed_packet")
            .map_err(|error| failure::query(address, "opening the table for writing", words(&error)))?;
        let packet = packet.and_then(|row| describe::number(&row, 0)).unwrap_or(1024 * 1024);
        let place = Place {
            table: qualified(&found.schema, &found.table),
            // The number of the connection keeps the name from being that of a table.
            steps: qualified(&found.schema, &format!("trueup_steps_{}", conn.connection_id())),
            columns: found.columns.into_iter().map(Carried::new).collect(),
            // An index on one of all columns may find nearly every row.
            indexed: indexed && !table.whole,
            whole: table.whole,
        };
        Ok(Self {
            address: address.clone(),
            conn,
            name: (found.schema, found.table),
            place,
            table: table.clone(),
            references,
            unique: indexes.into_iter().filter(|index| index.unique).collect(),
            read_only: options.read_only,
            transaction: Transaction::None,
            loaded: None,
            files: true,
            packet: usize::try_from(packet).unwrap_or(usize::MAX),
            marks: true,
            times: None,
        })
    }

    /// Runs a statement. How many rows it was about.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub fn run(&mut self, doing: &str, sql: &str) -> Result<u64, WriteError> {
        match self.conn.query_drop(sql) {
            Ok(()) => Ok(self.conn.affected_rows()),
            Err(error) => Err(self.failed(doing, &error)),
        }
    }

    /// How far its transaction has come.
    pub fn transaction(&self) -> Transaction {
        self.transaction
    }

    /// The server's words are about the table, not about the temporary one.
    pub fn failed(&self, doing: &str, error: &mysql::Error) -> WriteError {
        let mut failed = failure::write(&self.address, doing, error);
        if let (WriteError::Refused { why, .. }, Some(loaded)) = (&mut failed, &self.loaded) {
            *why = loaded.shape.in_words(&self.place, why);
        }
        failed
    }

    /// Something that no server said.
    pub fn wrong(&self, doing: &str, why: &str) -> WriteError {
        failure::query(&self.address, doing, why).into()
    }

    /// Begins the transaction that is wanted.
    fn open_transaction(&mut self) -> Result<(), WriteError> {
        if self.transaction == Transaction::Wanted {
            let start = if self.read_only { "START TRANSACTION READ ONLY" } else { "START TRANSACTION" };
            self.run("beginning a transaction", start)?;
            self.transaction = Transaction::Open;
            if !self.read_only {
                carried::begin(self)?;
            }
        }
        Ok(())
    }

    /// The number that a query gives.
    ///
    /// # Errors
    /// As [`WriteError`] says.
    pub fn count(&mut self, doing: &str, sql: &str) -> Result<u64, WriteError> {
        let row: Option<Row> = self.conn.query_first(sql).map_err(|error| self.failed(doing, &error))?;
        row.and_then(|row| describe::number(&row, 0)).ok_or_else(|| self.wrong(doing, "the server gave no count"))
    }

    fn rows(&mut self, doing: &str, sql: &str) -> Result<Vec<Row>, WriteError> {
        self.conn.query(sql).map_err(|error| self.failed(doing, &error))
    }

    /// Takes the loaded steps out for as long as they are worked on.
    fn with_loaded<T>(
        &mut self,
        doing: &str,
        work: impl FnOnce(&mut Self, &Loaded) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let Some(loaded) = self.loaded.take() else { return Err(self.wrong(doing, "no steps are loaded")) };
        let done = work(self, &loaded);
        self.loaded = Some(loaded);
        done
    }
}

impl Writer for MysqlWriter {
    fn begin(&mut self) -> Result<(), WriteError> {
        if self.transaction == Transaction::Open {
            return Err(self.wrong("beginning a transaction", "one is under way"));
        }
        self.transaction = Transaction::Wanted;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        let open = self.transaction == Transaction::Open;
        self.transaction = Transaction::None;
        if open {
            self.run("committing", "COMMIT")?;
        }
        Ok(())
    }

    fn note_times(&mut self, times: &[(Fingerprint, i64)]) -> Result<(), WriteError> {
        carried::note(self, times)
    }

    fn leave_mark(&mut self) -> Result<Option<String>, WriteError> {
        marks::leave(self)
    }

    fn committed(&mut self, mark: &str) -> Result<Option<bool>, WriteError> {
        marks::committed(self, mark)
    }

    fn rollback(&mut self) -> Result<(), WriteError> {
        let open = self.transaction == Transaction::Open;
        self.transaction = Transaction::None;
        if open {
            if self.loaded.as_ref().is_some_and(|loaded| loaded.inside) {
                self.loaded = None;
            }
            self.run("rolling back", "ROLLBACK")?;
        }
        Ok(())
    }

    fn load(&mut self, steps: &StepBatch) -> Result<(), WriteError> {
        let doing = "loading the steps";
        let shape = Shape::new(&self.place, &self.table.key, steps);
        self.prepare(&shape)?;
        let by_level = match (&steps.before, steps.action) {
            (Some(before), Action::Delete) => {
                let names: Vec<&str> = self.table.columns.iter().map(|column| column.name.as_str()).collect();
                levels(before, &names, &self.references)
            }
            _ => Vec::new(),
        };
        let place = self.place.clone();
        let loading = Loading::new(&place, &shape, steps, &by_level).map_err(|why| self.wrong(doing, &why))?;
        let taken = self.send(&loading, &shape)?;
        if taken != steps.len() as u64 {
            return Err(self.wrong(doing, &format!("the server took {taken} of {} rows", steps.len())));
        }
        let levels = by_level.iter().max().map_or(1, |most| most + 1);
        self.loaded = Some(Loaded { shape, rows: taken, levels, inside: self.transaction == Transaction::Open });
        Ok(())
    }

    fn write(&mut self) -> Result<u64, WriteError> {
        if self.read_only {
            return Err(self.wrong("writing", "this session only looks"));
        }
        self.open_transaction()?;
        self.with_loaded("writing", |writer, loaded| {
            let (doing, written) = match loaded.shape.action() {
                Action::Create => ("adding rows", writer.create(loaded)?),
                Action::Update => ("changing rows", writer.update(loaded)?),
                Action::Delete => ("deleting rows", writer.delete(loaded)?),
            };
            writer.heed(doing, &loaded.shape, false)?;
            Ok(written)
        })
    }

    fn fetch(&mut self, lock: bool) -> Result<ExportBatch, WriteError> {
        let doing = "reading the rows to be written";
        self.open_transaction()?;
        self.with_loaded(doing, |writer, loaded| {
            let sql = loaded.shape.select(&writer.place, &fetch::projection(&writer.place), lock);
            let columns = &writer.table.columns;
            fetch::fetch(&mut writer.conn, &sql, &writer.place, columns).map_err(|unread| match unread {
                Unread::Server(error) => writer.failed(doing, &error),
                Unread::Strange(why) => writer.wrong(doing, &why),
            })
        })
    }

    fn count_dependents(&mut self, dependents: &[Dependent]) -> Result<Vec<u64>, WriteError> {
        let doing = "counting the rows that depend on those to be deleted";
        self.open_transaction()?;
        self.with_loaded(doing, |writer, loaded| {
            let count = |dependent: &Dependent| {
                let pairs: Vec<(String, String)> =
                    dependent.columns.iter().cloned().zip(dependent.to.iter().cloned()).collect();
                let table = qualified(&dependent.table_name.0, &dependent.table_name.1);
                let sql = loaded.shape.count_dependents(&writer.place, &table, &pairs);
                writer.count(doing, &sql)
            };
            dependents.iter().map(count).collect()
        })
    }

    fn alike(&mut self) -> Result<Vec<Alike>, WriteError> {
        let doing = "looking for keys that are alike";
        self.open_transaction()?;
        self.with_loaded(doing, |writer, loaded| {
            let mut out = Vec::new();
            for row in writer.rows(doing, &loaded.shape.all_alike_among_themselves(&writer.place))? {
                let list = text(&row, 0).unwrap_or_default();
                let numbers = list.split(' ').skip(1).filter_map(|number| number.parse().ok());
                out.extend(numbers.map(|step| Alike { step, row: None }));
            }
            let width = writer.table.key.len();
            for row in writer.rows(doing, &loaded.shape.all_alike(&writer.place))? {
                let step = describe::number(&row, 0).unwrap_or_default() as usize;
                let key = (1..=width).map(|at| text(&row, at).unwrap_or_default()).collect();
                out.push(Alike { step, row: Some(key) });
            }
            Ok(out)
        })
    }

    fn orphans(&mut self, reference: &Reference) -> Result<Vec<usize>, WriteError> {
        let doing = "looking for rows that others refer to";
        let place = |name: &String| self.table.columns.iter().position(|column| column.name == *name);
        let pairs: Option<Vec<(usize, String)>> =
            (reference.columns.iter().zip(&reference.to)).map(|(own, to)| Some((place(own)?, to.clone()))).collect();
        let Some(pairs) = pairs else { return Err(self.wrong(doing, "the table has other columns")) };
        self.open_transaction()?;
        self.with_loaded(doing, |writer, loaded| {
            let rows = writer.rows(doing, &loaded.shape.orphans(&writer.place, &reference.table, &pairs))?;
            Ok(rows.iter().filter_map(|row| describe::number(row, 0)).map(|number| number as usize).collect())
        })
    }

    fn advance_counters(&mut self) -> Result<Vec<String>, WriteError> {
        counters::advance(self)
    }
}
