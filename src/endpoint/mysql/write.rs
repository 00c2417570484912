//! The session that writes.
//!
//! A transaction begins only once the steps are loaded: what is loaded is a temporary table, some
//! servers don't let one be made inside of a transaction, and none inside of a read-only one.

use super::carry::Carried;
use super::connect::Server;
use super::describe::{self, Index, text};
use super::failure::{self, words};
use super::fetch::{self, Unread};
use super::levels::levels;
use super::load::Loading;
use super::park::{self, Lot};
use super::session::Purpose;
use super::shape::{Place, Shape};
use super::sql::{qualified, quote};
use super::target;
use crate::endpoint::{
    Action, Dependent, EndpointError, ExportBatch, Reference, ServerAddress, StepBatch, WriteError, WriteOptions,
    WriteTable, Writer,
};
use mysql::prelude::Queryable;
use mysql::{Conn, LocalInfileHandler, Row};
use std::io::Write;

/// `ER_DUP_ENTRY`.
const DUPLICATE: u16 = 1062;
/// The server or this user takes no files: `ER_NOT_ALLOWED_COMMAND`,
/// `ER_CLIENT_LOCAL_FILES_DISABLED`, MariaDB's `ER_LOAD_INFILE_CAPABILITY_DISABLED`.
const NO_FILES: [u16; 3] = [1148, 3948, 4166];
/// The table would be too wide for the engine: row size, columns, row in a page.
const TOO_WIDE: [u16; 3] = [1118, 1117, 139];
/// Warnings that are about the way something is written, not about values: deprecated syntax,
/// statements that are unsafe to log.
const MANNERS: [u16; 5] = [1287, 1592, 1681, 3719, 3778];
/// Bytes per packet of a file; below what any server takes.
const PACKET: usize = 256 * 1024;

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    /// To be begun with the first statement that needs it.
    Wanted,
    Open,
}

/// The loaded steps.
struct Loaded {
    shape: Shape,
    rows: u64,
    /// How many statements a delete takes.
    levels: u32,
}

/// A session that writes to a table.
pub struct MysqlWriter {
    address: ServerAddress,
    conn: Conn,
    /// The database and the table.
    name: (String, String),
    place: Place,
    table: WriteTable,
    references: Vec<Reference>,
    unique: Vec<Index>,
    read_only: bool,
    transaction: Transaction,
    loaded: Option<Loaded>,
    files: bool,
    packet: usize,
}

impl MysqlWriter {
    /// Opens one.
    ///
    /// # Errors
    /// If the server can't be reached or the table has changed its columns.
    pub fn open(address: &ServerAddress, table: &WriteTable, options: &WriteOptions) -> Result<Self, EndpointError> {
        let server = Server::reach(address, Purpose::Write(options.lock_timeout))?;
        let mut conn = server.connect()?;
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
            indexed,
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
        })
    }

    fn run(&mut self, doing: &str, sql: &str) -> Result<u64, WriteError> {
        match self.conn.query_drop(sql) {
            Ok(()) => Ok(self.conn.affected_rows()),
            Err(error) => Err(self.failed(doing, &error)),
        }
    }

    /// The server's words are about the table, not about the temporary one.
    fn failed(&self, doing: &str, error: &mysql::Error) -> WriteError {
        let mut failed = failure::write(&self.address, doing, error);
        if let (WriteError::Refused { why, .. }, Some(loaded)) = (&mut failed, &self.loaded) {
            *why = loaded.shape.in_words(&self.place, why);
        }
        failed
    }

    fn wrong(&self, doing: &str, why: &str) -> WriteError {
        failure::query(&self.address, doing, why).into()
    }

    /// Begins the transaction that is wanted.
    fn open_transaction(&mut self) -> Result<(), WriteError> {
        if self.transaction == Transaction::Wanted {
            let start = if self.read_only { "START TRANSACTION READ ONLY" } else { "START TRANSACTION" };
            self.run("beginning a transaction", start)?;
            self.transaction = Transaction::Open;
        }
        Ok(())
    }

    /// An empty temporary table for steps of this shape.
    fn prepare(&mut self, shape: &Shape) -> Result<(), WriteError> {
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
            Err(error) if failure::code(&error).is_some_and(|code| TOO_WIDE.contains(&code)) => {
                self.run(doing, &shape.create(&self.place, "MyISAM"))?;
            }
            Err(error) => return Err(self.failed(doing, &error)),
            Ok(()) => {}
        }
        Ok(())
    }

    /// Sends the steps. How many the server took.
    fn send(&mut self, loading: &Loading<'_>, shape: &Shape) -> Result<u64, WriteError> {
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
    fn heed(&mut self, doing: &str, shape: &Shape, loads: bool) -> Result<(), WriteError> {
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

    /// Whether steps whose key another row seems to have are in the way of another session, or can
    /// never be written.
    fn duplicate(&mut self, loaded: &Loaded, error: &mysql::Error) -> Result<WriteError, WriteError> {
        let doing = "adding rows";
        let said = words(error);
        let key: Vec<&str> = self.table.key.iter().map(|key| self.table.columns[*key].name.as_str()).collect();
        let of_key = self.unique.iter().filter(|index| {
            let parts: Vec<&str> = index.parts.iter().flatten().map(String::as_str).collect();
            parts.len() == index.parts.len() && parts.len() == key.len() && parts.iter().all(|part| key.contains(part))
        });
        // "Duplicate entry '1' for key 'PRIMARY'", or 't.PRIMARY'.
        let names = of_key.flat_map(|index| [format!("'{}'", index.name), format!(".{}'", index.name)]);
        let is_of_key = names.into_iter().any(|name| said.contains(&format!("for key {name}")) || said.contains(&name));
        if !is_of_key {
            return Ok(failure::refused(&self.address, doing, said));
        }
        for sql in [loaded.shape.alike(&self.place), loaded.shape.alike_among_themselves(&self.place)] {
            let found: Option<Row> = self.conn.query_first(sql).map_err(|error| self.failed(doing, &error))?;
            if found.is_some() {
                return Ok(failure::refused(&self.address, doing, said));
            }
        }
        Ok(WriteError::Conflict { address: self.address.shown.clone(), doing: doing.to_owned(), why: said })
    }

    fn create(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
        match self.conn.query_drop(loaded.shape.insert(&self.place)) {
            Ok(()) => Ok(self.conn.affected_rows()),
            Err(error) if failure::code(&error) == Some(DUPLICATE) => Err(self.duplicate(loaded, &error)?),
            Err(error) => Err(self.failed("adding rows", &error)),
        }
    }

    fn update(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
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
            let parked = self.count(doing, &format!("SELECT COUNT(*) FROM {} WHERE parked = 1", self.place.steps))?;
            if parked < loaded.rows {
                // Some have moved: without them the values may not go round.
                return Ok(parked);
            }
        }
        self.run(doing, &loaded.shape.update(&self.place))
    }

    fn delete(&mut self, loaded: &Loaded) -> Result<u64, WriteError> {
        if loaded.levels == 1 {
            return self.run("deleting rows", &loaded.shape.delete(&self.place, None));
        }
        let mut deleted = 0;
        for level in 0..loaded.levels {
            deleted += self.run("deleting rows", &loaded.shape.delete(&self.place, Some(level)))?;
        }
        Ok(deleted)
    }

    fn count(&mut self, doing: &str, sql: &str) -> Result<u64, WriteError> {
        let row: Option<Row> = self.conn.query_first(sql).map_err(|error| self.failed(doing, &error))?;
        row.and_then(|row| describe::number(&row, 0)).ok_or_else(|| self.wrong(doing, "the server gave no count"))
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

    fn rollback(&mut self) -> Result<(), WriteError> {
        let open = self.transaction == Transaction::Open;
        self.transaction = Transaction::None;
        if open {
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
        self.loaded = Some(Loaded { shape, rows: taken, levels });
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

    /// The counter moves by itself when rows are added, but not on every server when they change.
    fn advance_counters(&mut self) -> Result<(), WriteError> {
        let doing = "moving the counter";
        let Some(counter) = self.place.columns.iter().find(|column| column.native.is_counter()) else { return Ok(()) };
        let Some((_, most)) = counter.native.integers() else { return Ok(()) };
        let largest = format!("SELECT MAX({}) FROM {}", quote(&counter.native.name), self.place.table);
        let row: Option<Row> = self.conn.query_first(largest).map_err(|error| self.failed(doing, &error))?;
        let Some(largest) = row.and_then(|row| text(&row, 0)?.parse::<i128>().ok()) else { return Ok(()) };
        let sql = "SELECT auto_increment FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
        let row: Option<Row> = self.conn.exec_first(sql, &self.name).map_err(|error| self.failed(doing, &error))?;
        let next = row.and_then(|row| text(&row, 0)?.parse::<i128>().ok()).unwrap_or(1);
        if next <= largest && largest > 0 && largest < most {
            if self.transaction == Transaction::Open {
                return Err(self.wrong(doing, "it would commit the transaction under way"));
            }
            self.run(doing, &format!("ALTER TABLE {} AUTO_INCREMENT = {}", self.place.table, largest + 1))?;
        }
        Ok(())
    }
}
