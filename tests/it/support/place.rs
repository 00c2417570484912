//! Somewhere to put tables: a folder, and servers from the moment that they are needed.

use super::run::Workdir;
use super::server::{Mysql, Postgres};
use super::table::{Dialect, Table};

/// Every kind of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Mysql,
    Sqlite,
    Parquet,
    Csv,
    Snapshot,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Postgres, Self::Mysql, Self::Sqlite, Self::Parquet, Self::Csv, Self::Snapshot];

    /// Whether its tables can say which columns are their key. A snapshot knows what the table it
    /// was made of said.
    pub fn declares_keys(self) -> bool {
        !matches!(self, Self::Parquet | Self::Csv)
    }
}

/// A folder and, on demand, a schema or database on each server.
pub struct Place {
    pub dir: Workdir,
    postgres: Option<Postgres>,
    mysql: Option<Mysql>,
    stored: usize,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: Workdir::new(), postgres: None, mysql: None, stored: 0 }
    }

    pub fn postgres(&mut self) -> &mut Postgres {
        self.postgres.get_or_insert_with(Postgres::new)
    }

    pub fn mysql(&mut self) -> &mut Mysql {
        self.mysql.get_or_insert_with(Mysql::new)
    }

    pub fn sqlite(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.dir.file("tables.db")).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY").unwrap();
        connection
    }

    pub fn sqlite_address(&self, table: &str) -> String {
        format!("sqlite:{}#{table}", self.dir.file("tables.db"))
    }

    /// Stores a table as this kind, under a new name, and gives its address.
    pub fn store(&mut self, kind: Kind, table: &Table) -> String {
        self.stored += 1;
        let name = format!("table_{}", self.stored);
        match kind {
            Kind::Postgres => {
                let server = self.postgres();
                server.execute(&table.sql(Dialect::Postgres, &name).join(";\n"));
                server.address(&name)
            }
            Kind::Mysql => {
                let server = self.mysql();
                table.sql(Dialect::Mysql, &name).iter().for_each(|sql| server.execute(sql));
                server.address(&name)
            }
            Kind::Sqlite => {
                self.sqlite().execute_batch(&table.sql(Dialect::Sqlite, &name).join(";\n")).unwrap();
                self.sqlite_address(&name)
            }
            Kind::Parquet => {
                let path = self.dir.file(&format!("{name}.parquet"));
                table.write_parquet(path.as_ref());
                path
            }
            Kind::Csv => self.dir.write(&format!("{name}.csv"), table.csv()),
            Kind::Snapshot => {
                let address = self.store(Kind::Postgres, table);
                let folder = self.dir.file(&format!("{name}.snapshot"));
                let run = self.dir.trueup(["snapshot", &address, "--out", &folder]);
                assert_eq!(run.code, Some(0), "{run}");
                folder
            }
        }
    }

    /// Runs statements in a database; `{t}` stands for the name of the table at this address.
    #[track_caller]
    pub fn execute(&mut self, kind: Kind, address: &str, sql: &str) {
        let sql = sql.replace("{t}", table_name(address));
        match kind {
            Kind::Postgres => self.postgres().execute(&sql),
            Kind::Mysql => self.mysql().execute(&sql),
            Kind::Sqlite => {
                if let Err(error) = self.sqlite().execute_batch(&sql) {
                    panic!("{error:?}\n{sql}");
                }
            }
            _ => panic!("{kind:?} runs no SQL"),
        }
    }
}

/// The name of the table at an address that [`Place::store`] gave.
pub fn table_name(address: &str) -> &str {
    address.rsplit(['#', '.']).next().unwrap()
}
